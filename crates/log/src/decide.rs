//! One decision: load, decide, append, and again when another was faster.

use crate::{
    AppendError, DecideError, Entry, Log, LogError, Meta, Stored, commit::Tip, commit_id, known::Known,
    sealing::Outgoing, slots::Slots,
};
use bytes::Bytes;
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use studium_core::{Decider, Event, Rejection};
use tokio::time::Instant;

/// Times that a command is decided before it gives way to faster ones.
const ATTEMPTS_MAX: u32 = 4;

/// How often and after what pause a question to the leader is repeated while an outcome is unknown.
const RESOLVE_ATTEMPTS: u32 = 6;
const RESOLVE_PAUSE: Duration = Duration::from_millis(200);

/// The pause before a command of unknown outcome, of which the leader shows nothing, is decided again; it doubles.
const UNKNOWN_PAUSE: Duration = Duration::from_millis(10);

/// What remembers the commits of a service: its journal.
pub trait History: Send + Sync + 'static {
    /// All that is remembered of an aggregate, in version order.
    fn commits<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<Stored>, LogError>>;

    /// Position up to which the service's stream is remembered.
    fn position(&self) -> u64;

    /// The commit of an aggregate with this id.
    fn by_id<'a>(&'a self, subject: &'a str, id: &'a str) -> BoxFuture<'a, Result<Option<Stored>, LogError>>;
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Decided<E> {
    /// Position of the commit that holds the outcome; the aggregate's last when it was already so.
    pub position: u64,
    /// Version of the aggregate after it.
    pub version: u64,
    /// What happened; empty when it was already so.
    pub events: Vec<E>,
    /// Nothing was written: it was already so, or this request had been answered before.
    pub already: bool,
    /// Id of the commit; empty when it was already so.
    pub commit_id: String,
}

/// What one decision cost, for metrics.
#[derive(Debug, Clone, Copy, Default)]
pub struct Deciding {
    /// Times that another writer was faster.
    pub conflicts: u32,
    /// Time spent in appends.
    pub append: Duration,
}

/// All aggregates of one kind, as one process decides for them.
pub struct Aggregates<D: Decider> {
    pub(crate) log: Log,
    history: Arc<dyn History>,
    slots: Slots<D>,
}

impl<D: Decider> Aggregates<D> {
    /// Aggregates that keep at most `cached` states in memory.
    pub fn new(log: Log, history: Arc<dyn History>, cached: usize) -> Self {
        Self { log, slots: Slots::new(cached, Arc::clone(&history)), history }
    }

    /// Decides one command on one aggregate and writes what follows.
    ///
    /// # Errors
    /// See [`DecideError`]. A fault leaves the outcome open: the same request, sent again, gets the one true answer.
    pub async fn decide(
        &self,
        id: &str,
        command: &D::Command,
        meta: &Meta,
        cost: &mut Deciding,
    ) -> Result<Decided<D::Event>, DecideError<D::Reason>> {
        let subject = format!("{}.{id}", D::Event::AGGREGATE);
        let slot = self.slots.at(&subject);
        if slot.is_too_far_back() {
            return Err(DecideError::Busy);
        }
        let Ok(mut known) = slot.known.try_lock() else {
            return Box::pin(self.decide_in_line(&subject, &slot, command, meta, cost)).await;
        };
        let known = self.known(&subject, &mut known).await?;
        self.decide_known(&subject, known, command, meta, cost).await
    }

    /// The state of an aggregate as the leader knows it.
    pub async fn state(&self, id: &str) -> Result<D, LogError> {
        self.look(id, D::clone).await
    }

    /// Looks at the state of an aggregate as the leader knows it, without copying it.
    pub async fn look<T>(&self, id: &str, what: impl FnOnce(&D) -> T) -> Result<T, LogError> {
        let subject = format!("{}.{id}", D::Event::AGGREGATE);
        let slot = self.slots.at(&subject);
        let mut known = slot.known.lock().await;
        let known = self.known(&subject, &mut known).await?;
        self.refresh(&subject, known).await?;
        Ok(what(&known.state))
    }

    pub(crate) async fn decide_known(
        &self,
        subject: &str,
        known: &mut Known<D>,
        command: &D::Command,
        meta: &Meta,
        cost: &mut Deciding,
    ) -> Result<Decided<D::Event>, DecideError<D::Reason>> {
        let id = commit_id(subject, &meta.request_id);
        let mut attempts = 0;
        loop {
            if let Some(answer) = self.first_answer(subject, known, id).await? {
                return Ok(answer);
            }
            if known.is_outdated {
                return Err(DecideError::Outdated);
            }
            let events = match known.state.decide(command) {
                Ok(events) if !events.is_empty() => events,
                // A stale state cannot append, but it could wrongly refuse or say "already so":
                // the leader has the first word on both.
                answer => {
                    if self.refresh(subject, known).await? {
                        continue;
                    }
                    return nothing_written::<D>(known.tip.position, known.tip.version, answer);
                }
            };
            let (entry, events) = self.entry(subject, known, id, meta, events).await?;
            let stored = entry.stored.clone();
            let started = Instant::now();
            let appended = self.log.append(entry).await;
            cost.append += started.elapsed();
            let silence = match appended {
                Ok(position) => {
                    known.advance(position, id.as_u128(), &stored, &events);
                    let (version, commit_id) = (known.tip.version, id.to_string());
                    return Ok(Decided { position, version, events, already: false, commit_id });
                }
                Err(AppendError::Failed(e)) => return Err(e.into()),
                Err(AppendError::Conflict) => {
                    cost.conflicts += 1;
                    let before = known.tip.version;
                    self.refresh(subject, known).await?;
                    tracing::debug!(subject, before, now = known.tip.version, "another writer was faster");
                    None
                }
                Err(AppendError::Unknown(why)) => {
                    tracing::info!(subject, why, "the outcome of an append is unknown; asking the leader");
                    if !Box::pin(self.resolve(subject, known)).await? {
                        // Nothing new yet: what was in flight, of this or another writer, needs a moment to be seen.
                        tokio::time::sleep(UNKNOWN_PAUSE * (1 << attempts)).await;
                    }
                    Some(why)
                }
            };
            attempts += 1;
            if attempts == ATTEMPTS_MAX {
                return match (self.first_answer(subject, known, id).await?, silence) {
                    (Some(answer), _) => Ok(answer),
                    (None, Some(why)) => Err(LogError::Unreachable(why).into()),
                    (None, None) => Err(DecideError::Busy),
                };
            }
        }
    }

    /// The commit of a decision, made to follow what is known, and its events as they are kept.
    pub(crate) async fn entry(
        &self,
        subject: &str,
        known: &Known<D>,
        id: uuid::Uuid,
        meta: &Meta,
        events: Vec<D::Event>,
    ) -> Result<(Entry, Vec<D::Event>), LogError> {
        let out = Outgoing::of(self.log.keys(), subject, &id.to_string(), &known.owner, &events).await?;
        // What is kept nowhere must not be in the state either.
        let events = if out.has_lost { read::<D>(&out.events)? } else { events };
        Ok((Entry::new(subject, id.to_string(), &known.tip, meta, out), events))
    }

    /// The answer that this request got before, if it did.
    pub(crate) async fn first_answer(
        &self,
        subject: &str,
        known: &Known<D>,
        id: uuid::Uuid,
    ) -> Result<Option<Decided<D::Event>>, LogError> {
        if !known.requests.contains(&id.as_u128()) && !known.has_forgotten {
            return Ok(None);
        }
        Box::pin(self.look_up(subject, known, id)).await
    }

    async fn look_up(
        &self,
        subject: &str,
        known: &Known<D>,
        id: uuid::Uuid,
    ) -> Result<Option<Decided<D::Event>>, LogError> {
        let remembered = self.history.position();
        let stored = match self.history.by_id(subject, &id.to_string()).await? {
            Some(it) => it,
            // Not in the journal yet: look along the chain, down to where the journal begins to know.
            None => match self.along_the_chain(&known.tip, remembered, &id.to_string()).await? {
                Some(it) => it,
                None => return Ok(None),
            },
        };
        let events = read::<D>(&stored.commit.events)?;
        Ok(Some(Decided {
            position: stored.position,
            version: stored.commit.version,
            events,
            already: true,
            commit_id: stored.commit.id.clone(),
        }))
    }

    async fn along_the_chain(&self, tip: &Tip, down_to: u64, id: &str) -> Result<Option<Stored>, LogError> {
        let stream = D::Event::AGGREGATE.split('.').next().unwrap_or_default();
        let mut position = tip.position;
        while position > down_to {
            let Some(stored) = self.log.read(stream, position).await? else { return Ok(None) };
            if stored.commit.id == id {
                return Ok(Some(stored));
            }
            position = stored.commit.previous_position;
        }
        Ok(None)
    }

    /// What is known of an aggregate. A state of before a key was destroyed may hold what is to be gone: it is loaded anew.
    pub(crate) async fn known<'a>(
        &self,
        subject: &str,
        slot: &'a mut Option<Known<D>>,
    ) -> Result<&'a mut Known<D>, LogError> {
        let generation = self.log.keys().generation();
        if slot.as_ref().is_none_or(|it| it.generation != generation) {
            *slot = None;
            *slot = Some(self.load(subject, generation).await?);
        }
        Ok(slot.get_or_insert_default())
    }

    async fn load(&self, subject: &str, generation: u64) -> Result<Known<D>, LogError> {
        let mut known = Known { generation, ..Known::default() };
        for stored in self.history.commits(subject).await? {
            known.take_in(&stored)?;
        }
        Ok(known)
    }

    /// Reads what the leader has and this process has not; says whether there was anything.
    /// Boxed, as the other rare ways are: a command that is simply accepted need not carry them.
    pub(crate) fn refresh<'a>(
        &'a self,
        subject: &'a str,
        known: &'a mut Known<D>,
    ) -> BoxFuture<'a, Result<bool, LogError>> {
        Box::pin(self.read_tail(subject, known))
    }

    async fn read_tail(&self, subject: &str, known: &mut Known<D>) -> Result<bool, LogError> {
        let Some(last) = self.log.last(subject).await? else { return Ok(false) };
        if last.position <= known.tip.position {
            return Ok(false);
        }
        // Every commit names its predecessor's position, so the tail is read without a scan.
        let mut tail = vec![last];
        while let Some(oldest) = tail.last() {
            let previous = oldest.commit.previous_position;
            if previous <= known.tip.position {
                break;
            }
            let stored = self.log.read(oldest.stream(), previous).await?;
            tail.push(stored.ok_or_else(|| {
                LogError::Damaged(format!("`{subject}` links to position {previous}, which is not in the stream"))
            })?);
        }
        for stored in tail.iter().rev() {
            known.take_in(stored)?;
        }
        Ok(true)
    }

    /// Asks the leader until it answers: only then is an unknown outcome known. Says whether there was anything new.
    async fn resolve(&self, subject: &str, known: &mut Known<D>) -> Result<bool, LogError> {
        let mut pause = RESOLVE_PAUSE;
        for _ in 1..RESOLVE_ATTEMPTS {
            match self.refresh(subject, known).await {
                Ok(is_news) => return Ok(is_news),
                Err(LogError::Unreachable(why)) => tracing::info!(subject, why, "the leader does not answer yet"),
                Err(e) => return Err(e),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.refresh(subject, known).await
    }
}

/// The events that this build knows.
fn read<D: Decider>(events: &[Bytes]) -> Result<Vec<D::Event>, LogError> {
    let events = events.iter().filter_map(|it| D::Event::from_bytes(it).transpose());
    events.collect::<Result<_, _>>().map_err(LogError::from)
}

/// The answer where a command changes nothing, in a state that is as the leader's: where it stands, and its version.
pub(crate) fn nothing_written<D: Decider>(
    position: u64,
    version: u64,
    answer: Result<Vec<D::Event>, Rejection<D::Reason>>,
) -> Result<Decided<D::Event>, DecideError<D::Reason>> {
    answer.map_err(DecideError::Refused)?;
    Ok(Decided { position, version, events: Vec::new(), already: true, commit_id: String::new() })
}
