//! Rounds, verdicts, and what is returned when something else happened meanwhile.

use super::*;

const MEETS: ReviewVerdict = ReviewVerdict::MeetsSpecifications;
const CHANGES: ReviewVerdict = ReviewVerdict::RequiresChanges;
const COUNTS: ReviewStanding = ReviewStanding::Counts;
const ADDITIONAL: ReviewStanding = ReviewStanding::Additional;

#[test]
fn a_return_ends_the_lock_and_gives_the_round_its_verdict() {
    let past = [submitted(), locked("mia", 1, 0)];
    let ended = lock_ended("mia", 1, ReviewLockEnd::Returned);
    let state = given::<Review>(&past)
        .when(gives_back("mia", 1, CHANGES, 9))
        .then(&[ended, given_back("mia", 1, CHANGES, COUNTS)]);
    assert_eq!((state.last_reviewer_id.as_str(), state.standing(1, "mia")), ("mia", Some(COUNTS)));
}

#[test]
fn what_was_said_is_not_said_otherwise() {
    let past = [submitted(), locked("mia", 1, 0), given_back("mia", 1, CHANGES, COUNTS)];
    given::<Review>(&past).when(gives_back("mia", 1, CHANGES, 9)).nothing();
    given::<Review>(&past).when(gives_back("mia", 1, MEETS, 9)).refused(Reason::FeedbackExists);
}

#[test]
fn only_who_had_the_round_returns_it() {
    given::<Review>(&[submitted()]).when(gives_back("mia", 1, MEETS, 0)).refused(Reason::ReviewNotLocked);
    let past = [submitted(), locked("mia", 1, 0)];
    for round in [0, 2] {
        given::<Review>(&past).when(gives_back("mia", round, MEETS, 0)).refused(Reason::ReviewRoundUnknown);
    }
    // Who had the first round did not see the second.
    let past = [submitted(), locked("mia", 1, 0), given_back("mia", 1, CHANGES, COUNTS), resubmitted(2, "two")];
    given::<Review>(&past).when(gives_back("mia", 2, MEETS, 0)).refused(Reason::ReviewNotLocked);
}

#[test]
fn a_blocked_pair_does_not_meet_in_a_review() {
    let past = [submitted(), locked("mia", 1, 0)];
    let command = Command::Return { returned: said("mia", 1, MEETS), is_blocked: true };
    given::<Review>(&past).when(at(9, command)).refused(Reason::PairIsBlocked);
}

#[test]
fn a_return_after_the_withdrawal_is_kept() {
    let gone = withdrawn(ReviewWithdrawalCause::Learner, false);
    let past = [submitted(), locked("mia", 1, 0), lock_ended("mia", 1, ReviewLockEnd::Withdrawn), gone];
    let kept = given_back("mia", 1, MEETS, ReviewStanding::AfterWithdrawal);
    let state = given::<Review>(&past).when(gives_back("mia", 1, MEETS, 9)).then(&[kept]);
    // The review stays withdrawn; nothing counts.
    assert!(state.phase == Phase::Withdrawn && !state.has_verdict(1) && state.last_reviewer_id.is_empty());
}

#[test]
fn a_withdrawal_after_the_return_keeps_what_was_returned() {
    let past = [
        submitted(),
        locked("mia", 1, 0),
        lock_ended("mia", 1, ReviewLockEnd::Returned),
        given_back("mia", 1, MEETS, COUNTS),
    ];
    let gone = withdrawn(ReviewWithdrawalCause::Learner, true);
    let state = given::<Review>(&past).when(withdraw(ReviewWithdrawalCause::Learner)).then(&[gone]);
    assert!(state.has_verdict(1) && state.standing(1, "mia") == Some(COUNTS));
}

#[test]
fn a_withdrawal_frees_the_reviewer_at_once() {
    let past = [submitted(), locked("mia", 1, 0)];
    let cause = ReviewWithdrawalCause::MentorshipEnded;
    let ended = lock_ended("mia", 1, ReviewLockEnd::Withdrawn);
    given::<Review>(&past).when(withdraw(cause)).then(&[ended, withdrawn(cause, false)]);
}

#[test]
fn the_end_of_a_mentorship_takes_back_only_what_waits() {
    let past = [submitted(), locked("mia", 1, 0), given_back("mia", 1, CHANGES, COUNTS)];
    given::<Review>(&past).when(withdraw(ReviewWithdrawalCause::MentorshipEnded)).nothing();
}

#[test]
fn a_late_return_counts_while_nobody_else_is_at_it() {
    let counted = given_back("mia", 1, MEETS, COUNTS);
    // The lock expired, and the deadline told so.
    let told = [submitted(), locked("mia", 1, 0), lock_ended("mia", 1, ReviewLockEnd::Expired)];
    given::<Review>(&told).when(gives_back("mia", 1, MEETS, 2 * LOCK)).then(std::slice::from_ref(&counted));
    // It expired, and nothing told so yet.
    let untold = [submitted(), locked("mia", 1, 0)];
    let ended = lock_ended("mia", 1, ReviewLockEnd::Returned);
    given::<Review>(&untold).when(gives_back("mia", 1, MEETS, 2 * LOCK)).then(&[ended, counted.clone()]);
    // Another reviewer had it meanwhile, whose time is over as well.
    let other = lock_ended("ben", 1, ReviewLockEnd::Expired);
    let past = [&told[..], &[locked("ben", 1, LOCK)]].concat();
    given::<Review>(&past).when(gives_back("mia", 1, MEETS, 2 * LOCK)).then(&[other, counted]);
}

#[test]
fn a_late_return_stands_beside_when_another_is_at_it_or_was_faster() {
    let beside = given_back("mia", 1, CHANGES, ADDITIONAL);
    let late = [submitted(), locked("mia", 1, 0), lock_ended("mia", 1, ReviewLockEnd::Expired), locked("ben", 1, LOCK)];
    let state =
        given::<Review>(&late).when(gives_back("mia", 1, CHANGES, LOCK + 1)).then(std::slice::from_ref(&beside));
    assert_eq!(state.answer("ben", 1), Some(Answer::Locked(2 * LOCK)));
    let returned =
        [&late[..], &[lock_ended("ben", 1, ReviewLockEnd::Returned), given_back("ben", 1, MEETS, COUNTS)]].concat();
    let state =
        given::<Review>(&returned).when(gives_back("mia", 1, CHANGES, LOCK + 1)).then(std::slice::from_ref(&beside));
    assert_eq!(state.phase, Phase::Returned(MEETS));
    // A later round has begun, and its reviewer goes on.
    let returned = given_back("ben", 1, CHANGES, COUNTS);
    let ended = lock_ended("ben", 1, ReviewLockEnd::Returned);
    let later = [&late[..], &[ended, returned, resubmitted(2, "two"), locked_in(2, "ben", 2, LOCK)]].concat();
    let state = given::<Review>(&later).when(gives_back("mia", 1, CHANGES, LOCK + 1)).then(&[beside]);
    assert_eq!((state.phase, state.answer("ben", 2)), (Phase::Open, Some(Answer::Locked(2 * LOCK))));
}

#[test]
fn a_late_word_on_an_earlier_round_leaves_the_own_lock_on_the_present_one() {
    let past = [
        submitted(),
        locked("mia", 1, 0),
        lock_ended("mia", 1, ReviewLockEnd::Expired),
        locked("ben", 1, LOCK),
        given_back("ben", 1, CHANGES, COUNTS),
        lock_ended("ben", 1, ReviewLockEnd::Returned),
        resubmitted(2, "two"),
        locked_in(2, "mia", 2, LOCK),
    ];
    let beside = given_back("mia", 1, CHANGES, ADDITIONAL);
    let state = given::<Review>(&past).when(gives_back("mia", 1, CHANGES, LOCK + 1)).then(&[beside]);
    assert_eq!(state.answer("mia", 2), Some(Answer::Locked(2 * LOCK)));
}

#[test]
fn changes_are_handed_in_as_the_next_round() {
    let past = [submitted(), locked("mia", 1, 0), given_back("mia", 1, CHANGES, COUNTS)];
    let state = given::<Review>(&past).when(resubmit(2, "two")).then(&[resubmitted(2, "two")]);
    assert_eq!((state.round(), state.last_reviewer_id.as_str()), (2, "mia"));
    given::<Review>(&past).when(resubmit(3, "two")).refused(Reason::ReviewRoundUnknown);
    given::<Review>(&past).when(resubmit(1, "one")).refused(Reason::ReviewRoundUnknown);
    given::<Review>(&[submitted()]).when(resubmit(2, "two")).refused(Reason::ReviewNotReturned);
    let met = [submitted(), locked("mia", 1, 0), given_back("mia", 1, MEETS, COUNTS)];
    given::<Review>(&met).when(resubmit(2, "two")).refused(Reason::ReviewFinished);
    let gone = [submitted(), withdrawn(ReviewWithdrawalCause::Learner, false)];
    given::<Review>(&gone).when(resubmit(2, "two")).refused(Reason::ReviewWithdrawn);
}
