//! `studium log restore`: rebuilds a lost stream from the service's journal, with the same order and versions.

use crate::{
    platform::{Setup, unknown_service},
    progress::count,
    stores,
    supervise::{SERVICES, nats_alone},
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::{fs, path::Path};
use studium_log::{Log, LogConfig};
use studium_store::{Restored, Store};

/// Writes the commits that the stream lacks back from the journal. Nothing may run on the directory meanwhile.
/// Cut off, it goes on where it stopped when it is run again.
pub async fn restore(setup: &Setup, service: &str) -> Result<()> {
    let (had, now) = put_back(setup, service).await?;
    setup.output.json(&json!({"service": service, "had": had, "restored": now - had, "position": now}));
    setup.output.say(if now == had {
        format!("The stream of {service} lacks nothing that its journal has; it stands at {}.", count(now))
    } else {
        format!("{} commits of {service} were written back; the stream stands at {}.", count(now - had), count(now))
    });
    Ok(())
}

/// The same without a word: positions of the stream before and after.
///
/// # Errors
/// When something runs on the directory, or the stream cannot be what the journal says.
pub async fn put_back(setup: &Setup, service: &str) -> Result<(u64, u64)> {
    // Services beside the platform's own are known by what they left.
    let is_known = SERVICES.iter().any(|it| it.name == service) || stores::sqlite(&setup.data, service).exists();
    ensure!(is_known, unknown_service(service));
    let data = fs::canonicalize(&setup.data)?;
    if stores::are_files(setup, &data)? {
        let file = stores::sqlite(&setup.data, service);
        let shown = file.display();
        ensure!(
            file.exists(),
            "{shown} is not there, and without the journal nothing can be restored; bring it back from a backup"
        );
    }
    // Before the stores, since it takes the directory: a platform that runs there needs its own PostgreSQL server.
    let (mut nats, _lock) = nats_alone(setup).await?;
    let config = LogConfig { url: nats.url(), durability: nats.durability(), ..LogConfig::default() };
    let outcome = copy_served(setup, &data, service, &config).await;
    nats.stop().await;
    outcome
}

/// Copies while the directory's own PostgreSQL server runs, if it has one.
async fn copy_served(setup: &Setup, data: &Path, service: &str, config: &LogConfig) -> Result<(u64, u64)> {
    let (setup, mut postgres) = stores::served(setup, data).await?;
    let outcome = copy(&setup, service, config).await;
    if let Some(it) = &mut postgres {
        it.stop().await;
    }
    outcome
}

/// Positions of the stream before and after.
async fn copy(setup: &Setup, service: &str, config: &LogConfig) -> Result<(u64, u64)> {
    let store = Store::open(&stores::url(setup, &setup.data, service).await?).await?;
    let log = Log::connect(config).await?;
    let had = log.first_head(service).await?;
    let bar = setup.output.bar(&format!("restoring {service}"), 0);
    let shown = |it: Restored| {
        bar.set_total(it.total);
        bar.set(it.restored);
    };
    let restored = studium_store::restore(&log, &store, service, shown).await?;
    bar.finish();
    Ok((had, restored.restored))
}
