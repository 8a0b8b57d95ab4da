//! The check that anybody may ask for: what it finds in good, bad and unlucky cases, and what it says.

use super::{at, key, method, signed, small};
use serde_json::{Value, json};
use studium_vc::{
    contexts::Contexts,
    did::{self, Document},
    jwt,
    keys::SigningKey,
    proof,
    resolver::Fetched,
    status::{self, ListTerms, Purpose, StatusEntry, StatusList},
    verify::{self, CheckName, Finding, Outcome, Report},
};

const LIST: &str = "https://example.org/status/1";
const NOW: &str = "2026-07-01T00:00:00Z";
const DID: &str = "did:web:credentials.example:issuers:42";

fn check(credential: &Value, fetched: &Fetched) -> Report {
    verify::credential(&credential.to_string(), fetched, at(NOW), Contexts::embedded())
}

fn with_status(purpose: Purpose) -> Value {
    let mut credential = small();
    credential["credentialStatus"] = StatusEntry { list: LIST.to_owned(), purpose, index: 94_567 }.to_json();
    credential
}

fn list_credential(purpose: Purpose, set: bool) -> Value {
    let mut list = StatusList::new(status::ENTRIES_MIN).unwrap();
    list.set(94_567, set).unwrap();
    let issuer = key().verifying_key().did_key();
    let (valid_from_ms, valid_until_ms) = (at("2026-06-30T23:00:00Z"), Some(at("2026-07-01T01:00:00Z")));
    status::list_credential(&ListTerms { id: LIST, issuer: &issuer, purpose, valid_from_ms, valid_until_ms }, &list)
        .unwrap()
}

fn fetched(list: &impl ToString) -> Fetched {
    Fetched { status_lists: [(LIST.to_owned(), list.to_string())].into(), ..Fetched::default() }
}

/// The one check that is not sound, and all of them in their order.
fn only(report: &Report) -> (CheckName, Finding) {
    use CheckName::{IssuerKey, Proof, Status, Structure, ValidityPeriod};
    let names: Vec<_> = report.checks.iter().map(|it| it.name).collect();
    assert_eq!(names, [Structure, Proof, IssuerKey, ValidityPeriod, Status]);
    assert!(report.checks.iter().all(|it| it.sentence.ends_with('.')), "{report:?}");
    let bad: Vec<_> = report.checks.iter().filter(|it| it.finding != Finding::Sound).collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    (bad[0].name, bad[0].finding)
}

#[test]
fn a_good_credential_is_good_in_both_forms() {
    let credential = with_status(Purpose::Revocation);
    let token = jwt::sign(&credential, &key(), &method()).unwrap();
    let list = list_credential(Purpose::Revocation, false);
    for list in [signed(&list).to_string(), jwt::sign(&list, &key(), &method()).unwrap()] {
        let fetched = fetched(&list);
        for text in [signed(&credential).to_string(), token.clone()] {
            let report = verify::credential(&text, &fetched, at(NOW), Contexts::embedded());
            assert_eq!(report.outcome(), Outcome::Ok, "{report:?}");
            assert_eq!(report.credential.unwrap()["id"], credential["id"]);
        }
    }
    let said: Vec<_> = check(&signed(&small()), &Fetched::default()).checks.into_iter().map(|it| it.sentence).collect();
    let expected = [
        "It is a verifiable credential, version 2.0.".to_owned(),
        "It is exactly as it was signed.".to_owned(),
        format!("The key that signed is one of {}.", key().verifying_key().did_key()),
        "It is valid until 2031-06-30T09:00:00Z.".to_owned(),
        "The credential names no status list, so its issuer cannot withdraw it.".to_owned(),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_changed_credential_is_unproven() {
    let mut credential = signed(&small());
    credential["credentialSubject"]["creditsEarned"] = json!(6.5);
    assert_eq!(only(&check(&credential, &Fetched::default())), (CheckName::Proof, Finding::Unproven));
    credential["credentialSubject"]["honours"] = "first class".into();
    let report = check(&credential, &Fetched::default());
    assert_eq!(only(&report), (CheckName::Proof, Finding::Unproven));
    assert!(report.checks[1].sentence.contains("credentialSubject.honours"), "{}", report.checks[1].sentence);
}

#[test]
fn it_is_valid_from_and_until() {
    let mut credential = small();
    credential["validFrom"] = "2026-07-01T00:00:00Z".into();
    credential["validUntil"] = "2026-07-01T02:00:00+02:00".into();
    assert_eq!(check(&signed(&credential), &Fetched::default()).outcome(), Outcome::Ok);
    for (from, until, finding) in [
        ("2026-07-01T00:00:01Z", "2031-01-01T00:00:00Z", Finding::NotYetValid),
        ("2026-06-01T00:00:00Z", "2026-06-30T23:59:59Z", Finding::Expired),
    ] {
        credential["validFrom"] = from.into();
        credential["validUntil"] = until.into();
        assert_eq!(only(&check(&signed(&credential), &Fetched::default())), (CheckName::ValidityPeriod, finding));
    }
}

#[test]
fn revoked_and_suspended_are_told_apart() {
    for (purpose, set, finding) in [
        (Purpose::Revocation, true, Finding::Revoked),
        (Purpose::Suspension, true, Finding::Suspended),
        (Purpose::Revocation, false, Finding::Sound),
        (Purpose::Suspension, false, Finding::Sound),
        (Purpose::Other("refresh".to_owned()), true, Finding::Marked),
        (Purpose::Other("refresh".to_owned()), false, Finding::Sound),
    ] {
        let list = signed(&list_credential(purpose.clone(), set));
        let report = check(&signed(&with_status(purpose)), &fetched(&list));
        assert_eq!(report.findings(CheckName::Status), [finding]);
        assert_eq!(report.outcome() == Outcome::Ok, finding == Finding::Sound);
    }
}

#[test]
fn each_of_several_entries_is_checked() {
    let mut credential = with_status(Purpose::Revocation);
    let mut second = credential["credentialStatus"].clone();
    second["statusPurpose"] = "suspension".into();
    second["statusListCredential"] = "https://example.org/status/2".into();
    credential["credentialStatus"] = json!([credential["credentialStatus"], second]);
    let report = check(&signed(&credential), &fetched(&signed(&list_credential(Purpose::Revocation, true))));
    assert_eq!(report.findings(CheckName::Status), [Finding::Revoked, Finding::NotChecked]);
    assert_eq!(report.outcome(), Outcome::Failed);
}

#[test]
fn a_list_that_cannot_be_relied_on_says_nothing() {
    let credential = signed(&with_status(Purpose::Revocation));
    let good = list_credential(Purpose::Revocation, false);
    let changed = |pointer: &str, value: &str| {
        let mut list = good.clone();
        *list.pointer_mut(pointer).unwrap() = value.into();
        signed(&list).to_string()
    };
    let mut forged = signed(&list_credential(Purpose::Revocation, true));
    forged["credentialSubject"]["encodedList"] = good["credentialSubject"]["encodedList"].clone();
    let other = SigningKey::from_seed(&[8; 32]).unwrap();
    let did = other.verifying_key().did_key();
    let mut others = good.clone();
    others["issuer"] = did.clone().into();
    let id = did::method_id(&did, &other.verifying_key());
    let others = proof::add(&others, &other, &id, at("2026-06-30T23:00:00Z"), Contexts::embedded()).unwrap();
    for list in [
        "not found".to_owned(),
        good.to_string(),
        forged.to_string(),
        others.to_string(),
        changed("/id", "https://example.org/status/2"),
        changed("/validUntil", "2026-06-30T23:30:00Z"),
        changed("/credentialSubject/statusPurpose", "suspension"),
        changed("/credentialSubject/encodedList", "uAAAA"),
        signed(&small()).to_string(),
    ] {
        let report = check(&credential, &fetched(&list));
        assert_eq!(only(&report), (CheckName::Status, Finding::NotChecked), "{list}");
        assert_eq!(report.outcome(), Outcome::NotChecked);
    }
    assert_eq!(only(&check(&credential, &Fetched::default())), (CheckName::Status, Finding::NotChecked));
}

/// A credential of an issuer with a document, signed with the key of this seed.
fn of_issuer(seed: u8) -> Value {
    let signer = SigningKey::from_seed(&[seed; 32]).unwrap();
    let mut credential = small();
    credential["issuer"] = DID.into();
    let id = did::method_id(DID, &signer.verifying_key());
    proof::add(&credential, &signer, &id, at("2026-06-30T09:00:01Z"), Contexts::embedded()).unwrap()
}

fn with_document(document: &Document) -> Fetched {
    let read = Document::read(DID, &document.to_json()).unwrap();
    Fetched { documents: [(DID.to_owned(), read)].into(), ..Fetched::default() }
}

#[test]
fn the_key_must_be_the_issuers() {
    let [old, new, stolen] = [1, 2, 3].map(|it| SigningKey::from_seed(&[it; 32]).unwrap().verifying_key());
    let document = Document::new(DID).with_key(old).with_key(stolen).with_key(new);
    let fetched = with_document(&document);
    assert_eq!(check(&of_issuer(1), &fetched).outcome(), Outcome::Ok);
    assert_eq!(check(&of_issuer(2), &fetched).outcome(), Outcome::Ok);

    let withdrawn = with_document(&document.clone().with_revoked(stolen, at("2026-06-30T23:00:00Z")));
    assert_eq!(only(&check(&of_issuer(3), &withdrawn)), (CheckName::IssuerKey, Finding::KeyRevoked));
    let later = with_document(&document.clone().with_revoked(stolen, at("2026-07-02T00:00:00Z")));
    assert_eq!(check(&of_issuer(3), &later).findings(CheckName::IssuerKey), [Finding::KeyNotIssuers]);

    let report = check(&of_issuer(4), &fetched);
    assert_eq!(report.findings(CheckName::IssuerKey), [Finding::KeyNotIssuers]);
    assert_eq!(report.findings(CheckName::Proof), [Finding::NotChecked]);
    let report = check(&of_issuer(1), &Fetched::default());
    assert_eq!(
        (report.outcome(), report.findings(CheckName::IssuerKey)),
        (Outcome::NotChecked, vec![Finding::NotChecked])
    );
}

#[test]
fn nobody_signs_in_anothers_name() {
    let mut credential = small();
    credential["issuer"] = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2".into();
    let report = check(&signed(&credential), &Fetched::default());
    assert_eq!(report.findings(CheckName::IssuerKey), [Finding::KeyNotIssuers]);
    let token = jwt::sign(&credential, &key(), &method()).unwrap();
    let report = verify::credential(&token, &Fetched::default(), at(NOW), Contexts::embedded());
    assert_eq!(report.findings(CheckName::IssuerKey), [Finding::KeyNotIssuers]);
    // It names the key of the one and is signed with, and carries, that of the other.
    let named =
        "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2#z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
    let token = jwt::sign(&credential, &key(), named).unwrap();
    let report = verify::credential(&token, &Fetched::default(), at(NOW), Contexts::embedded());
    assert_eq!(only(&report), (CheckName::Proof, Finding::Unproven));
}

#[test]
fn a_proof_has_its_time_as_well() {
    let dated = |created: &str| {
        let signed = proof::add(&small(), &key(), &method(), at(created), Contexts::embedded()).unwrap();
        check(&signed, &Fetched::default())
    };
    assert_eq!(dated("2026-07-01T00:05:00Z").outcome(), Outcome::Ok);
    assert_eq!(only(&dated("2026-07-01T00:05:01Z")), (CheckName::Proof, Finding::Unproven));
}

#[test]
fn what_is_no_credential_is_told() {
    let mut credential = small();
    credential["validFrom"] = "2026-06-30".into();
    credential.as_object_mut().unwrap().remove("validUntil");
    let report = check(&signed(&credential), &Fetched::default());
    assert_eq!(report.findings(CheckName::Structure), [Finding::Malformed]);
    assert_eq!(report.findings(CheckName::ValidityPeriod), [Finding::NotChecked]);

    let report = check(&small(), &Fetched::default());
    assert_eq!(report.findings(CheckName::Proof), [Finding::Unproven]);
    assert_eq!(report.findings(CheckName::Structure), [Finding::Sound]);

    for text in ["", "{", "hello", "{}", "[]", "e30.e30.e30"] {
        let report = verify::credential(text, &Fetched::default(), at(NOW), Contexts::embedded());
        assert_eq!(report.outcome(), Outcome::Failed, "{text}");
        assert_eq!(report.checks.len(), 5, "{text}");
    }
}

/// Of two values some readers keep the first, some the last.
#[test]
fn what_names_a_member_twice_is_no_credential() {
    let good = signed(&small()).to_string();
    let deep = good.replacen("\"creditsEarned\":5.5", "\"creditsEarned\":60,\"creditsEarned\":5.5", 1);
    let escaped = good.replacen("\"validUntil\"", "\"valid\\u0055ntil\":\"2099-01-01T00:00:00Z\",\"validUntil\"", 1);
    let proof = good.replacen("\"proofPurpose\"", "\"cryptosuite\":\"none\",\"proofPurpose\"", 1);
    for text in [deep, escaped, proof] {
        assert_ne!(text, good);
        let report = verify::credential(&text, &Fetched::default(), at(NOW), Contexts::embedded());
        assert_eq!(report.findings(CheckName::Structure), [Finding::Malformed], "{text}");
        assert!(report.checks[0].sentence.contains("is given twice"), "{}", report.checks[0].sentence);
    }
}
