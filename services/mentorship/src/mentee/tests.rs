//! The rules of what a learner wants as sentences, and their laws on random histories.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_kit::By;
use studium_testkit::{given, laws};

fn speaks(language: &str) -> MenteeDescribed {
    MenteeDescribed { languages: vec![language.into()], ..MenteeDescribed::default() }
}

fn describe(language: &str) -> Asked<Command> {
    By::platform(0).asks(Command::Describe(speaks(language)))
}

#[test]
fn what_is_said_last_holds() {
    given::<Mentee>(&[]).when(describe("en")).then(&[Event::MenteeDescribed(speaks("en"))]);
    given::<Mentee>(&[Event::MenteeDescribed(speaks("en"))])
        .when(describe("pt"))
        .then(&[Event::MenteeDescribed(speaks("pt"))]);
}

#[test]
fn laws_hold() {
    let any_command = prop_oneof![Just(describe("en")), Just(describe("pt"))];
    // What is wanted was said as a whole: nothing of it is left over from before.
    laws::hold::<Mentee>(any_command, |it| {
        let said = it.profile.languages.first().map(|language| speaks(language));
        if said.as_ref() == Some(&it.profile) { Ok(()) } else { Err("mixed with what was said before".to_owned()) }
    });
}

proptest! {
    #![proptest_config(laws::config())]

    /// Whatever was said before, what is said last holds.
    #[test]
    fn what_is_said_last_holds_after_any_past(history in proptest::collection::vec(0..3_usize, 1..20)) {
        let mut mentee = Mentee::default();
        for language in history.into_iter().map(|it| ["en", "pt", "ko"][it]) {
            for event in mentee.decide(&describe(language)).unwrap() {
                mentee.evolve(&event);
            }
            prop_assert_eq!(&mentee.profile, &speaks(language));
        }
    }
}
