//! Sends partners' feeds to their webhooks: one lane for each that is enabled, and none waits for another.

use crate::{
    endpoints::{self, EndpointRow, Endpoints},
    partner_key::PartnerKey,
    webhook_keeper::Keeper,
    webhook_lane::Lane,
    webhook_progress as progress,
};
use futures::FutureExt as _;
use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};
use studium_kit::{App, Store, StoreError, View as _, Work, broke_off, pause};
use tokio::{
    sync::watch,
    task::{AbortHandle, Id, JoinSet},
};

/// How often it is looked which webhooks there are.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The pause before a webhook that lost the log or the store goes on.
const REST: Duration = Duration::from_millis(500);

/// Sends partners' feeds to their webhooks.
pub struct Webhooks;

impl Work for Webhooks {
    const NAME: &'static str = "webhooks";
    const OUTCOMES: &'static [&'static str] = &["delivered", "failed", "disabled"];

    async fn prepare(store: &Store) -> Result<(), StoreError> {
        progress::prepare(store).await
    }

    async fn run(app: App, mut over: watch::Receiver<bool>) -> Result<(), String> {
        if app.belonging::<PartnerKey>().is_none() {
            // Nothing can be signed. To be told so is for those who ask for a webhook.
            let _ = over.wait_for(|it| *it).await;
            return Ok(());
        }
        let (keeper, keeping) = Keeper::new(app.store().clone());
        let known = progress::known(app.store()).await.map_err(|e| e.to_string())?;
        let mut desk = Desk { app, keeper, lanes: HashMap::new(), tasks: JoinSet::new(), known, looked: None };
        let outcome = tokio::select! {
            outcome = desk.work() => outcome,
            () = keeping => Err("nobody keeps what webhooks did any more".to_owned()),
            _ = over.wait_for(|it| *it) => Ok(()),
        };
        desk.tasks.shutdown().await;
        outcome
    }
}

/// The webhooks at work.
struct Desk {
    app: App,
    keeper: Keeper,
    /// What each was begun with.
    lanes: HashMap<String, (EndpointRow, AbortHandle)>,
    /// They end with the desk.
    tasks: JoinSet<()>,
    /// All that there were at the last look.
    known: BTreeSet<String>,
    /// What the view had seen at the last look; none = look again.
    looked: Option<u64>,
}

impl Desk {
    async fn work(&mut self) -> Result<(), String> {
        loop {
            let at = self.app.store().position_of(Endpoints::NAME, self.app.service());
            if self.looked.is_none_or(|it| it != at) {
                self.looked = self.look().await.map_err(|e| e.to_string())?.then_some(at);
            }
            pause(LOOK_EVERY).await;
            while let Some(Some(ended)) = self.tasks.join_next_with_id().now_or_never() {
                let id = ended.map_or_else(|e| e.id(), |(id, ())| id);
                self.ended(id);
            }
        }
    }

    fn ended(&mut self, id: Id) {
        self.looked = None;
        self.lanes.retain(|_, (_, task)| task.id() != id);
    }

    /// Begins what is to be sent and is not, and stops what is to be sent otherwise by now. What was stopped is begun
    /// again only once it has ended, so that no webhook is sent to twice at the same time. Says whether all is as it should be.
    async fn look(&mut self) -> Result<bool, StoreError> {
        let rows = endpoints::all(self.app.store()).await?;
        let there: BTreeSet<String> = rows.iter().map(|it| it.endpoint.clone()).collect();
        let wanted: HashMap<&str, &EndpointRow> =
            rows.iter().filter(|it| it.enabled).map(|it| (it.endpoint.as_str(), it)).collect();
        for (endpoint, (row, task)) in &self.lanes {
            if wanted.get(endpoint.as_str()).is_none_or(|it| *it != row) {
                task.abort();
            }
        }
        for row in wanted.into_values() {
            if !self.lanes.contains_key(&row.endpoint) {
                self.begin(row.clone());
            }
        }
        let mut is_done = true;
        let removed: Vec<String> = self.known.difference(&there).cloned().collect();
        for endpoint in removed {
            if self.lanes.contains_key(&endpoint) {
                // Until it has ended it may write.
                is_done = false;
                continue;
            }
            progress::forget(self.app.store(), &endpoint).await?;
            self.known.remove(&endpoint);
        }
        self.known.extend(there);
        Ok(is_done)
    }

    fn begin(&mut self, row: EndpointRow) {
        let (app, keeper, endpoint) = (self.app.clone(), self.keeper.clone(), row.clone());
        let task = self.tasks.spawn(async move {
            let id = endpoint.endpoint.clone();
            if let Err(why) = Lane::run(app, keeper, endpoint).await {
                broke_off(Webhooks::NAME, &id, &why);
                pause(REST).await;
            }
        });
        self.lanes.insert(row.endpoint.clone(), (row, task));
    }
}
