//! Faults that tests script: what a network does to appends, on purpose and in order.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::Notify;

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

/// A script of faults, one for each append to come.
#[derive(Default)]
pub struct Faults {
    armed: AtomicBool,
    script: Mutex<VecDeque<Fault>>,
    held: Notify,
    released: Notify,
}

impl Faults {
    /// Adds what happens to the next appends, in order.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).extend(faults);
        self.armed.store(true, Ordering::Release);
    }

    /// Waits until an append is held.
    pub async fn held(&self) {
        self.held.notified().await;
    }

    /// Lets the held append go on.
    pub fn release(&self) {
        self.released.notify_one();
    }

    pub(crate) async fn next_append(&self) -> Option<Fault> {
        if !self.armed.load(Ordering::Acquire) {
            return None;
        }
        let fault = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front()?;
        if fault == Fault::Hold {
            self.held.notify_one();
            self.released.notified().await;
        }
        Some(fault)
    }
}
