//! What a service does by itself, beside policies, deadlines and feeds: one process at a time does it.

use crate::{App, policies::is_our_turn};
use std::{future::Future, pin::pin, time::Duration};
use studium_store::{Store, StoreError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The pause before work that broke off begins again.
const PAUSE: Duration = Duration::from_millis(500);

/// Something that is to be done for as long as the service runs, such as telling others over a network.
///
/// When the service stops or another process takes over, it is told and waited for; if it ends before, it is begun anew.
pub trait Work: Send + Sync + 'static {
    /// Stable name, for logs and metrics.
    const NAME: &'static str;
    /// What it can come to, as it is counted; each is shown from the start.
    const OUTCOMES: &'static [&'static str];

    /// Makes what it keeps in the service's store, where it is missing.
    fn prepare(store: &Store) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Does it, until it is told that it is over, which leaves no task behind, or something breaks; the sentence says
    /// what.
    fn run(app: App, over: watch::Receiver<bool>) -> impl Future<Output = Result<(), String>> + Send;
}

/// Waits. Time is the kit's, so that services read no clock.
pub async fn pause(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Says in the log that a part of some work broke off, and why. It is the work's to begin it again.
pub fn broke_off(work: &str, part: &str, why: &str) {
    tracing::warn!(work, part, why, "work broke off; it begins again");
}

/// Tells the operator why a part of some work was held back, where those whom it is for are not told.
pub fn held_back(work: &str, part: &str, why: &str) {
    tracing::warn!(work, part, why, "work was held back");
}

/// Works, while this process is the one that folds the service's views, until it is told to stop.
pub(crate) async fn run<W: Work>(
    app: App,
    mut active: watch::Receiver<bool>,
    mut caught_up: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    // A view that is made anew does not know yet what was taken back since.
    let _ = stop.run_until_cancelled(caught_up.wait_for(|it| *it)).await;
    while is_our_turn(&mut active, &stop).await {
        let (tell, over) = watch::channel(false);
        let mut work = pin!(W::run(app.clone(), over));
        let outcome = tokio::select! {
            () = stop.cancelled() => None,
            _ = active.wait_for(|it| !*it) => None,
            outcome = &mut work => Some(outcome),
        };
        let outcome = if let Some(it) = outcome {
            it
        } else {
            tell.send_replace(true);
            work.await
        };
        if let Err(why) = outcome {
            tracing::warn!(work = W::NAME, why, "work broke off; it begins again");
        }
        stop.run_until_cancelled(pause(PAUSE)).await;
    }
}
