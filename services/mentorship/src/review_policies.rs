//! What follows for reviews: slots are answered and freed, and ends of mentorships and of acquaintance are heard of.

use crate::{
    blocked_pairs::{self, BlockedPairs},
    mentorships::{self, Mentorships},
    review::{Command, Review},
    review_desk::{self, ReviewDesk},
    reviews::{self, Reviews},
};
use studium_kit::{App, Asked, Deadline, LookUpPolicy, Policy, Reaction, StoreError, View, by_itself};
use studium_proto::mentorship::v1::{
    MentorshipState, ReviewLockEnd, ReviewWithdrawalCause, mentor_event::Event as MentorEvent,
    mentorship_event::Event as MentorshipEvent, review_desk_event::Event as DeskEvent,
    review_event::Event as ReviewEvent,
};

fn ended() -> Command {
    let (cause, reason) = (ReviewWithdrawalCause::MentorshipEnded, String::new());
    Command::Withdraw { learner_id: String::new(), cause, reason }
}

fn blocked(reviewer_id: String) -> Command {
    Command::EndLock { reviewer_id, end: ReviewLockEnd::Blocked }
}

/// Locks the review for which a slot was taken, where a claim broke off halfway.
pub struct LocksFollowSlots;

impl Policy for LocksFollowSlots {
    const NAME: &'static str = "review-locks-follow-slots";
    const STREAM: &'static str = "mentorship";
    type Event = DeskEvent;
    type Target = Review;

    fn react(&self, id: &str, event: &DeskEvent, at_ms: i64) -> Vec<Reaction<Review>> {
        let reviewer_id = id.to_owned();
        let (review_id, command) = match event {
            DeskEvent::ReviewSlotTaken(it) => {
                (&it.review_id, Command::Lock { reviewer_id, slot: it.slot, until_ms: it.until_ms })
            }
            DeskEvent::ReviewSlotExtended(it) => {
                (&it.review_id, Command::Extend { reviewer_id, slot: it.slot, until_ms: it.until_ms })
            }
            DeskEvent::ReviewSlotFreed(_) => return Vec::new(),
        };
        vec![Reaction { id: review_id.clone(), command: by_itself(at_ms, command) }]
    }
}

/// Frees the slot of a lock that is over, or was not given.
pub struct SlotsFollowLocks;

impl Policy for SlotsFollowLocks {
    const NAME: &'static str = "review-slots-follow-locks";
    const STREAM: &'static str = "mentorship";
    type Event = ReviewEvent;
    type Target = ReviewDesk;

    fn react(&self, id: &str, event: &ReviewEvent, at_ms: i64) -> Vec<Reaction<ReviewDesk>> {
        let (reviewer_id, slot) = match event {
            ReviewEvent::ReviewLockEnded(it) => (&it.reviewer_id, it.slot),
            ReviewEvent::ReviewLockRefused(it) => (&it.reviewer_id, it.slot),
            _ => return Vec::new(),
        };
        let command = review_desk::Command::Free { review_id: id.to_owned(), slot };
        vec![Reaction { id: reviewer_id.clone(), command: by_itself(at_ms, command) }]
    }
}

/// Takes the open reviews of a mentorship back that is over.
pub struct ReviewsEndWithMentorships;

impl LookUpPolicy for ReviewsEndWithMentorships {
    const NAME: &'static str = "reviews-end-with-mentorships";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Reviews::NAME];
    type Event = MentorshipEvent;
    type Target = Review;

    fn concerns(event: &MentorshipEvent) -> bool {
        matches!(event, MentorshipEvent::MentorshipEnded(_))
    }

    async fn react(app: &App, id: &str, _: &MentorshipEvent, at_ms: i64) -> Result<Vec<Reaction<Review>>, StoreError> {
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let open = reviews::open(app.store(), programme, learner).await?;
        Ok(open.into_iter().map(|id| Reaction { id, command: by_itself(at_ms, ended()) }).collect())
    }
}

/// Ends the locks of a reviewer on the work of a learner whom the reviewer never meets again.
pub struct LocksEndWithBlockedPairs;

impl LookUpPolicy for LocksEndWithBlockedPairs {
    const NAME: &'static str = "review-locks-end-with-blocked-pairs";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Reviews::NAME];
    type Event = MentorEvent;
    type Target = Review;

    fn concerns(event: &MentorEvent) -> bool {
        matches!(event, MentorEvent::PairBlocked(_))
    }

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Review>>, StoreError> {
        let MentorEvent::PairBlocked(it) = event else { return Ok(Vec::new()) };
        let locked = reviews::locked(app.store(), mentor, &it.learner_id).await?;
        let end = |id| Reaction { id, command: by_itself(at_ms, blocked(mentor.to_owned())) };
        Ok(locked.into_iter().map(end).collect())
    }
}

/// Has a review hear of what happened while it was handed in or locked: the mentorship ended, the pair was blocked.
/// What happens later, the two policies above see.
pub struct ReviewsHearWhatTheyMissed;

impl LookUpPolicy for ReviewsHearWhatTheyMissed {
    const NAME: &'static str = "reviews-hear-what-they-missed";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Reviews::NAME, Mentorships::NAME, BlockedPairs::NAME];
    type Event = ReviewEvent;
    type Target = Review;

    fn concerns(event: &ReviewEvent) -> bool {
        matches!(
            event,
            ReviewEvent::ReviewSubmitted(_) | ReviewEvent::ReviewResubmitted(_) | ReviewEvent::ReviewLocked(_)
        )
    }

    async fn react(app: &App, id: &str, event: &ReviewEvent, at_ms: i64) -> Result<Vec<Reaction<Review>>, StoreError> {
        let Some(row) = reviews::review(app.store(), id).await? else { return Ok(Vec::new()) };
        let command = if let ReviewEvent::ReviewLocked(it) = event {
            let never = blocked_pairs::of_learner(app.store(), &row.learner_id).await?;
            never.contains(&it.reviewer_id).then(|| blocked(it.reviewer_id.clone()))
        } else {
            let mentorship = mentorships::mentorship(app.store(), &row.programme_id, &row.learner_id).await?;
            mentorship.is_some_and(|it| it.state == MentorshipState::Ended as i32).then(ended)
        };
        let id = id.to_owned();
        Ok(command.map(|it| Reaction { id, command: by_itself(at_ms, it) }).into_iter().collect())
    }
}

/// A lock whose time is over is over.
pub struct ReviewLocksExpire;

impl Deadline for ReviewLocksExpire {
    const NAME: &'static str = "review-locks-expire";
    type Target = Review;
    const DUE: &'static str = "SELECT review_id AS id, lock_until_ms AS due_ms FROM review_1 \
                               WHERE lock_until_ms > 0 AND lock_until_ms <= $1";

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Expire { until_ms: due_ms })
    }
}
