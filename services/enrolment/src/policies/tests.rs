//! Enrolments and the run's seats talk by policies, each in its own time: whatever crosses, no seat is given twice.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::run_capacity::Command as SeatCommand;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};
use studium_kit::Decider as _;
use studium_proto::enrolment::v1::{EnrolmentMode, EnrolmentSource};
use studium_testkit::laws;

/// One run and its learners; what was said and not heard yet stands in two queues, in order.
#[derive(Default)]
struct World {
    enrolments: BTreeMap<String, Enrolment>,
    seats: RunCapacity,
    to_seats: VecDeque<(String, EnrolmentEvent)>,
    to_enrolments: VecDeque<SeatEvent>,
    capacity: u32,
}

/// What can happen next.
#[derive(Debug, Clone)]
enum Step {
    /// Somebody asks an enrolment for something.
    Ask(String, Box<Act>),
    /// The run hears the next event of an enrolment.
    RunHears,
    /// An enrolment hears the next event of the run.
    EnrolmentHears,
}

impl World {
    fn ask(&mut self, id: &str, act: Act) {
        let command = enrolment::Command { by: by_itself(1), act };
        let state = self.enrolments.entry(id.to_owned()).or_default();
        // A refusal changes nothing.
        for event in state.decide(&command).unwrap_or_default() {
            state.evolve(&event);
            self.to_seats.push_back((id.to_owned(), event));
        }
    }

    fn tell_seats(&mut self, command: &SeatCommand) {
        for event in self.seats.decide(command).unwrap_or_default() {
            self.seats.evolve(&event);
            self.to_enrolments.push_back(event);
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(learner, act) => self.ask(&format!("run~{learner}"), act.as_ref().clone()),
            Step::RunHears => {
                let Some((id, event)) = self.to_seats.pop_front() else { return };
                for it in SeatsFollowEnrolments.react(&id, &event, 1) {
                    self.tell_seats(&it.command);
                }
            }
            Step::EnrolmentHears => {
                let Some(event) = self.to_enrolments.pop_front() else { return };
                for it in EnrolmentsFollowSeats.react("run", &event, 1) {
                    self.ask(&it.id, it.command.act);
                }
            }
        }
    }

    fn in_state(&self, state: EnrolmentState) -> u32 {
        self.enrolments.values().filter(|it| it.state() == state).count() as u32
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let taken = self.seats.reserved() + self.seats.confirmed();
        prop_assert!(taken <= self.capacity, "{taken} seats of {} are taken", self.capacity);
        let active = self.in_state(EnrolmentState::Active);
        prop_assert!(active <= self.capacity, "{active} learners are active on {} seats", self.capacity);
        Ok(())
    }
}

fn any_step(capacity: u32) -> impl Strategy<Value = Step> {
    let offer = Offer { status: RunStatus::Open, capacity, waiting_list: true, ..Offer::default() };
    let (source, mode) = (EnrolmentSource::Staff, EnrolmentMode::Certificate);
    let terms = Terms { source, mode, ..Terms::default() };
    let act = prop_oneof![
        5 => Just(Act::Enrol { offer: offer.clone(), terms, override_reason: String::new() }),
        3 => Just(Act::Withdraw { cause: EndCause::Unspecified, reason: "why".into() }),
        2 => any::<bool>().prop_map(|release_seat| Act::Suspend { reason: "why".into(), release_seat }),
        2 => Just(Act::Reinstate { offer, reason: "why".into() }),
    ];
    prop_oneof![
        3 => ((0..4_u8).prop_map(|n| format!("l{n}")), act).prop_map(|(learner, act)| Step::Ask(learner, Box::new(act))),
        3 => Just(Step::RunHears),
        3 => Just(Step::EnrolmentHears),
    ]
}

fn any_history() -> impl Strategy<Value = (u32, Vec<Step>)> {
    (1..4_u32).prop_flat_map(|capacity| (Just(capacity), proptest::collection::vec(any_step(capacity), 1..80)))
}

proptest! {
    #![proptest_config(laws::config())]

    /// The capacity law holds at every moment, and when all is heard both sides agree and no seat is idle.
    #[test]
    fn no_seat_is_given_twice((capacity, history) in any_history()) {
        let mut world = World { capacity, ..World::default() };
        for step in &history {
            world.step(step);
            world.check()?;
        }
        while !(world.to_seats.is_empty() && world.to_enrolments.is_empty()) {
            world.step(&Step::RunHears);
            world.step(&Step::EnrolmentHears);
            world.check()?;
        }
        prop_assert_eq!(world.in_state(EnrolmentState::Requested), 0, "somebody waits for an answer for ever");
        prop_assert_eq!(world.in_state(EnrolmentState::Waitlisted), world.seats.waiting());
        let taken = world.seats.reserved() + world.seats.confirmed();
        let occupied = world.enrolments.values().filter(|it| it.occupies_seat()).count() as u32;
        prop_assert_eq!(taken, occupied, "the run and its enrolments disagree on who sits");
        prop_assert!(world.seats.waiting() == 0 || taken == capacity, "a seat is free while somebody waits");
    }
}

/// Leaves and comes back before the run has answered the first request: the first answer must not count.
#[test]
fn an_answer_that_crosses_a_withdrawal_does_not_count() {
    let offer = Offer { status: RunStatus::Open, capacity: 1, waiting_list: true, ..Offer::default() };
    let terms = Terms { source: EnrolmentSource::Staff, mode: EnrolmentMode::Certificate, ..Terms::default() };
    let enrol = Act::Enrol { offer, terms, override_reason: String::new() };
    let leave = Act::Withdraw { cause: EndCause::Unspecified, reason: "why".into() };
    let mut world = World { capacity: 1, ..World::default() };
    let ask = |who: &str, act: &Act| Step::Ask(who.into(), Box::new(act.clone()));
    world.step(&ask("ada", &enrol));
    world.step(&Step::RunHears);
    // The seat is Ada's by now, but she has not heard of it when she leaves; Bob asks in between.
    world.step(&ask("ada", &leave));
    world.step(&ask("bob", &enrol));
    world.step(&ask("ada", &enrol));
    world.step(&Step::EnrolmentHears);
    assert_eq!(world.enrolments["run~ada"].state(), EnrolmentState::Requested);
    for _ in 0..20 {
        world.step(&Step::RunHears);
        world.step(&Step::EnrolmentHears);
    }
    assert_eq!(world.enrolments["run~bob"].state(), EnrolmentState::Active);
    assert_eq!(world.enrolments["run~ada"].state(), EnrolmentState::Waitlisted);
}
