//! The rules of a mentorship as sentences; its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod assignment;
mod hand_over;
mod histories;
mod programme;

use super::*;
use proptest::strategy::Strategy as _;
use studium_kit::By;
use studium_proto::mentorship::v1::{
    HandOverStarted, MentorAssigned, MentorPassedOver, MentorProposed, ProposalEnded, ProposalOpened,
};
use studium_testkit::{given, laws};

/// A day, minutes and milliseconds.
const DAY: u32 = 24 * 60;
const DAY_MS: i64 = DAY as i64 * 60_000;

/// When everything is asked.
const NOW: i64 = 1_000_000;

fn ask(command: Command) -> Asked<Command> {
    By::platform(NOW).asks(command)
}

fn staff_of(institution: &str, command: Command) -> Asked<Command> {
    By { at_ms: NOW, institution: Some(institution.into()) }.asks(command)
}

fn requested(round: u32) -> Event {
    let source = RequestSource::Programme as i32;
    Event::MentorshipRequested(MentorshipRequested { round, source, institution_id: "ou".into(), programme_version: 1 })
}

fn propose(mentor: &str) -> Command {
    Command::Propose(Proposed {
        learner_id: "ada".into(),
        mentor_id: mentor.into(),
        origin: ProposalOrigin::Matching,
        answer_within_minutes: Some(3 * DAY),
        ..Proposed::default()
    })
}

fn assign(mentor: &str) -> Command {
    let (learner_id, mentor_id) = ("ada".into(), mentor.into());
    Command::Propose(Proposed { learner_id, mentor_id, origin: ProposalOrigin::Staff, ..Proposed::default() })
}

fn proposed(proposal: u32, mentor: &str) -> Event {
    Event::MentorProposed(MentorProposed {
        proposal,
        mentor_id: mentor.into(),
        origin: ProposalOrigin::Matching as i32,
        needs_answer: true,
        answer_within_minutes: 3 * DAY,
        ..MentorProposed::default()
    })
}

fn passed_over(mentor: &str) -> Event {
    Event::MentorPassedOver(MentorPassedOver { mentor_id: mentor.into() })
}

fn chosen(proposal: u32, mentor: &str) -> Event {
    let origin = ProposalOrigin::Staff as i32;
    Event::MentorProposed(MentorProposed { proposal, mentor_id: mentor.into(), origin, ..MentorProposed::default() })
}

fn opened(proposal: u32, mentor: &str) -> Event {
    let answer_by_ms = NOW + 3 * DAY_MS;
    Event::ProposalOpened(ProposalOpened { proposal, mentor_id: mentor.into(), answer_by_ms })
}

fn ended_proposal(proposal: u32, mentor: &str, end: ProposalEnd) -> Event {
    let (mentor_id, end) = (mentor.to_owned(), end as i32);
    Event::ProposalEnded(ProposalEnded { proposal, mentor_id, end, ..ProposalEnded::default() })
}

fn assigned(proposal: u32, mentor: &str) -> Event {
    Event::MentorAssigned(MentorAssigned { proposal, mentor_id: mentor.into(), ..MentorAssigned::default() })
}

fn took_over(proposal: u32, mentor: &str, previous: (&str, u32)) -> Event {
    let (previous_mentor_id, previous_proposal) = (previous.0.to_owned(), previous.1);
    Event::MentorAssigned(MentorAssigned { proposal, mentor_id: mentor.into(), previous_mentor_id, previous_proposal })
}

fn hands_over(mentor: &str, cause: HandOverCause) -> Event {
    Event::HandOverStarted(HandOverStarted {
        mentor_id: mentor.into(),
        cause: cause as i32,
        due_ms: NOW + 21 * DAY_MS,
        reason: String::new(),
        contact_barred: cause == HandOverCause::Blocked,
    })
}

fn ended(end: MentorshipEnd, mentor: &str, proposal: u32) -> Event {
    let (end, mentor_id, reason) = (end as i32, mentor.to_owned(), String::new());
    Event::MentorshipEnded(MentorshipEnded { end, mentor_id, proposal, reason })
}

fn paused() -> Event {
    Event::MentorshipPaused(MentorshipPaused {})
}

fn accept(mentor: &str) -> Command {
    Command::Accept { mentor_id: mentor.into() }
}

fn decline(mentor: &str) -> Command {
    Command::Decline { mentor_id: mentor.into(), reason: String::new() }
}

fn hand_over(cause: HandOverCause) -> Command {
    Command::HandOver { mentor_id: String::new(), cause, within_minutes: 21 * DAY, reason: String::new() }
}

fn end(end: MentorshipEnd) -> Command {
    Command::End { end, reason: String::new() }
}

/// A learner who waits for mia's answer.
fn asked_mia() -> Vec<Event> {
    vec![requested(1), proposed(1, "mia"), opened(1, "mia")]
}

/// A learner whose mentor is mia.
fn has_mia() -> Vec<Event> {
    [asked_mia(), vec![assigned(1, "mia")]].concat()
}

/// A past and what came after.
fn then(past: Vec<Event>, more: &[Event]) -> Vec<Event> {
    [past, more.to_vec()].concat()
}

#[test]
fn nobody_mentors_himself() {
    given::<Mentorship>(&[requested(1)]).when(ask(assign("ada"))).refused(Reason::NobodyMentorsHimself);
}

#[test]
fn what_is_handed_over_has_a_mentor_and_nobody_is_proposed_to_who_has_one_for_good() {
    laws::hold::<Mentorship>(histories::any_command().prop_map(ask), |it| {
        let has_mentor = it.mentor.is_some();
        if it.hand_over.is_some() && !has_mentor {
            return Err("a hand-over from nobody".to_owned());
        }
        if it.phase != Phase::Requested && (has_mentor || it.open.is_some()) {
            return Err("a mentor where none is wanted".to_owned());
        }
        if it.open.as_ref().is_some_and(|open| it.mentor() == Some(&open.mentor_id)) {
            return Err("the mentor is proposed".to_owned());
        }
        Ok(())
    });
}
