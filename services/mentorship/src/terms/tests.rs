//! The rules of a programme's numbers as sentences, and their laws on random histories.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_kit::By;
use studium_testkit::{given, laws};

fn numbers(proposal_minutes: u32) -> TermsSet {
    TermsSet { proposal_minutes, ..TermsSet::default() }
}

fn set(proposal_minutes: u32) -> Asked<Command> {
    By::platform(0).asks(Command::Set(numbers(proposal_minutes)))
}

#[test]
fn what_is_set_last_holds() {
    given::<Terms>(&[]).when(set(60)).then(&[Event::TermsSet(numbers(60))]);
    given::<Terms>(&[Event::TermsSet(numbers(60))]).when(set(90)).then(&[Event::TermsSet(numbers(90))]);
    // Nothing but defaults is what holds anyway.
    given::<Terms>(&[]).when(set(0)).nothing();
}

#[test]
fn laws_hold() {
    let any_command = (0..3_u32).prop_map(set);
    // What holds was set as a whole: nothing of it is left over from before.
    laws::hold::<Terms>(any_command, |it| {
        if it.set == numbers(it.set.proposal_minutes) { Ok(()) } else { Err("mixed with what held before".to_owned()) }
    });
}

proptest! {
    #![proptest_config(laws::config())]

    /// Whatever was set before, what is set last holds, and is said in full.
    #[test]
    fn what_is_set_last_holds_after_any_past(history in proptest::collection::vec(0..3_u32, 1..20)) {
        let mut terms = Terms::default();
        for minutes in history {
            for event in terms.decide(&set(minutes)).unwrap() {
                prop_assert_eq!(&event, &Event::TermsSet(numbers(minutes)));
                terms.evolve(&event);
            }
            prop_assert_eq!(&terms.set, &numbers(minutes));
        }
    }
}
