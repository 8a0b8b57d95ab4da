//! How sessions and calendars come together without a transaction, and what else calls sessions off.

use crate::{
    blocked_pairs::{self, BlockedPairs},
    calendar::{self, Calendar, Slot},
    mentors::{self, Mentors},
    mentorships::{self, Mentorships},
    session::{Command, Facts, Session},
    sessions::{self, Sessions, Whose},
};
use studium_kit::{App, LookUpPolicy, Policy, Reaction, Store, StoreError, View, by_itself};
use studium_proto::mentorship::v1::{
    MentorState, MentorshipState, SessionCancelCause, SessionSide, calendar_event::Event as CalendarEvent,
    mentor_event::Event as MentorEvent, mentorship_event::Event as MentorshipEvent,
    session_event::Event as SessionEvent,
};

/// Asks the mentor's calendar, then the learner's, and frees what is not needed any more.
/// One policy for all of it, so that a calendar hears of one session in order.
pub struct CalendarsFollowSessions;

impl Policy for CalendarsFollowSessions {
    const NAME: &'static str = "calendars-follow-sessions";
    const STREAM: &'static str = "mentorship";
    type Event = SessionEvent;
    type Target = Calendar;

    fn react(&self, id: &str, event: &SessionEvent, at_ms: i64) -> Vec<Reaction<Calendar>> {
        let hold = |person: &str, (side, learner): (SessionSide, &str), (round, start_ms, minutes)| {
            let (session_id, learner_id) = (id.to_owned(), learner.to_owned());
            let slot = Slot { session_id, round, side, learner_id, start_ms, minutes };
            Reaction { id: person.to_owned(), command: by_itself(at_ms, calendar::Command::Hold(slot)) }
        };
        let free = |person: &str, rounds: (u32, u32)| {
            let command = calendar::Command::Free { session_id: id.to_owned(), rounds };
            Reaction { id: person.to_owned(), command: by_itself(at_ms, command) }
        };
        match event {
            SessionEvent::SessionRequested(it) => {
                let side = (SessionSide::Mentor, it.learner_id.as_str());
                vec![hold(&it.mentor_id, side, (it.round, it.start_ms, it.minutes))]
            }
            SessionEvent::RescheduleRequested(it) => {
                let side = (SessionSide::Mentor, it.learner_id.as_str());
                vec![hold(&it.mentor_id, side, (it.round, it.start_ms, it.minutes))]
            }
            SessionEvent::MentorTimeHeld(it) => {
                let side = (SessionSide::Learner, it.learner_id.as_str());
                vec![hold(&it.learner_id, side, (it.round, it.start_ms, it.minutes))]
            }
            SessionEvent::SessionRefused(it) if it.refused_by() == SessionSide::Learner => {
                vec![free(&it.mentor_id, (it.round, it.round))]
            }
            SessionEvent::RescheduleRefused(it) if it.refused_by() == SessionSide::Learner => {
                vec![free(&it.mentor_id, (it.round, it.round))]
            }
            SessionEvent::SessionRescheduled(it) => {
                let before = (it.previous_round, it.previous_round);
                vec![free(&it.mentor_id, before), free(&it.learner_id, before)]
            }
            SessionEvent::SessionCancelled(it) => {
                vec![free(&it.mentor_id, (1, it.round)), free(&it.learner_id, (1, it.round))]
            }
            _ => Vec::new(),
        }
    }
}

/// Tells the session whether a calendar holds the time.
pub struct SessionsHearOfCalendars;

impl Policy for SessionsHearOfCalendars {
    const NAME: &'static str = "sessions-hear-of-calendars";
    const STREAM: &'static str = "mentorship";
    type Event = CalendarEvent;
    type Target = Session;

    fn react(&self, _: &str, event: &CalendarEvent, at_ms: i64) -> Vec<Reaction<Session>> {
        let (id, side, round, refusal) = match event {
            CalendarEvent::SlotHeld(it) => (&it.session_id, it.side(), it.round, None),
            CalendarEvent::SlotRefused(it) => (&it.session_id, it.side(), it.round, Some(it.refusal())),
            _ => return Vec::new(),
        };
        let command = by_itself(at_ms, Command::Answer { side, round, refusal });
        vec![Reaction { id: id.clone(), command }]
    }
}

/// Has the mentor's calendar remember whom never to meet, so that a request that races with the block is refused there.
pub struct CalendarsFollowBlocks;

impl Policy for CalendarsFollowBlocks {
    const NAME: &'static str = "calendars-follow-blocks";
    const STREAM: &'static str = "mentorship";
    type Event = MentorEvent;
    type Target = Calendar;

    fn react(&self, mentor: &str, event: &MentorEvent, at_ms: i64) -> Vec<Reaction<Calendar>> {
        let MentorEvent::PairBlocked(it) = event else { return Vec::new() };
        let command = by_itself(at_ms, calendar::Command::Bar { learner_id: it.learner_id.clone() });
        vec![Reaction { id: mentor.to_owned(), command }]
    }
}

/// What is to be known of a mentorship before there is a session.
pub async fn facts(store: &Store, programme_id: &str, learner_id: &str) -> Result<Facts, StoreError> {
    let Some(row) = mentorships::mentorship(store, programme_id, learner_id).await? else {
        return Ok(Facts::default());
    };
    let mentor = mentors::mentor(store, &row.mentor_id).await?;
    let away = mentor.filter(|it| it.state == MentorState::Paused as i32).map(|it| it.paused_until_ms);
    let blocked = blocked_pairs::of_learner(store, learner_id).await?.contains(&row.mentor_id);
    Ok(Facts {
        state: MentorshipState::try_from(row.state).unwrap_or_default(),
        barred: row.contact_barred || blocked,
        mentor_id: row.mentor_id,
        institution_id: row.institution_id,
        away_until_ms: away,
    })
}

fn call_off(session_id: String, cause: SessionCancelCause, at_ms: i64) -> Reaction<Session> {
    Reaction { id: session_id, command: by_itself(at_ms, Command::CallOff(cause)) }
}

/// Why a learner meets a mentor or (empty) any no more, if so.
fn ends_contact(event: &MentorshipEvent) -> Option<(SessionCancelCause, &str)> {
    match event {
        MentorshipEvent::MentorAssigned(it) if !it.previous_mentor_id.is_empty() => {
            Some((SessionCancelCause::MentorChanged, it.previous_mentor_id.as_str()))
        }
        MentorshipEvent::HandOverStarted(it) if it.contact_barred => {
            Some((SessionCancelCause::ContactBarred, it.mentor_id.as_str()))
        }
        MentorshipEvent::MentorshipEnded(_) => Some((SessionCancelCause::MentorshipEnded, "")),
        MentorshipEvent::MentorshipPaused(_) => Some((SessionCancelCause::MentorshipPaused, "")),
        _ => None,
    }
}

/// Calls off what is to come when the mentorship ends, rests, changes its mentor, or the two have no contact any more.
pub struct SessionsFollowMentorships;

impl LookUpPolicy for SessionsFollowMentorships {
    const NAME: &'static str = "sessions-follow-mentorships";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Sessions::NAME];
    type Event = MentorshipEvent;
    type Target = Session;

    fn concerns(event: &MentorshipEvent) -> bool {
        ends_contact(event).is_some()
    }

    async fn react(
        app: &App,
        id: &str,
        event: &MentorshipEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Session>>, StoreError> {
        let Some((cause, mentor)) = ends_contact(event) else { return Ok(Vec::new()) };
        let Some((programme, learner)) = id.split_once('~') else { return Ok(Vec::new()) };
        let whose = Whose::Mentorship(programme, learner, mentor);
        let rows = sessions::to_come(app.store(), whose, at_ms).await?;
        Ok(rows.into_iter().map(|it| call_off(it.session_id, cause, at_ms)).collect())
    }
}

/// Calls off what is to come when a mentor pauses over it, or the two never meet again.
pub struct SessionsFollowMentors;

impl LookUpPolicy for SessionsFollowMentors {
    const NAME: &'static str = "sessions-follow-mentors";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Sessions::NAME];
    type Event = MentorEvent;
    type Target = Session;

    fn concerns(event: &MentorEvent) -> bool {
        matches!(event, MentorEvent::MentorPaused(_) | MentorEvent::PairBlocked(_))
    }

    async fn react(
        app: &App,
        mentor: &str,
        event: &MentorEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Session>>, StoreError> {
        let (cause, learner, until_ms) = match event {
            MentorEvent::MentorPaused(it) => (SessionCancelCause::MentorAway, "", it.until_ms),
            MentorEvent::PairBlocked(it) => (SessionCancelCause::ContactBarred, it.learner_id.as_str(), 0),
            _ => return Ok(Vec::new()),
        };
        let rows = sessions::to_come(app.store(), Whose::Mentor(mentor, learner), at_ms).await?;
        let meant = rows.into_iter().filter(|it| until_ms == 0 || it.start_ms < until_ms);
        Ok(meant.map(|it| call_off(it.session_id, cause, at_ms)).collect())
    }
}

/// Looks again once a time is agreed: what changed while the calendars were asked calls the session off, too.
/// Together with the two above nothing slips through: each of two facts that race is looked at after the other.
pub struct AgreedSessionsAreLookedAt;

impl LookUpPolicy for AgreedSessionsAreLookedAt {
    const NAME: &'static str = "agreed-sessions-are-looked-at";
    const STREAM: &'static str = "mentorship";
    const VIEWS: &'static [&'static str] = &[Mentorships::NAME, Mentors::NAME, BlockedPairs::NAME, Sessions::NAME];
    type Event = SessionEvent;
    type Target = Session;

    fn concerns(event: &SessionEvent) -> bool {
        matches!(event, SessionEvent::SessionScheduled(_) | SessionEvent::SessionRescheduled(_))
    }

    async fn react(
        app: &App,
        id: &str,
        event: &SessionEvent,
        at_ms: i64,
    ) -> Result<Vec<Reaction<Session>>, StoreError> {
        let start_ms = match event {
            SessionEvent::SessionScheduled(it) => it.start_ms,
            SessionEvent::SessionRescheduled(it) => it.start_ms,
            _ => return Ok(Vec::new()),
        };
        let Some(row) = sessions::session(app.store(), id).await? else { return Ok(Vec::new()) };
        let facts = facts(app.store(), &row.programme_id, &row.learner_id).await?;
        let cause = facts.against(&row.mentor_id, start_ms);
        Ok(cause.map(|it| call_off(id.to_owned(), it, at_ms)).into_iter().collect())
    }
}

#[cfg(test)]
mod tests;
