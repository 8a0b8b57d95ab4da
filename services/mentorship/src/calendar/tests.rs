//! What a calendar holds and what it does not, and what never happens whatever it is asked.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{collection::vec, prelude::Strategy, test_runner::TestRunner};
use studium_kit::By;
use studium_proto::mentorship::v1::{DayWindow, WeeklyWindow};
use studium_testkit::{given, laws};

const HOUR: i64 = 60 * MINUTE_MS;

/// Monday 5 January 2026, midnight in UTC, and in Lisbon.
const MONDAY: i64 = 1_767_571_200_000;

fn by_itself(command: Command) -> Asked<Command> {
    By::platform(0).asks(command)
}

fn week(windows: &[(u32, u32, u32)]) -> AvailabilitySet {
    let windows = windows.iter();
    let windows = windows.map(|(weekday, from, until)| WeeklyWindow {
        weekday: *weekday,
        from_minute: from * 60,
        until_minute: until * 60,
    });
    AvailabilitySet { time_zone: "Europe/Lisbon".into(), windows: windows.collect() }
}

fn day(date: &str, away: bool, windows: &[(u32, u32)]) -> AvailabilityExceptionSet {
    let windows = windows.iter().map(|(from, until)| DayWindow { from_minute: from * 60, until_minute: until * 60 });
    AvailabilityExceptionSet { date: date.into(), away, windows: windows.collect() }
}

fn open(times: Times) -> Asked<Command> {
    by_itself(Command::Open { owner: String::new(), times })
}

/// Mondays from 9 to 12.
fn mondays() -> Event {
    Event::AvailabilitySet(week(&[(1, 9, 12)]))
}

fn slot(session: &str, round: u32, side: SessionSide, hour: i64, minutes: u32) -> Slot {
    let (session_id, learner_id) = (session.into(), "ada".into());
    Slot { session_id, round, side, learner_id, start_ms: MONDAY + hour * HOUR, minutes }
}

fn hold(slot: Slot) -> Asked<Command> {
    by_itself(Command::Hold(slot))
}

fn held(it: &Slot) -> Event {
    let Slot { session_id, round, side, start_ms, minutes, .. } = it.clone();
    Event::SlotHeld(SlotHeld { session_id, round, side: side as i32, start_ms, minutes })
}

fn refused(it: &Slot, refusal: SlotRefusal) -> Event {
    let (session_id, round, side) = (it.session_id.clone(), it.round, it.side as i32);
    Event::SlotRefused(SlotRefused { session_id, round, side, refusal: refusal as i32 })
}

fn free(session: &str, rounds: (u32, u32)) -> Asked<Command> {
    by_itself(Command::Free { session_id: session.into(), rounds })
}

fn freed(session: &str, round: u32) -> Event {
    Event::SlotFreed(SlotFreed { session_id: session.into(), round })
}

use SessionSide::{Learner, Mentor};

#[test]
fn a_mentor_meets_people_when_available() {
    let ten = slot("s", 1, Mentor, 10, 60);
    given::<Calendar>(&[mondays()]).when(hold(ten.clone())).then(&[held(&ten)]);
    let outside = SlotRefusal::OutsideAvailability;
    given::<Calendar>(&[]).when(hold(ten.clone())).then(&[refused(&ten, outside)]);
    let late = slot("s", 1, Mentor, 11, 75);
    given::<Calendar>(&[mondays()]).when(hold(late.clone())).then(&[refused(&late, outside)]);
    // Until the very end, and from the very beginning.
    for whole in [slot("s", 1, Mentor, 11, 60), slot("s", 1, Mentor, 9, 180)] {
        given::<Calendar>(&[mondays()]).when(hold(whole.clone())).then(&[held(&whole)]);
    }
}

#[test]
fn a_day_can_differ() {
    let (ten, two) = (slot("s", 1, Mentor, 10, 60), slot("t", 1, Mentor, 14, 60));
    let past = |it| [mondays(), Event::AvailabilityExceptionSet(it)];
    let outside = SlotRefusal::OutsideAvailability;
    let away = past(day("2026-01-05", true, &[]));
    given::<Calendar>(&away).when(hold(ten.clone())).then(&[refused(&ten, outside)]);
    let more = past(day("2026-01-05", false, &[(14, 15)]));
    given::<Calendar>(&more).when(hold(ten.clone())).then(&[held(&ten)]);
    given::<Calendar>(&more).when(hold(two.clone())).then(&[held(&two)]);
    let other = past(day("2026-01-05", true, &[(14, 15)]));
    given::<Calendar>(&other).when(hold(ten.clone())).then(&[refused(&ten, outside)]);
    given::<Calendar>(&other).when(hold(two.clone())).then(&[held(&two)]);
    let cleared = AvailabilityExceptionCleared { date: "2026-01-05".into() };
    let cleared = Event::AvailabilityExceptionCleared(cleared);
    let state = given::<Calendar>(&away).when(open(Times::AsUsual("2026-01-05".into()))).then(&[cleared]);
    assert!(state.availability.covers(ten.span()));
    given::<Calendar>(&[mondays()]).when(open(Times::AsUsual("2026-01-05".into()))).nothing();
}

#[test]
fn availability_is_said_whole_and_clearly() {
    let set = week(&[(1, 9, 12), (7, 0, 24)]);
    let said = Event::AvailabilitySet(set.clone());
    given::<Calendar>(&[]).when(open(Times::Week(set.clone()))).then(std::slice::from_ref(&said));
    given::<Calendar>(&[mondays()]).when(open(Times::Week(set))).then(std::slice::from_ref(&said));
    let no_zone = AvailabilitySet { time_zone: "Atlantis/Middle".into(), windows: Vec::new() };
    for unclear in [no_zone, week(&[(1, 22, 2)]), week(&[(1, 9, 9)]), week(&[(1, 23, 25)]), week(&[(8, 9, 12)])] {
        given::<Calendar>(&[]).when(open(Times::Week(unclear))).refused(Reason::AvailabilityUnclear);
    }
    let set = day("2026-01-05", true, &[(14, 15)]);
    let told = Event::AvailabilityExceptionSet(set.clone());
    given::<Calendar>(std::slice::from_ref(&said)).when(open(Times::Day(set.clone()))).then(&[told]);
    given::<Calendar>(&[]).when(open(Times::Day(set))).refused(Reason::AvailabilityUnclear);
    for unclear in [day("2026-02-30", true, &[]), day("2026-01-05", true, &[(22, 2)])] {
        given::<Calendar>(std::slice::from_ref(&said))
            .when(open(Times::Day(unclear)))
            .refused(Reason::AvailabilityUnclear);
    }
    given::<Calendar>(&[said]).when(open(Times::AsUsual("soon".into()))).refused(Reason::AvailabilityUnclear);
}

#[test]
fn staff_opens_the_calendars_of_its_own_mentors() {
    let staff = |owner: &str| {
        let by = By { at_ms: 0, institution: Some("ou".into()) };
        by.asks(Command::Open { owner: owner.into(), times: Times::Week(week(&[(1, 9, 12)])) })
    };
    given::<Calendar>(&[]).when(staff("ou")).then(&[mondays()]);
    given::<Calendar>(&[]).when(staff("mit")).refused(Reason::NotYourInstitution);
    given::<Calendar>(&[]).when(staff("")).refused(Reason::NotYourInstitution);
}

#[test]
fn nobody_meets_two_at_once_on_whichever_side() {
    let ten = slot("s", 1, Mentor, 10, 60);
    let past = [mondays(), held(&ten)];
    for (start, minutes) in [(10, 60), (10, 15), (9, 75), (9, 180)] {
        let other = slot("t", 1, Mentor, start, minutes);
        given::<Calendar>(&past).when(hold(other.clone())).then(&[refused(&other, SlotRefusal::Taken)]);
        // Who is a mentor here may be a learner there.
        let learns = slot("t", 1, Learner, start, minutes);
        given::<Calendar>(&past).when(hold(learns.clone())).then(&[refused(&learns, SlotRefusal::Taken)]);
    }
    for (start, minutes) in [(9, 60), (11, 60)] {
        let beside = slot("t", 1, Mentor, start, minutes);
        given::<Calendar>(&past).when(hold(beside.clone())).then(&[held(&beside)]);
    }
    // A learner has no availability, only bookings.
    let at_night = slot("t", 1, Learner, 3, 60);
    given::<Calendar>(&[]).when(hold(at_night.clone())).then(&[held(&at_night)]);
}

#[test]
fn a_session_may_move_to_a_time_that_overlaps_its_own() {
    let (ten, half_past) = (slot("s", 1, Mentor, 10, 60), slot("s", 2, Mentor, 9, 90));
    let past = [mondays(), held(&ten)];
    given::<Calendar>(&past).when(hold(half_past.clone())).then(&[held(&half_past)]);
    let past = [mondays(), held(&ten), held(&half_past)];
    let state = given::<Calendar>(&past).when(free("s", (1, 1))).then(&[freed("s", 1)]);
    assert_eq!(state.bookings().collect::<Vec<_>>(), [("s", half_past.span(), Mentor)]);
}

#[test]
fn what_is_freed_can_be_taken() {
    let (ten, other) = (slot("s", 1, Mentor, 10, 60), slot("t", 1, Mentor, 10, 60));
    let past = [mondays(), held(&ten), freed("s", 1)];
    given::<Calendar>(&past).when(hold(other.clone())).then(&[held(&other)]);
    given::<Calendar>(&past).when(free("s", (1, 9))).nothing();
    given::<Calendar>(&past).when(free("t", (1, 9))).nothing();
    // A request that comes late holds nothing: it was answered, and its answer is over.
    given::<Calendar>(&past).when(hold(ten.clone())).nothing();
    let past = [mondays(), held(&ten), held(&slot("s", 2, Mentor, 9, 60))];
    given::<Calendar>(&past).when(free("s", (1, 2))).then(&[freed("s", 1), freed("s", 2)]);
}

#[test]
fn a_refusal_is_said_once() {
    let ten = slot("s", 1, Mentor, 10, 60);
    let past = [refused(&ten, SlotRefusal::OutsideAvailability), mondays()];
    given::<Calendar>(&past).when(hold(ten)).nothing();
    let again = slot("s", 2, Mentor, 10, 60);
    given::<Calendar>(&past).when(hold(again.clone())).then(&[held(&again)]);
}

#[test]
fn who_is_barred_is_never_met() {
    let ten = slot("s", 1, Mentor, 10, 60);
    let barred = Event::LearnerBarred(LearnerBarred { learner_id: "ada".into() });
    let bar = || by_itself(Command::Bar { learner_id: "ada".into() });
    given::<Calendar>(&[]).when(bar()).then(std::slice::from_ref(&barred));
    let past = [mondays(), barred];
    given::<Calendar>(&past).when(hold(ten.clone())).then(&[refused(&ten, SlotRefusal::Barred)]);
    let bob = Slot { learner_id: "bob".into(), ..ten };
    given::<Calendar>(&past).when(hold(bob.clone())).then(&[held(&bob)]);
}

fn any_command() -> impl Strategy<Value = Asked<Command>> {
    (0..12, 0..4_usize, 1..4_u32, 6..14_i64, 1..6_u32).prop_map(|(sort, who, round, hour, quarters)| {
        let session = ["a", "b", "c", "d"][who];
        let side = if quarters % 2 == 0 { Learner } else { Mentor };
        let learner_id = ["ada", "bob"][who % 2].to_owned();
        match sort {
            0 => open(Times::Week(week(&[(1, 6, 8 + quarters)]))),
            1 => open(Times::Day(day("2026-01-05", who == 0, &[(9, 9 + quarters)]))),
            2 => open(Times::AsUsual("2026-01-05".into())),
            3 if who == 0 => by_itself(Command::Bar { learner_id }),
            3..=4 => free(session, (1, round)),
            _ => {
                let start_ms = MONDAY + hour * HOUR + i64::from(round) * 20 * MINUTE_MS;
                let slot = Slot { learner_id, start_ms, ..slot(session, round, side, hour, quarters * 15) };
                hold(slot)
            }
        }
    })
}

#[test]
fn laws_hold() {
    laws::hold::<Calendar>(any_command(), |it| {
        let all: Vec<_> = it.bookings().collect();
        for (n, (session, span, _)) in all.iter().enumerate() {
            let mut others = all[..n].iter().filter(|(other, ..)| other != session);
            if others.any(|(_, other, _)| availability::overlap(*span, *other)) {
                return Err("two bookings of one person overlap".into());
            }
        }
        Ok(())
    });
}

#[test]
fn every_booking_of_a_mentor_lies_in_the_availability_that_there_was() {
    let booked = std::cell::Cell::new(0);
    let outcome = TestRunner::new(laws::config()).run(&vec(any_command(), 1..48), |history| {
        let mut state = Calendar::default();
        for command in history {
            for event in state.decide(&command).unwrap_or_default() {
                if let Event::SlotHeld(it) = &event
                    && it.side() == Mentor
                {
                    let (from, until) = span(it.start_ms, it.minutes);
                    let open = state.availability.open((from - 24 * HOUR, until + 24 * HOUR));
                    let lies_within = open.iter().any(|it| it.0 <= from && until <= it.1);
                    proptest::prop_assert!(lies_within, "{:?} of {:?} in {:?}", event, command, state);
                    booked.set(booked.get() + 1);
                }
                state.evolve(&event);
            }
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(booked.get() > 100, "only {} bookings of mentors", booked.get());
}
