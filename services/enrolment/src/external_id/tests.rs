//! The rules of an external id as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn claim(learner: &str) -> Command {
    Command::Claim { learner_id: learner.into() }
}

fn release(learner: &str) -> Command {
    Command::Release { learner_id: learner.into() }
}

fn claimed(learner: &str) -> Event {
    Event::ExternalIdClaimed(ExternalIdClaimed { learner_id: learner.into() })
}

fn released(learner: &str) -> Event {
    Event::ExternalIdReleased(ExternalIdReleased { learner_id: learner.into() })
}

#[test]
fn an_id_is_one_learners_at_a_time() {
    given::<ExternalId>(&[]).when(claim("ada")).then(&[claimed("ada")]);
    given::<ExternalId>(&[claimed("ada")]).when(claim("bob")).refused(Reason::ExternalIdTaken);
    given::<ExternalId>(&[claimed("ada"), released("ada")]).when(claim("bob")).then(&[claimed("bob")]);
}

#[test]
fn only_its_learner_lets_go_of_it() {
    given::<ExternalId>(&[claimed("ada")]).when(release("ada")).then(&[released("ada")]);
    given::<ExternalId>(&[claimed("ada")]).when(release("bob")).nothing();
    given::<ExternalId>(&[]).when(release("ada")).nothing();
}

#[test]
fn laws_hold() {
    let who = || prop_oneof![Just("ada"), Just("bob")];
    laws::hold::<ExternalId>(prop_oneof![who().prop_map(claim), who().prop_map(release)], |_| Ok(()));
}
