//! Faults that tests script: what a network does to appends and to deliveries, on purpose and in order.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How long a test waits for an append that is to be held.
const HELD_WITHIN: Duration = Duration::from_mins(1);

/// What happens to one append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// The request never arrives; the caller meets silence.
    LoseRequest,
    /// It is stored, and the caller meets silence.
    LoseAck,
    /// It waits for [`Faults::release`] before it is sent.
    Hold,
}

/// What happens to one delivery of the broker to a follower.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It arrives.
    Fine,
    /// It never arrives.
    Lost,
    /// It arrives twice.
    Twice,
    /// The next one overtakes it.
    Late,
}

/// A script of faults, one for each append and one for each delivery to come.
#[derive(Default)]
pub struct Faults {
    armed: AtomicBool,
    script: Mutex<VecDeque<Fault>>,
    scripts: Mutex<HashMap<String, VecDeque<Fault>>>,
    deliveries: Mutex<VecDeque<Delivery>>,
    /// Streams that nobody reads on.
    unread: watch::Sender<HashSet<String>>,
    held: Notify,
    released: Notify,
}

impl Faults {
    /// Adds what happens to the next appends to one subject, in order; appends to others do not count.
    pub fn script_of(&self, subject: &str, faults: impl IntoIterator<Item = Fault>) {
        let mut scripts = self.scripts.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.entry(subject.to_owned()).or_default().extend(faults);
        self.armed.store(true, Ordering::Release);
    }

    /// Adds what happens to the next appends, in order, whatever their subject: for tests in which nobody else appends.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
        self.armed.store(true, Ordering::Release);
    }

    /// Adds what happens to the next deliveries, in order.
    pub fn deliveries(&self, deliveries: impl IntoIterator<Item = Delivery>) {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).extend(deliveries);
        self.armed.store(true, Ordering::Release);
    }

    /// Lets nobody who follows a stream read on until [`Faults::let_read`]; what was asked for before may still come.
    pub fn hold_reading(&self, stream: &str) {
        self.unread.send_modify(|it| {
            it.insert(stream.to_owned());
        });
        self.armed.store(true, Ordering::Release);
    }

    /// Lets a stream be followed again.
    pub fn let_read(&self, stream: &str) {
        self.unread.send_modify(|it| {
            it.remove(stream);
        });
    }

    pub(crate) async fn may_read(&self, stream: &str) {
        if self.armed.load(Ordering::Acquire) {
            // The sender lives as long as the log, which the caller holds.
            let _ = self.unread.subscribe().wait_for(|it| !it.contains(stream)).await;
        }
    }

    /// Waits until an append is held.
    ///
    /// # Panics
    /// When none comes within a minute: a test whose script does not fit fails instead of waiting for ever.
    pub async fn held(&self) {
        let came = tokio::time::timeout(HELD_WITHIN, self.held.notified()).await;
        assert!(came.is_ok(), "no append came to be held; left are {:?} and {:?}", self.script, self.scripts);
    }

    /// Lets the held append go on.
    pub fn release(&self) {
        self.released.notify_one();
    }

    pub(crate) async fn next_append(&self, subject: &str) -> Option<Fault> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let fault =
            self.of(subject).or_else(|| self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front())?;
        if fault == Fault::Hold {
            self.held.notify_one();
            self.released.notified().await;
        }
        Some(fault)
    }

    fn of(&self, subject: &str) -> Option<Fault> {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).get_mut(subject)?.pop_front()
    }

    /// What arrives in place of one delivery; `late` keeps the one that is overtaken.
    pub(crate) fn deliver<T: Clone>(&self, it: T, late: &mut Option<T>) -> [Option<T>; 2] {
        if !self.armed.load(Ordering::Acquire) {
            return [Some(it), None];
        }
        match self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).pop_front() {
            None | Some(Delivery::Fine) => [Some(it), late.take()],
            Some(Delivery::Lost) => [None, late.take()],
            Some(Delivery::Twice) => [Some(it.clone()), Some(it)],
            Some(Delivery::Late) => [None, late.replace(it)],
        }
    }
}
