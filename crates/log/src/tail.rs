//! The tail of a stream: its last commits, delivered once and kept in memory for all in this process who follow it live.

use crate::{
    Faults, Stored,
    nats::Nats,
    reader::{BATCH_MAX, Reader},
};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// Commits that are kept of a service's stream: whoever is further behind reads it by himself until he has caught up.
pub(crate) const OF_SERVICE: usize = 2048;

/// The same of a feed, of which there are many.
pub(crate) const OF_FEED: usize = 256;

/// The pause before a broker that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(200);

/// Ends with the last follower that holds it.
pub(crate) struct Tail {
    kept_max: usize,
    recent: Mutex<Recent>,
    /// Position of the last commit kept.
    end: watch::Sender<u64>,
    _feeding: AbortOnDropHandle<()>,
}

struct Recent {
    /// Position of the commit before the first that is kept; none until the stream's end is known.
    before: Option<u64>,
    commits: VecDeque<Stored>,
}

impl Tail {
    pub(crate) fn start(nats: Arc<Nats>, faults: Arc<Faults>, stream: &str, kept_max: usize) -> Arc<Self> {
        Arc::new_cyclic(|tail| Self {
            kept_max,
            recent: Mutex::new(Recent { before: None, commits: VecDeque::new() }),
            end: watch::Sender::new(0),
            _feeding: AbortOnDropHandle::new(tokio::spawn(feed(Weak::clone(tail), nats, faults, stream.to_owned()))),
        })
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes after a position, as far as it is there; `None` when that is no longer, or not yet, known here.
    pub(crate) fn after(&self, position: u64) -> Option<Vec<Stored>> {
        let recent = self.recent();
        let seen = position.checked_sub(recent.before?)?;
        let from = recent.commits.len().min(seen as usize);
        Some(recent.commits.range(from..).take(BATCH_MAX).cloned().collect())
    }

    /// Waits until there is something after a position.
    pub(crate) async fn grown(&self, position: u64) {
        // The sender lives as long as the tail, which the caller holds.
        let _ = self.end.subscribe().wait_for(|it| *it > position).await;
    }

    fn push(&self, batch: Vec<Stored>) {
        let Some(end) = batch.last().map(|it| it.position) else { return };
        {
            let recent = &mut *self.recent();
            recent.commits.extend(batch);
            let surplus = recent.commits.len().saturating_sub(self.kept_max);
            recent.commits.drain(..surplus);
            recent.before = recent.before.map(|it| it + surplus as u64);
        }
        self.end.send_replace(end);
    }
}

/// Reads on from the end of the stream, however long the broker takes to answer.
async fn feed(tail: Weak<Tail>, nats: Arc<Nats>, faults: Arc<Faults>, stream: String) {
    let start = loop {
        match nats.head(&stream).await {
            Ok(it) => break it,
            Err(e) => tracing::debug!(stream, error = %e, "the stream cannot be followed just now; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    };
    let Some(it) = tail.upgrade() else { return };
    it.recent().before = Some(start);
    it.end.send_replace(start);
    drop(it);
    let mut reader = Reader::new(&faults, &stream, start);
    loop {
        match reader.next(&nats).await {
            Ok(batch) => match tail.upgrade() {
                Some(it) => it.push(batch),
                None => return,
            },
            Err(e) => {
                tracing::debug!(stream, error = %e, "the stream cannot be read just now; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
