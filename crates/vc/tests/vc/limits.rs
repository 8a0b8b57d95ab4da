//! What a stranger's credential may cost: how much of it is read, and who is asked because of it.

use super::{at, key, method, signed, small};
use serde_json::{Value, json};
use std::cell::RefCell;
use studium_vc::{
    contexts::Contexts,
    did::Document,
    jwt,
    limits::{
        self, CONTEXTS_ALL_MAX, CONTEXTS_MAX, DEPTH_MAX, OBJECTS_MAX, STATUS_ENTRIES_MAX, TEXT_MAX, TOKEN_TEXT_MAX,
        VALUES_MAX,
    },
    reach::Reach,
    resolver::{Fetched, Needs, Resolver, Unresolved},
    status::{Purpose, StatusEntry},
    verify::{self, CheckName, Finding, Outcome, Report},
};

const DID: &str = "did:web:credentials.example:issuers:42";

/// Writes down what it is asked for.
#[derive(Default)]
struct Asked(RefCell<Vec<String>>);

impl Resolver for Asked {
    fn document(&self, did: &str) -> Result<Document, Unresolved> {
        self.0.borrow_mut().push(did.to_owned());
        Fetched::default().document(did)
    }

    fn status_list(&self, url: &str) -> Result<String, Unresolved> {
        self.0.borrow_mut().push(url.to_owned());
        Fetched::default().status_list(url)
    }
}

fn check(text: &str) -> (Report, Vec<String>) {
    let asked = Asked::default();
    let report = verify::credential(text, &asked, at("2026-07-01T00:00:00Z"), Contexts::embedded());
    (report, asked.0.into_inner())
}

fn needs(text: &str) -> Needs {
    Needs::of(text, Reach::Https, Contexts::embedded())
}

fn entry(list: &str, index: usize) -> Value {
    StatusEntry { list: list.to_owned(), purpose: Purpose::Revocation, index }.to_json()
}

/// It is not looked at: nothing is found in it, and nobody is asked.
fn too_much(text: &str, because: &str) {
    let (report, asked) = check(text);
    assert_eq!(report.outcome(), Outcome::NotChecked, "{report:?}");
    assert_eq!((report.findings(CheckName::Structure), report.checks.len()), (vec![Finding::NotChecked], 5));
    assert!(report.checks[0].sentence.contains(because), "{}", report.checks[0].sentence);
    assert!(report.credential.is_none() && asked.is_empty() && needs(text) == Needs::default());
    // Whoever asks before signing is told the same.
    let json = serde_json::from_str::<Value>(text).ok().map(|it| (it.to_string(), it));
    if let Some((_, json)) = json.filter(|(compact, _)| compact == text) {
        let told = limits::whole(&json).unwrap_err().to_string();
        assert!(told.contains(because), "{told}");
    }
}

fn forms(credential: &Value) -> [String; 2] {
    // No proof is needed to ask for much.
    let mut proven = credential.clone();
    proven["proof"] = signed(&small())["proof"].clone();
    [proven.to_string(), jwt::sign(credential, &key(), &method()).unwrap()]
}

#[test]
fn a_long_text_is_not_read() {
    let text = signed(&small()).to_string();
    let fits = format!("{text}{}", " ".repeat(TEXT_MAX - text.len()));
    assert_eq!(check(&fits).0.outcome(), Outcome::Ok);
    assert_eq!(limits::whole(&signed(&small())), Ok(()));
    let mut long = signed(&small());
    long["description"] = "x".repeat(TEXT_MAX).into();
    too_much(&long.to_string(), "its text has");
    too_much(&format!("{fits} "), "its text has 262145 bytes");
    too_much(&"A".repeat(TOKEN_TEXT_MAX + 1), "its text has 1048577 bytes");
}

#[test]
fn many_contexts_are_not_read() {
    let with = |count: usize| {
        let mut credential = small();
        let all = credential["@context"].as_array_mut().unwrap();
        all.resize(count, all[1].clone());
        credential
    };
    assert_eq!(check(&signed(&with(CONTEXTS_MAX)).to_string()).0.outcome(), Outcome::Ok);
    for text in forms(&with(CONTEXTS_MAX + 1)) {
        too_much(&text, "names 9 contexts");
    }
}

#[test]
fn many_contexts_in_many_places_are_not_read() {
    let own =
        || json!({"@context": "https://www.w3.org/ns/credentials/v2", "id": "urn:x:evidence", "type": "Evidence"});
    let mut credential = small();
    credential["evidence"] = (2..=CONTEXTS_ALL_MAX).map(|_| own()).collect();
    let [proven, token] = forms(&credential);
    too_much(&proven, "names 129 contexts in all");
    assert_eq!(check(&token).0.outcome(), Outcome::Ok, "nobody reads the contexts of a token");
    credential["evidence"] = (3..=CONTEXTS_ALL_MAX).map(|_| own()).collect();
    for text in forms(&credential) {
        assert_eq!(check(&text).0.findings(CheckName::Structure), [Finding::Sound]);
    }
}

/// Within the length of a text, thousands of objects would take many seconds to read.
#[test]
fn many_objects_and_values_are_not_read() {
    let own = signed(&small());
    let objects = own.to_string().matches('{').count();
    let mut credential = small();
    credential["evidence"] =
        (objects..=OBJECTS_MAX).map(|n| json!({"id": format!("urn:x:{n}"), "type": "Evidence"})).collect();
    let [proven, token] = forms(&credential);
    too_much(&proven, "it has 501 objects");
    assert_eq!(check(&token).0.outcome(), Outcome::Ok, "a token is not read as JSON-LD");
    credential["evidence"].as_array_mut().unwrap().pop();
    assert_eq!(check(&signed(&credential).to_string()).0.outcome(), Outcome::Ok);

    let mut credential = small();
    credential["description"] = (0..VALUES_MAX).map(|n| n.to_string()).collect();
    too_much(&forms(&credential)[0], "values, at most 5000");
}

/// Each level takes stack, and a program that runs out of it ends.
#[test]
fn what_stands_deep_is_not_read() {
    let deep = |levels: usize| {
        let mut node = json!({"id": "urn:x:org", "type": ["Profile"]});
        for _ in 1..levels {
            node = json!({"id": "urn:x:org", "type": ["Profile"], "parentOrg": node});
        }
        let mut credential = small();
        credential["issuer"]["parentOrg"] = node;
        credential
    };
    // The credential and its issuer are above, a list of types below.
    assert_eq!(check(&signed(&deep(DEPTH_MAX - 3)).to_string()).0.outcome(), Outcome::Ok);
    for levels in [DEPTH_MAX - 2, 100] {
        too_much(&forms(&deep(levels))[0], "more than 24 deep");
    }
}

#[test]
fn few_status_entries_are_looked_up_and_each_once() {
    let list = |n: usize| format!("https://example.org/status/{n}");
    let mut credential = small();
    credential["credentialStatus"] = (0..=STATUS_ENTRIES_MAX).map(|n| entry(&list(n), 1)).collect();
    for text in forms(&credential) {
        too_much(&text, "names 5 status entries");
    }
    credential["credentialStatus"] =
        json!([entry(&list(1), 1), entry(&list(1), 1), entry(&list(2), 1), entry(&list(1), 2)]);
    for text in [signed(&credential).to_string(), jwt::sign(&credential, &key(), &method()).unwrap()] {
        assert_eq!(needs(&text).status_lists, [list(1), list(2)]);
        let (report, asked) = check(&text);
        assert_eq!(report.findings(CheckName::Status), [Finding::NotChecked; 3]);
        assert_eq!(asked, [key().verifying_key().did_key(), list(1), list(2), list(1)]);
    }
}

#[test]
fn only_what_is_in_reach_is_fetched() {
    let lists = ["http://127.0.0.1:8080/status/1", "http://example.org/status/1", "https://example.org/status/1"];
    let mut credential = small();
    credential["credentialStatus"] = lists.iter().map(|it| entry(it, 1)).collect();
    let text = signed(&credential).to_string();
    assert_eq!(needs(&text), Needs { did: None, status_lists: vec![lists[2].to_owned()] });
    let nearby = Needs::of(&text, Reach::HttpsOrLoopback, Contexts::embedded());
    assert_eq!(nearby.status_lists, [lists[0], lists[2]]);

    let of = |issuer: &str| {
        let mut credential = signed(&small());
        credential["issuer"] = json!({"id": issuer});
        needs(&credential.to_string()).did
    };
    assert_eq!(of(DID).as_deref(), Some(DID));
    for issuer in ["did:web:example.org%2Fadmin", "did:example:42", "https://example.org/issuers/42", "urn:x:1"] {
        assert_eq!(of(issuer), None);
    }
}

/// Whatever is not even a credential makes nobody fetch anything.
#[test]
fn nobody_is_asked_about_what_is_no_credential() {
    let mut credential = small();
    credential["issuer"] = DID.into();
    credential["credentialStatus"] = entry("https://example.org/status/1", 1);
    let [good, token] = forms(&credential);
    for text in [&good, &token] {
        assert_eq!(needs(text).did.as_deref(), Some(DID));
        assert_eq!(check(text).1, [DID, "https://example.org/status/1"]);
    }
    assert_eq!(needs(&credential.to_string()), Needs::default(), "nothing proves it");
    credential["validUntil"] = "2020-01-01T00:00:00Z".into();
    for text in forms(&credential) {
        let (report, asked) = check(&text);
        assert_eq!(report.findings(CheckName::Structure), [Finding::Malformed]);
        for name in [CheckName::Proof, CheckName::IssuerKey, CheckName::Status] {
            assert_eq!(report.findings(name), [Finding::NotChecked]);
        }
        assert_eq!((asked, needs(&text)), (vec![], Needs::default()));
    }
    assert_eq!(needs("{"), Needs::default());
}
