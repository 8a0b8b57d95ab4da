//! The rules of consent as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn give(scopes: &[ConsentScope]) -> Command {
    Command::Give { scopes: scopes.to_vec(), wording: "v1".into() }
}

fn given_event(scopes: &[ConsentScope]) -> Event {
    let scopes = scopes.iter().map(|it| *it as i32).collect();
    Event::ConsentGiven(ConsentGiven { scopes, wording: "v1".into() })
}

fn taken_back(scopes: &[ConsentScope]) -> Event {
    Event::ConsentWithdrawn(ConsentWithdrawn { scopes: scopes.iter().map(|it| *it as i32).collect() })
}

#[test]
fn only_what_is_new_is_given() {
    use ConsentScope::{Email, Name, Results};
    given::<Consent>(&[]).when(give(&[Name, Email, Name])).then(&[given_event(&[Name, Email])]);
    given::<Consent>(&[given_event(&[Name])]).when(give(&[Results, Name])).then(&[given_event(&[Results])]);
    given::<Consent>(&[given_event(&[Name])]).when(give(&[Name])).nothing();
}

#[test]
fn what_is_taken_back_is_gone() {
    use ConsentScope::{Email, Name};
    let past = [given_event(&[Name, Email])];
    given::<Consent>(&past).when(Command::Withdraw { scopes: vec![Email] }).then(&[taken_back(&[Email])]);
    given::<Consent>(&past).when(Command::Withdraw { scopes: vec![] }).then(&[taken_back(&[Name, Email])]);
    given::<Consent>(&[]).when(Command::Withdraw { scopes: vec![] }).nothing();
}

fn any_scopes() -> impl Strategy<Value = Vec<ConsentScope>> {
    let one = (0..4_i32).prop_map(|it| ConsentScope::try_from(it).unwrap());
    proptest::collection::vec(one, 0..4)
}

#[test]
fn nothing_unspecified_is_ever_consented_to() {
    let any_command = prop_oneof![
        any_scopes().prop_map(|scopes| give(&scopes)),
        any_scopes().prop_map(|scopes| Command::Withdraw { scopes }),
    ];
    laws::hold::<Consent>(any_command, |it| {
        if it.scopes.contains(&0) { Err("consent to nothing in particular".to_owned()) } else { Ok(()) }
    });
}
