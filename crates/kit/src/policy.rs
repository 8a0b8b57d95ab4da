//! What a policy is to the kernel: what it listens to, and what follows from a commit.

use crate::{App, app::Todo};
use futures::future::BoxFuture;
use std::{collections::HashSet, future::Future, marker::PhantomData};
use studium_core::{Decider, Event, Policy, Reaction};
use studium_log::Stored;
use studium_store::StoreError;

/// A policy that looks things up in views of its own service.
/// The kernel first waits until those views have seen the event's stream up to the event.
pub trait LookUpPolicy: Send + Sync + 'static {
    /// Stable name; part of every request id.
    const NAME: &'static str;
    /// The stream it listens to: a service's name.
    const STREAM: &'static str;
    /// Names of the views it reads.
    const VIEWS: &'static [&'static str];
    /// What it looks up is what it changes: each event is looked up only when the views have seen what followed from the
    /// one before. That takes some milliseconds each time that anything followed.
    const IN_TURN: bool = false;
    /// What it reacts to.
    type Event: Event;
    /// The decider that it commands.
    type Target: Decider;

    /// Whether anything can follow from an event at all: for what does not concern the policy, no view is waited for,
    /// and nobody behind it waits.
    fn concerns(event: &Self::Event) -> bool {
        let _ = event;
        true
    }

    /// Of aggregates to which something happened that concerns the policy, those for which anything can follow, as far as
    /// one question can tell of many: a look-up for each costs more than what follows of few is worth. Nothing follows
    /// for who is left out. The views are asked before, as for [`LookUpPolicy::react`].
    fn narrowed(app: &App, ids: HashSet<String>) -> impl Future<Output = Result<HashSet<String>, StoreError>> + Send {
        let _ = app;
        std::future::ready(Ok(ids))
    }

    /// Says what follows when `event` happened to the aggregate `id` at `at_ms`.
    fn react(
        app: &App,
        id: &str,
        event: &Self::Event,
        at_ms: i64,
    ) -> impl Future<Output = Result<Vec<Reaction<Self::Target>>, StoreError>> + Send;
}

/// A policy with its types erased.
pub(crate) trait AnyPolicy: Send + Sync {
    fn name(&self) -> &'static str;
    fn stream(&self) -> &'static str;
    /// Those of a stream's commits, in order, from which anything can follow.
    fn concerned<'a>(&'a self, app: &'a App, commits: &'a [Stored]) -> BoxFuture<'a, Result<Vec<&'a Stored>, String>>;
    /// What follows from a commit; the index of each is its place in the answer.
    fn react<'a>(&'a self, app: &'a App, commit: &'a Stored) -> BoxFuture<'a, Result<Followed, String>>;
    /// Whether it looks at a commit only once it has seen what followed from the one before.
    fn is_in_turn(&self) -> bool {
        false
    }
    /// Waits until what it looks up has seen what it wrote itself.
    fn sees<'a>(&'a self, _: &'a App, _written: u64) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// What follows from a commit.
pub(crate) enum Followed {
    /// These commands, in order.
    Commands(Vec<Todo>),
    /// Nobody can say before somebody acts; the sentence says what to do.
    Stuck(String),
}

/// The step of a look-up that is parked itself, in place of the commands that nobody knows yet.
pub(crate) const LOOK_UP: usize = u32::MAX as usize;

/// A pure policy, erased.
pub(crate) struct Pure<P>(pub P);

impl<P: Policy> AnyPolicy for Pure<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn stream(&self) -> &'static str {
        P::STREAM
    }

    fn concerned<'a>(&'a self, _: &'a App, commits: &'a [Stored]) -> BoxFuture<'a, Result<Vec<&'a Stored>, String>> {
        let mine = commits.iter().filter(|it| it.aggregate() == P::Event::AGGREGATE);
        Box::pin(std::future::ready(Ok(mine.collect())))
    }

    fn react<'a>(&'a self, _app: &'a App, commit: &'a Stored) -> BoxFuture<'a, Result<Followed, String>> {
        let mut todo = Vec::new();
        for event in events::<P::Event>(commit) {
            let reactions = self.0.react(commit.id(), &event, commit.commit.at_ms);
            todo.extend(reactions.into_iter().map(|it| Todo::new::<P::Target>(it.id, it.command)));
        }
        Box::pin(std::future::ready(Ok(Followed::Commands(todo))))
    }
}

/// A look-up policy, erased.
pub(crate) struct LookUp<P>(pub PhantomData<P>);

impl<P: LookUpPolicy> AnyPolicy for LookUp<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn stream(&self) -> &'static str {
        P::STREAM
    }

    fn concerned<'a>(&'a self, app: &'a App, commits: &'a [Stored]) -> BoxFuture<'a, Result<Vec<&'a Stored>, String>> {
        Box::pin(async move {
            let concerns = |it: &&Stored| events::<P::Event>(it).any(|it| P::concerns(&it));
            let mut concerned: Vec<_> = commits.iter().filter(concerns).collect();
            if let Some(last) = concerned.last() {
                seen::<P>(app, P::STREAM, last.position).await?;
                let ids = concerned.iter().map(|it| it.id().to_owned()).collect();
                let left = P::narrowed(app, ids).await.map_err(|e| e.to_string())?;
                concerned.retain(|it| left.contains(it.id()));
            }
            Ok(concerned)
        })
    }

    fn react<'a>(&'a self, app: &'a App, commit: &'a Stored) -> BoxFuture<'a, Result<Followed, String>> {
        Box::pin(async move {
            let mut todo = Vec::new();
            seen::<P>(app, P::STREAM, commit.position).await?;
            for event in events::<P::Event>(commit).filter(P::concerns) {
                match P::react(app, commit.id(), &event, commit.commit.at_ms).await {
                    Ok(reactions) => {
                        todo.extend(reactions.into_iter().map(|it| Todo::new::<P::Target>(it.id, it.command)));
                    }
                    Err(StoreError::Unfit(why)) => return Ok(Followed::Stuck(why)),
                    Err(e) => return Err(e.to_string()),
                }
            }
            Ok(Followed::Commands(todo))
        })
    }

    fn is_in_turn(&self) -> bool {
        P::IN_TURN
    }

    fn sees<'a>(&'a self, app: &'a App, written: u64) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(seen::<P>(app, app.service(), written))
    }
}

/// Waits until what a policy looks up has seen a position of a stream.
async fn seen<P: LookUpPolicy>(app: &App, stream: &str, position: u64) -> Result<(), String> {
    for view in P::VIEWS {
        app.seen_by(view, stream, position).await.map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn events<E: Event>(commit: &Stored) -> impl Iterator<Item = E> {
    let mine = commit.aggregate() == E::AGGREGATE;
    let events = if mine { commit.commit.events.as_slice() } else { &[] };
    events.iter().filter_map(|it| E::from_bytes(it).ok().flatten())
}
