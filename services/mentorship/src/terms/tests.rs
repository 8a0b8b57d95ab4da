//! The rules of a programme's numbers as sentences, and their laws on random histories.

use super::*;
use crate::by::By;
use proptest::prelude::*;
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
    laws::hold::<Terms>(
        any_command,
        |it| {
            if it.set.proposal_minutes < 3 { Ok(()) } else { Err("never set".to_owned()) }
        },
    );
}
