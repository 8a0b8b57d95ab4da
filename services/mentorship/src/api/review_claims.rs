//! Claims of reviews: a slot of the reviewer's desk first, then the lock, and the answer to the one who waits for it.
//!
//! A call that breaks off in between leaves a slot that the policies answer, and that ends by itself in any case.

use super::{Api, no};
use crate::{
    blocked_pairs,
    review::{Answer, Command, Returned, Review, reason_of},
    review_desk::{self, Claim, ReviewDesk},
    review_queue, terms_held,
};
use studium_kit::{By, Call, Outcome, fault};
use studium_proto::mentorship::v1::{
    Reason, ReviewLockEnd, ReviewLockRefusal, ReviewStanding, review_desk_event::Event as DeskEvent,
    review_event::Event,
};
use tonic::Status;

/// What came of a claim or an extension.
pub(super) struct Claimed {
    pub outcome: Outcome<Event>,
    pub until_ms: i64,
    pub round: u32,
}

fn refused(refusal: ReviewLockRefusal, review_id: &str) -> Status {
    let (reason, detail) = reason_of(refusal);
    no(reason, detail, review_id)
}

impl Api {
    pub(super) async fn claim(&self, call: &Call, review_id: &str, reviewer: &str) -> Result<Claimed, Status> {
        // Twice at most: a slot may be left over whose lock has just ended.
        if let Some(it) = self.claim_once(call, review_id, reviewer).await? {
            return Ok(it);
        }
        let again = self.claim_once(&call.row("again"), review_id, reviewer).await?;
        again.ok_or_else(|| no(Reason::ReviewNotLocked, "the lock has just ended; claim it again", review_id))
    }

    /// None if the slot belonged to a lock that is over; it is free now.
    async fn claim_once(&self, call: &Call, review_id: &str, reviewer: &str) -> Result<Option<Claimed>, Status> {
        let at_ms = call.now_ms();
        // Whoever was answered before may be repeating a request: its first answer stands in the desk's past.
        let seen = |it: &Review| (it.about(), it.refusal(reviewer, at_ms).filter(|_| !it.knows(reviewer)));
        let (about, refusal) = self.app.look::<Review, _>(review_id, seen).await?;
        if let Some(refusal) = refusal {
            return Err(refused(refusal, review_id));
        }
        let round = about.round;
        let terms = terms_held::terms(self.app.store(), &about.programme_id).await.map_err(fault)?;
        let rights = review_queue::rights(self.app.store(), about, reviewer).await.map_err(fault)?;
        let (lock_minutes, locks_max) = (terms.review_lock_minutes, terms.review_locks_max);
        let claim = Claim { review_id: review_id.to_owned(), rights, lock_minutes, locks_max };
        let asked = By::caller(call, &[reviewer], "").asks(review_desk::Command::Take(claim));
        let taken = self.app.decide::<ReviewDesk>(call, reviewer, &asked).await?;
        let told = taken.events.iter().find_map(|it| match it {
            DeskEvent::ReviewSlotTaken(it) => Some((it.slot, it.until_ms)),
            _ => None,
        });
        let Some((slot, until_ms)) = self.slot(told, reviewer, review_id).await? else { return Ok(None) };
        let lock = Command::Lock { reviewer_id: reviewer.to_owned(), slot, until_ms };
        let asked = By::caller(call, &[reviewer], "").asks(lock);
        let outcome = self.app.decide::<Review>(call, review_id, &asked).await?;
        let told = outcome.events.iter().find_map(|it| match it {
            Event::ReviewLocked(it) => Some(Answer::Locked(it.until_ms)),
            Event::ReviewLockRefused(it) => Some(Answer::Refused(it.refusal())),
            _ => None,
        });
        let answer = match told {
            Some(it) => Some(it),
            None => self.app.look::<Review, _>(review_id, |it| it.answer(reviewer, slot)).await?,
        };
        if let Some(Answer::Locked(until_ms)) = answer {
            return Ok(Some(Claimed { outcome, until_ms, round }));
        }
        self.free(call, reviewer, review_id, slot).await;
        match answer {
            Some(Answer::Refused(refusal)) => Err(refused(refusal, review_id)),
            _ => Ok(None),
        }
    }

    pub(super) async fn extend(&self, call: &Call, review_id: &str, reviewer: &str) -> Result<Claimed, Status> {
        let asked =
            By::caller(call, &[reviewer], "").asks(review_desk::Command::Extend { review_id: review_id.to_owned() });
        let taken = self.app.decide::<ReviewDesk>(call, reviewer, &asked).await?;
        let told = taken.events.iter().find_map(|it| match it {
            DeskEvent::ReviewSlotExtended(it) => Some((it.slot, it.until_ms)),
            _ => None,
        });
        let over = || no(Reason::ReviewNotLocked, "the lock has just ended; claim it again", review_id);
        let (slot, until_ms) = self.slot(told, reviewer, review_id).await?.ok_or_else(over)?;
        let reviewer_id = reviewer.to_owned();
        let asked = By::caller(call, &[reviewer], "").asks(Command::Extend { reviewer_id, slot, until_ms });
        match self.app.decide::<Review>(call, review_id, &asked).await {
            Ok(outcome) => Ok(Claimed { outcome, until_ms, round: 0 }),
            Err(no) => {
                // The slot was left over, unless the world is at fault.
                if no.code() == tonic::Code::FailedPrecondition {
                    self.free(call, reviewer, review_id, slot).await;
                }
                Err(no)
            }
        }
    }

    pub(super) async fn release(
        &self,
        call: &Call,
        review_id: &str,
        (reviewer, institution): (&str, &str),
    ) -> Result<Outcome<Event>, Status> {
        let end = if call.caller.subject == reviewer { ReviewLockEnd::Released } else { ReviewLockEnd::Staff };
        let command = Command::EndLock { reviewer_id: reviewer.to_owned(), end };
        let asked = By::caller(call, &[reviewer], institution).asks(command);
        let outcome = self.app.decide::<Review>(call, review_id, &asked).await?;
        Ok(self.freed(call, reviewer, outcome).await)
    }

    pub(super) async fn give_back(
        &self,
        call: &Call,
        review_id: &str,
        returned: Returned,
    ) -> Result<(Outcome<Event>, ReviewStanding), Status> {
        let (reviewer, round) = (returned.reviewer_id.clone(), returned.round);
        let learner = self.app.look::<Review, _>(review_id, |it| it.learner_id().to_owned()).await?;
        let never = blocked_pairs::of_learner(self.app.store(), &learner).await.map_err(fault)?;
        let command = Command::Return { is_blocked: never.contains(&reviewer), returned };
        let asked = By::caller(call, &[&reviewer], "").asks(command);
        let outcome = self.app.decide::<Review>(call, review_id, &asked).await?;
        let standing = self.app.look::<Review, _>(review_id, |it| it.standing(round, &reviewer)).await?;
        Ok((self.freed(call, &reviewer, outcome).await, standing.unwrap_or_default()))
    }

    /// The slot that a decision told of, or else the one that is held.
    async fn slot(&self, told: Option<(u32, i64)>, reviewer: &str, review: &str) -> Result<Option<(u32, i64)>, Status> {
        if told.is_some() {
            return Ok(told);
        }
        let held = self.app.look::<ReviewDesk, _>(reviewer, |it| it.slot(review)).await?;
        Ok(held.map(|it| (it.number, it.until_ms)))
    }

    /// Frees the slot of a reviewer's lock that ended, so that the reply tells of a desk where it is free.
    async fn freed(&self, call: &Call, reviewer: &str, outcome: Outcome<Event>) -> Outcome<Event> {
        let slot = outcome.events.iter().find_map(|it| match it {
            Event::ReviewLockEnded(it) if it.reviewer_id == reviewer => Some(it.slot),
            _ => None,
        });
        let Some(slot) = slot else { return outcome };
        let position = self.free(call, reviewer, &outcome.id, slot).await.max(outcome.position);
        Outcome { position, ..outcome }
    }

    /// Frees a slot. If that fails, the policy does it; the reviewer's answer does not wait for it.
    async fn free(&self, call: &Call, reviewer: &str, review_id: &str, slot: u32) -> u64 {
        let command = review_desk::Command::Free { review_id: review_id.to_owned(), slot };
        let asked = By::caller(call, &[reviewer], "").asks(command);
        self.app.decide::<ReviewDesk>(&call.row("free"), reviewer, &asked).await.map_or(0, |it| it.position)
    }
}
