//! Each law is shown once to be kept, and once to catch a decider that breaks it.

use super::*;
use crate::given::tests::counter::{Add, Added, Counter, Full};
use proptest::prelude::{Just, any};
use std::sync::atomic::{AtomicU32, Ordering};
use studium_core::{Decider, Decision, Reason};

fn any_command() -> impl Strategy<Value = Add> {
    (0..20_u8).prop_map(|item| Add { item, loud: false })
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of an invariant")]
fn any_way(_: &impl Debug) -> Result<(), String> {
    Ok(())
}

#[test]
fn a_lawful_decider_keeps_the_laws() {
    hold::<Counter>(any_command(), |it| if it.items.len() <= 10 { Ok(()) } else { Err("more than ten".to_owned()) });
}

#[test]
#[should_panic(expected = "nine at most")]
fn a_broken_invariant_is_found() {
    hold::<Counter>(any_command(), |it| if it.items.len() <= 9 { Ok(()) } else { Err("nine at most".to_owned()) });
}

#[test]
#[should_panic(expected = "said twice")]
fn a_command_that_happens_twice_is_found() {
    hold::<Counter>((0..20_u8, any::<bool>()).prop_map(|(item, loud)| Add { item, loud }), any_way);
}

#[test]
fn a_command_that_means_something_new_is_let_through() {
    hold_except::<Counter>((0..20_u8, any::<bool>()).prop_map(|(item, loud)| Add { item, loud }), any_way, |it| {
        it.loud
    });
}

/// A counter with one of four faults.
#[derive(Debug, Clone, Default)]
struct Faulty<const FAULT: u8>(Counter);

static MOOD: AtomicU32 = AtomicU32::new(0);
static REMEMBERED: AtomicU32 = AtomicU32::new(0);

impl<const FAULT: u8> Decider for Faulty<FAULT> {
    type Command = Add;
    type Event = Added;
    type Reason = Full;

    fn decide(&self, command: &Add) -> Decision<Self> {
        match FAULT {
            0 if MOOD.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) => Full.because("moody"),
            3 => Full.because("never"),
            _ => self.0.decide(command),
        }
    }

    fn evolve(&mut self, event: &Added) {
        self.0.evolve(event);
        match FAULT {
            1 => self.0.evolved = REMEMBERED.fetch_add(1, Ordering::Relaxed),
            2 => assert_eq!(self.0.evolved as usize, self.0.items.len(), "an event came twice"),
            _ => {}
        }
    }
}

#[test]
#[should_panic(expected = "decided in two ways")]
fn a_decision_that_is_no_function_is_found() {
    hold::<Faulty<0>>(any_command(), any_way);
}

#[test]
#[should_panic(expected = "replaying the past gives another state")]
fn a_state_that_is_more_than_its_past_is_found() {
    hold::<Faulty<1>>(any_command(), any_way);
}

#[test]
#[should_panic(expected = "an event came twice")]
fn an_evolve_that_panics_is_found() {
    hold::<Faulty<2>>(any_command(), any_way);
}

#[test]
#[should_panic(expected = "check nothing")]
fn histories_in_which_nothing_happens_are_found() {
    hold::<Faulty<3>>(Just(Add { item: 1, loud: false }), any_way);
}
