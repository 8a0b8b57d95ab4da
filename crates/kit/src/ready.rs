//! Readiness: the log answers, the store answers, the issuer's keys are here, the views are not far behind.

use crate::{App, Verifier, server::Ready};
use std::{collections::HashMap, sync::Arc, time::Duration};
use studium_store::{Projection, ViewStatus};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A view further behind than this keeps a service from being ready.
const LAG_MAX: u64 = 10_000;

/// How often a service that has just started looks whether its views have caught up.
const CAUGHT_UP_EVERY: Duration = Duration::from_millis(100);

/// How often the lag of views is measured for metrics.
const LAG_EVERY: Duration = Duration::from_secs(1);

/// Says what is missing, a sentence each.
pub(crate) fn check(app: App, projection: Projection, verifier: Verifier) -> Ready {
    Arc::new(move || {
        let (app, projection, verifier) = (app.clone(), projection.clone(), verifier.clone());
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
            match projection.views().await {
                Ok(views) => missing.extend(views.iter().filter_map(|it| {
                    let behind = it.head.saturating_sub(it.position);
                    let lags = it.is_in_use() && behind > LAG_MAX;
                    let told = if lags { format!("{behind} commits behind") } else { it.state.clone() };
                    (lags || it.state.starts_with("broken")).then(|| format!("view `{}`: {told}", it.name))
                })),
                Err(e) => missing.push(format!("the store or the log cannot be read: {e}")),
            }
            missing
        })
    })
}

/// Tells once the views have seen all that was written before this moment.
pub(crate) async fn tell_when_caught_up(
    projection: Projection,
    caught_up: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let mut heads: Option<HashMap<String, u64>> = None;
    loop {
        if let Ok(views) = projection.views().await {
            let heads = heads.get_or_insert_with(|| views.iter().map(|it| (it.stream.clone(), it.head)).collect());
            let is_behind =
                |it: &ViewStatus| it.is_in_use() && heads.get(&it.stream).is_some_and(|head| it.position < *head);
            if !views.iter().any(is_behind) {
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

/// Keeps the metrics of view lag up to date.
pub(crate) async fn watch_lag(app: App, projection: Projection, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(LAG_EVERY)).await.is_some() {
        // What cannot be measured just now shows in readiness.
        for it in projection.views().await.unwrap_or_default() {
            app.metrics().view_lag(&it.name, &it.stream, it.head.saturating_sub(it.position));
        }
    }
}
