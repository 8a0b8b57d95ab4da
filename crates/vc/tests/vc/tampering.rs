//! Whatever is changed after signing is noticed.

use super::{at, badge, key, method, signed, small};
use proptest::prelude::*;
use serde_json::{Value, json};
use studium_vc::{
    contexts::Contexts,
    keys::{SigningKey, VerifyingKey},
    proof::{self, ProofError},
    times,
};

fn holds(document: &Value) -> Result<Vec<proof::Proof>, ProofError> {
    proof::verify(document, |it| (it == method()).then(|| key().verifying_key()), Contexts::embedded())
}

/// JSON pointers to all values that hold no others.
fn leaves(value: &Value, at: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, it)| leaves(it, &format!("{at}/{name}"), all)),
        Value::Array(items) => items.iter().enumerate().for_each(|(n, it)| leaves(it, &format!("{at}/{n}"), all)),
        _ => all.push(at.to_owned()),
    }
}

fn changed(leaf: &Value) -> Vec<Value> {
    match leaf {
        Value::String(text) => {
            let (first, rest) = (text.chars().next().unwrap_or('a'), text.chars().skip(1).collect::<String>());
            let other = if first == 'z' { 'y' } else { 'z' };
            vec![format!("{text}x").into(), format!("{other}{rest}").into(), Value::Null]
        }
        Value::Number(number) => vec![json!(number.as_f64().unwrap() + 0.5), number.to_string().into()],
        Value::Bool(it) => vec![json!(!it)],
        _ => vec![json!("x")],
    }
}

#[test]
fn every_changed_value_is_noticed() {
    let mut document = signed(&small());
    assert!(holds(&document).is_ok());
    let mut all = Vec::new();
    leaves(&document, "", &mut all);
    assert!(all.len() > 20);
    for place in all {
        let before = document.pointer(&place).unwrap().clone();
        for after in changed(&before) {
            *document.pointer_mut(&place).unwrap() = after.clone();
            assert!(holds(&document).is_err(), "{place}: {before} became {after} and nobody noticed");
        }
        *document.pointer_mut(&place).unwrap() = before;
    }
    assert!(holds(&document).is_ok());
}

#[test]
fn every_removed_or_added_member_is_noticed() {
    let document = signed(&small());
    for name in document.as_object().unwrap().keys() {
        let mut less = document.clone();
        less.as_object_mut().unwrap().remove(name);
        assert!(holds(&less).is_err(), "{name} was removed");
    }
    for place in ["", "/issuer", "/credentialSubject", "/credentialSubject/achievement"] {
        for (name, value) in [("description", json!("more")), ("unheardOf", json!("x")), ("image", json!([]))] {
            let mut more = document.clone();
            more.pointer_mut(place).unwrap()[name] = value;
            assert!(holds(&more).is_err(), "{place}/{name} was added");
        }
    }
}

#[test]
fn a_whole_microcredential_is_signed_and_changed() {
    let mut document = signed(&badge());
    assert!(holds(&document).is_ok());
    document["credentialSubject"]["result"][2]["value"] = "126".into();
    assert_eq!(holds(&document), Err(ProofError::Signature(method())));
}

#[test]
fn signing_twice_gives_the_same_bytes() {
    assert_eq!(signed(&badge()).to_string(), signed(&badge()).to_string());
    let again = SigningKey::from_seed(&[7; 32]).unwrap();
    let created = at("2026-06-30T11:00:01.9+02:00");
    let other = proof::add(&badge(), &again, &method(), created, Contexts::embedded()).unwrap();
    assert_eq!(signed(&badge()).to_string(), other.to_string());
}

#[test]
fn a_second_signer_joins_the_first() {
    let once = signed(&small());
    let other = SigningKey::from_seed(&[8; 32]).unwrap();
    let twice = proof::add(&once, &other, "did:example:other#key", at("2026-07-01T00:00:00Z"), Contexts::embedded());
    let twice = twice.unwrap();
    assert_eq!(twice["proof"][0], once["proof"][0]);
    let both = |id: &str| Some(if id == method() { key().verifying_key() } else { other.verifying_key() });
    assert_eq!(proof::verify(&twice, both, Contexts::embedded()).unwrap().len(), 2);
    assert_eq!(holds(&twice), Err(ProofError::NoKey("did:example:other#key".to_owned())));
}

#[test]
fn proofs_of_other_kinds_are_refused() {
    let document = signed(&small());
    assert_eq!(holds(&small()), Err(ProofError::Missing));
    for (member, value) in [
        ("cryptosuite", json!("eddsa-jcs-2022")),
        ("type", json!("Ed25519Signature2020")),
        ("proofPurpose", json!("authentication")),
        ("created", json!("yesterday")),
        ("expires", json!("2026-06-30")),
        ("verificationMethod", json!({"id": method()})),
        ("proofValue", json!("uAAAA")),
        ("proofValue", json!("z1111")),
        ("proofValue", json!(format!("z{}", "1".repeat(100_000)))),
        ("@context", document["@context"].clone()),
        ("unheardOf", json!("x")),
    ] {
        let mut other = document.clone();
        other["proof"][0][member] = value;
        match holds(&other) {
            Err(ProofError::Member { member: named, .. }) => assert_eq!(named, member),
            it => panic!("{member}: {it:?}"),
        }
    }
    let mut many = document.clone();
    many["proof"] = (0..9).map(|_| document["proof"][0].clone()).collect();
    assert_eq!(holds(&many), Err(ProofError::TooMany(9)));
    many["proof"] = json!([]);
    assert_eq!(holds(&many), Err(ProofError::Missing));
}

#[test]
fn the_wrong_key_does_not_fit() {
    let other = SigningKey::from_seed(&[8; 32]).unwrap().verifying_key();
    let verified = proof::verify(&signed(&small()), |_| Some(other), Contexts::embedded());
    assert_eq!(verified, Err(ProofError::Signature(method())));
}

#[test]
fn times_are_read_as_the_standard_writes_them() {
    for (text, ms) in [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-06-30T09:00:00Z", 1_782_810_000_000),
        ("2026-06-30T11:00:00+02:00", 1_782_810_000_000),
        ("2026-06-30T09:00:00.1234567890123Z", 1_782_810_000_123),
    ] {
        assert_eq!(times::parse(text), Some(ms), "{text}");
    }
    for text in [
        "2026-06-30T09:00:00",
        "2026-06-30 09:00:00Z",
        "2026-06-30T09:00:00z",
        "2026-06-30T09:00Z",
        "2026-02-30T09:00:00Z",
        "2026-06-30T09:00:60Z",
        "2026-06-30T09:00:00.Z",
        "2026-06-30T09:00:00Z[Europe/Dublin]",
        "2026-06-30T09:00:00+0200",
        "26-06-30T09:00:00Z",
        "",
        "2026-06-30T09:00:0é",
    ] {
        assert_eq!(times::parse(text), None, "{text}");
    }
    assert_eq!(times::format(1_782_810_000_999), "2026-06-30T09:00:00Z");
    assert_eq!(times::format(-1), "1969-12-31T23:59:59Z");
}

proptest! {
    #[test]
    fn keys_are_written_and_read(seed: [u8; 32], message: Vec<u8>) {
        let key = SigningKey::from_seed(&seed).unwrap();
        let public = key.verifying_key();
        prop_assert_eq!(VerifyingKey::from_multikey(&public.multikey()), Ok(public));
        prop_assert_eq!(VerifyingKey::from_jwk(&public.jwk()), Ok(public));
        prop_assert!(public.multikey().starts_with("z6Mk"));
        let signature = key.sign(&message);
        prop_assert_eq!(signature, key.sign(&message));
        prop_assert!(public.verifies(&message, &signature));
        let other = [message, vec![0]].concat();
        prop_assert!(!public.verifies(&other, &signature));
    }

    #[test]
    fn times_come_back(second in -60_000_000_000_i64..250_000_000_000) {
        prop_assert_eq!(times::parse(&times::format(second * 1000)), Some(second * 1000));
    }
}
