//! One transaction: fold batches in memory, write them set by set, and move the checkpoints.

use crate::{
    Store, StoreError,
    changes::Folded,
    checkpoint::{self, Step},
    mark,
    member::{Member, State, guarded},
    projector::Runner,
    writer::Writer,
};
use std::sync::Arc;
use studium_log::{Keys, Stored};
use tokio::sync::MutexGuard;

/// Why nothing was written. Nothing of the transaction is in the database.
pub(crate) enum Halt {
    /// Somebody else moved a checkpoint: read the checkpoints again and go on from there.
    Fenced,
    /// A key was destroyed since the batch was opened: read it again.
    Stale,
    /// One view cannot go on; the others can.
    Broken(Arc<Member>, String),
    /// The database or the log did not answer.
    Fault(StoreError),
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Self::Fault(e)
    }
}

/// A batch with what was folded of it ahead of time, by name of the member.
pub(crate) struct Batch {
    pub(crate) commits: Vec<Stored>,
    pub(crate) folded: Vec<(String, Box<dyn Folded>)>,
    /// How many keys had been forgotten when it was opened.
    pub(crate) generation: u64,
}

impl Batch {
    /// Whether it was folded for all of these and touches nothing of any.
    pub(crate) fn is_nothing_to(&self, members: &[Arc<Member>]) -> bool {
        let is_nothing = |member: &Arc<Member>| {
            self.folded.iter().any(|(name, folded)| *name == member.name && folded.touches_nothing())
        };
        members.iter().all(is_nothing)
    }
}

/// Members of a stream on their way through one transaction.
pub(crate) struct Run<'a> {
    store: &'a Store,
    keys: &'a Keys,
    stream: &'a str,
    parts: Vec<Part<'a>>,
    /// The last commit that was taken.
    last: Option<Stored>,
    writer: Writer,
}

struct Part<'a> {
    member: &'a Arc<Member>,
    state: MutexGuard<'a, State>,
    /// Position that is folded, committed or not.
    at: u64,
}

impl<'a> Run<'a> {
    /// Locks the members and begins a transaction.
    pub(crate) async fn begin(runner: &'a Runner, stream: &'a str, members: &'a [Arc<Member>]) -> Result<Self, Halt> {
        let (store, keys) = (&runner.store, runner.log.keys());
        let mut parts = Vec::with_capacity(members.len());
        for member in members {
            let state = member.state.lock().await;
            if state.is_torn {
                return Err(Halt::Fenced);
            }
            if state.fault.is_empty() {
                parts.push(Part { member, at: state.position(stream), state });
            }
        }
        Ok(Self { store, keys, stream, parts, last: None, writer: Writer::new(store.begin_batch().await?) })
    }

    /// Writes what a batch means to the members. Each takes only what it has not seen: a redelivery changes nothing.
    pub(crate) async fn take(&mut self, mut batch: Batch) -> Result<(), Halt> {
        let Some(to) = batch.commits.last().map(|it| it.position) else { return Ok(()) };
        // Looked at under the locks: what is erased after this waits for them, and then erases this, too.
        if self.keys.generation() != batch.generation {
            return Err(Halt::Stale);
        }
        for part in &mut self.parts {
            let start = batch.commits.partition_point(|it| it.position <= part.at);
            if start == batch.commits.len() {
                continue;
            }
            let broken = |why| Halt::Broken(Arc::clone(part.member), why);
            let ahead = batch.folded.iter().position(|(name, _)| *name == part.member.name);
            let mut folded = match ahead.map(|it| batch.folded.swap_remove(it).1) {
                Some(it) if start == 0 => it,
                _ => part.member.fold.fold(self.stream, &batch.commits[start..]).map_err(broken)?,
            };
            part.state.is_torn = true;
            let missing = folded.missing(&mut part.state.memory).map_err(broken)?;
            let fetched = self.writer.fetch(part.member, missing).await?;
            let memory = &mut part.state.memory;
            let written = guarded(|| folded.apply(memory, fetched)).and_then(|it| it).map_err(broken)?;
            self.writer.write(part.member, written).await?;
            part.at = to;
        }
        self.last = batch.commits.pop();
        Ok(())
    }

    /// Goes past commits that touch nothing, up to this one.
    pub(crate) fn pass(&mut self, last: Stored) {
        for part in self.parts.iter_mut().filter(|it| it.at < last.position) {
            part.state.is_torn = true;
            part.at = last.position;
        }
        self.last = Some(last);
    }

    /// The views of the stream have seen it so far, all of those that are in step.
    pub(crate) async fn mark(&mut self) -> Result<(), Halt> {
        if let Some(last) = &self.last {
            mark::set(self.writer.tx().await?, mark::VIEWS, last).await?;
        }
        Ok(())
    }

    /// Moves the checkpoints and makes it all visible, if nobody else has moved them meanwhile.
    pub(crate) async fn commit(mut self) -> Result<(), Halt> {
        self.parts.retain(|it| it.state.is_torn);
        let steps: Vec<_> = self
            .parts
            .iter()
            .map(|part| Step {
                view: &part.member.name,
                from: part.state.position(self.stream),
                to: part.at,
                revision: part.state.revision,
                streams: part.state.positions.len(),
            })
            .collect();
        let mut tx = self.writer.into_tx().await?;
        if !checkpoint::advance(&mut tx, self.store.dialect(), self.stream, &steps).await? {
            tx.rollback().await?;
            return Err(Halt::Fenced);
        }
        tx.commit().await?;
        for part in &mut self.parts {
            part.state.is_torn = false;
            part.state.revision += 1;
            part.state.positions.insert(self.stream.to_owned(), part.at);
            self.store.announce(&part.member.name, self.stream, part.at);
        }
        Ok(())
    }
}
