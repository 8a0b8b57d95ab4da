//! The mirror of a partner's feed in an account of its own, looked after by the platform.

use crate::{NatsServer, accounts, certificates::Certificates, reload, secret};
use anyhow::{Context as _, Result};
use async_nats::jetstream::{
    self, Context, ErrorCode,
    context::GetStreamErrorKind,
    stream::{Config, External, Source, StorageType},
};
use serde::Serialize;
use std::{path::Path, time::Duration};
use studium_log::Durability;
use tokio::time::{Instant, sleep};

/// The mirror's name, the same for every partner.
pub const MIRROR: &str = "enrolments";

/// Under this name a mirror's account knows the platform's JetStream.
pub const API: &str = "JS.platform";

/// How long the election of a new stream's leader may take.
const ELECTION: Duration = Duration::from_secs(30);

/// The stream in the platform's account that is mirrored.
pub fn origin(institution: &str) -> String {
    format!("partner_{institution}")
}

/// Where the platform's account delivers what is mirrored.
pub fn delivery(institution: &str) -> String {
    format!("deliver.{institution}")
}

/// How far a mirror is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Progress {
    /// Sequence of its last message, which is the origin's, too.
    pub last_sequence: u64,
    /// How many messages it is behind, as far as it knows.
    pub behind: u64,
}

/// Makes the mirror if it is not there. Its origin may be made later; the mirror looks for it every two minutes at the
/// latest, and at once if this is called again.
pub async fn open(dir: &Path, institution: &str) -> Result<()> {
    let jetstream = keeper(dir, institution).await?;
    // One that nobody has used yet may be made again, which is the only way to make it look.
    if let Ok(it) = jetstream.get_stream(MIRROR).await
        && it.cached_info().state.last_sequence == 0
        && it.cached_info().state.consumer_count == 0
    {
        jetstream.delete_stream(MIRROR).await?;
    }
    let replicas = if NatsServer::made_for(dir) == Some(Durability::Replicated) { 3 } else { 1 };
    let external = External { api_prefix: API.to_owned(), delivery_prefix: Some(delivery(institution)) };
    let mirror = Source { name: origin(institution), external: Some(external), ..Source::default() };
    let config = Config {
        name: MIRROR.to_owned(),
        description: Some(format!("What the platform tells {institution}; a mirror of its feed.")),
        storage: StorageType::File,
        num_replicas: replicas,
        mirror: Some(mirror),
        allow_direct: true,
        mirror_direct: true,
        deny_delete: true,
        deny_purge: true,
        ..Config::default()
    };
    let deadline = Instant::now() + ELECTION;
    loop {
        match jetstream.get_or_create_stream(&config).await {
            Ok(_) => return Ok(()),
            Err(_) if replicas > 1 && Instant::now() < deadline => sleep(Duration::from_millis(200)).await,
            Err(e) => return Err(e).with_context(|| format!("the mirror for {institution} cannot be made")),
        }
    }
}

/// Removes the mirror, if it is there, and all consumers of it.
pub async fn close(dir: &Path, institution: &str) -> Result<()> {
    match keeper(dir, institution).await?.delete_stream(MIRROR).await {
        Err(e) if !is_missing(&e.kind()) => {
            Err(e).with_context(|| format!("the mirror of {institution} cannot be removed"))
        }
        _ => Ok(()),
    }
}

/// How far the mirror is; `None` when there is none.
pub async fn progress(dir: &Path, institution: &str) -> Result<Option<Progress>> {
    let jetstream = keeper(dir, institution).await?;
    match jetstream.get_stream(MIRROR).await {
        Ok(it) => {
            let info = it.cached_info();
            let behind = info.mirror.as_ref().map_or(0, |it| it.lag);
            Ok(Some(Progress { last_sequence: info.state.last_sequence, behind }))
        }
        Err(e) if is_missing(&e.kind()) => Ok(None),
        Err(e) => Err(e).with_context(|| format!("the mirror of {institution} does not answer")),
    }
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(it) if it.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

/// A connection of the operator's own user in the mirror's account.
async fn keeper(dir: &Path, institution: &str) -> Result<Context> {
    let addresses = reload::addresses(dir)?;
    let parameters = Certificates::of(dir).map_or_else(String::new, |it| it.parameters(accounts::OPERATOR));
    let (servers, options) = studium_log::address::connection(&format!("{addresses}{parameters}"))?;
    let client = options
        .user_and_password(accounts::keeper(institution), secret::password(dir, accounts::OPERATOR)?)
        .connect(servers)
        .await
        .with_context(|| format!("nats-server at {addresses} does not answer"))?;
    Ok(jetstream::new(client))
}
