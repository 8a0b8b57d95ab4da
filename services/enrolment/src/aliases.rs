//! Who is whose alias, kept in memory: every command asks, and people who were never merged cost it no look-up.
//!
//! A merge that this process decides is known here from then on. One that another process decides is read from the
//! view within a second. What is left: who is enrolled under an alias in the instant of the merge, or in that second
//! after it, has an enrolment under the alias. It is found again by all later commands, which look at every id of a
//! person; it is doubled only if the person is enrolled in the same run under two ids in the same instant.

use crate::learners::{self, Learners};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use studium_kit::{Pace, Store, StoreError, View};

/// How long a merge that another process decided may stay unknown here, once the view shows it.
const LOOKS_EVERY: Duration = Duration::from_secs(1);

/// Who is whose alias, as far as one process knows. Clones share what they know.
#[derive(Clone)]
pub struct Aliases {
    known: Arc<Mutex<Known>>,
    pace: Arc<Pace>,
    /// Held by the one who reads.
    reading: Arc<tokio::sync::Mutex<()>>,
}

/// Merges are never undone, so this only grows.
#[derive(Default)]
struct Known {
    into: HashMap<String, String>,
    of: HashMap<String, Vec<String>>,
    /// How many merges were in the store, and at which position.
    looked: Option<(u64, u64)>,
}

impl Default for Aliases {
    fn default() -> Self {
        Self { known: Arc::default(), pace: Arc::new(Pace::every(LOOKS_EVERY)), reading: Arc::default() }
    }
}

impl Aliases {
    /// Takes note of a merge that was just decided.
    pub fn merged(&self, from: &str, into: &str) {
        self.known().merged(from, into);
    }

    /// All ids of the person behind an id, the one that stays first.
    pub async fn person(&self, store: &Store, learner_id: &str) -> Result<Vec<String>, StoreError> {
        // Of many who find it old, one reads; the others wait for what it reads.
        if !self.is_fresh(store) {
            let _reading = self.reading.lock().await;
            if !self.is_fresh(store) {
                self.look(store).await?;
            }
        }
        Ok(self.known().person(learner_id))
    }

    /// The id that stays, as it was known when somebody looked last.
    pub fn stays(&self, learner_id: &str) -> String {
        self.known().stays(learner_id).to_owned()
    }

    fn is_fresh(&self, store: &Store) -> bool {
        let at = store.position_of(Learners::NAME, "enrolment");
        self.known().looked.is_some_and(|(_, seen)| seen == at || !self.pace.is_due())
    }

    async fn look(&self, store: &Store) -> Result<(), StoreError> {
        // Before the reading: what comes in between makes it stale, not fresh.
        let at = store.position_of(Learners::NAME, "enrolment");
        let count = learners::merges(store).await?;
        let before = self.known().looked.map_or(0, |(count, _)| count);
        let merges = if count == before { Vec::new() } else { learners::merged(store).await? };
        let mut known = self.known();
        for (from, into) in merges {
            known.merged(&from, &into);
        }
        known.looked = Some((count, at));
        self.pace.done();
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn merged(&mut self, from: &str, into: &str) {
        if self.into.insert(from.to_owned(), into.to_owned()).is_none() {
            self.of.entry(into.to_owned()).or_default().push(from.to_owned());
        }
    }

    fn stays<'a>(&'a self, learner_id: &'a str) -> &'a str {
        let mut id = learner_id;
        // A ring of aliases is two merges in one instant; it is cut somewhere.
        for _ in 0..self.into.len() {
            match self.into.get(id) {
                Some(into) => id = into,
                None => break,
            }
        }
        id
    }

    fn person(&self, learner_id: &str) -> Vec<String> {
        let mut ids = vec![self.stays(learner_id).to_owned()];
        let mut next = 0;
        while let Some(id) = ids.get(next) {
            let aliases = self.of.get(id).into_iter().flatten();
            let new: Vec<String> = aliases.filter(|it| !ids.contains(it)).cloned().collect();
            ids.extend(new);
            next += 1;
        }
        ids
    }
}

#[cfg(test)]
mod tests;
