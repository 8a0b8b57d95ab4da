//! The rules of an issuer as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_testkit::{given, laws};

const DID: &str = "did:web:credentials.example:issuers:ou";

fn publish(authorised: bool) -> Command {
    Command::Publish { did: DID.into(), base_url: "https://credentials.example".into(), authorised }
}

fn sealed(by: &str) -> Sealed {
    Sealed { seed: vec![1, 2], by: by.into() }
}

fn create(id: &str, authorised: bool) -> Command {
    Command::CreateKey { key_id: id.into(), sealed: sealed("op"), authorised }
}

fn published() -> Event {
    Event::IssuerPublished(IssuerPublished { did: DID.into(), base_url: "https://credentials.example".into() })
}

fn created(id: &str) -> Event {
    Event::IssuerKeyCreated(IssuerKeyCreated { key_id: id.into(), sealed_seed: vec![1, 2], sealed_by: "op".into() })
}

fn compromise(id: &str, reason: &str) -> Command {
    Command::Compromise { key_id: id.into(), since_ms: 5, reason: reason.into() }
}

#[test]
fn an_identifier_is_a_web_address() {
    assert_eq!(did("https://credentials.example", "ou").as_deref(), Some(DID));
    assert_eq!(did("http://127.0.0.1:50054", "ou").as_deref(), Some("did:web:127.0.0.1%3A50054:issuers:ou"));
    assert_eq!(did("http://credentials.example", "ou"), None, "no secrecy, no identity");
}

#[test]
fn who_is_authorised_is_published_once_and_for_ever() {
    given::<Issuer>(&[]).when(publish(true)).then(&[published()]);
    given::<Issuer>(&[]).when(publish(false)).refused(Reason::IssuerNotAuthorised);
    given::<Issuer>(&[published()]).when(publish(false)).nothing();
    let other = Command::Publish { did: "did:web:x".into(), base_url: "https://x".into(), authorised: true };
    given::<Issuer>(&[published()]).when(other).refused(Reason::IssuerPublished);
}

#[test]
fn keys_follow_each_other() {
    given::<Issuer>(&[]).when(create("k1", true)).refused(Reason::IssuerNotFound);
    given::<Issuer>(&[published()]).when(create("k1", false)).refused(Reason::IssuerNotAuthorised);
    let both = given::<Issuer>(&[published(), created("k1")]).when(create("k2", true)).then(&[created("k2")]);
    assert_eq!(both.keys().iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["k1", "k2"]);
}

#[test]
fn a_key_in_wrong_hands_is_named_with_what_happened() {
    let past = [published(), created("k1")];
    given::<Issuer>(&past).when(compromise("k1", " ")).refused(Reason::Required);
    given::<Issuer>(&past).when(compromise("k9", "lost")).refused(Reason::IssuerKeyNotFound);
    let told = IssuerKeyCompromised { key_id: "k1".into(), since_ms: 5, reason: "lost".into() };
    given::<Issuer>(&past).when(compromise("k1", "lost")).then(&[Event::IssuerKeyCompromised(told)]);
}

#[test]
fn keys_are_sealed_anew_only_where_they_were_not() {
    let past = [published(), created("k1")];
    let to = |by: &str| Command::Reseal(vec![("k1".into(), sealed(by)), ("k9".into(), sealed(by))]);
    given::<Issuer>(&past).when(to("op")).nothing();
    let told = IssuerKeyResealed { key_id: "k1".into(), sealed_seed: vec![1, 2], sealed_by: "new".into() };
    given::<Issuer>(&past).when(to("new")).then(&[Event::IssuerKeyResealed(told)]);
}

#[test]
fn no_key_is_ever_lost() {
    let id = || prop_oneof![Just("k1"), Just("k2"), Just("k3")];
    let any = prop_oneof![
        Just(publish(true)),
        id().prop_map(|it| create(it, true)),
        id().prop_map(|it| compromise(it, "lost")),
        id().prop_map(|it| Command::Reseal(vec![(it.into(), sealed("new"))])),
    ];
    laws::hold::<Issuer>(any, |it| {
        let mut ids: Vec<_> = it.keys().iter().map(|key| &key.id).collect();
        ids.dedup();
        if ids.len() != it.keys().len() || (it.did.is_empty() && !ids.is_empty()) {
            return Err(format!("keys {ids:?} of `{}`", it.did));
        }
        Ok(())
    });
}
