//! What a campus says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
    strategy::Just,
};
use studium_testkit::{given, laws};

fn registered() -> Event {
    Event::CampusRegistered(CampusRegistered { name: "Open University".into() })
}

fn register(authorised: bool) -> Command {
    Command::Register { name: "Open University".into(), authorised }
}

fn trial(plan: &str) -> TrialStarted {
    TrialStarted { agreement_id: "a".into(), plan_id: plan.into(), seats: 20, ends_at_ms: 9, ..TrialStarted::default() }
}

#[test]
fn only_an_authorised_institution_becomes_a_campus() {
    given::<Campus>(&[]).when(register(true)).then(&[registered()]);
    given::<Campus>(&[]).when(register(false)).refused(Reason::CampusNotAuthorised);
    given::<Campus>(&[registered()]).when(register(false)).nothing();
    let other = Command::Register { name: "Another".into(), authorised: true };
    given::<Campus>(&[registered()]).when(other).refused(Reason::CampusExists);
}

#[test]
fn people_act_for_it_until_they_do_not() {
    let person_id = "ann".to_owned();
    let added = Event::AdministratorAdded(AdministratorAdded { person_id: person_id.clone() });
    let removed = Event::AdministratorRemoved(AdministratorRemoved { person_id: person_id.clone() });
    let add = Command::AddAdministrator { person_id: person_id.clone() };
    let remove = Command::RemoveAdministrator { person_id: person_id.clone() };
    given::<Campus>(&[registered()]).when(add.clone()).then(std::slice::from_ref(&added));
    given::<Campus>(&[registered(), added.clone()]).when(remove.clone()).then(std::slice::from_ref(&removed));
    given::<Campus>(&[registered()]).when(remove).nothing();
    given::<Campus>(&[]).when(add).refused(Reason::CampusNotFound);
    let teacher = Event::TeacherAdded(TeacherAdded { person_id: person_id.clone() });
    let gone = Event::TeacherRemoved(TeacherRemoved { person_id: person_id.clone() });
    let add = Command::AddTeacher { person_id: person_id.clone() };
    given::<Campus>(&[registered()]).when(add).then(std::slice::from_ref(&teacher));
    given::<Campus>(&[registered(), teacher]).when(Command::RemoveTeacher { person_id }).then(&[gone]);
}

#[test]
fn domains_are_set_whole() {
    let domains = BTreeSet::from(["open.ac.uk".to_owned()]);
    let set = Event::SsoDomainsSet(SsoDomainsSet { domains: vec!["open.ac.uk".into()] });
    given::<Campus>(&[registered()]).when(Command::SetSsoDomains { domains }).then(&[set]);
}

#[test]
fn a_campus_has_one_trial() {
    let started = Event::TrialStarted(trial("p"));
    given::<Campus>(&[registered()]).when(Command::StartTrial(trial("p"))).then(std::slice::from_ref(&started));
    given::<Campus>(&[registered(), started]).when(Command::StartTrial(trial("q"))).refused(Reason::TrialUsed);
}

#[test]
fn laws_hold() {
    let person = || prop_oneof![Just("ann".to_owned()), Just("bob".to_owned())];
    let any_command = prop_oneof![
        any::<bool>().prop_map(register),
        person().prop_map(|person_id| Command::AddAdministrator { person_id }),
        person().prop_map(|person_id| Command::RemoveAdministrator { person_id }),
        person().prop_map(|person_id| Command::AddTeacher { person_id }),
        person().prop_map(|person_id| Command::RemoveTeacher { person_id }),
        person().prop_map(|it| Command::SetSsoDomains { domains: BTreeSet::from([it]) }),
        person().prop_map(|it| Command::StartTrial(trial(&it))),
    ];
    laws::hold::<Campus>(any_command, |_| Ok(()));
}
