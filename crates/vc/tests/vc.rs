//! How credentials are signed and checked, from the outside: against the standards' own examples and against attacks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "vc/canonical.rs"]
mod canonical;
#[path = "vc/dids.rs"]
mod dids;
#[path = "vc/identities.rs"]
mod identities;
#[path = "vc/learner_records.rs"]
mod learner_records;
#[path = "vc/limits.rs"]
mod limits;
#[path = "vc/open_badges.rs"]
mod open_badges;
#[path = "vc/public_check.rs"]
mod public_check;
#[path = "vc/status_lists.rs"]
mod status_lists;
#[path = "vc/structure.rs"]
mod structure;
#[path = "vc/tampering.rs"]
mod tampering;
#[path = "vc/tokens.rs"]
mod tokens;
#[path = "vc/w3c.rs"]
mod w3c;

use serde_json::{Value, json};
use studium_vc::{contexts::Contexts, did, keys::SigningKey, proof, times};

/// A key for tests; nobody's.
fn key() -> SigningKey {
    SigningKey::from_seed(&[7; 32]).unwrap()
}

fn at(time: &str) -> i64 {
    times::parse(time).unwrap()
}

/// An Open Badge with everything that a microcredential says, not yet signed.
fn badge() -> Value {
    let text = include_str!("vc/open_badge.json").replace("ISSUER_DID", &key().verifying_key().did_key());
    serde_json::from_str(&text).unwrap()
}

/// A small credential, for tests that sign many.
fn small() -> Value {
    json!({
        "@context": ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
        "id": "urn:uuid:6f1c2b1e-5c0a-4a57-9f3e-0d2f5a6c7b81",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": key().verifying_key().did_key(), "type": ["Profile"], "name": "University of Exampleton"},
        "validFrom": "2026-06-30T09:00:00Z",
        "validUntil": "2031-06-30T09:00:00Z",
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["AchievementSubject"],
            "creditsEarned": 5.5,
            "achievement": {
                "id": "urn:uuid:2c0b0f3a-7f0e-4b3b-9b55-5a8f1f6f9f10",
                "type": ["Achievement"],
                "name": {"@value": "Applied Data Analysis", "@language": "en-IE"},
                "description": "Plan an analysis.",
                "criteria": {"narrative": "Pass."},
            },
        },
    })
}

fn method() -> String {
    let key = key().verifying_key();
    did::method_id(&key.did_key(), &key)
}

fn signed(document: &Value) -> Value {
    proof::add(document, &key(), &method(), at("2026-06-30T09:00:01Z"), Contexts::embedded()).unwrap()
}
