//! What a review says yes and no to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod histories;
mod locks;
mod rounds;

use super::*;
use studium_kit::By;
use studium_proto::mentorship::v1::{
    ReviewLockEnded, ReviewLockExtended, ReviewLockRefusal, ReviewLockRefused, ReviewLocked, ReviewReturned,
};
use studium_testkit::{given, laws};

/// The time of a lock, milliseconds.
const LOCK: i64 = 1_800_000;

fn at(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

fn work(text: &str) -> Work {
    Work { title: "CV".into(), text: text.into(), skills: vec!["rust".into()], ..Work::default() }
}

fn submit(text: &str, mentorship: MentorshipState) -> Asked<Command> {
    let (programme_id, learner_id, institution_id) = ("p".into(), "ada".into(), "ou".into());
    let (kind, work) = (ReviewKind::Cv, work(text));
    at(0, Command::Submit(Submitted { programme_id, learner_id, institution_id, kind, work, mentorship }))
}

fn submitted() -> Event {
    Event::ReviewSubmitted(ReviewSubmitted {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        kind: ReviewKind::Cv as i32,
        title: "CV".into(),
        text: "one".into(),
        skills: vec!["rust".into()],
        ..ReviewSubmitted::default()
    })
}

fn resubmit(round: u32, text: &str) -> Asked<Command> {
    let (learner_id, work, mentorship) = ("ada".into(), work(text), MentorshipState::Active);
    at(0, Command::Resubmit { learner_id, round, work, mentorship })
}

fn resubmitted(round: u32, text: &str) -> Event {
    let (title, text, skills) = ("CV".into(), text.into(), vec!["rust".into()]);
    Event::ReviewResubmitted(ReviewResubmitted { round, title, text, skills, ..ReviewResubmitted::default() })
}

fn lock(reviewer: &str, slot: u32, at_ms: i64) -> Asked<Command> {
    at(at_ms, Command::Lock { reviewer_id: reviewer.into(), slot, until_ms: at_ms + LOCK })
}

fn locked(reviewer: &str, slot: u32, at_ms: i64) -> Event {
    locked_in(1, reviewer, slot, at_ms)
}

fn locked_in(round: u32, reviewer: &str, slot: u32, at_ms: i64) -> Event {
    Event::ReviewLocked(ReviewLocked { reviewer_id: reviewer.into(), slot, until_ms: at_ms + LOCK, round })
}

fn not_locked(reviewer: &str, slot: u32, refusal: ReviewLockRefusal) -> Event {
    let (reviewer_id, refusal) = (reviewer.into(), refusal as i32);
    Event::ReviewLockRefused(ReviewLockRefused { reviewer_id, slot, refusal })
}

fn lock_ended(reviewer: &str, slot: u32, end: ReviewLockEnd) -> Event {
    Event::ReviewLockEnded(ReviewLockEnded { reviewer_id: reviewer.into(), slot, end: end as i32 })
}

fn said(reviewer: &str, round: u32, verdict: ReviewVerdict) -> Returned {
    let scores = vec![ReviewScore { criterion_id: "form".into(), score: 3, max: 5, ..ReviewScore::default() }];
    Returned { reviewer_id: reviewer.into(), round, scores, verdict, comment: "so".into() }
}

fn gives_back(reviewer: &str, round: u32, verdict: ReviewVerdict, at_ms: i64) -> Asked<Command> {
    at(at_ms, Command::Return { returned: said(reviewer, round, verdict), is_blocked: false })
}

fn given_back(reviewer: &str, round: u32, verdict: ReviewVerdict, standing: ReviewStanding) -> Event {
    let it = said(reviewer, round, verdict);
    Event::ReviewReturned(ReviewReturned {
        round,
        reviewer_id: it.reviewer_id,
        standing: standing as i32,
        verdict: verdict as i32,
        scores: it.scores,
        comment: it.comment,
    })
}

fn withdraw(cause: ReviewWithdrawalCause) -> Asked<Command> {
    at(0, Command::Withdraw { learner_id: "ada".into(), cause, reason: String::new() })
}

fn withdrawn(cause: ReviewWithdrawalCause, after_return: bool) -> Event {
    let (cause, reason) = (cause as i32, String::new());
    Event::ReviewWithdrawn(ReviewWithdrawn { round: 1, cause, reason, after_return })
}

#[test]
fn work_is_handed_in_once() {
    given::<Review>(&[]).when(submit("one", MentorshipState::Active)).then(&[submitted()]);
    given::<Review>(&[]).when(submit("one", MentorshipState::Waiting)).then(&[submitted()]);
    given::<Review>(&[submitted()]).when(submit("other", MentorshipState::Active)).refused(Reason::ReviewExists);
    // What was handed in stays so, also when the mentorship is over since.
    let past = [submitted(), withdrawn(ReviewWithdrawalCause::MentorshipEnded, false)];
    given::<Review>(&past).when(submit("one", MentorshipState::Ended)).nothing();
}

#[test]
fn work_is_handed_in_where_a_mentorship_runs() {
    for (mentorship, reason) in [
        (MentorshipState::Unspecified, Reason::MentorshipNotFound),
        (MentorshipState::Announced, Reason::MentorshipNotPaid),
        (MentorshipState::Paused, Reason::MentorshipPaused),
        (MentorshipState::Ended, Reason::MentorshipEnded),
    ] {
        given::<Review>(&[]).when(submit("one", mentorship)).refused(reason);
    }
    let changes = ReviewVerdict::RequiresChanges;
    let past = [submitted(), locked("mia", 1, 0), given_back("mia", 1, changes, ReviewStanding::Counts)];
    let (learner_id, work, mentorship) = ("ada".into(), work("two"), MentorshipState::Ended);
    let next = Command::Resubmit { learner_id, round: 2, work, mentorship };
    given::<Review>(&past).when(at(0, next)).refused(Reason::MentorshipEnded);
}

#[test]
fn of_what_was_never_handed_in_nothing_is_said() {
    for command in [
        Command::Extend { reviewer_id: "mia".into(), slot: 1, until_ms: 1 },
        Command::EndLock { reviewer_id: "mia".into(), end: ReviewLockEnd::Released },
        Command::Expire { until_ms: 1 },
    ] {
        given::<Review>(&[]).when(at(0, command)).refused(Reason::ReviewNotFound);
    }
    given::<Review>(&[]).when(gives_back("mia", 1, ReviewVerdict::RequiresChanges, 0)).refused(Reason::ReviewNotFound);
    given::<Review>(&[]).when(resubmit(2, "two")).refused(Reason::ReviewNotFound);
    given::<Review>(&[]).when(withdraw(ReviewWithdrawalCause::Learner)).refused(Reason::ReviewNotFound);
    // A slot gets its answer also then.
    let refused = not_locked("mia", 1, ReviewLockRefusal::NotFound);
    given::<Review>(&[]).when(lock("mia", 1, 0)).then(&[refused]);
}

#[test]
fn another_learner_hears_nothing_of_it() {
    let cause = ReviewWithdrawalCause::Learner;
    let command = Command::Withdraw { learner_id: "bob".into(), cause, reason: String::new() };
    given::<Review>(&[submitted()]).when(at(0, command)).refused(Reason::ReviewNotFound);
    let (learner_id, work, mentorship) = ("bob".into(), work("two"), MentorshipState::Active);
    let command = Command::Resubmit { learner_id, round: 2, work, mentorship };
    given::<Review>(&[submitted()]).when(at(0, command)).refused(Reason::ReviewNotFound);
}

#[test]
fn staff_acts_for_its_institution() {
    let mit = || By { at_ms: 0, institution: Some("mit".into()) };
    let (cause, reason) = (ReviewWithdrawalCause::Staff, String::new());
    let command = Command::Withdraw { learner_id: String::new(), cause, reason };
    given::<Review>(&[submitted()]).when(mit().asks(command.clone())).refused(Reason::NotYourInstitution);
    let ou = By { at_ms: 0, institution: Some("ou".into()) };
    given::<Review>(&[submitted()]).when(ou.asks(command)).then(&[withdrawn(cause, false)]);
    let command = Command::EndLock { reviewer_id: "mia".into(), end: ReviewLockEnd::Staff };
    let past = [submitted(), locked("mia", 1, 0)];
    given::<Review>(&past).when(mit().asks(command)).refused(Reason::NotYourInstitution);
}

#[test]
fn laws_hold() {
    laws::hold::<Review>(histories::any_command(), |it| {
        for round in 1..=it.round() {
            let open = round == it.round() && matches!(it.phase, Phase::Open | Phase::Withdrawn);
            match histories::counting(it, round) {
                1 => {}
                0 if open => {}
                n => return Err(format!("{n} verdicts count for round {round}")),
            }
        }
        if it.lock.is_some() && it.phase == Phase::None {
            return Err("what does not exist is locked".into());
        }
        Ok(())
    });
}
