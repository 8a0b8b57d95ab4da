//! Who works on a review: one at a time, for a time, and each slot of a desk is answered once.

use super::{Lock, Phase, Review};
use studium_kit::{Decision, Reason as _};
use studium_proto::mentorship::v1::{
    Reason, ReviewLockEnd, ReviewLockEnded, ReviewLockExtended, ReviewLockRefusal, ReviewLockRefused, ReviewLocked,
    review_event::Event,
};

/// What a reviewer's slot came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The review is locked until then, Unix milliseconds.
    Locked(i64),
    /// It was not.
    Refused(ReviewLockRefusal),
}

/// What a refused lock is to the one who waits for it.
pub fn reason_of(refusal: ReviewLockRefusal) -> (Reason, &'static str) {
    match refusal {
        ReviewLockRefusal::Locked | ReviewLockRefusal::Unspecified => {
            (Reason::ReviewLocked, "another reviewer works on it")
        }
        ReviewLockRefusal::Returned => (Reason::ReviewReturned, "the round is returned"),
        ReviewLockRefusal::Withdrawn => (Reason::ReviewWithdrawn, "it was taken back"),
        ReviewLockRefusal::NotFound => (Reason::ReviewNotFound, "no such review was submitted"),
        ReviewLockRefusal::Himself => (Reason::NobodyReviewsHimself, "it is the reviewer's own work"),
    }
}

impl Review {
    /// Why a reviewer could not lock it at a time.
    pub fn refusal(&self, reviewer_id: &str, at_ms: i64) -> Option<ReviewLockRefusal> {
        match self.phase {
            Phase::None => Some(ReviewLockRefusal::NotFound),
            _ if reviewer_id == self.learner_id => Some(ReviewLockRefusal::Himself),
            Phase::Withdrawn => Some(ReviewLockRefusal::Withdrawn),
            Phase::Returned(_) => Some(ReviewLockRefusal::Returned),
            Phase::Open => {
                let other = self.live_lock(at_ms).is_some_and(|it| it.reviewer_id != reviewer_id);
                other.then_some(ReviewLockRefusal::Locked)
            }
        }
    }

    /// What a slot of a reviewer's desk came to; none if it was never asked for, or its lock is over.
    pub fn answer(&self, reviewer_id: &str, slot: u32) -> Option<Answer> {
        let lock = self.lock.as_ref().filter(|it| it.reviewer_id == reviewer_id && it.slot == slot);
        let refused = || self.answered.get(reviewer_id).filter(|it| it.0 == slot)?.1.map(Answer::Refused);
        lock.map(|it| Answer::Locked(it.until_ms)).or_else(refused)
    }

    /// Whether a slot of this reviewer was ever answered.
    pub fn knows(&self, reviewer_id: &str) -> bool {
        self.answered.contains_key(reviewer_id)
    }

    /// Whether somebody works on it at a time, and who. A lock whose time is over binds nobody.
    pub(super) fn live_lock(&self, at_ms: i64) -> Option<&Lock> {
        self.lock.as_ref().filter(|it| it.until_ms > at_ms)
    }

    pub(super) fn lock(&self, reviewer_id: &str, slot: u32, until_ms: i64, at_ms: i64) -> Vec<Event> {
        // An older slot was answered, or given up before it was asked for.
        if self.answered.get(reviewer_id).is_some_and(|it| it.0 >= slot) {
            return Vec::new();
        }
        let reviewer_id = reviewer_id.to_owned();
        if let Some(refusal) = self.refusal(&reviewer_id, at_ms) {
            let refusal = refusal as i32;
            return vec![Event::ReviewLockRefused(ReviewLockRefused { reviewer_id, slot, refusal })];
        }
        let ended = self.lock_ended(ReviewLockEnd::Expired);
        let locked = ReviewLocked { reviewer_id, slot, until_ms, round: self.round() };
        ended.into_iter().chain([Event::ReviewLocked(locked)]).collect()
    }

    pub(super) fn extend(&self, reviewer_id: &str, slot: u32, until_ms: i64, at_ms: i64) -> Decision<Self> {
        let Some(lock) = self.lock.as_ref().filter(|it| it.reviewer_id == reviewer_id && it.slot == slot) else {
            return Reason::ReviewNotLocked.because("the reviewer holds no lock on it; claim it again");
        };
        if until_ms <= lock.until_ms {
            return Ok(Vec::new());
        }
        if lock.until_ms <= at_ms {
            return Reason::ReviewLockExpired.because("the time of the lock is over; claim it again");
        }
        let reviewer_id = reviewer_id.to_owned();
        Ok(vec![Event::ReviewLockExtended(ReviewLockExtended { reviewer_id, slot, until_ms })])
    }

    pub(super) fn end_lock(&self, reviewer_id: &str, end: ReviewLockEnd) -> Decision<Self> {
        if self.lock.as_ref().is_some_and(|it| it.reviewer_id == reviewer_id) {
            return Ok(self.lock_ended(end).into_iter().collect());
        }
        if self.knows(reviewer_id) || end == ReviewLockEnd::Blocked {
            return Ok(Vec::new());
        }
        Reason::ReviewNotLocked.because("the reviewer holds no lock on it")
    }

    pub(super) fn expire(&self, until_ms: i64) -> Vec<Event> {
        // A lock that was extended since is not over.
        if self.lock.as_ref().is_none_or(|it| it.until_ms > until_ms) {
            return Vec::new();
        }
        self.lock_ended(ReviewLockEnd::Expired).into_iter().collect()
    }

    /// The end of the lock, if there is one.
    pub(super) fn lock_ended(&self, end: ReviewLockEnd) -> Option<Event> {
        let Lock { reviewer_id, slot, .. } = self.lock.clone()?;
        Some(Event::ReviewLockEnded(ReviewLockEnded { reviewer_id, slot, end: end as i32 }))
    }
}
