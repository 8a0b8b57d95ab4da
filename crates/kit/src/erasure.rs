//! Erasure: a person's key is destroyed after the event that says so, and whoever held something of the person, here or
//! in another service, takes it out of its tables. Both are done again until they are done.

use crate::{App, parked, policies::is_our_turn};
use futures::{FutureExt as _, future::BoxFuture};
use std::time::Duration;
use studium_core::Event;
use studium_log::{Log, LogError, Stored};
use studium_store::{Projection, Store};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

/// Under these names it is kept how far both have come; the second follows the bucket of keys.
const DESTROYING: &str = "erasure:destroy";
const REDACTING: &str = "erasure:redact";
const BUCKET: &str = "personal_keys";

/// Commits after which it is kept how far they were looked through.
const KEPT_EVERY: u64 = 1000;

/// The pause before what broke off begins again.
const PAUSE: Duration = Duration::from_millis(500);

/// The pause before the same is said once more of what keeps breaking off.
const SAID_AGAIN: Duration = Duration::from_mins(10);

/// Says of a commit whether it erases whom its aggregate is about.
pub type ErasedBy = Box<dyn Fn(&Stored) -> bool + Send + Sync>;

/// Recognises the commits of a kind of event that erase.
pub fn erased_by<E: Event>(is_it: fn(&E) -> bool) -> ErasedBy {
    Box::new(move |stored| {
        let mut events = stored.commit.events.iter().filter_map(|it| E::from_bytes(it).ok().flatten());
        stored.aggregate() == E::AGGREGATE && events.any(|it| is_it(&it))
    })
}

/// Has a key made only for whom nothing is sealed yet, as far as this store has seen: a bucket that was lost with the
/// broker comes back from its backup, and not by new keys.
pub(crate) fn make_no_key_twice(log: &Log, store: &Store) {
    let store = store.clone();
    log.keys().ask_before_making(move |name| {
        let store = store.clone();
        async move { store.has_sealed(&name).await.map_err(|e| LogError::Unreachable(e.to_string())) }.boxed()
    });
}

/// Destroys the keys of those who are erased in the service's own stream, and takes out of its tables what was sealed
/// with keys that are destroyed, whoever destroys them.
pub(crate) async fn run(app: App, projection: Projection, erased_by: Vec<ErasedBy>, stop: CancellationToken) {
    let destroying = || destroy_all(&app, &erased_by).boxed();
    let redacting = || redact_all(&app, &projection).boxed();
    tokio::join!(
        again("destroying keys", projection.active(), &stop, destroying),
        again("redaction", projection.active(), &stop, redacting)
    );
}

/// Does it for as long as this process is the active one; what breaks off begins again.
async fn again<'a>(
    what: &str,
    mut active: watch::Receiver<bool>,
    stop: &CancellationToken,
    work: impl Fn() -> BoxFuture<'a, anyhow::Result<()>>,
) {
    let mut said: Option<(String, Instant)> = None;
    while is_our_turn(&mut active, stop).await {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            _ = active.wait_for(|it| !*it) => continue,
            it = work() => it,
        };
        if let Err(e) = outcome {
            let why = format!("{e:#}");
            if said.as_ref().is_none_or(|(it, at)| *it != why || at.elapsed() > SAID_AGAIN) {
                tracing::warn!(error = why, "{what} broke off; it begins again");
                said = Some((why, Instant::now()));
            }
        }
        stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
    }
}

async fn destroy_all(app: &App, erased_by: &[ErasedBy]) -> anyhow::Result<()> {
    if erased_by.is_empty() {
        return std::future::pending().await;
    }
    let (log, store, service) = (app.log(), app.store(), app.service());
    let mut kept = parked::checkpoint(store, DESTROYING, service).await?;
    let mut follow = log.follow(service, kept).as_stored();
    loop {
        let commits = follow.next().await?;
        let mut any = false;
        for stored in commits.iter().filter(|stored| erased_by.iter().any(|it| it(stored))) {
            log.keys().destroy(stored.id()).await?;
            any = true;
        }
        // What was seen without a key in it may be seen again, but not all of it at each start.
        if any || follow.position() >= kept + KEPT_EVERY {
            kept = follow.position();
            parked::advance(store, DESTROYING, service, kept).await?;
        }
    }
}

async fn redact_all(app: &App, projection: &Projection) -> anyhow::Result<()> {
    let (keys, store) = (app.log().keys(), app.store());
    // A bucket that was lost and made anew counts from the beginning: what was destroyed there is redacted again.
    let (revision, made) = keys.revision().await?;
    let bucket = format!("{BUCKET} {made}");
    let mut at = parked::checkpoint(store, REDACTING, &bucket).await?;
    if at > revision {
        // Part of the bucket was lost, so what counts has begun again: what was destroyed is redacted once more.
        tracing::warn!(at, revision, "the bucket of keys has lost its end; all redactions are done again");
        parked::restart(store, REDACTING, &bucket).await?;
        at = 0;
    }
    loop {
        let (names, reached) = keys.destroyed_after(at).await?;
        keys.forget(&names);
        projection.redact(&names).await?;
        parked::redact(app, projection, &names).await?;
        parked::advance(store, REDACTING, &bucket, reached).await?;
        tracing::info!(keys = names.len(), "what destroyed keys had opened was taken out of the tables");
        at = reached;
    }
}
