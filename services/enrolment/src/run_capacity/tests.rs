//! The rules of a run's seats as sentences, its laws on random histories, and scripted crossings.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use studium_testkit::{given, laws};

fn opened(capacity: u32, waiting_list: bool) -> Event {
    Event::CapacityOpened(CapacityOpened { capacity, waiting_list })
}

fn changed(capacity: u32, waiting_list: bool) -> Event {
    Event::CapacityChanged(CapacityChanged { capacity, waiting_list })
}

fn reserved(learner: &str, promoted: bool) -> Event {
    Event::SeatReserved(SeatReserved { learner_id: learner.into(), round: 1, promoted })
}

fn confirmed(learner: &str) -> Event {
    Event::SeatConfirmed(SeatConfirmed { learner_id: learner.into(), round: 1 })
}

fn waitlisted(learner: &str) -> Event {
    Event::SeatWaitlisted(SeatWaitlisted { learner_id: learner.into(), round: 1 })
}

fn refused(learner: &str, cause: EndCause) -> Event {
    Event::SeatRefused(SeatRefused { learner_id: learner.into(), round: 1, cause: cause as i32 })
}

fn released(learner: &str, place: SeatPlace) -> Event {
    Event::SeatReleased(SeatReleased { learner_id: learner.into(), round: 1, place: place as i32 })
}

fn reserve(learner: &str, round: u32) -> Command {
    Command::Reserve { learner_id: learner.into(), round, capacity: 1, waiting_list: true }
}

fn release(learner: &str, round: u32) -> Command {
    Command::Release { learner_id: learner.into(), round }
}

#[test]
fn the_first_request_opens_with_what_it_knows() {
    given::<RunCapacity>(&[]).when(reserve("ada", 1)).then(&[opened(1, true), reserved("ada", false)]);
    given::<RunCapacity>(&[opened(2, false), reserved("ada", false)])
        .when(reserve("bob", 1))
        .then(&[reserved("bob", false)]);
}

#[test]
fn unlimited_seats_are_not_counted() {
    given::<RunCapacity>(&[]).when(Command::SetCapacity { capacity: 0, waiting_list: true }).nothing();
    given::<RunCapacity>(&[]).when(Command::SetCapacity { capacity: 3, waiting_list: true }).then(&[opened(3, true)]);
}

#[test]
fn who_finds_no_seat_waits_or_is_refused() {
    let full = [opened(1, true), reserved("ada", false)];
    given::<RunCapacity>(&full).when(reserve("bob", 1)).then(&[waitlisted("bob")]);
    let strict = [opened(1, false), reserved("ada", false)];
    given::<RunCapacity>(&strict).when(reserve("bob", 1)).then_once(&[refused("bob", EndCause::RunFull)]);
}

#[test]
fn nobody_overtakes_the_line() {
    // A seat that was freed while the capacity was being lowered is no seat for newcomers.
    let past = [opened(2, true), reserved("ada", false), reserved("bob", false), waitlisted("cyd"), changed(1, true)];
    given::<RunCapacity>(&past).when(release("ada", 1)).then(&[released("ada", SeatPlace::Reserved)]);
    let past = [opened(1, true), waitlisted("cyd")];
    given::<RunCapacity>(&past).when(reserve("dan", 1)).then(&[waitlisted("dan")]);
}

#[test]
fn a_freed_seat_goes_to_the_first_in_line() {
    let past = [opened(1, true), reserved("ada", false), confirmed("ada"), waitlisted("bob"), waitlisted("cyd")];
    given::<RunCapacity>(&past)
        .when(release("ada", 1))
        .then(&[released("ada", SeatPlace::Confirmed), reserved("bob", true)]);
    given::<RunCapacity>(&past).when(release("bob", 1)).then(&[released("bob", SeatPlace::Waiting)]);
    given::<RunCapacity>(&past).when(release("eve", 1)).nothing();
    given::<RunCapacity>(&past).when(release("ada", 2)).nothing();
}

#[test]
fn a_seat_is_confirmed_for_its_own_request() {
    let past = [opened(1, true), reserved("ada", false)];
    let confirm = |round| Command::Confirm { learner_id: "ada".into(), round };
    given::<RunCapacity>(&past).when(confirm(1)).then(&[confirmed("ada")]);
    given::<RunCapacity>(&past).when(confirm(2)).nothing();
    given::<RunCapacity>(&[]).when(confirm(1)).refused(Reason::CapacityNotOpen);
}

#[test]
fn a_later_request_takes_the_place_along() {
    let again = Event::SeatReserved(SeatReserved { learner_id: "ada".into(), round: 2, promoted: false });
    let past = [opened(1, true), reserved("ada", false), confirmed("ada")];
    let state = given::<RunCapacity>(&past).when(reserve("ada", 2)).then(&[again]);
    assert_eq!((state.reserved(), state.confirmed()), (1, 0));
    let line = [opened(1, true), reserved("ada", false), waitlisted("bob"), waitlisted("cyd")];
    let again = Event::SeatWaitlisted(SeatWaitlisted { learner_id: "bob".into(), round: 2 });
    let state = given::<RunCapacity>(&line).when(reserve("bob", 2)).then(&[again]);
    assert_eq!(state.line.front().unwrap().0, "bob");
    given::<RunCapacity>(&line).when(reserve("bob", 1)).nothing();
}

#[test]
fn more_seats_empty_the_line_in_order() {
    let past = [opened(1, true), reserved("ada", false), waitlisted("bob"), waitlisted("cyd"), waitlisted("dan")];
    given::<RunCapacity>(&past).when(Command::SetCapacity { capacity: 3, waiting_list: true }).then(&[
        changed(3, true),
        reserved("bob", true),
        reserved("cyd", true),
    ]);
    given::<RunCapacity>(&past).when(Command::SetCapacity { capacity: 0, waiting_list: true }).then(&[
        changed(0, true),
        reserved("bob", true),
        reserved("cyd", true),
        reserved("dan", true),
    ]);
}

#[test]
fn fewer_seats_take_nobody_off() {
    let past = [opened(2, true), reserved("ada", false), reserved("bob", false)];
    let state = given::<RunCapacity>(&past)
        .when(Command::SetCapacity { capacity: 1, waiting_list: true })
        .then(&[changed(1, true)]);
    assert_eq!((state.taken(), state.ceiling), (2, 2));
}

#[test]
fn a_closed_run_gives_nothing_out() {
    let past = [opened(1, true), reserved("ada", false), waitlisted("bob")];
    let closed = Event::CapacityClosed(CapacityClosed { cause: EndCause::RunCancelled as i32 });
    given::<RunCapacity>(&past)
        .when(Command::Close { cause: EndCause::RunCancelled })
        .then(&[refused("bob", EndCause::RunCancelled), closed.clone()]);
    let past = [opened(2, true), reserved("ada", false), closed];
    given::<RunCapacity>(&past).when(reserve("cyd", 1)).then_once(&[refused("cyd", EndCause::RunCancelled)]);
    given::<RunCapacity>(&past).when(Command::SetCapacity { capacity: 9, waiting_list: true }).nothing();
    given::<RunCapacity>(&past).when(release("ada", 1)).then(&[released("ada", SeatPlace::Reserved)]);
}

fn any_command() -> impl Strategy<Value = Command> {
    let who = || (0..6_u8, 1..4_u32).prop_map(|(n, round)| (format!("l{n}"), round));
    prop_oneof![
        2 => (0..4_u32, any::<bool>())
            .prop_map(|(capacity, waiting_list)| Command::SetCapacity { capacity, waiting_list }),
        6 => (who(), 1..4_u32, any::<bool>()).prop_map(|((learner_id, round), capacity, waiting_list)| {
            Command::Reserve { learner_id, round, capacity, waiting_list }
        }),
        4 => who().prop_map(|(learner_id, round)| Command::Confirm { learner_id, round }),
        4 => who().prop_map(|(learner_id, round)| Command::Release { learner_id, round }),
        1 => Just(Command::Close { cause: EndCause::RunCancelled }),
    ]
}

#[test]
fn reserved_and_confirmed_never_exceed_capacity() {
    // Who is refused may ask again and is told again.
    let asks_again = |it: &Command| matches!(it, Command::Reserve { .. });
    laws::hold_except::<RunCapacity>(
        any_command(),
        |it| {
            let truly_confirmed = it.seats.values().filter(|(_, confirmed)| *confirmed).count() as u32;
            let twice = it.line.iter().any(|(learner, _)| it.seats.contains_key(learner));
            let rules = [
                (
                    it.capacity == 0 || it.reserved() + it.confirmed() <= it.ceiling,
                    "more seats are taken than there are",
                ),
                (it.confirmed == truly_confirmed, "confirmed seats are miscounted"),
                (!twice, "somebody holds a seat and stands in line"),
            ];
            rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken.to_owned()))
        },
        asks_again,
    );
}

proptest! {
    #![proptest_config(laws::config())]

    /// Everybody who asked and did not leave holds a seat, stands in line, or was told no.
    #[test]
    fn nobody_is_lost(history in proptest::collection::vec(any_command(), 1..64)) {
        let mut state = RunCapacity::default();
        let mut standing: BTreeMap<String, &str> = BTreeMap::new();
        for command in &history {
            for event in state.decide(command).unwrap_or_default() {
                state.evolve(&event);
                let _ = match &event {
                    Event::SeatReserved(it) => standing.insert(it.learner_id.clone(), "seat"),
                    Event::SeatWaitlisted(it) => standing.insert(it.learner_id.clone(), "line"),
                    Event::SeatRefused(it) => standing.remove(&it.learner_id),
                    Event::SeatReleased(it) => standing.remove(&it.learner_id),
                    _ => None,
                };
            }
            let count = |what| standing.values().filter(|it| **it == what).count() as u32;
            prop_assert_eq!(count("seat"), state.reserved() + state.confirmed());
            prop_assert_eq!(count("line"), state.waiting());
            let idle = state.capacity > 0 && state.taken() < state.capacity && !state.is_closed();
            prop_assert!(!idle || state.line.is_empty(), "a seat is free while somebody waits");
        }
    }
}
