//! The rules of domains as sentences, and their laws.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;
use studium_testkit::{given, laws};

fn claim(institution: &str, institution_known: bool) -> Command {
    Command::Claim { domain: "open.ac.uk".into(), institution_id: institution.into(), institution_known }
}

fn release(institution: &str) -> Command {
    Command::Release { domain: "open.ac.uk".into(), institution_id: institution.into() }
}

fn claimed(institution: &str) -> Event {
    Event::DomainClaimed(DomainClaimed { institution_id: institution.into(), domain: "open.ac.uk".into() })
}

fn released(institution: &str) -> Event {
    Event::DomainReleased(DomainReleased { institution_id: institution.into(), domain: "open.ac.uk".into() })
}

#[test]
fn a_domain_belongs_to_one_institution() {
    given::<Domain>(&[]).when(claim("ou", true)).then(&[claimed("ou")]);
    given::<Domain>(&[]).when(claim("ou", false)).refused(Reason::InstitutionNotFound);
    given::<Domain>(&[claimed("ou")]).when(claim("mit", true)).refused(Reason::DomainTaken);
    given::<Domain>(&[claimed("ou"), released("ou")]).when(claim("mit", true)).then(&[claimed("mit")]);
}

#[test]
fn only_the_owner_gives_it_up() {
    given::<Domain>(&[claimed("ou")]).when(release("ou")).then(&[released("ou")]);
    given::<Domain>(&[claimed("ou")]).when(release("mit")).refused(Reason::DomainNotClaimed);
    given::<Domain>(&[]).when(release("ou")).refused(Reason::DomainNotClaimed);
}

#[test]
fn domains_are_written_in_one_way() {
    assert_eq!(parse(" Open.AC.uk. ").as_deref(), Some("open.ac.uk"));
    assert_eq!(id("open.ac.uk"), "open~ac~uk");
    for bad in ["", "localhost", "a..b", "-a.b", "a-.b", "a b.c", "a_b.c", "ü.de", &format!("{}.de", "a".repeat(64))] {
        assert_eq!(parse(bad), None, "{bad}");
    }
}

#[test]
fn nobody_takes_what_another_has() {
    let any_institution = || proptest::sample::select(vec!["ou", "mit", "eth"]);
    let any_command = prop_oneof![
        (any_institution(), any::<bool>()).prop_map(|(it, known)| claim(it, known)),
        any_institution().prop_map(release),
    ];
    laws::hold::<Domain>(any_command, |it| match (&it.owner, it.decide(&claim("thief", true))) {
        (Some(_), Ok(events)) => Err(format!("taken away: {events:?}")),
        _ => Ok(()),
    });
}
