//! One person's calendar: when a mentor is available, and which times are booked. Nobody is booked twice, ever.

use crate::availability::{self, Availability, Span};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Asked, Decider, Decision, MINUTE_MS, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    AvailabilityExceptionCleared, AvailabilityExceptionSet, AvailabilitySet, LearnerBarred, Reason, SessionSide,
    SlotFreed, SlotHeld, SlotRefusal, SlotRefused, calendar_event::Event,
};

/// What can be asked of a calendar.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be open at other times. `owner` is the institution that the mentor works for; empty if for the platform.
    Open { owner: String, times: Times },
    /// To hold a time for a session.
    Hold(Slot),
    /// To give back what is held for a session: the times asked for from one to another.
    Free { session_id: String, rounds: (u32, u32) },
    /// Never to hold a time with a learner again.
    Bar { learner_id: String },
}

/// When to be open.
#[derive(Debug, Clone)]
pub enum Times {
    /// Week by week.
    Week(AvailabilitySet),
    /// On a day that differs.
    Day(AvailabilityExceptionSet),
    /// On a day as on any other.
    AsUsual(String),
}

/// A time that a session asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slot {
    /// The session.
    pub session_id: String,
    /// The how manieth time that it asks for.
    pub round: u32,
    /// Which side the calendar's person is on.
    pub side: SessionSide,
    /// The learner.
    pub learner_id: String,
    /// The beginning, Unix milliseconds.
    pub start_ms: i64,
    /// The length.
    pub minutes: u32,
}

impl Slot {
    fn span(&self) -> Span {
        span(self.start_ms, self.minutes)
    }
}

fn span(start_ms: i64, minutes: u32) -> Span {
    (start_ms, start_ms.saturating_add(i64::from(minutes) * MINUTE_MS))
}

/// One person's calendar, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Calendar {
    availability: Availability,
    /// What is held, by session and the time that it asked for.
    held: BTreeMap<(String, u32), (Span, SessionSide)>,
    /// The last time of each session that was answered.
    answered: BTreeMap<String, u32>,
    barred: BTreeSet<String>,
}

impl Calendar {
    /// When the person is available.
    pub fn availability(&self) -> &Availability {
        &self.availability
    }

    /// What is held, and for which session; not in order of time.
    pub fn bookings(&self) -> impl Iterator<Item = (&str, Span, SessionSide)> {
        self.held.iter().map(|((session, _), (span, side))| (session.as_str(), *span, *side))
    }
}

impl Decider for Calendar {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        match &asked.command {
            Command::Open { owner, times } => {
                asked.by.may_act_for(owner, Reason::NotYourInstitution)?;
                self.open(times)
            }
            Command::Hold(slot) => Ok(self.hold(slot)),
            Command::Free { session_id, rounds } => Ok(self.free(session_id, *rounds)),
            Command::Bar { learner_id } if self.barred.contains(learner_id) => Ok(Vec::new()),
            Command::Bar { learner_id } => {
                Ok(vec![Event::LearnerBarred(LearnerBarred { learner_id: learner_id.clone() })])
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::AvailabilitySet(it) => {
                self.availability.time_zone.clone_from(&it.time_zone);
                self.availability.weekly.clone_from(&it.windows);
            }
            Event::AvailabilityExceptionSet(it) => {
                if let Some(day) = availability::day_number(&it.date) {
                    self.availability.exceptions.insert(day, it.clone());
                }
            }
            Event::AvailabilityExceptionCleared(it) => {
                if let Some(day) = availability::day_number(&it.date) {
                    self.availability.exceptions.remove(&day);
                }
            }
            Event::SlotHeld(it) => {
                let held = (span(it.start_ms, it.minutes), it.side());
                self.held.insert((it.session_id.clone(), it.round), held);
                self.answered.insert(it.session_id.clone(), it.round);
            }
            Event::SlotRefused(it) => {
                self.answered.insert(it.session_id.clone(), it.round);
            }
            Event::SlotFreed(it) => {
                self.held.remove(&(it.session_id.clone(), it.round));
            }
            Event::LearnerBarred(it) => {
                self.barred.insert(it.learner_id.clone());
            }
        }
    }
}

impl Calendar {
    fn open(&self, times: &Times) -> Decision<Self> {
        match times {
            Times::Week(it) => {
                let windows = it.windows.iter();
                let mut windows = windows.map(|it| ((1..=7).contains(&it.weekday), it.from_minute, it.until_minute));
                if !availability::is_zone(&it.time_zone) {
                    return Reason::AvailabilityUnclear.because("the time zone is not in the IANA database");
                }
                if !windows.all(|(is_day, from, until)| is_day && availability::is_window(from, until)) {
                    return unclear();
                }
                let is_so = self.availability.time_zone == it.time_zone && self.availability.weekly == it.windows;
                Ok(if is_so { Vec::new() } else { vec![Event::AvailabilitySet(it.clone())] })
            }
            Times::Day(it) => {
                let day = self.day(&it.date)?;
                if !it.windows.iter().all(|it| availability::is_window(it.from_minute, it.until_minute)) {
                    return unclear();
                }
                let is_so = self.availability.exceptions.get(&day) == Some(it);
                Ok(if is_so { Vec::new() } else { vec![Event::AvailabilityExceptionSet(it.clone())] })
            }
            Times::AsUsual(date) => {
                let day = self.day(date)?;
                let cleared = Event::AvailabilityExceptionCleared(AvailabilityExceptionCleared { date: date.clone() });
                Ok(if self.availability.exceptions.contains_key(&day) { vec![cleared] } else { Vec::new() })
            }
        }
    }

    fn day(&self, date: &str) -> Result<i64, Rejection<Reason>> {
        if self.availability.time_zone.is_empty() {
            return Reason::AvailabilityUnclear.because("the week was not said yet, and with it the time zone of days");
        }
        match availability::day_number(date) {
            Some(it) => Ok(it),
            None => Reason::AvailabilityUnclear.because("a day is written like 2026-03-29"),
        }
    }

    fn hold(&self, slot: &Slot) -> Vec<Event> {
        // What was answered once is answered; the session has moved on, or has the time already.
        if self.answered.get(&slot.session_id).is_some_and(|it| *it >= slot.round) {
            return Vec::new();
        }
        let (session_id, round, side) = (slot.session_id.clone(), slot.round, slot.side as i32);
        if let Some(refusal) = self.refusal(slot) {
            let refusal = refusal as i32;
            return vec![Event::SlotRefused(SlotRefused { session_id, round, side, refusal })];
        }
        let (start_ms, minutes) = (slot.start_ms, slot.minutes);
        vec![Event::SlotHeld(SlotHeld { session_id, round, side, start_ms, minutes })]
    }

    fn refusal(&self, slot: &Slot) -> Option<SlotRefusal> {
        let is_mentor = slot.side == SessionSide::Mentor;
        if is_mentor && self.barred.contains(&slot.learner_id) {
            return Some(SlotRefusal::Barred);
        }
        if is_mentor && !self.availability.covers(slot.span()) {
            return Some(SlotRefusal::OutsideAvailability);
        }
        // A session may move to a time that overlaps its own.
        let mut others = self.held.iter().filter(|((session, _), _)| *session != slot.session_id);
        others.any(|(_, (held, _))| availability::overlap(*held, slot.span())).then_some(SlotRefusal::Taken)
    }

    fn free(&self, session_id: &str, (from, until): (u32, u32)) -> Vec<Event> {
        let held = self.held.keys().filter(|(session, round)| session == session_id && (from..=until).contains(round));
        let freed = held.map(|(session, round)| SlotFreed { session_id: session.clone(), round: *round });
        freed.map(Event::SlotFreed).collect()
    }
}

fn unclear<T>() -> Result<T, Rejection<Reason>> {
    Reason::AvailabilityUnclear.because("a window lies within one day; say one that goes over midnight as two")
}

#[cfg(test)]
mod tests;
