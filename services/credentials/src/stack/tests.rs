//! The rules of a stack as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_testkit::{given, laws};

fn ask(command: Command) -> Asked<Command> {
    By::platform(1).asks(command)
}

fn stack(title: &str) -> StackDefined {
    StackDefined {
        stack_id: "s".into(),
        version: 1,
        institution_id: "ou".into(),
        title: title.into(),
        ..StackDefined::default()
    }
}

fn defined() -> Event {
    Event::StackDefined(stack("Data"))
}

fn define(title: &str) -> Command {
    Command::Define(Box::new(stack(title)))
}

fn approve() -> Command {
    Command::Approve { approved_by: "eve".into() }
}

fn approved() -> Event {
    Event::StackApproved(StackApproved { approved_by: "eve".into(), institution_id: "ou".into() })
}

fn retire() -> Command {
    Command::Retire { reason: "old".into() }
}

fn retired() -> Event {
    Event::StackRetired(StackRetired { reason: "old".into() })
}

#[test]
fn it_changes_until_it_is_approved() {
    given::<Stack>(&[]).when(ask(define("Data"))).then(&[defined()]);
    let other = Event::StackDefined(stack("More data"));
    given::<Stack>(&[defined()]).when(ask(define("More data"))).then(&[other]);
    given::<Stack>(&[defined()]).when(ask(approve())).then(&[approved()]);
    given::<Stack>(&[defined(), approved()]).when(ask(define("More data"))).refused(Reason::StackApproved);
    given::<Stack>(&[]).when(ask(approve())).refused(Reason::StackNotFound);
}

#[test]
fn it_is_closed_for_good_with_a_reason() {
    given::<Stack>(&[defined(), approved()]).when(ask(retire())).then(&[retired()]);
    let silent = Command::Retire { reason: " ".into() };
    given::<Stack>(&[defined()]).when(ask(silent)).refused(Reason::Required);
    let past = [defined(), approved(), retired()];
    given::<Stack>(&past).when(ask(approve())).refused(Reason::StackRetired);
    given::<Stack>(&past).when(ask(define("More data"))).refused(Reason::StackRetired);
}

#[test]
fn only_its_institution_touches_it() {
    let mit = |command| By { at_ms: 1, institution: Some("mit".into()) }.asks(command);
    given::<Stack>(&[]).when(mit(define("Data"))).refused(Reason::NotYourInstitution);
    for command in [define("More data"), approve(), retire()] {
        given::<Stack>(&[defined()]).when(mit(command)).refused(Reason::NotYourInstitution);
    }
}

#[test]
fn what_is_open_for_learners_is_defined() {
    let any = prop_oneof![Just(define("Data")), Just(define("More data")), Just(approve()), Just(retire())];
    laws::hold::<Stack>(any.prop_map(ask), |it| match it.definition {
        None => Err(format!("{:?} and not defined", it.state)),
        Some(_) => Ok(()),
    });
}
