//! The desk of one reviewer: never more locks than the terms allow, whatever happens at the same time.
//!
//! A slot is taken here before a review is locked, and freed after the lock is over, so that locks are never more than
//! slots. A slot whose time is over holds nobody back, also when nothing told the desk that the lock ended.

use crate::review_rights::Rights;
use std::collections::BTreeMap;
use studium_kit::{Asked, Decider, Decision, MINUTE_MS, Reason as _};
use studium_proto::mentorship::v1::{
    Reason, ReviewSlotExtended, ReviewSlotFreed, ReviewSlotTaken, review_desk_event::Event,
};

/// What can be asked of a desk.
#[derive(Debug, Clone)]
pub enum Command {
    /// To set a slot aside for a review.
    Take(Claim),
    /// To let a slot last its whole length from now on.
    Extend { review_id: String },
    /// To give a slot back.
    Free { review_id: String, slot: u32 },
}

/// What a reviewer claims, and on what terms.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The review.
    pub review_id: String,
    /// Whether the reviewer may review it.
    pub rights: Rights,
    /// How long locks last.
    pub lock_minutes: u32,
    /// Slots that one reviewer can hold.
    pub locks_max: u32,
}

/// A slot that is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slot {
    /// Its number.
    pub number: u32,
    /// Its time is over then.
    pub until_ms: i64,
    lock_minutes: u32,
}

/// One desk, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct ReviewDesk {
    /// The last slot's number.
    slots: u32,
    /// Slots that are taken, by review.
    taken: BTreeMap<String, Slot>,
}

impl ReviewDesk {
    /// The slot that is taken for a review.
    pub fn slot(&self, review_id: &str) -> Option<Slot> {
        self.taken.get(review_id).copied()
    }

    fn take(&self, claim: &Claim, at_ms: i64) -> Decision<Self> {
        let over = |it: &Slot| it.until_ms <= at_ms;
        // Who began may finish, also when the mentor is back meanwhile.
        if self.taken.get(&claim.review_id).is_some_and(|it| !over(it)) {
            return Ok(Vec::new());
        }
        claim.rights.check()?;
        let mut held = self.taken.len() as u32;
        let mut events = Vec::new();
        for (review_id, it) in self.taken.iter().filter(|it| over(it.1)) {
            held -= 1;
            let (review_id, slot) = (review_id.clone(), it.number);
            events.push(Event::ReviewSlotFreed(ReviewSlotFreed { review_id, slot, held, expired: true }));
        }
        if held >= claim.locks_max {
            return Reason::TooManyReviewLocks
                .because(format!("{held} reviews are locked, {} can be; return or release one", claim.locks_max));
        }
        events.push(Event::ReviewSlotTaken(ReviewSlotTaken {
            review_id: claim.review_id.clone(),
            slot: self.slots + 1,
            until_ms: at_ms.saturating_add(i64::from(claim.lock_minutes) * MINUTE_MS),
            lock_minutes: claim.lock_minutes,
            locks_max: claim.locks_max,
            held: held + 1,
        }));
        Ok(events)
    }

    fn extend(&self, review_id: &str, at_ms: i64) -> Decision<Self> {
        let Some(it) = self.slot(review_id) else {
            return Reason::ReviewNotLocked.because("the reviewer holds no lock on it; claim it again");
        };
        if it.until_ms <= at_ms {
            return Reason::ReviewLockExpired.because("the time of the lock is over; claim it again");
        }
        let until_ms = at_ms.saturating_add(i64::from(it.lock_minutes) * MINUTE_MS);
        if until_ms <= it.until_ms {
            return Ok(Vec::new());
        }
        let review_id = review_id.to_owned();
        Ok(vec![Event::ReviewSlotExtended(ReviewSlotExtended { review_id, slot: it.number, until_ms })])
    }

    fn free(&self, review_id: &str, slot: u32) -> Vec<Event> {
        // A slot that was taken again since belongs to the later lock.
        if self.slot(review_id).is_none_or(|it| it.number != slot) {
            return Vec::new();
        }
        let (review_id, held) = (review_id.to_owned(), self.taken.len() as u32 - 1);
        vec![Event::ReviewSlotFreed(ReviewSlotFreed { review_id, slot, held, expired: false })]
    }
}

impl Decider for ReviewDesk {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        match &asked.command {
            Command::Take(claim) => self.take(claim, asked.by.at_ms),
            Command::Extend { review_id } => self.extend(review_id, asked.by.at_ms),
            Command::Free { review_id, slot } => Ok(self.free(review_id, *slot)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ReviewSlotTaken(it) => {
                self.slots = it.slot;
                let slot = Slot { number: it.slot, until_ms: it.until_ms, lock_minutes: it.lock_minutes };
                self.taken.insert(it.review_id.clone(), slot);
            }
            Event::ReviewSlotExtended(it) => {
                if let Some(slot) = self.taken.get_mut(&it.review_id) {
                    slot.until_ms = it.until_ms;
                }
            }
            Event::ReviewSlotFreed(it) => drop(self.taken.remove(&it.review_id)),
        }
    }
}

#[cfg(test)]
mod tests;
