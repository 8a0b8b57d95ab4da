//! Commands that wait for one aggregate together: they are decided one after the other, and what follows is appended as
//! one batch. An append takes its time whatever it holds, so that alone each would wait for all those before it.

use crate::{
    Aggregates, AppendError, DecideError, Decided, Deciding, Entry, LogError, Meta, commit::Tip, commit_id,
    decide::nothing_written, known::Known, slots::Slot,
};
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};
use studium_core::{Decider, Rejection};
use tokio::{select, sync::oneshot, time::Instant};
use uuid::Uuid;

/// Commands in one batch at most.
const GROUP_MAX: usize = 256;

/// Times that a batch is made anew when another process was faster.
const BATCHES_MAX: u32 = 3;

/// What comes of a command.
type Outcome<D> = Result<Decided<<D as Decider>::Event>, DecideError<<D as Decider>::Reason>>;

/// Who waits for an aggregate, in order.
pub(crate) struct Line<D: Decider>(Mutex<VecDeque<Waiting<D>>>);

/// A command that waits.
struct Waiting<D: Decider> {
    command: D::Command,
    meta: Meta,
    cost: Deciding,
    answer: oneshot::Sender<(Outcome<D>, Deciding)>,
}

/// What a command comes to, if everything before it in the batch is stored.
enum Plan<D: Decider> {
    /// The next commit.
    Commit { id: Uuid, events: Vec<D::Event> },
    /// Nothing is written: it is so already, or refused.
    Nothing(Result<(), Rejection<D::Reason>>),
}

/// How it goes on with a command.
enum Next<D: Decider> {
    /// It goes with the others, and leaves this in the batch.
    Together(Plan<D>, Option<Entry>),
    /// It was answered before.
    Answered(Decided<D::Event>),
    /// It is to be decided alone.
    Alone,
}

impl<D: Decider> Default for Line<D> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<D: Decider> Line<D> {
    fn join(&self, command: &D::Command, meta: &Meta) -> oneshot::Receiver<(Outcome<D>, Deciding)> {
        let (answer, receiver) = oneshot::channel();
        let waiting = Waiting { command: command.clone(), meta: meta.clone(), cost: Deciding::default(), answer };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(waiting);
        receiver
    }

    /// Those whose turn it is: all, if there are enough to go together, or else the first.
    fn next(&self, group_min: usize) -> Vec<Waiting<D>> {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.retain(|it| !it.answer.is_closed());
        let count = if line.len() < group_min { 1 } else { GROUP_MAX };
        let count = count.min(line.len());
        line.drain(..count).collect()
    }
}

impl<D: Decider> Waiting<D> {
    /// Whoever has left gets no answer.
    fn say(self, outcome: Outcome<D>) {
        let _ = self.answer.send((outcome, self.cost));
    }
}

impl<D: Decider> Aggregates<D> {
    /// Waits until somebody has decided the command. Whoever comes first decides for those who wait behind, too; when
    /// it leaves in the middle, the others stand in line again.
    pub(crate) async fn decide_in_line(
        &self,
        subject: &str,
        slot: &Slot<D>,
        command: &D::Command,
        meta: &Meta,
        cost: &mut Deciding,
    ) -> Outcome<D> {
        let mut answer = slot.line.join(command, meta);
        loop {
            let mut known = select! {
                biased;
                said = &mut answer => {
                    if let Ok((outcome, spent)) = said {
                        *cost = spent;
                        return outcome;
                    }
                    answer = slot.line.join(command, meta);
                    continue;
                }
                known = slot.known.lock() => known,
            };
            let group = slot.line.next(self.log.group_min());
            self.serve(subject, &mut known, group).await;
        }
    }

    async fn serve(&self, subject: &str, slot: &mut Option<Known<D>>, group: Vec<Waiting<D>>) {
        let known = match self.known(subject, slot).await {
            Ok(it) => it,
            Err(e) => return group.into_iter().for_each(|it| it.say(Err(e.clone().into()))),
        };
        let (mut group, mut alone) = (group, Vec::new());
        for _ in 0..BATCHES_MAX {
            if group.len() > 1 {
                group = self.decide_together(subject, known, group, &mut alone).await;
            }
        }
        for mut it in group.into_iter().chain(alone) {
            if !it.answer.is_closed() {
                let outcome = self.decide_known(subject, known, &it.command, &it.meta, &mut it.cost).await;
                it.say(outcome);
            }
        }
    }

    /// Decides commands one after the other, each in the state that those before it lead to, and appends what follows.
    /// Gives back those that another process overtook, and adds to those that are to be decided alone.
    async fn decide_together(
        &self,
        subject: &str,
        known: &mut Known<D>,
        group: Vec<Waiting<D>>,
        alone: &mut Vec<Waiting<D>>,
    ) -> Vec<Waiting<D>> {
        let (mut ahead, mut entries, mut planned) = (known.ahead(), Vec::new(), Vec::new());
        for it in group {
            match self.plan(subject, known, &mut ahead, &it).await {
                Ok(Next::Together(plan, entry)) => {
                    entries.extend(entry);
                    planned.push((it, plan));
                }
                Ok(Next::Answered(answer)) => it.say(Ok(answer)),
                Ok(Next::Alone) => alone.push(it),
                Err(e) => it.say(Err(e.into())),
            }
        }
        if planned.is_empty() {
            return Vec::new();
        }
        let (count, started) = (entries.len() as u64, Instant::now());
        let appended = match count {
            // The leader has the first word on refusals; a batch that it took says the same for those in between.
            0 => self.confirm(subject, known).await,
            _ => self.log.append_all(entries).await,
        };
        for (it, _) in &mut planned {
            it.cost.append += started.elapsed();
            it.cost.conflicts += u32::from(matches!(appended, Err(AppendError::Conflict)));
        }
        match appended {
            Ok(last) => {
                say_all(&known.tip, last - count, planned);
                known.catch_up_with(ahead, last);
            }
            Err(AppendError::Failed(e)) => planned.into_iter().for_each(|(it, _)| it.say(Err(e.clone().into()))),
            Err(AppendError::Conflict) => {
                // Who does not learn what came first meets it again.
                let _ = self.refresh(subject, known).await;
                return planned.into_iter().map(|(it, _)| it).collect();
            }
            // Each finds out by itself what became of the batch.
            Err(AppendError::Unknown(_)) => alone.extend(planned.into_iter().map(|(it, _)| it)),
        }
        Vec::new()
    }

    /// Asks the leader whether the state is its own; `Conflict` when it was not.
    async fn confirm(&self, subject: &str, known: &mut Known<D>) -> Result<u64, AppendError> {
        let is_news = self.refresh(subject, known).await?;
        if is_news { Err(AppendError::Conflict) } else { Ok(known.tip.position) }
    }

    /// Decides a command in the state that those before it lead to.
    async fn plan(
        &self,
        subject: &str,
        known: &Known<D>,
        ahead: &mut Known<D>,
        it: &Waiting<D>,
    ) -> Result<Next<D>, LogError> {
        let id = commit_id(subject, &it.meta.request_id);
        // What stands in the batch already has its answer when the batch is stored.
        if known.is_outdated || ahead.requests.contains(&id.as_u128()) {
            return Ok(Next::Alone);
        }
        if let Some(answer) = self.first_answer(subject, known, id).await? {
            return Ok(Next::Answered(answer));
        }
        let events = match ahead.state.decide(&it.command) {
            Ok(events) if !events.is_empty() => events,
            answer => return Ok(Next::Together(Plan::Nothing(answer.map(drop)), None)),
        };
        let (entry, events) = self.entry(subject, ahead, id, &it.meta, events).await?;
        ahead.advance(0, id.as_u128(), &entry.stored, &events);
        ahead.tip.is_in_flight = true;
        Ok(Next::Together(Plan::Commit { id, events }, Some(entry)))
    }
}

/// Tells everybody what came of what was planned on a tip, now that the commits are stored right after a position.
fn say_all<D: Decider>(tip: &Tip, after: u64, planned: Vec<(Waiting<D>, Plan<D>)>) {
    let (mut position, mut version, mut stored) = (tip.position, tip.version, 0);
    for (it, plan) in planned {
        it.say(match plan {
            Plan::Nothing(answer) => nothing_written::<D>(position, version, answer.map(|()| Vec::new())),
            Plan::Commit { id, events } => {
                stored += 1;
                (position, version) = (after + stored, version + 1);
                Ok(Decided { position, version, events, already: false, commit_id: id.to_string() })
            }
        });
    }
}
