//! The rules of API keys as sentences, and their laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_testkit::{given, laws};

const NOW: i64 = 1_800_000_000_000;

fn create(secret: &str, lifetime_ms: i64) -> Command {
    Command::Create { role: "partner".into(), secret_sha256: secret.into(), now_ms: NOW, lifetime_ms }
}

fn created(secret: &str) -> Event {
    let (role, secret_sha256) = ("partner".into(), secret.into());
    Event::ApiKeyCreated(ApiKeyCreated { role, secret_sha256, expires_at_ms: NOW + DAY_MS })
}

fn rotate(secret: &str, lifetime_ms: i64, overlap_ms: i64) -> Command {
    Command::Rotate { secret_sha256: secret.into(), now_ms: NOW, lifetime_ms, overlap_ms }
}

fn rotated(secret: &str, overlap_ms: i64) -> Event {
    let (secret_sha256, expires_at_ms) = (secret.into(), NOW + DAY_MS);
    Event::ApiKeyRotated(ApiKeyRotated { secret_sha256, expires_at_ms, overlap_until_ms: NOW + overlap_ms })
}

fn revoked() -> Event {
    Event::ApiKeyRevoked(ApiKeyRevoked {})
}

#[test]
fn a_key_is_made_once() {
    given::<ApiKey>(&[]).when(create("a", DAY_MS)).then(&[created("a")]);
    given::<ApiKey>(&[created("a")]).when(create("b", DAY_MS)).refused(Reason::ApiKeyExists);
    given::<ApiKey>(&[created("a"), revoked()]).when(create("b", DAY_MS)).refused(Reason::ApiKeyExists);
}

#[test]
fn a_secret_ends_some_day() {
    given::<ApiKey>(&[]).when(create("a", LIFETIME_MAX_MS + 1)).refused(Reason::ApiKeyLifetimeTooLong);
    let long = rotate("b", LIFETIME_MAX_MS + 1, 0);
    given::<ApiKey>(&[created("a")]).when(long).refused(Reason::ApiKeyLifetimeTooLong);
    let long = rotate("b", DAY_MS, OVERLAP_MAX_MS + 1);
    given::<ApiKey>(&[created("a")]).when(long).refused(Reason::ApiKeyOverlapTooLong);
}

#[test]
fn a_key_gets_a_new_secret() {
    given::<ApiKey>(&[created("a")]).when(rotate("b", DAY_MS, 7)).then(&[rotated("b", 7)]);
    given::<ApiKey>(&[created("a")]).when(rotate("b", DAY_MS, -7)).then(&[rotated("b", 0)]);
    given::<ApiKey>(&[]).when(rotate("b", DAY_MS, 0)).refused(Reason::ApiKeyNotFound);
}

#[test]
fn a_revoked_key_never_comes_back() {
    given::<ApiKey>(&[created("a")]).when(Command::Revoke).then(&[revoked()]);
    given::<ApiKey>(&[created("a"), revoked()]).when(rotate("b", DAY_MS, 0)).refused(Reason::ApiKeyRevokedBefore);
    given::<ApiKey>(&[]).when(Command::Revoke).refused(Reason::ApiKeyNotFound);
}

#[test]
fn keys_keep_their_laws() {
    let secret = || prop_oneof![Just("a"), Just("b"), Just("c")];
    let any = prop_oneof![
        (secret(), 0..LIFETIME_MAX_MS + 2).prop_map(|(it, lifetime_ms)| create(it, lifetime_ms)),
        (secret(), 0..OVERLAP_MAX_MS + 2).prop_map(|(it, overlap_ms)| rotate(it, DAY_MS, overlap_ms)),
        Just(Command::Revoke),
    ];
    let law = |it: &ApiKey| {
        if it.is_revoked && it.secret_sha256.is_empty() { Err("nothing was revoked".to_owned()) } else { Ok(()) }
    };
    laws::hold::<ApiKey>(any, law);
}
