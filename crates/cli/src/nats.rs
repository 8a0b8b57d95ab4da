//! The broker of a data directory: started with the accounts of all services, its certificates renewed, mirrors opened again.

use crate::{
    platform::{Lock, Setup},
    progress::{Output, Progress},
    services::{NATS_OFFSET, SERVICES},
    supervise::end_left_over,
};
use anyhow::Result;
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_broker::{NatsServer, accounts, binary, certificates::Certificates, partners, services};
use tokio::time::sleep;

/// How often certificates are signed anew; they are good for a month.
const SIGN_EVERY: Duration = Duration::from_hours(24 * 10);

/// Starts it as the setup says, or as the directory was made.
pub async fn start_nats(setup: &Setup, data: &Path, spinner: &Progress) -> Result<NatsServer> {
    let cache = setup.cache.clone().unwrap_or_else(|| data.join("cache"));
    spinner.message(if binary::is_cached(&cache) { "nats-server" } else { "looking for nats-server, or fetching it" });
    let found = tokio::task::spawn_blocking(move || binary::find(&cache)).await??;
    for note in &found.notes {
        setup.output.note(note);
    }
    spinner.message("nats-server");
    let dir = nats_dir(data);
    let durability = setup.durability.or_else(|| NatsServer::made_for(&dir)).unwrap_or_default();
    let port = setup.port.map(|base| base + NATS_OFFSET);
    services::declare(&dir, &SERVICES.map(|it| it.access()))?;
    if setup.tls || Certificates::of(&dir).is_some() {
        Certificates::sign(&dir, &certified())?;
    }
    NatsServer::start_at(&setup.places, &found.path, durability, &dir, port).await
}

/// Who connects to the broker with a certificate.
fn certified() -> Vec<&'static str> {
    SERVICES.iter().map(|it| it.name).chain([accounts::OPERATOR]).collect()
}

/// Signs certificates anew long before they run out, if there are any.
pub async fn renew_certificates(dir: PathBuf, output: Output) {
    while Certificates::of(&dir).is_some() {
        sleep(SIGN_EVERY).await;
        if let Err(e) = Certificates::renew(&dir, &certified()).await {
            output.note(format!("certificates cannot be signed anew: {e:#}; start again within three weeks"));
        }
    }
}

/// Makes mirrors of partners' feeds anew that were lost with the broker's data. All else works without them.
pub async fn open_mirrors(dir: PathBuf, output: Output) {
    let listed = partners::list(&dir).unwrap_or_else(|e| {
        output.note(format!("partners who read over NATS are unknown: {e:#}"));
        vec![]
    });
    for it in listed {
        if let Err(e) = partners::open_mirror(&dir, &it.institution).await {
            output.note(format!("{e:#}; `studium partners nats list` says how far each mirror is"));
        }
    }
}

/// Where the broker of a data directory keeps what is its own.
pub fn nats_dir(data: &Path) -> PathBuf {
    data.join("nats")
}

/// Starts only the broker on a directory on which nothing runs: for work on the log itself.
pub async fn nats_alone(setup: &Setup) -> Result<(NatsServer, Lock)> {
    let lock = Lock::hold(&setup.data).await?;
    let data = fs::canonicalize(&setup.data)?;
    end_left_over(&data).await;
    let spinner = setup.output.spinner("starting");
    let nats = start_nats(setup, &data, &spinner).await?;
    spinner.finish();
    Ok((nats, lock))
}
