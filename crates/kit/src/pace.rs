//! How often something is looked at again at most; time is the kit's, so that services read no clock.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// A pace for what a service keeps in memory and reads again now and then.
#[derive(Debug)]
pub struct Pace {
    every: Duration,
    last: Mutex<Option<Instant>>,
}

impl Pace {
    /// At most once in a time; due at once.
    pub fn every(every: Duration) -> Self {
        Self { every, last: Mutex::default() }
    }

    /// Whether it was not done yet, or long enough ago.
    pub fn is_due(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|it| it.elapsed() >= self.every)
    }

    /// Takes note that it was done now.
    pub fn done(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_again_after_its_time() {
        for (every, again) in [(Duration::from_hours(1), false), (Duration::ZERO, true)] {
            let pace = Pace::every(every);
            assert!(pace.is_due());
            pace.done();
            assert_eq!(pace.is_due(), again);
        }
    }
}
