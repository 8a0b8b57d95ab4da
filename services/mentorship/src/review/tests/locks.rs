//! One reviewer at a time, for a time.

use super::*;

#[test]
fn one_reviewer_at_a_time() {
    given::<Review>(&[submitted()]).when(lock("mia", 1, 5)).then(&[locked("mia", 1, 5)]);
    let past = [submitted(), locked("mia", 1, 0)];
    let refused = not_locked("ben", 7, ReviewLockRefusal::Locked);
    let state = given::<Review>(&past).when(lock("ben", 7, LOCK - 1)).then(std::slice::from_ref(&refused));
    assert_eq!(state.answer("ben", 7), Some(Answer::Refused(ReviewLockRefusal::Locked)));
    assert_eq!(state.answer("mia", 1), Some(Answer::Locked(LOCK)));
    assert_eq!(state.answer("mia", 2), None);
}

#[test]
fn a_lock_whose_time_is_over_binds_nobody() {
    let past = [submitted(), locked("mia", 1, 0)];
    let expired = lock_ended("mia", 1, ReviewLockEnd::Expired);
    given::<Review>(&past).when(lock("ben", 7, LOCK)).then(&[expired, locked("ben", 7, LOCK)]);
}

#[test]
fn a_lock_expires_by_itself_unless_it_was_extended() {
    let past = [submitted(), locked("mia", 1, 0)];
    let expire = |until_ms| at(until_ms, Command::Expire { until_ms });
    given::<Review>(&past).when(expire(LOCK)).then(&[lock_ended("mia", 1, ReviewLockEnd::Expired)]);
    given::<Review>(&[submitted()]).when(expire(LOCK)).nothing();
    let (reviewer_id, until_ms) = ("mia".to_owned(), LOCK + 9);
    let longer = Event::ReviewLockExtended(ReviewLockExtended { reviewer_id, slot: 1, until_ms });
    let past = [submitted(), locked("mia", 1, 0), longer];
    given::<Review>(&past).when(expire(LOCK)).nothing();
    given::<Review>(&past).when(expire(LOCK + 9)).then(&[lock_ended("mia", 1, ReviewLockEnd::Expired)]);
}

#[test]
fn a_lock_is_extended_by_the_one_who_holds_it() {
    let extend = |reviewer: &str, slot, until_ms, at_ms| {
        at(at_ms, Command::Extend { reviewer_id: reviewer.into(), slot, until_ms })
    };
    let past = [submitted(), locked("mia", 1, 0)];
    let longer =
        Event::ReviewLockExtended(ReviewLockExtended { reviewer_id: "mia".into(), slot: 1, until_ms: 2 * LOCK });
    given::<Review>(&past).when(extend("mia", 1, 2 * LOCK, LOCK - 1)).then(&[longer]);
    given::<Review>(&past).when(extend("mia", 1, LOCK, 0)).nothing();
    given::<Review>(&past).when(extend("mia", 1, 2 * LOCK, LOCK)).refused(Reason::ReviewLockExpired);
    given::<Review>(&past).when(extend("mia", 2, 2 * LOCK, 0)).refused(Reason::ReviewNotLocked);
    given::<Review>(&past).when(extend("ben", 1, 2 * LOCK, 0)).refused(Reason::ReviewNotLocked);
}

#[test]
fn a_slot_is_answered_once() {
    // The policy comes after the reviewer gave the lock back: it stays back.
    let past = [submitted(), locked("mia", 1, 0), lock_ended("mia", 1, ReviewLockEnd::Released)];
    given::<Review>(&past).when(lock("mia", 1, 0)).nothing();
    // Refused once is refused, also when the review is free since.
    let past = [
        submitted(),
        locked("ben", 1, 0),
        not_locked("mia", 1, ReviewLockRefusal::Locked),
        lock_ended("ben", 1, ReviewLockEnd::Released),
    ];
    given::<Review>(&past).when(lock("mia", 1, 0)).nothing();
    given::<Review>(&past).when(lock("mia", 2, 0)).then(&[locked("mia", 2, 0)]);
}

#[test]
fn a_lock_is_given_back() {
    let end = |reviewer: &str, end| at(0, Command::EndLock { reviewer_id: reviewer.into(), end });
    let past = [submitted(), locked("mia", 1, 0)];
    for why in [ReviewLockEnd::Released, ReviewLockEnd::Staff, ReviewLockEnd::Blocked] {
        given::<Review>(&past).when(end("mia", why)).then(&[lock_ended("mia", 1, why)]);
    }
    given::<Review>(&past).when(end("ben", ReviewLockEnd::Released)).refused(Reason::ReviewNotLocked);
    given::<Review>(&past).when(end("ben", ReviewLockEnd::Blocked)).nothing();
}

#[test]
fn only_what_waits_is_locked() {
    let verdict = ReviewVerdict::RequiresChanges;
    let returned = [submitted(), locked("mia", 1, 0), given_back("mia", 1, verdict, ReviewStanding::Counts)];
    let withdrawn = [submitted(), withdrawn(ReviewWithdrawalCause::Learner, false)];
    for (past, who, refusal, reason) in [
        (&returned[..], "ben", ReviewLockRefusal::Returned, Reason::ReviewReturned),
        (&withdrawn[..], "ben", ReviewLockRefusal::Withdrawn, Reason::ReviewWithdrawn),
        (&[][..], "ben", ReviewLockRefusal::NotFound, Reason::ReviewNotFound),
        (&[submitted()][..], "ada", ReviewLockRefusal::Himself, Reason::NobodyReviewsHimself),
        (&[submitted(), locked("mia", 1, 0)][..], "ben", ReviewLockRefusal::Locked, Reason::ReviewLocked),
    ] {
        given::<Review>(past).when(lock(who, 3, 0)).then(&[not_locked(who, 3, refusal)]);
        assert_eq!(reason_of(refusal).0, reason);
    }
}
