//! Runs policies: every event once, in order per aggregate, and what keeps failing is parked without blocking the rest.

use crate::{
    App,
    app::{Answer, Todo},
    parked::{self, Parking},
    policy::{AnyPolicy, Followed, LOOK_UP},
    telemetry,
};
use futures::{StreamExt as _, stream};
use std::{collections::HashMap, mem, time::Duration};
use studium_log::{Meta, Stored};
use studium_store::StoreError;
use tokio::{sync::watch, time::Instant};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument as _;
use uuid::Uuid;

/// Namespace of the request ids that policies derive; fixed for ever.
const REACTIONS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_7265_6163_7473);

/// Aggregates that one policy asks at the same time.
const LANES_MAX: usize = 64;

/// Tries before a reaction is parked, and the pause after the first; it doubles up to the last.
const TRIES_MAX: u32 = 5;
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// How long the log and the journal are waited for before a reaction is parked all the same: three nodes elect for up
/// to ten seconds, and nothing else would get through meanwhile.
const OUTAGE: Duration = Duration::from_mins(1);

/// The pause before a policy that lost the log or the store goes on.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// How often the checkpoints of policies that had nothing to do are kept.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How often a policy with parked reactions looks whether it may go on.
const RELEASE_EVERY: Duration = Duration::from_millis(250);

/// One reaction on its way.
pub(crate) struct Step {
    pub stream: &'static str,
    pub position: u64,
    pub index: usize,
    pub source: String,
    pub todo: Todo,
    pub meta: Meta,
    /// How many keys had been forgotten when its commit was opened.
    pub generation: u64,
}

impl Step {
    fn new(policy: &dyn AnyPolicy, (commit, generation): (&Stored, u64), index: usize, todo: Todo) -> Self {
        let from = &commit.commit;
        // The commit's id and not its position, which is another's if the stream ever comes back without its end.
        let name = format!("{}\n{}\n{}\n{index}", policy.name(), policy.stream(), from.id);
        let meta = Meta {
            at_ms: from.at_ms,
            actor: format!("policy:{}", policy.name()),
            on_behalf_of: from.actor.clone(),
            request_id: Uuid::new_v5(&REACTIONS, name.as_bytes()).to_string(),
            correlation_id: from.correlation_id.clone(),
            causation_id: from.id.clone(),
            tenant: from.tenant.clone(),
            traceparent: from.traceparent.clone(),
        };
        let (stream, position, source) = (policy.stream(), commit.position, from.subject.clone());
        Self { stream, position, index, source, todo, meta, generation }
    }
}

/// Policies that listen to the same stream share a follower.
pub(crate) fn by_stream(policies: Vec<Box<dyn AnyPolicy>>) -> HashMap<&'static str, Vec<Box<dyn AnyPolicy>>> {
    let mut by_stream: HashMap<_, Vec<_>> = HashMap::new();
    for policy in policies {
        by_stream.entry(policy.stream()).or_default().push(policy);
    }
    by_stream
}

/// Runs the policies of one stream, while this process is the one that folds the service's views, until it is told to stop.
/// Two replicas that react to the same event would only decide the same twice; one is enough.
pub(crate) async fn run(
    app: App,
    stream: &'static str,
    policies: Vec<Box<dyn AnyPolicy>>,
    (mut active, mut caught_up): (watch::Receiver<bool>, watch::Receiver<bool>),
    stop: CancellationToken,
) {
    // A view that is made anew does not know yet what a policy looks up, and a refusal is an answer for ever.
    let _ = stop.run_until_cancelled(caught_up.wait_for(|it| *it)).await;
    while is_our_turn(&mut active, &stop).await {
        let outcome = tokio::select! {
            () = stop.cancelled() => return,
            _ = active.wait_for(|it| !*it) => {
                // The next one counts them; what this process saw last would be shown for ever.
                for it in &policies {
                    app.metrics().parked(it.name(), 0);
                }
                continue;
            }
            outcome = follow(&app, stream, &policies) => outcome,
        };
        if let Err(why) = outcome {
            tracing::warn!(stream, why, "policies stopped; they go on from their checkpoints");
        }
        stop.run_until_cancelled(tokio::time::sleep(RESTART_PAUSE)).await;
    }
}

/// Waits until this process is the active one; false when it is told to stop.
pub(crate) async fn is_our_turn(active: &mut watch::Receiver<bool>, stop: &CancellationToken) -> bool {
    let turn = stop.run_until_cancelled(active.wait_for(|it| *it)).await;
    matches!(turn, Some(Ok(_)))
}

/// One policy at work.
struct Desk<'a> {
    policy: &'a dyn AnyPolicy,
    parking: Parking,
    position: u64,
}

/// Follows a stream once for all policies that listen to it.
async fn follow(app: &App, stream: &'static str, policies: &[Box<dyn AnyPolicy>]) -> Result<(), String> {
    let mut desks = Vec::new();
    for policy in policies {
        let position = parked::checkpoint(app.store(), policy.name(), stream).await.map_err(|e| e.to_string())?;
        let parking = Parking::load(app.store(), policy.name()).await.map_err(|e| e.to_string())?;
        app.metrics().parked(policy.name(), parking.len());
        desks.push(Desk { policy: policy.as_ref(), parking, position });
    }
    let start = desks.iter().map(|it| it.position).min().unwrap_or(0);
    let (mut follow, mut kept) = (app.log().follow(stream, start), Kept::new());
    loop {
        let has_parked = desks.iter().any(|it| !it.parking.is_empty());
        let commits = tokio::select! {
            commits = follow.next() => commits.map_err(|e| e.to_string())?,
            // Only a policy with something parked looks whether somebody asked to retry or drop it.
            () = tokio::time::sleep(RELEASE_EVERY), if has_parked => Vec::new(),
            // Whoever asks whether everything was reacted to reads the checkpoints.
            () = tokio::time::sleep(SAVE_EVERY), if kept.last.is_some() => Vec::new(),
            saved = kept.saved(), if kept.saving.is_some() => saved.map_err(|e| e.to_string()).map(|()| Vec::new())?,
        };
        let generation = follow.generation();
        let reacted =
            futures::future::try_join_all(desks.iter_mut().map(|it| it.work(app, &commits, generation))).await?;
        kept.take(commits, reacted.into_iter().flatten().max());
        kept.save(app, stream, &desks);
    }
}

/// What is remembered of a stream's policies, and what is not yet.
struct Kept {
    /// The last commit that was reacted to and is not remembered.
    last: Option<Stored>,
    /// Up to which position the journal has to be before it may be; none while nothing followed.
    written: Option<u64>,
    saving: Option<AbortOnDropHandle<Result<(), StoreError>>>,
    since: Instant,
}

impl Kept {
    fn new() -> Self {
        Self { last: None, written: None, saving: None, since: Instant::now() }
    }

    fn take(&mut self, commits: Vec<Stored>, written: Option<u64>) {
        self.last = commits.into_iter().next_back().or(self.last.take());
        self.written = self.written.max(written);
    }

    /// Begins to save how far the policies are, unless that is under way. They go on meanwhile: the journal, which is to
    /// have what followed before, is behind whenever there is much to do.
    fn save(&mut self, app: &App, stream: &'static str, desks: &[Desk<'_>]) {
        // What saw no reaction may be seen again after a restart: it yields nothing again.
        let is_due = self.written.is_some() || self.since.elapsed() >= SAVE_EVERY;
        if self.saving.is_some() || !is_due {
            return;
        }
        let Some(last) = self.last.take() else { return };
        let (app, written) = (app.clone(), self.written.take().unwrap_or_default());
        let positions: Vec<_> = desks.iter().map(|it| (it.policy.name(), it.position)).collect();
        self.since = Instant::now();
        self.saving = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            app.kept(written).await?;
            app.store().mark(parked::FOLLOWER, &last).await?;
            parked::advance_all(app.store(), stream, &positions).await
        })));
    }

    /// Waits until that is saved which is on its way.
    async fn saved(&mut self) -> Result<(), StoreError> {
        let Some(saving) = &mut self.saving else { return Ok(()) };
        let saved = saving.await;
        self.saving = None;
        saved.unwrap_or_else(|e| Err(StoreError::Unavailable(format!("it was not saved how far policies are: {e}"))))
    }
}

impl Desk<'_> {
    /// Reacts to what this policy has not seen; if anything followed, says up to which position it was written.
    async fn work(&mut self, app: &App, commits: &[Stored], generation: u64) -> Result<Option<u64>, String> {
        if !self.parking.is_empty() {
            release(app, self.policy, &mut self.parking).await.map_err(|e| e.to_string())?;
        }
        let unseen = &commits[commits.partition_point(|it| it.position <= self.position)..];
        let Some(last) = unseen.last() else { return Ok(None) };
        let written = handle(app, self.policy, &mut self.parking, (unseen, generation)).await?;
        self.position = last.position;
        Ok(written)
    }
}

/// Goes through what is parked, in order: what is to be retried is tried, and what no longer waits for anything goes on.
async fn release(app: &App, policy: &dyn AnyPolicy, parking: &mut Parking) -> Result<(), StoreError> {
    let mut held = Parking::empty(policy.name());
    for row in parked::unanswered(app.store(), policy.name()).await? {
        let is_free = row.state == "retry" || (row.state == "waiting" && !held.blocks(&row.source, &row.target));
        let generation = app.log().keys().generation();
        let outcome = if is_free { again(app, policy, &row, generation).await } else { Err(None) };
        match outcome {
            Ok(written) => {
                app.kept(written).await?;
                parked::forget(app.store(), row.id).await?;
            }
            Err(cause) => {
                if let Some(cause) = cause {
                    parked::still(app, row.id, &cause, generation).await?;
                }
                held.block(row.source, row.target);
            }
        }
    }
    app.metrics().parked(policy.name(), held.len());
    *parking = held;
    Ok(())
}

/// Makes a parked reaction anew from its event and tries it; says up to which position something was written.
async fn again(app: &App, policy: &dyn AnyPolicy, row: &parked::Row, generation: u64) -> Result<u64, Option<String>> {
    let commit = app.log().read(policy.stream(), row.position).await.map_err(|e| Some(e.to_string()))?;
    let commit = commit.ok_or_else(|| Some(format!("position {} is not in the stream", row.position)))?;
    let todo = match policy.react(app, &commit).await.map_err(Some)? {
        Followed::Commands(todo) => todo.into_iter().enumerate(),
        Followed::Stuck(why) => return Err(Some(why)),
    };
    if row.step as usize == LOOK_UP {
        // By now it is known what follows. What was done of it before a failure is done once all the same.
        let mut written = 0;
        for (index, todo) in todo {
            let step = Step::new(policy, (&commit, generation), index, todo);
            written = written.max(attempt(app, policy.name(), &step).await.map_err(|it| Some(it.cause))?);
        }
        return Ok(written);
    }
    // What a policy looks up may have changed, so that the reaction has another place among the others by now.
    let same =
        todo.filter(|(_, it)| it.target == row.target).min_by_key(|(index, _)| index.abs_diff(row.step as usize));
    // A newer build may no longer react to this event: then nothing is left to do.
    let Some((_, todo)) = same else { return Ok(0) };
    let step = Step::new(policy, (&commit, generation), row.step as usize, todo);
    attempt(app, policy.name(), &step).await.map_err(|it| Some(it.cause))
}

/// Commands for each aggregate, in the order of the events.
type Lanes = HashMap<String, Vec<Step>>;

/// Handles a batch: commands for one aggregate go in the order of the events, different aggregates go side by side.
/// If anything followed, says up to which position it was written.
async fn handle(
    app: &App,
    policy: &dyn AnyPolicy,
    parking: &mut Parking,
    (commits, generation): (&[Stored], u64),
) -> Result<Option<u64>, String> {
    let (mut lanes, mut written) = (Lanes::new(), None);
    for commit in policy.concerned(app, commits).await? {
        let follows = match policy.react(app, commit).await? {
            Followed::Commands(todo) => todo.into_iter().enumerate().collect(),
            Followed::Stuck(why) => vec![(LOOK_UP, Todo::stuck(&commit.commit.subject, why))],
        };
        for (index, todo) in follows {
            let step = Step::new(policy, (commit, generation), index, todo);
            if parking.holds(&step) {
                parking.wait_behind(app, &step).await.map_err(|e| e.to_string())?;
            } else {
                lanes.entry(step.todo.target.clone()).or_default().push(step);
            }
        }
        if policy.is_in_turn() {
            let position = act(app, policy, parking, mem::take(&mut lanes)).await?;
            policy.sees(app, position.unwrap_or_default()).await?;
            written = written.max(position);
        }
    }
    written = written.max(act(app, policy, parking, lanes).await?);
    Ok(written.max((!parking.is_empty()).then_some(0)))
}

/// Gives all their commands, and parks what keeps failing. If there were any, says up to which position something was
/// written.
async fn act(app: &App, policy: &dyn AnyPolicy, parking: &mut Parking, lanes: Lanes) -> Result<Option<u64>, String> {
    let mut written = None;
    let mut done = stream::iter(lanes.into_values().map(|steps| lane(app, policy, steps))).buffer_unordered(LANES_MAX);
    while let Some((position, stuck)) = done.next().await {
        written = written.max(Some(position));
        for (step, gave_up) in stuck {
            let parked = match gave_up {
                Some(GaveUp { cause, tries }) => {
                    tracing::error!(
                        policy = policy.name(),
                        target_aggregate = step.todo.target,
                        cause,
                        tries,
                        "parked"
                    );
                    parking.park(app, &step, &cause, tries).await
                }
                None => parking.wait_behind(app, &step).await,
            };
            parked.map_err(|e| e.to_string())?;
        }
        app.metrics().parked(policy.name(), parking.len());
    }
    Ok(written)
}

/// Gives one aggregate its commands, one after the other. Says up to which position something was written; what is left
/// when one keeps failing comes back.
async fn lane(app: &App, policy: &dyn AnyPolicy, steps: Vec<Step>) -> (u64, Vec<(Step, Option<GaveUp>)>) {
    let (mut steps, mut written) = (steps.into_iter(), 0);
    while let Some(step) = steps.next() {
        match attempt(app, policy.name(), &step).await {
            Ok(position) => written = written.max(position),
            Err(gave_up) => {
                let rest = steps.map(|it| (it, None));
                return (written, std::iter::once((step, Some(gave_up))).chain(rest).collect());
            }
        }
    }
    (written, Vec::new())
}

/// Why a reaction is not tried any more, and how often it was.
struct GaveUp {
    cause: String,
    tries: u32,
}

/// Tries one reaction until it has an answer, a bounded number of times; what answers nobody is waited for. Gives the
/// position of what was written; 0 when it was refused.
async fn attempt(app: &App, policy: &'static str, step: &Step) -> Result<u64, GaveUp> {
    let (mut tries, mut pause, patient_until) = (0, PAUSE, Instant::now() + OUTAGE);
    loop {
        tries += 1;
        let span = tracing::info_span!("policy", policy, target_aggregate = step.todo.target);
        telemetry::continue_from(&span, &step.meta.traceparent);
        let (cause, is_over) = match step.todo.run(app, step.meta.clone()).instrument(span).await {
            Answer::Done(position) => return Ok(position),
            Answer::Refused(why) => {
                tracing::debug!(policy, target_aggregate = step.todo.target, why, "a reaction was refused");
                let recorded = parked::record_refusal(app, policy, step, &why).await;
                return recorded.map(|()| 0).map_err(|e| GaveUp { cause: e.to_string(), tries });
            }
            Answer::Failed(why) => (why, tries >= TRIES_MAX),
            Answer::Unreachable(why) => (why, tries >= TRIES_MAX && Instant::now() >= patient_until),
        };
        if is_over {
            return Err(GaveUp { cause, tries });
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_followed_of_one_batch_is_waited_for_after_another_of_which_nothing_did() {
        let mut kept = Kept::new();
        for written in [None, Some(5), None, Some(3)] {
            kept.take(Vec::new(), written);
        }
        assert_eq!(kept.written, Some(5));
    }
}
