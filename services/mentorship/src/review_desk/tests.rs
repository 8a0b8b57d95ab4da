//! What a desk says yes and no to; and never more locks than its terms allow.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{collection::vec, prelude::Strategy, proptest};
use studium_kit::By;
use studium_proto::mentorship::v1::MentorState;
use studium_testkit::{given, laws};

const LOCK: i64 = 30 * MINUTE_MS;

fn rights() -> Rights {
    let (reviewer_id, learner_id, institution_id) = ("mia".into(), "ada".into(), "ou".into());
    Rights { reviewer_id, reviewer: MentorState::Active, learner_id, institution_id, ..Rights::default() }
}

fn claim(review: &str, locks_max: u32) -> Claim {
    Claim { review_id: review.into(), rights: rights(), lock_minutes: 30, locks_max }
}

fn take(review: &str, locks_max: u32, at_ms: i64) -> Asked<Command> {
    By::platform(at_ms).asks(Command::Take(claim(review, locks_max)))
}

fn extend(review: &str, at_ms: i64) -> Asked<Command> {
    By::platform(at_ms).asks(Command::Extend { review_id: review.into() })
}

fn free(review: &str, slot: u32) -> Asked<Command> {
    By::platform(0).asks(Command::Free { review_id: review.into(), slot })
}

fn taken(review: &str, slot: u32, at_ms: i64, held: u32) -> Event {
    let (review_id, until_ms) = (review.into(), at_ms + LOCK);
    Event::ReviewSlotTaken(ReviewSlotTaken { review_id, slot, until_ms, lock_minutes: 30, locks_max: 4, held })
}

fn freed(review: &str, slot: u32, held: u32, expired: bool) -> Event {
    Event::ReviewSlotFreed(ReviewSlotFreed { review_id: review.into(), slot, held, expired })
}

fn four() -> Vec<Event> {
    ["a", "b", "c", "d"].iter().zip(1..).map(|(it, n)| taken(it, n, i64::from(n), n)).collect()
}

#[test]
fn a_slot_is_taken_for_as_long_as_the_terms_say() {
    given::<ReviewDesk>(&[]).when(take("a", 4, 1_000)).then(&[taken("a", 1, 1_000, 1)]);
    given::<ReviewDesk>(&[taken("a", 1, 0, 1)]).when(take("a", 4, LOCK - 1)).nothing();
    // Who began may finish, also when the mentor is back meanwhile.
    let rights = Rights { present_mentor_id: "ben".into(), ..rights() };
    let again = By::platform(9).asks(Command::Take(Claim { rights, ..claim("a", 4) }));
    given::<ReviewDesk>(&[taken("a", 1, 0, 1)]).when(again).nothing();
    let past = [taken("a", 1, 0, 1), freed("a", 1, 0, false)];
    given::<ReviewDesk>(&past).when(take("a", 4, 5)).then(&[taken("a", 2, 5, 1)]);
}

#[test]
fn the_fifth_lock_is_refused() {
    let no = given::<ReviewDesk>(&four()).when(take("e", 4, 100)).refused(Reason::TooManyReviewLocks);
    assert!(no.detail.contains('4'));
    given::<ReviewDesk>(&[]).when(take("e", 0, 100)).refused(Reason::TooManyReviewLocks);
    let mut past = four();
    past.push(freed("b", 2, 3, false));
    given::<ReviewDesk>(&past).when(take("e", 4, 100)).then(&[taken("e", 5, 100, 4)]);
}

#[test]
fn a_slot_whose_time_is_over_holds_nobody_back() {
    // The first ended at LOCK + 1, and nothing told the desk.
    given::<ReviewDesk>(&four()).when(take("e", 4, LOCK)).refused(Reason::TooManyReviewLocks);
    given::<ReviewDesk>(&four())
        .when(take("e", 4, LOCK + 1))
        .then(&[freed("a", 1, 3, true), taken("e", 5, LOCK + 1, 4)]);
    given::<ReviewDesk>(&[taken("a", 1, 0, 1)])
        .when(take("a", 4, LOCK))
        .then(&[freed("a", 1, 0, true), taken("a", 2, LOCK, 1)]);
}

#[test]
fn a_slot_is_extended_from_now_on_more_than_once() {
    let extended =
        |until_ms| Event::ReviewSlotExtended(ReviewSlotExtended { review_id: "a".into(), slot: 1, until_ms });
    let first = taken("a", 1, 0, 1);
    given::<ReviewDesk>(std::slice::from_ref(&first)).when(extend("a", 10)).then(&[extended(10 + LOCK)]);
    let past = [first.clone(), extended(10 + LOCK)];
    given::<ReviewDesk>(&past).when(extend("a", 9 + LOCK)).then(&[extended(9 + 2 * LOCK)]);
    given::<ReviewDesk>(&past).when(extend("a", 10)).nothing();
    given::<ReviewDesk>(&[first]).when(extend("a", LOCK)).refused(Reason::ReviewLockExpired);
    given::<ReviewDesk>(&[]).when(extend("a", 0)).refused(Reason::ReviewNotLocked);
}

#[test]
fn a_slot_is_freed_once_and_only_the_one_that_is_meant() {
    given::<ReviewDesk>(&[taken("a", 1, 0, 1)]).when(free("a", 1)).then(&[freed("a", 1, 0, false)]);
    given::<ReviewDesk>(&[]).when(free("a", 1)).nothing();
    // It was taken again since, for a later lock.
    let past = [taken("a", 1, 0, 1), freed("a", 1, 0, false), taken("a", 2, 5, 1)];
    given::<ReviewDesk>(&past).when(free("a", 1)).nothing();
}

#[test]
fn who_may_not_review_gets_no_slot() {
    let refused = |rights: Rights, reason: Reason| {
        let claim = Claim { rights, ..claim("a", 4) };
        given::<ReviewDesk>(&[]).when(By::platform(0).asks(Command::Take(claim))).refused(reason);
    };
    refused(Rights { reviewer_id: "ada".into(), ..rights() }, Reason::NobodyReviewsHimself);
    refused(Rights { reviewer: MentorState::Paused, ..rights() }, Reason::NotAReviewer);
    refused(Rights { is_blocked: true, ..rights() }, Reason::PairIsBlocked);
    refused(Rights { present_mentor_id: "ben".into(), ..rights() }, Reason::MentorReviewsFirst);
    refused(Rights { works_for: "mit".into(), ..rights() }, Reason::ReviewerOfAnotherInstitution);
}

fn any_command() -> impl Strategy<Value = Asked<Command>> {
    (0..8, 0..7_usize, 1..12_u32, 0..200_i64).prop_map(|(sort, which, slot, minutes)| {
        let review = ["a", "b", "c", "d", "e", "f", "g"][which];
        match sort {
            0..=4 => take(review, 4, minutes * MINUTE_MS),
            5 => extend(review, minutes * MINUTE_MS),
            _ => free(review, slot),
        }
    })
}

#[test]
fn laws_hold() {
    laws::hold::<ReviewDesk>(any_command(), |it| match it.taken.len() {
        0..=4 => Ok(()),
        more => Err(format!("{more} slots are taken, 4 can be")),
    });
}

proptest! {
    #![proptest_config(laws::config())]

    /// What events say of how many are taken is true, and no number of a slot is ever used again.
    #[test]
    fn events_tell_how_many_are_taken(history in vec(any_command(), 1..60)) {
        let (mut desk, mut last) = (ReviewDesk::default(), 0);
        for command in history {
            for event in desk.decide(&command).unwrap_or_default() {
                desk.evolve(&event);
                let held = desk.taken.len() as u32;
                match event {
                    Event::ReviewSlotTaken(it) => {
                        assert!(it.held == held && it.slot > last);
                        last = it.slot;
                    }
                    Event::ReviewSlotFreed(it) => assert_eq!(it.held, held),
                    Event::ReviewSlotExtended(_) => {}
                }
            }
        }
    }
}
