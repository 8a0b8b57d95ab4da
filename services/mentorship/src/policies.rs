//! What follows here from what happened: programmes bring mentorships, mentorships take places, places open proposals.

use crate::{
    mentor::{self, Mentor},
    mentorship::{Command, Mentorship},
    terms_held::{self, TermsHeld},
};
use studium_kit::{App, Asked, Deadline, LookUpPolicy, Policy, Reaction, StoreError, View, by_itself};
use studium_proto::{
    enrolment::v1::programme_enrolment_event::Event as ProgrammeEvent,
    mentorship::v1::{
        MentorshipEnd, ProposalEnd, mentor_event::Event as MentorEvent, mentorship_event::Event as MentorshipEvent,
    },
};

/// A programme with mentorship that is joined and paid asks for a mentor; what happens to it happens to the mentorship.
pub struct MentorshipsFollowProgrammes;

impl Policy for MentorshipsFollowProgrammes {
    const NAME: &'static str = "mentorships-follow-programmes";
    const STREAM: &'static str = "enrolment";
    type Event = ProgrammeEvent;
    type Target = Mentorship;

    fn react(&self, id: &str, event: &ProgrammeEvent, at_ms: i64) -> Vec<Reaction<Mentorship>> {
        let end = |end: MentorshipEnd| Command::End { end, reason: String::new() };
        let command = match event {
            ProgrammeEvent::ProgrammeJoined(it) if it.mentorship => Command::Join {
                institution_id: it.institution_id.clone(),
                programme_version: it.programme_version,
                is_paid: it.amount_due_minor == 0,
            },
            ProgrammeEvent::ProgrammePaymentRecorded(it) if it.settled => Command::Settle,
            ProgrammeEvent::ProgrammeSuspended(_) => Command::Pause,
            ProgrammeEvent::ProgrammeReinstated(_) => Command::Resume,
            ProgrammeEvent::ProgrammeWithdrawn(_) => end(MentorshipEnd::Withdrawn),
            ProgrammeEvent::ProgrammeCompleted(_) => end(MentorshipEnd::Completed),
            _ => return Vec::new(),
        };
        vec![Reaction { id: id.to_owned(), command: by_itself(at_ms, command) }]
    }
}

/// Takes a place for each proposal, and frees it when it is not needed any more.
/// One policy for all of it, so that a mentor hears of one mentorship in order.
pub struct PlacesFollowMentorships;

impl Policy for PlacesFollowMentorships {
    const NAME: &'static str = "places-follow-mentorships";
    const STREAM: &'static str = "mentorship";
    type Event = MentorshipEvent;
    type Target = Mentor;

    fn react(&self, id: &str, event: &MentorshipEvent, at_ms: i64) -> Vec<Reaction<Mentor>> {
        let mentorship_id = id.to_owned();
        let free = |mentor_id: &str, proposal: u32| {
            (mentor_id.to_owned(), mentor::Command::Free { mentorship_id: mentorship_id.clone(), proposal })
        };
        let (mentor_id, command) = match event {
            MentorshipEvent::MentorProposed(it) => {
                let learner_id = id.split_once('~').map_or("", |it| it.1).to_owned();
                let (mentor_id, proposal) = (it.mentor_id.clone(), it.proposal);
                (it.mentor_id.clone(), mentor::Command::Take { mentor_id, mentorship_id, learner_id, proposal })
            }
            MentorshipEvent::ProposalEnded(it) if it.end() != ProposalEnd::NoPlace => free(&it.mentor_id, it.proposal),
            MentorshipEvent::MentorAssigned(it) if !it.previous_mentor_id.is_empty() => {
                free(&it.previous_mentor_id, it.previous_proposal)
            }
            MentorshipEvent::MentorshipEnded(it) if !it.mentor_id.is_empty() => free(&it.mentor_id, it.proposal),
            _ => return Vec::new(),
        };
        vec![Reaction { id: mentor_id, command: by_itself(at_ms, command) }]
    }
}

/// Tells the mentorship whether the mentor has a place.
pub struct MentorshipsHearOfPlaces;

impl Policy for MentorshipsHearOfPlaces {
    const NAME: &'static str = "mentorships-hear-of-places";
    const STREAM: &'static str = "mentorship";
    type Event = MentorEvent;
    type Target = Mentorship;

    fn react(&self, _: &str, event: &MentorEvent, at_ms: i64) -> Vec<Reaction<Mentorship>> {
        let (id, command) = match event {
            MentorEvent::PlaceTaken(it) => (&it.mentorship_id, Command::Open { proposal: it.proposal }),
            MentorEvent::PlaceRefused(it) => {
                (&it.mentorship_id, Command::Refuse { proposal: it.proposal, refusal: it.refusal() })
            }
            _ => return Vec::new(),
        };
        vec![Reaction { id: id.clone(), command: by_itself(at_ms, command) }]
    }
}

/// Seeks another mentor where one pauses, leaves, or is never to be met again.
pub struct MentorshipsFollowMentors;

impl LookUpPolicy for MentorshipsFollowMentors {
    const NAME: &'static str = "mentorships-follow-mentors";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[TermsHeld::NAME];
    type Event = MentorEvent;
    type Target = Mentorship;

    fn concerns(event: &MentorEvent) -> bool {
        !left_by(event).is_empty()
    }

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Mentorship>>, StoreError> {
        let mut reactions = Vec::new();
        for id in left_by(event) {
            let programme = id.split_once('~').map_or("", |it| it.0);
            let within_minutes = terms_held::terms(app.store(), programme).await?.hand_over_minutes;
            let command = follow_mentor(mentor, event, within_minutes);
            reactions.extend(command.map(|it| Reaction { id: id.clone(), command: by_itself(at_ms, it) }));
        }
        Ok(reactions)
    }
}

/// The mentorships that a mentor goes away from.
fn left_by(event: &MentorEvent) -> &[String] {
    match event {
        MentorEvent::MentorPaused(it) => &it.mentorship_ids,
        MentorEvent::MentorLeaving(it) => &it.mentorship_ids,
        MentorEvent::PairBlocked(it) => &it.mentorship_ids,
        _ => &[],
    }
}

/// What a mentorship hears of its mentor, or of who is proposed.
pub(crate) fn follow_mentor(mentor: &str, event: &MentorEvent, within_minutes: u32) -> Option<Command> {
    let mentor_id = mentor.to_owned();
    match event {
        MentorEvent::PairBlocked(_) => Some(Command::Bar { mentor_id, within_minutes }),
        MentorEvent::MentorLeaving(_) => Some(Command::Away { mentor_id, leaves_within_minutes: Some(within_minutes) }),
        MentorEvent::MentorPaused(_) => Some(Command::Away { mentor_id, leaves_within_minutes: None }),
        _ => None,
    }
}

/// A mentor is back when he said.
pub struct MentorsComeBack;

impl Deadline for MentorsComeBack {
    const NAME: &'static str = "mentors-come-back";
    type Target = Mentor;
    const DUE: &'static str = "SELECT mentor_id AS id, paused_until_ms AS due_ms FROM mentor_1 \
                               WHERE paused_until_ms > 0 AND paused_until_ms <= $1";

    fn command(_: &str, due_ms: i64) -> Asked<mentor::Command> {
        by_itself(due_ms, mentor::Command::ComeBack { until_ms: due_ms })
    }
}

/// A proposal that nobody answered goes to the next mentor.
pub struct ProposalsLapse;

impl Deadline for ProposalsLapse {
    const NAME: &'static str = "proposals-lapse";
    type Target = Mentorship;
    const DUE: &'static str = "SELECT programme_id || '~' || learner_id AS id, answer_by_ms AS due_ms \
                               FROM mentorship_1 WHERE answer_by_ms > 0 AND answer_by_ms <= $1";

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Lapse { answer_by_ms: due_ms })
    }
}

/// A successor who was not found in time is assigned without being asked.
pub struct HandOversBecomeOverdue;

impl Deadline for HandOversBecomeOverdue {
    const NAME: &'static str = "hand-overs-become-overdue";
    type Target = Mentorship;
    const DUE: &'static str = "SELECT programme_id || '~' || learner_id AS id, hand_over_due_ms AS due_ms \
                               FROM mentorship_1 WHERE hand_over_due_ms > 0 AND hand_over_due_ms <= $1 AND NOT overdue";

    fn command(_: &str, due_ms: i64) -> Asked<Command> {
        by_itself(due_ms, Command::Overdue { due_ms })
    }
}
