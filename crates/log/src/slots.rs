//! The aggregates that a process has in memory: which it lets go, and how many may wait for one.

use crate::{History, known::Known, together::Line};
use quick_cache::{DefaultHashBuilder, UnitWeighter, sync::Cache};
use std::{
    convert::Infallible,
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use studium_core::Decider;
use tokio::sync::Mutex;

/// Commands that may wait for one aggregate.
const QUEUE_MAX: usize = 1024;

/// How far the journal may be behind a state for which it is still waited: half a second under full load. Where it is
/// further behind, states go as they came, and do not gather.
const LAG_MAX: u64 = 2048;

/// The place of one aggregate: the state as far as it is known here, and who waits for it.
pub(crate) struct Slot<D: Decider> {
    waiting: AtomicUsize,
    /// Position of the last commit that is known here, as of when somebody was last at it.
    at: AtomicU64,
    pub(crate) line: Line<D>,
    pub(crate) known: Mutex<Option<Known<D>>>,
}

impl<D: Decider> Slot<D> {
    /// Of somebody who is at work already: a slot that nobody is at could be the first to be let go.
    fn taken() -> Self {
        let (waiting, at) = (AtomicUsize::new(1), AtomicU64::default());
        Self { waiting, at, line: Line::default(), known: Mutex::new(None) }
    }
}

/// One place in the queue of an aggregate.
pub(crate) struct Place<D: Decider>(Arc<Slot<D>>);

impl<D: Decider> Place<D> {
    /// Whether too many are before it.
    pub(crate) fn is_too_far_back(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > QUEUE_MAX
    }
}

impl<D: Decider> Deref for Place<D> {
    type Target = Slot<D>;

    fn deref(&self) -> &Slot<D> {
        &self.0
    }
}

impl<D: Decider> Drop for Place<D> {
    fn drop(&mut self) {
        // Whoever has it locked has a place, too, and takes note at the end.
        if let Ok(known) = self.0.known.try_lock() {
            self.0.at.store(known.as_ref().map_or(0, |it| it.tip.position), Ordering::Relaxed);
        }
        self.0.waiting.fetch_sub(1, Ordering::Release);
    }
}

/// The slots that are kept.
pub(crate) struct Slots<D: Decider>(Cache<String, Arc<Slot<D>>, UnitWeighter, DefaultHashBuilder, Pins>);

impl<D: Decider> Slots<D> {
    /// At most so many, those that are pinned aside.
    pub(crate) fn new(kept: usize, history: Arc<dyn History>) -> Self {
        let pins = Pins { history };
        Self(Cache::with(kept, kept as u64, UnitWeighter, DefaultHashBuilder::default(), pins))
    }

    /// Takes a place at an aggregate.
    pub(crate) fn at(&self, subject: &str) -> Place<D> {
        let mut is_new = false;
        let new = || {
            is_new = true;
            Ok::<_, Infallible>(Arc::new(Slot::taken()))
        };
        let slot = match self.0.get_or_insert_with(subject, new) {
            Ok(slot) => slot,
            Err(never) => match never {},
        };
        if !is_new {
            slot.waiting.fetch_add(1, Ordering::Relaxed);
        }
        Place(slot)
    }
}

/// Which slots are not let go: those at work, and those that stand where the journal is not yet. Loaded from there,
/// such a state would be old, and what it decides refused, together with the whole batch that it is appended in.
#[derive(Clone)]
struct Pins {
    history: Arc<dyn History>,
}

impl<D: Decider> quick_cache::Lifecycle<String, Arc<Slot<D>>> for Pins {
    type RequestState = ();

    fn begin_request(&self) {}

    fn is_pinned(&self, _: &String, slot: &Arc<Slot<D>>) -> bool {
        let ahead = slot.at.load(Ordering::Relaxed).saturating_sub(self.history.position());
        slot.waiting.load(Ordering::Acquire) > 0 || (1..=LAG_MAX).contains(&ahead)
    }
}
