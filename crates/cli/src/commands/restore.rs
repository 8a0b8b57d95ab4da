//! `studium log restore`: rebuilds a lost stream from the service's journal, with the same order and versions.

use crate::{
    platform::{Setup, unknown_service},
    progress::count,
    supervise::{SERVICES, nats_alone, postgres_store},
};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use studium_log::{Log, LogConfig};
use studium_store::Store;

/// How many commits are read from the journal at a time.
const BATCH: u32 = 500;

/// Writes the commits that the stream lacks back from the journal. Nothing may run on the directory meanwhile.
/// Cut off, it goes on where it stopped when it is run again.
pub async fn restore(setup: &Setup, service: &str) -> Result<()> {
    ensure!(SERVICES.iter().any(|it| it.name == service), unknown_service(service));
    let (mut nats, _lock) = nats_alone(setup).await?;
    let config = LogConfig { url: nats.url(), durability: nats.durability() };
    let outcome = copy(setup, service, &config).await;
    nats.stop().await;
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
    let url = match &setup.postgres {
        Some(base) => postgres_store(base, service).await?,
        None => {
            let file = setup.data.join(format!("store/{service}.db"));
            let shown = file.display();
            ensure!(
                file.exists(),
                "{shown} is not there: without the journal nothing can be restored; bring the store back from a backup"
            );
            format!("sqlite:{shown}")
        }
    };
    let journal = Store::open(&url).await?.journal();
    let log = Log::connect(config).await?;
    log.open(service).await?;
    let had = log.head(service).await?;
    if let Some(last) = log.read(service, had).await? {
        let kept = journal.range(had - 1, 1).await?;
        let same = kept.first().is_none_or(|it| it.bytes == last.bytes);
        ensure!(
            same,
            "stream and journal of {service} differ at position {had}; run `studium log verify` and restore into an empty directory"
        );
    }
    let bar = setup.output.spinner(&format!("restoring {service}"));
    let mut now = had;
    loop {
        let commits = journal.range(now, BATCH).await?;
        let Some(last) = commits.last() else { break };
        log.restore(service, &commits).await.with_context(|| format!("restoring {service} stopped at {now}"))?;
        now = last.position;
        bar.message(format!("position {}", count(now)));
    }
    bar.finish();
    Ok((had, now))
}
