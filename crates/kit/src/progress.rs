//! How far policies and views have come: for operators, for metrics, and for whoever waits until nothing is left to do.

use crate::{App, parked, policy::AnyPolicy};
use std::{collections::HashMap, sync::Arc, time::Duration};
use studium_proto::admin::v1::PolicyStatus;
use studium_store::{Projection, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it is measured for metrics.
const EVERY: Duration = Duration::from_secs(1);

/// The policies of a service, each with the stream that it listens to.
#[derive(Clone)]
pub(crate) struct Roster(Arc<[(&'static str, &'static str)]>);

impl Roster {
    pub(crate) fn of(policies: &[Box<dyn AnyPolicy>]) -> Self {
        let mut all: Vec<_> = policies.iter().map(|it| (it.name(), it.stream())).collect();
        all.sort_unstable();
        Self(all.into())
    }

    /// Where they stand, by name. Every replica says the same, whichever of them reacts.
    pub(crate) async fn standing(&self, app: &App) -> Result<Vec<PolicyStatus>, StoreError> {
        // What a policy wrote is in its stream before its checkpoint says so. Heads are read after the checkpoints, so
        // that where none is behind nothing was left to do.
        let checkpoints = parked::checkpoints(app.store()).await?;
        let mut heads = HashMap::new();
        for (_, stream) in self.0.iter() {
            if !heads.contains_key(stream) {
                heads.insert(*stream, app.log().head(stream).await?);
            }
        }
        let status = |(name, stream): &(&str, &str)| {
            let mine = checkpoints.iter().find(|(policy, of, _)| policy == name && of == stream);
            let (position, head) = (mine.map_or(0, |it| it.2), heads[stream]);
            PolicyStatus { name: (*name).to_owned(), stream: (*stream).to_owned(), position, head }
        };
        Ok(self.0.iter().map(status).collect())
    }
}

/// Keeps the metrics of lag up to date.
pub(crate) async fn watch(app: App, projection: Projection, roster: Roster, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        // What cannot be measured just now shows in readiness.
        for it in projection.views().await.unwrap_or_default() {
            app.metrics().view_lag(&it.name, &it.stream, it.head.saturating_sub(it.position));
        }
        for it in roster.standing(&app).await.unwrap_or_default() {
            app.metrics().policy_lag(&it.name, &it.stream, it.head.saturating_sub(it.position));
        }
    }
}
