//! The rules of what a learner wants as sentences, and their laws on random histories.

use super::*;
use crate::by::By;
use proptest::prelude::*;
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
    laws::hold::<Mentee>(
        any_command,
        |it| {
            if it.profile.languages.len() == 1 { Ok(()) } else { Err("mixed".to_owned()) }
        },
    );
}
