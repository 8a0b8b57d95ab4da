//! Sessions and calendars in whatever order they hear of each other: no slot is lost, none is kept for nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    calendar::Times,
    session::{Act, Who, Wish},
};
use proptest::{collection::vec, prelude::Strategy, test_runner::TestRunner};
use std::collections::BTreeMap;
use studium_kit::Asked;
use studium_kit::Decider;
use studium_proto::mentorship::v1::{AvailabilitySet, PairBlocked, SessionKind, WeeklyWindow};
use studium_testkit::laws;

const HOUR: i64 = 3_600_000;

/// Monday 5 January 2026, midnight in UTC.
const MONDAY: i64 = 1_767_571_200_000;

/// What the stream of the service says, of the aggregates that meet here.
#[derive(Debug, Clone)]
enum Said {
    Session(String, SessionEvent),
    Calendar(String, CalendarEvent),
    Mentor(String, MentorEvent),
}

/// Both kinds of aggregates, the stream, and how far each of the three policies has read it.
#[derive(Default)]
struct World {
    sessions: BTreeMap<String, Session>,
    calendars: BTreeMap<String, Calendar>,
    stream: Vec<Said>,
    read: [usize; 3],
    /// The people of each session that is agreed, and which of its times that is.
    agreed: BTreeMap<String, (String, String, i64)>,
    scheduled: usize,
    moved: usize,
}

impl World {
    fn ask_session(&mut self, id: &str, command: &Asked<Command>) {
        let session = self.sessions.entry(id.to_owned()).or_default();
        for event in session.decide(command).unwrap_or_default() {
            session.evolve(&event);
            match &event {
                SessionEvent::SessionScheduled(it) => {
                    self.scheduled += 1;
                    self.agreed.insert(id.into(), (it.mentor_id.clone(), it.learner_id.clone(), it.start_ms));
                }
                SessionEvent::SessionRescheduled(it) => {
                    self.moved += 1;
                    self.agreed.insert(id.into(), (it.mentor_id.clone(), it.learner_id.clone(), it.start_ms));
                }
                SessionEvent::SessionCancelled(_) => drop(self.agreed.remove(id)),
                _ => {}
            }
            self.stream.push(Said::Session(id.to_owned(), event));
        }
    }

    fn ask_calendar(&mut self, person: &str, command: &Asked<calendar::Command>) {
        let calendar = self.calendars.entry(person.to_owned()).or_default();
        for event in calendar.decide(command).unwrap_or_default() {
            calendar.evolve(&event);
            self.stream.push(Said::Calendar(person.to_owned(), event));
        }
    }

    /// Lets one policy read one thing more; false if it has read all.
    fn step(&mut self, policy: usize) -> bool {
        let Some(said) = self.stream.get(self.read[policy]).cloned() else { return false };
        self.read[policy] += 1;
        match (policy, said) {
            (0, Said::Session(id, event)) => {
                for it in CalendarsFollowSessions.react(&id, &event, 0) {
                    self.ask_calendar(&it.id, &it.command);
                }
            }
            (1, Said::Calendar(id, event)) => {
                for it in SessionsHearOfCalendars.react(&id, &event, 0) {
                    self.ask_session(&it.id, &it.command);
                }
            }
            (2, Said::Mentor(id, event)) => {
                for it in CalendarsFollowBlocks.react(&id, &event, 0) {
                    self.ask_calendar(&it.id, &it.command);
                }
            }
            _ => {}
        }
        true
    }

    fn held(&self, person: &str, session: &str) -> Vec<i64> {
        let calendar = self.calendars.get(person);
        let all = calendar.into_iter().flat_map(Calendar::bookings);
        all.filter(|it| it.0 == session).map(|it| it.1.0).collect()
    }

    /// Whoever has an agreed session has its time in the calendar, at every moment.
    fn no_slot_is_lost(&self) -> Result<(), String> {
        for (session, (mentor, learner, start_ms)) in &self.agreed {
            for person in [mentor, learner] {
                if !self.held(person, session).contains(start_ms) {
                    return Err(format!("{person} does not hold the time of {session}"));
                }
            }
        }
        Ok(())
    }

    /// Once all is quiet, calendars hold what is agreed and nothing else.
    fn none_is_kept_for_nothing(&self) -> Result<(), String> {
        for (person, calendar) in &self.calendars {
            for (session, (start_ms, _), _) in calendar.bookings() {
                if self.agreed.get(session).is_none_or(|it| it.2 != start_ms) {
                    return Err(format!("{person} holds a time of {session} for nothing"));
                }
            }
        }
        let waits = |id: &str| {
            let answer = |side, round| by_itself(0, Command::Answer { side, round, refusal: None });
            let asks =
                (1..20).flat_map(|round| [answer(SessionSide::Mentor, round), answer(SessionSide::Learner, round)]);
            asks.into_iter().any(|it| self.sessions[id].decide(&it).is_ok_and(|it| !it.is_empty()))
        };
        match self.sessions.keys().find(|id| waits(id)) {
            Some(id) => Err(format!("{id} waits for ever")),
            None => Ok(()),
        }
    }
}

/// One thing that happens: a person acts, or a policy reads on.
type Happening = (u32, usize, usize, i64);

fn happen(world: &mut World, (sort, session, learner, hour): Happening) {
    let id = ["s1", "s2", "s3", "s4", "s5"][session];
    // The mentor of one learner is a learner of another mentor: everybody has one calendar.
    let (learner, mentor) = [("ada", "mia"), ("bob", "mia"), ("mia", "kim")][learner];
    let facts = Facts {
        state: MentorshipState::Active,
        mentor_id: mentor.into(),
        institution_id: "ou".into(),
        ..Facts::default()
    };
    let start_ms = MONDAY + hour * HOUR / 2;
    let wish = Wish {
        programme_id: "p".into(),
        learner_id: learner.into(),
        kind: SessionKind::LearningAdvice,
        start_ms,
        minutes: 60,
        topic: String::new(),
    };
    let whose = world.sessions.get(id).and_then(|it| it.whose().map(|it| it.2.to_owned()));
    match sort {
        0..=2 => world.ask_session(id, &by_itself(0, Command::Act(Who::Office, Act::Schedule(wish, facts)))),
        3..=4 => {
            let facts = Facts { mentor_id: whose.unwrap_or_default(), ..facts };
            let act = Act::Reschedule { start_ms, minutes: 0, facts };
            world.ask_session(id, &by_itself(0, Command::Act(Who::Office, act)));
        }
        5 if hour < 6 => world.ask_session(id, &by_itself(0, Command::CallOff(SessionCancelCause::MentorChanged))),
        6 if hour < 2 => {
            let blocked = PairBlocked { learner_id: learner.into(), ..PairBlocked::default() };
            world.stream.push(Said::Mentor(mentor.into(), MentorEvent::PairBlocked(blocked)));
        }
        _ => drop(world.step(sort as usize % 3)),
    }
}

#[test]
fn calendars_hold_what_is_agreed_in_whatever_order_they_hear_of_it() {
    let happening = (0..24_u32, 0..5_usize, 0..3_usize, 16..24_i64).prop_map(|(a, b, c, d)| (a, b, c, d - 16));
    let (scheduled, moved) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = TestRunner::new(laws::config_with(400)).run(&vec(happening, 40..160), |history| {
        let mut world = World::default();
        let windows = vec![WeeklyWindow { weekday: 1, from_minute: 0, until_minute: 1_440 }];
        let week = AvailabilitySet { time_zone: "Europe/Lisbon".into(), windows };
        for mentor in ["mia", "kim"] {
            let command = calendar::Command::Open { owner: String::new(), times: Times::Week(week.clone()) };
            world.ask_calendar(mentor, &by_itself(0, command));
        }
        for it in history {
            happen(&mut world, it);
            world.no_slot_is_lost().map_err(proptest::test_runner::TestCaseError::fail)?;
        }
        while (0..3).any(|policy| world.step(policy)) {}
        world.no_slot_is_lost().map_err(proptest::test_runner::TestCaseError::fail)?;
        world.none_is_kept_for_nothing().map_err(proptest::test_runner::TestCaseError::fail)?;
        scheduled.set(scheduled.get() + world.scheduled);
        moved.set(moved.get() + world.moved);
        Ok(())
    });
    outcome.unwrap();
    assert!(scheduled.get() > 200 && moved.get() > 50, "{} agreed, {} moved", scheduled.get(), moved.get());
}
