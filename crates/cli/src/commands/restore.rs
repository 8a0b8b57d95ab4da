//! `studium log restore`: rebuilds a lost stream from the service's journal, with the same order and versions.

use crate::{
    platform::{Setup, unknown_service},
    progress::count,
    stores,
    supervise::{SERVICES, nats_alone},
};
use anyhow::{Result, ensure};
use serde_json::json;
use std::fs;
use studium_log::{Log, LogConfig};
use studium_store::{Restored, Store};

/// Writes the commits that the stream lacks back from the journal. Nothing may run on the directory meanwhile.
/// Cut off, it goes on where it stopped when it is run again.
pub async fn restore(setup: &Setup, service: &str) -> Result<()> {
    ensure!(SERVICES.iter().any(|it| it.name == service), unknown_service(service));
    let (setup, postgres) = stores::served(setup, &fs::canonicalize(&setup.data)?).await?;
    let setup = &setup;
    if setup.postgres.is_none() {
        let file = stores::sqlite(&setup.data, service);
        let shown = file.display();
        ensure!(
            file.exists(),
            "{shown} is not there, and without the journal nothing can be restored; bring it back from a backup"
        );
    }
    let (mut nats, _lock) = nats_alone(setup).await?;
    let config = LogConfig { url: nats.url(), durability: nats.durability(), ..LogConfig::default() };
    let outcome = copy(setup, service, &config).await;
    nats.stop().await;
    if let Some(mut it) = postgres {
        it.stop().await;
    }
    let (had, now) = outcome?;
    setup.output.json(&json!({"service": service, "had": had, "restored": now - had, "position": now}));
    setup.output.say(if now == had {
        format!("The stream of {service} lacks nothing that its journal has; it stands at {}.", count(now))
    } else {
        format!("{} commits of {service} were written back; the stream stands at {}.", count(now - had), count(now))
    });
    Ok(())
}

/// Positions of the stream before and after.
async fn copy(setup: &Setup, service: &str, config: &LogConfig) -> Result<(u64, u64)> {
    let store = Store::open(&stores::url(setup, &setup.data, service).await?).await?;
    let log = Log::connect(config).await?;
    let had = log.head(service).await?;
    let bar = setup.output.bar(&format!("restoring {service}"), 0);
    let shown = |it: Restored| {
        bar.set_total(it.total);
        bar.set(it.restored);
    };
    let restored = studium_store::restore(&log, &store, service, shown).await?;
    bar.finish();
    Ok((had, restored.restored))
}
