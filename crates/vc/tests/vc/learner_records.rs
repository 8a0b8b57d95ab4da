//! Learners' records: what may be in one, and that each credential in it can still be checked.

use super::{at, key, method, open_badges, signed};
use serde_json::{Value, json};
use studium_vc::{
    canon::CanonError,
    clr::{self, ClrError, Record},
    contexts::{CLR, ContextError, Contexts},
    jwt,
    limits::TOKEN_TEXT_MAX,
    open_badge,
    proof::{self, ProofError},
    resolver::Fetched,
    verify::{self, CheckName, Finding, Outcome, Report},
};

fn badge(number: usize) -> Value {
    let mut badge = open_badges::full();
    badge.id = format!("https://studium.example/credentials/{number}");
    badge.achievement.id = format!("https://studium.example/courses/{number}");
    badge.status = None;
    signed(&open_badge::credential(&badge))
}

fn record(count: usize) -> Record {
    let first = open_badges::full();
    Record {
        id: "https://studium.example/records/9".to_owned(),
        name: "Transcript of records".to_owned(),
        description: None,
        issuer: first.issuer,
        valid_from_ms: at("2026-06-30T10:00:00Z"),
        valid_until_ms: None,
        subject: first.subject,
        identity: first.identity,
        credentials: (0..count).map(badge).collect(),
        status: None,
    }
}

fn check(text: &str) -> Report {
    verify::credential(text, &Fetched::default(), at("2026-07-01T00:00:00Z"), Contexts::embedded())
}

fn token(record: &Record) -> String {
    jwt::sign(&clr::credential(record).unwrap(), &key(), &method()).unwrap()
}

#[test]
fn a_record_and_all_that_is_in_it_can_be_checked() {
    let record = record(3);
    assert_eq!(token(&record), token(&record.clone()));
    let report = check(&token(&record));
    assert_eq!(report.outcome(), Outcome::Ok, "{report:?}");
    let read = report.credential.unwrap();
    assert_eq!(clr::held(&read), record.credentials);
    for held in clr::held(&read) {
        assert_eq!(check(&held.to_string()).outcome(), Outcome::Ok);
    }
    let expected = [CLR, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"];
    assert_eq!(read["@context"].as_array().unwrap()[1..3], expected);
    assert!(read.get("partial").is_none() && read["credentialSubject"].get("association").is_none());
}

#[test]
fn a_changed_record_is_noticed_and_so_is_a_changed_credential() {
    let mut changed = record(2);
    changed.credentials[1]["credentialSubject"]["creditsEarned"] = json!(60);
    let read = check(&token(&changed)).credential.unwrap();
    let found: Vec<_> = clr::held(&read).iter().map(|it| check(&it.to_string()).findings(CheckName::Proof)).collect();
    assert_eq!(found, [[Finding::Sound], [Finding::Unproven]]);

    let (one, two) = (token(&record(1)), token(&record(2)));
    let payload = two.split('.').nth(1).unwrap();
    let parts: Vec<_> = one.split('.').collect();
    let report = check(&format!("{}.{payload}.{}", parts[0], parts[2]));
    assert_eq!(report.findings(CheckName::Proof), [Finding::Unproven]);
}

#[test]
fn a_record_is_of_one_learners_signed_credentials_each_once() {
    let refused = |change: &dyn Fn(&mut Record)| {
        let mut record = record(2);
        change(&mut record);
        clr::credential(&record).unwrap_err()
    };
    let second = "https://studium.example/credentials/1".to_owned();
    assert_eq!(refused(&|it| it.credentials.clear()), ClrError::Empty);
    assert_eq!(refused(&|it| it.credentials[1]["id"] = Value::Null), ClrError::NoId);
    assert_eq!(refused(&|it| it.credentials.push(badge(1))), ClrError::Twice(second.clone()));
    assert_eq!(refused(&|it| it.credentials[1]["proof"] = json!([])), ClrError::Unproven(second.clone()));
    let other = |it: &mut Record| it.credentials[1]["credentialSubject"]["id"] = "urn:x:other".into();
    assert_eq!(refused(&other), ClrError::OtherSubject(second));
    assert_eq!(clr::held(&badge(1)), [] as [Value; 0]);
}

/// Without the text of its context, nothing may be signed that stands in it.
#[test]
fn a_record_has_no_proof_of_its_own() {
    let record = clr::credential(&record(1)).unwrap();
    let added = proof::add(&record, &key(), &method(), at("2026-06-30T10:00:00Z"), Contexts::embedded());
    let names = ProofError::Canon(CanonError::Context(ContextError::OnlyNames(CLR.to_owned())));
    assert_eq!(added, Err(names));
}

#[test]
fn eighty_microcredentials_fit() {
    let token = token(&record(80));
    assert!(token.len() <= TOKEN_TEXT_MAX, "{}", token.len());
    assert_eq!(check(&token).outcome(), Outcome::Ok);
}
