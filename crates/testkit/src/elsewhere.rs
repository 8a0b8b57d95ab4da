//! Other services, as far as a test of one needs them: they say what they are told to say.
#![expect(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test that cannot speak has failed")]

use futures::future::BoxFuture;
use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use studium_core::{Decider, Decision, Event};
use studium_log::{Aggregates, Deciding, History, Log, LogError, Meta, Stored, now_ms};
use studium_proto::catalogue::v1::Reason;

/// An aggregate that has happen to it whatever it is told.
#[derive(Debug, Clone)]
struct Told<E>(PhantomData<E>);

impl<E> Default for Told<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Event> Decider for Told<E> {
    type Command = Vec<E>;
    type Event = E;
    type Reason = Reason;

    fn decide(&self, command: &Vec<E>) -> Decision<Self> {
        Ok(command.clone())
    }

    fn evolve(&mut self, _: &E) {}
}

/// The log alone remembers what was said.
struct Nothing;

impl History for Nothing {
    fn commits<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<Stored>, LogError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn position(&self) -> u64 {
        0
    }

    fn by_id<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Option<Stored>, LogError>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Services that are not there: their streams say what a test has them say.
pub struct Elsewhere {
    log: Log,
    said: AtomicU64,
}

impl Elsewhere {
    /// Speaks on a log.
    pub fn new(log: Log) -> Self {
        Self { log, said: AtomicU64::new(0) }
    }

    /// Has something happen to an aggregate now, in one commit; gives its position.
    pub async fn say<E: Event>(&self, id: &str, events: Vec<E>) -> u64 {
        self.say_at(id, now_ms(), events).await
    }

    /// The same at a business time, Unix milliseconds.
    pub async fn say_at<E: Event>(&self, id: &str, at_ms: i64, events: Vec<E>) -> u64 {
        self.try_to_say(id, at_ms, events).await.unwrap()
    }

    /// The same where something is in the way.
    ///
    /// # Errors
    /// With what it is.
    pub async fn try_to_say<E: Event>(&self, id: &str, at_ms: i64, events: Vec<E>) -> Result<u64, String> {
        let n = self.said.fetch_add(1, Ordering::Relaxed);
        let meta = Meta { at_ms, request_id: format!("said-{n}"), ..Meta::default() };
        let aggregates = Aggregates::<Told<E>>::new(self.log.clone(), Arc::new(Nothing), 1);
        let decided = aggregates.decide(id, &events, &meta, &mut Deciding::default()).await;
        decided.map(|it| it.position).map_err(|e| format!("{e:?}"))
    }
}
