//! The rules of institutions as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn register(name: &str, country: &str) -> Command {
    Command::Register { name: name.into(), country: country.into() }
}

fn listed(name: &str) -> Command {
    Command::RegisterListed { name: name.into() }
}

fn rename(name: &str) -> Command {
    Command::Rename { name: name.into() }
}

fn registered(name: &str, country: &str) -> Event {
    Event::InstitutionRegistered(InstitutionRegistered { name: name.into(), country: country.into() })
}

fn renamed(name: &str) -> Event {
    Event::InstitutionRenamed(InstitutionRenamed { name: name.into() })
}

fn authorised(authority: Authority) -> Event {
    Event::InstitutionAuthorised(InstitutionAuthorised { authority: authority.into() })
}

#[test]
fn an_id_is_one_institution() {
    given::<Institution>(&[]).when(register("Open University", "GB")).then(&[registered("Open University", "GB")]);
    let past = [registered("Open University", "GB")];
    given::<Institution>(&past).when(register("Another", "GB")).refused(Reason::InstitutionExists);
    given::<Institution>(&past).when(register("Open University", "FR")).refused(Reason::InstitutionExists);
    given::<Institution>(&[]).when(rename("Nobody")).refused(Reason::InstitutionNotFound);
}

#[test]
fn a_listing_knows_it_by_any_name_it_had() {
    given::<Institution>(&[]).when(listed("Facebook")).then(&[registered("Facebook", "")]);
    let past = [registered("Facebook", "US"), renamed("Meta")];
    given::<Institution>(&past).when(listed("Facebook")).nothing();
    given::<Institution>(&past).when(listed("Meta")).nothing();
    given::<Institution>(&past).when(listed("Another")).refused(Reason::InstitutionExists);
}

#[test]
fn what_it_is_changes() {
    let past = [registered("Open University", "")];
    given::<Institution>(&past).when(rename("The Open University")).then(&[renamed("The Open University")]);
    let country = InstitutionCountrySet { country: "GB".into() };
    given::<Institution>(&past)
        .when(Command::SetCountry { country: "GB".into() })
        .then(&[Event::InstitutionCountrySet(country)]);
}

#[test]
fn what_it_may_do_is_given_and_taken() {
    let past = [registered("Open University", "GB")];
    let campus = given::<Institution>(&past)
        .when(Command::Authorise { authority: Authority::Campus })
        .then(&[authorised(Authority::Campus)]);
    assert!(campus.is_campus());
    let withdraw = Command::WithdrawAuthorisation { authority: Authority::Campus, reason: "contract ended".into() };
    let withdrawn =
        InstitutionAuthorisationWithdrawn { authority: Authority::Campus.into(), reason: "contract ended".into() };
    let past = [registered("Open University", "GB"), authorised(Authority::Campus)];
    let former =
        given::<Institution>(&past).when(withdraw.clone()).then(&[Event::InstitutionAuthorisationWithdrawn(withdrawn)]);
    assert!(!former.is_campus());
    given::<Institution>(&past[..1]).when(withdraw).nothing();
}

#[test]
fn a_registered_institution_always_has_a_name() {
    let any_name = || proptest::sample::select(vec!["A", "B", "C"]);
    let any_authority = || proptest::sample::select(vec![Authority::Issuer, Authority::Campus]);
    let any_command = prop_oneof![
        (any_name(), proptest::sample::select(vec!["", "GB"])).prop_map(|(name, country)| register(name, country)),
        any_name().prop_map(listed),
        any_name().prop_map(rename),
        Just(Command::SetCountry { country: "FR".into() }),
        any_authority().prop_map(|authority| Command::Authorise { authority }),
        any_authority().prop_map(|authority| Command::WithdrawAuthorisation { authority, reason: "why".into() }),
    ];
    laws::hold::<Institution>(any_command, |it| {
        if it.is_registered() && !it.names.contains(&it.name) { Err("nameless".to_owned()) } else { Ok(()) }
    });
}
