//! The rules of a learner as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn registered() -> Event {
    Event::LearnerRegistered(LearnerRegistered { name: "Ada".into(), email: "ada@example.org".into() })
}

fn linked(external_id: &str) -> Event {
    Event::ExternalIdLinked(ExternalIdLinked { institution_id: "ou".into(), external_id: external_id.into() })
}

fn unlinked(external_id: &str) -> Event {
    Event::ExternalIdUnlinked(ExternalIdUnlinked { institution_id: "ou".into(), external_id: external_id.into() })
}

fn merged() -> Event {
    Event::LearnerMerged(LearnerMerged { into_learner_id: "bob".into(), reason: "same passport".into() })
}

fn erased() -> Event {
    Event::LearnerErased(LearnerErased { reason: "on request".into() })
}

fn register(name: &str, external_ids: &[&str]) -> Command {
    Command::Register {
        name: name.into(),
        email: "ada@example.org".into(),
        external_ids: external_ids.iter().map(|it| ("ou".into(), (*it).into())).collect(),
    }
}

fn link(external_id: &str) -> Command {
    Command::LinkExternalId { institution_id: "ou".into(), external_id: external_id.into() }
}

fn unlink(external_id: &str) -> Command {
    Command::UnlinkExternalId { institution_id: "ou".into(), external_id: external_id.into() }
}

fn merge(into_learner_id: &str, into: Standing, reason: &str) -> Command {
    Command::Merge {
        from_learner_id: "ada".into(),
        into_learner_id: into_learner_id.into(),
        into,
        reason: reason.into(),
    }
}

fn email(email: &str) -> Command {
    Command::ChangeEmail { email: email.into() }
}

#[test]
fn registers_together_with_external_ids() {
    given::<Learner>(&[]).when(register("Ada", &["7", "8", "7"])).then(&[registered(), linked("7"), linked("8")]);
    given::<Learner>(&[registered(), linked("7")]).when(register("Ada", &["7", "9"])).then(&[linked("9")]);
    given::<Learner>(&[registered()]).when(register("Eve", &[])).refused(Reason::LearnerExists);
}

#[test]
fn external_ids_come_and_go() {
    given::<Learner>(&[registered()]).when(link("7")).then(&[linked("7")]);
    given::<Learner>(&[registered(), linked("7")]).when(unlink("7")).then(&[unlinked("7")]);
    given::<Learner>(&[registered()]).when(unlink("7")).nothing();
    given::<Learner>(&[]).when(link("7")).refused(Reason::LearnerNotFound);
}

#[test]
fn the_address_changes() {
    let changed = Event::EmailChanged(EmailChanged { email: "a@example.org".into() });
    given::<Learner>(&[registered()]).when(email("a@example.org")).then(&[changed]);
    given::<Learner>(&[registered()]).when(email("ada@example.org")).nothing();
}

#[test]
fn two_learners_become_one() {
    given::<Learner>(&[registered()]).when(merge("bob", Standing::Registered, "same passport")).then(&[merged()]);
    let ask = |to: &str, standing, why: &str| given::<Learner>(&[registered()]).when(merge(to, standing, why));
    ask("bob", Standing::Registered, "").refused(Reason::ExplanationRequired);
    ask("ada", Standing::Registered, "why").refused(Reason::SameLearner);
    ask("bob", Standing::Unknown, "why").refused(Reason::LearnerNotFound);
    ask("bob", Standing::Merged, "why").refused(Reason::LearnerMerged);
    ask("bob", Standing::Erased, "why").refused(Reason::LearnerErased);
}

#[test]
fn an_alias_does_nothing_by_itself() {
    let past = [registered(), merged()];
    given::<Learner>(&past).when(link("7")).refused(Reason::LearnerMerged);
    given::<Learner>(&past).when(email("x")).refused(Reason::LearnerMerged);
    given::<Learner>(&past).when(merge("cyd", Standing::Registered, "why")).refused(Reason::LearnerMerged);
    given::<Learner>(&past).when(register("Ada", &[])).refused(Reason::LearnerMerged);
}

#[test]
fn erasing_leaves_no_name() {
    let erase = |reason: &str| Command::Erase { reason: reason.into() };
    let state = given::<Learner>(&[registered(), linked("7")]).when(erase("on request")).then(&[erased()]);
    assert!(!format!("{state:?}").contains("Ada"), "{state:?}");
    assert!(!state.is_known_as("ou", "7"));
    given::<Learner>(&[registered()]).when(erase("")).refused(Reason::ExplanationRequired);
    given::<Learner>(&[]).when(erase("on request")).then(&[erased()]);
    given::<Learner>(&[registered(), merged()]).when(erase("on request")).then(&[erased()]);
    given::<Learner>(&[registered(), erased()]).when(register("Ada", &[])).refused(Reason::LearnerErased);
}

#[test]
fn laws_hold() {
    let number = || prop_oneof![Just("7"), Just("8")];
    let any_command = prop_oneof![
        3 => proptest::collection::vec(number(), 0..3).prop_map(|ids| register("Ada", &ids)),
        2 => number().prop_map(link),
        2 => number().prop_map(unlink),
        2 => number().prop_map(email),
        1 => Just(merge("bob", Standing::Registered, "why")),
        1 => Just(Command::Erase { reason: "on request".into() }),
    ];
    laws::hold::<Learner>(any_command, |it| {
        let holds = it.standing != Standing::Erased || (it.email.is_empty() && it.external_ids.is_empty());
        if holds { Ok(()) } else { Err("erased, and still known".to_owned()) }
    });
}
