//! What reviewers say of a round: one verdict counts, and everything else that was written is kept beside it.

use super::{Phase, Returned, Review};
use crate::mark::mark;
use studium_kit::{Decision, Reason as _};
use studium_proto::mentorship::v1::{Reason, ReviewLockEnd, ReviewReturned, ReviewStanding, review_event::Event};

impl Review {
    /// What becomes of something that a reviewer returns at a time. After a lock's end it still counts, unless another
    /// reviewer works on the round, has returned it, or a later round has begun.
    fn standing_of(&self, it: &Returned, at_ms: i64) -> ReviewStanding {
        let other = self.live_lock(at_ms).is_some_and(|lock| lock.reviewer_id != it.reviewer_id);
        match self.phase {
            Phase::Open if it.round == self.round() && !other => ReviewStanding::Counts,
            Phase::Withdrawn if it.round == self.round() && !self.has_verdict(it.round) => {
                ReviewStanding::AfterWithdrawal
            }
            _ => ReviewStanding::Additional,
        }
    }

    /// Whether a round has a verdict that counts.
    pub(super) fn has_verdict(&self, round: u32) -> bool {
        let of_round = self.returned.iter().filter(|(it, _)| it.0 == round);
        of_round.into_iter().any(|(_, it)| it.0 == ReviewStanding::Counts)
    }

    pub(super) fn take_back(&self, it: &Returned, is_blocked: bool, at_ms: i64) -> Decision<Self> {
        let key = (it.round, it.reviewer_id.clone());
        if let Some((_, said)) = self.returned.get(&key) {
            return if *said == mark(it) {
                Ok(Vec::new())
            } else {
                Reason::FeedbackExists.because("the reviewer has returned this round already, with another word")
            };
        }
        if !(1..=self.round()).contains(&it.round) {
            return Reason::ReviewRoundUnknown.because(format!("there are rounds 1 to {}", self.round()));
        }
        if !self.worked.contains(&key) {
            return Reason::ReviewNotLocked.because("the reviewer had no lock on this round; claim it first");
        }
        if is_blocked {
            return Reason::PairIsBlocked.because("the two never meet again, in no review either");
        }
        let standing = self.standing_of(it, at_ms);
        let own = self.lock.as_ref().is_some_and(|lock| lock.reviewer_id == it.reviewer_id && it.round == self.round());
        // A verdict that counts ends also a lock whose time is over.
        let end = if own { ReviewLockEnd::Returned } else { ReviewLockEnd::Expired };
        let ended = self.lock_ended(end).filter(|_| own || standing == ReviewStanding::Counts);
        let returned = Event::ReviewReturned(ReviewReturned {
            round: it.round,
            reviewer_id: it.reviewer_id.clone(),
            standing: standing as i32,
            verdict: it.verdict as i32,
            scores: it.scores.clone(),
            comment: it.comment.clone(),
        });
        Ok(ended.into_iter().chain([returned]).collect())
    }
}
