//! Readiness: the log answers, the store answers, the issuer's keys are here, the views know what was written before
//! the service started and are not far behind.

use crate::{App, Verifier, access, server::Ready, status};
use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header::RETRY_AFTER};
use std::{collections::HashMap, sync::Arc, time::Duration};
use studium_proto::admin::v1::admin_service_server::SERVICE_NAME as ADMIN;
use studium_store::{Projection, ViewStatus};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// A view further behind than this keeps a service from being ready.
const LAG_MAX: u64 = 10_000;

/// How often a service that has just started looks whether its views have caught up.
const CAUGHT_UP_EVERY: Duration = Duration::from_millis(100);

/// Looks in a row that find a view where it was while another process folds: that one is older and has no such view.
const STILL_MAX: u32 = 100;

/// How long after its start a service keeps calls waiting for its views; later ones are told at once to come again, so
/// that a rebuild of minutes holds no places.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says what is missing, a sentence each.
pub(crate) fn check(app: App, projection: Projection, verifier: Verifier, caught_up: watch::Receiver<bool>) -> Ready {
    Arc::new(move || {
        let (app, projection, verifier) = (app.clone(), projection.clone(), verifier.clone());
        let is_starting = !*caught_up.borrow();
        Box::pin(async move {
            let mut missing = Vec::new();
            if !app.log().is_connected() {
                missing.push("the log cannot be reached".to_owned());
                return missing;
            }
            missing.extend(app.log().trouble());
            missing.extend(app.store().troubles());
            if !verifier.is_ready() {
                missing.push("the issuer's keys are not here yet".to_owned());
            }
            if is_starting {
                missing.push("the views have not seen yet all that was written before the start".to_owned());
            }
            match projection.views().await {
                Ok(views) => missing.extend(views.iter().filter_map(|it| lacks(it, is_starting))),
                Err(e) => missing.push(format!("the store or the log cannot be read: {e}")),
            }
            missing
        })
    })
}

/// What a view lacks, if that is too much.
fn lacks(view: &ViewStatus, is_starting: bool) -> Option<String> {
    let behind = view.head.saturating_sub(view.position);
    let lags = view.is_in_use() && (behind > LAG_MAX || is_starting && behind > 0);
    let told = if lags { format!("{behind} commits of `{}` behind", view.stream) } else { view.state.clone() };
    (lags || view.state.starts_with("broken")).then(|| format!("view `{}`: {told}", view.name))
}

/// Keeps callers from a service that does not know yet what it knew before, or what others wrote before it started: it
/// would call unknown what is there.
#[derive(Clone)]
pub(crate) struct Start {
    caught_up: watch::Receiver<bool>,
    patient_until: Instant,
}

impl Start {
    /// Begins now.
    pub(crate) fn new(caught_up: watch::Receiver<bool>) -> Self {
        Self { caught_up, patient_until: Instant::now() + PATIENCE }
    }

    /// Lets a call on as soon as the views have caught up. What operators and probes ask is answered before.
    pub(crate) async fn lets(&self, path: &str) -> Result<(), Status> {
        let of_operators = || path.strip_prefix('/').is_some_and(|it| it.starts_with(ADMIN));
        // First what holds for nearly every call there will be.
        if *self.caught_up.borrow() || of_operators() || access::is_open(path) || self.is_over().await {
            return Ok(());
        }
        Err(status::starting())
    }

    /// The same for pages.
    pub(crate) fn before(self, pages: Router) -> Router {
        // axum panics if there is nothing to stand before.
        if !pages.has_routes() {
            return pages;
        }
        pages.route_layer(from_fn(move |request, next| self.clone().lets_page(request, next)))
    }

    async fn lets_page(self, request: Request, next: Next) -> Response {
        if self.is_over().await {
            return next.run(request).await;
        }
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")], format!("{}\n", status::STARTING)).into_response()
    }

    async fn is_over(&self) -> bool {
        if *self.caught_up.borrow() {
            return true;
        }
        let mut caught_up = self.caught_up.clone();
        matches!(timeout_at(self.patient_until, caught_up.wait_for(|it| *it)).await, Ok(Ok(_)))
    }
}

/// Tells once the views have seen all that was written before this moment.
pub(crate) async fn tell_when_caught_up(
    projection: Projection,
    caught_up: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let mut goal: Option<Goal> = None;
    let active = projection.active();
    loop {
        if let Ok(views) = projection.views().await {
            let folds = *active.borrow();
            if goal.get_or_insert_with(|| Goal::of(&views)).is_reached(&views, folds) {
                caught_up.send_replace(true);
                // A part of a service that ends has failed, so this one goes on without doing anything.
                return stop.cancelled().await;
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(CAUGHT_UP_EVERY)).await.is_none() {
            return;
        }
    }
}

/// How far the views have to come.
struct Goal {
    heads: HashMap<String, u64>,
    /// Where a view that is behind was seen, and how many looks ago it came there.
    still: HashMap<(String, String), (u64, u32)>,
}

impl Goal {
    fn of(views: &[ViewStatus]) -> Self {
        Self { heads: views.iter().map(|it| (it.stream.clone(), it.head)).collect(), still: HashMap::new() }
    }

    /// Whether all views that anybody folds are there; `folds` says whether this process is the one.
    fn is_reached(&mut self, views: &[ViewStatus], folds: bool) -> bool {
        let mut is_reached = true;
        for it in views.iter().filter(|it| it.is_in_use()) {
            if self.heads.get(&it.stream).is_none_or(|head| it.position >= *head) {
                continue;
            }
            // At no position yet: the first look finds nothing where it was.
            let (at, looks) = self.still.entry((it.name.clone(), it.stream.clone())).or_insert((u64::MAX, 0));
            (*at, *looks) = if folds || *at != it.position { (it.position, 0) } else { (*at, *looks + 1) };
            // A replica of a newer build would otherwise wait for an older one to go, which waits for it to be ready.
            is_reached &= *looks >= STILL_MAX;
        }
        is_reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(name: &str, position: u64, head: u64) -> ViewStatus {
        let (name, stream, state) = (name.to_owned(), "others".to_owned(), "serving".to_owned());
        ViewStatus { name, stream, position, head, state }
    }

    #[test]
    fn the_heads_at_the_start_are_the_goal() {
        let mut goal = Goal::of(&[view("a_1", 0, 7), view("b_1", 7, 7)]);
        assert!(!goal.is_reached(&[view("a_1", 6, 9), view("b_1", 7, 9)], true));
        assert!(goal.is_reached(&[view("a_1", 7, 9), view("b_1", 7, 9)], true), "what came later is no goal");
    }

    #[test]
    fn a_view_that_the_one_that_folds_does_not_know_keeps_nobody_waiting() {
        let new = [view("a_1", 7, 7), view("a_2", 0, 7)];
        let mut goal = Goal::of(&new);
        assert!((0..STILL_MAX).all(|_| !goal.is_reached(&new, false)), "it may yet begin");
        assert!(goal.is_reached(&new, false));
        assert!(!goal.is_reached(&new, true), "here it is folded now");
        let mut goal = Goal::of(&new);
        for position in 0..7 {
            let moves = [view("a_1", 7, 7), view("a_2", position, 7)];
            assert!((0..STILL_MAX).all(|_| !goal.is_reached(&moves, false)), "it goes on");
        }
    }
}
