//! Identifiers and keys as the world writes them, well and badly.

use super::{at, key};
use serde_json::{Value, json};
use studium_vc::{
    did::{self, DidError, Document},
    keys::{KeyError, SigningKey, VerifyingKey},
    reach::Reach,
};

const DID: &str = "did:web:credentials.example:issuers:42";

#[test]
fn urls_and_dids_lead_to_each_other() {
    for (url, did, document) in [
        ("https://example.org", "did:web:example.org", "https://example.org/.well-known/did.json"),
        ("https://example.org/", "did:web:example.org", "https://example.org/.well-known/did.json"),
        (
            "https://localhost:8443/issuers/42",
            "did:web:localhost%3A8443:issuers:42",
            "https://localhost:8443/issuers/42/did.json",
        ),
    ] {
        assert_eq!(did::web(url, Reach::Https).as_deref(), Ok(did));
        assert_eq!(did::web_document_url(did, Reach::Https).as_deref(), Ok(document));
    }
}

#[test]
fn what_leads_elsewhere_is_refused() {
    for url in [
        "http://example.org",
        "https://",
        "https://user@example.org",
        "https://example.org:0/x",
        "https://example.org:port",
        "https://example.org:+80",
        "http://127.0.0.1:8080",
        "ftp://example.org",
        "https://example.org/a//b",
        "https://example.org/../a",
        "https://example.org/a?b",
        "https://example.org/a#b",
        "https://exa mple.org",
    ] {
        assert!(matches!(did::web(url, Reach::Https), Err(DidError::Url { .. })), "{url}");
    }
    for did in [
        "did:web:",
        "did:key:z6Mk",
        "did:web:example.org%3A8443:..:secret",
        "did:web:example.org:%2e%2E:secret",
        "did:web:example.org:a%2fb",
        "did:web:example.org::a",
        "did:web:example.org/a",
        "did:web:example.org#key",
        "did:web:user%40example.org",
        "did:web:example.org%3A99999",
        "did:web:example.org%3A+80",
    ] {
        assert!(matches!(did::web_document_url(did, Reach::Https), Err(DidError::Did { .. })), "{did}");
    }
}

#[test]
fn a_developers_machine_speaks_http_where_that_is_allowed() {
    let loopback = Reach::HttpsOrLoopback;
    for (url, did, document) in [
        (
            "http://127.0.0.1:8080/issuers/x",
            "did:web:127.0.0.1%3A8080:issuers:x",
            "http://127.0.0.1:8080/issuers/x/did.json",
        ),
        ("http://localhost:8080", "did:web:localhost%3A8080", "http://localhost:8080/.well-known/did.json"),
        ("https://example.org/x", "did:web:example.org:x", "https://example.org/x/did.json"),
    ] {
        assert_eq!(did::web(url, loopback).as_deref(), Ok(did));
        assert_eq!(did::web_document_url(did, loopback).as_deref(), Ok(document));
    }
    let secure = did::web_document_url("did:web:127.0.0.1%3A8080:issuers:x", Reach::Https);
    assert_eq!(secure.as_deref(), Ok("https://127.0.0.1:8080/issuers/x/did.json"));
    for url in ["http://example.org", "http://127.0.0.2:8080", "http://localhost.example.org", "https://localhost:8443"]
    {
        assert!(matches!(did::web(url, loopback), Err(DidError::Url { .. })), "{url}");
    }
}

#[test]
fn only_some_urls_are_in_reach() {
    for url in ["https://example.org", "https://example.org:8443/a?b#c", "https://10.0.0.1/"] {
        assert!(Reach::Https.allows(url) && Reach::HttpsOrLoopback.allows(url), "{url}");
    }
    for url in ["http://127.0.0.1:8080/lists/1", "http://localhost/x"] {
        assert!(!Reach::Https.allows(url) && Reach::HttpsOrLoopback.allows(url), "{url}");
    }
    for url in [
        "http://example.org/",
        "http://127.0.0.1@example.org/",
        "http://127.0.0.1.example.org/",
        "http://169.254.169.254/latest",
        "http://localhost:+80/",
        "https://user:secret@example.org/",
        "https:///etc/passwd",
        "https://example.org\\@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://localhost/x",
        "HTTPS://example.org/",
        "//example.org/",
        "example.org",
        "",
    ] {
        assert!(!Reach::Https.allows(url) && !Reach::HttpsOrLoopback.allows(url), "{url}");
    }
}

#[test]
fn old_keys_stay_and_withdrawn_ones_say_so() {
    let [old, new, stolen] = [1, 2, 3].map(|it| SigningKey::from_seed(&[it; 32]).unwrap().verifying_key());
    let document = Document::new(DID)
        .with_key(old)
        .with_key(stolen)
        .with_key(new)
        .with_revoked(stolen, at("2026-01-02T03:04:05Z"));
    let json = document.to_json();
    assert_eq!(json["verificationMethod"].as_array().unwrap().len(), 3);
    assert_eq!(json["verificationMethod"][1]["revoked"], "2026-01-02T03:04:05Z");
    assert_eq!(json["assertionMethod"], json!([did::method_id(DID, &old), did::method_id(DID, &new)]));
    let read = Document::read(DID, &json).unwrap();
    assert_eq!(read.method(&did::method_id(DID, &new)), document.method(&did::method_id(DID, &new)));
    let stolen = read.method(&did::method_id(DID, &stolen)).unwrap();
    assert!(!stolen.assertion && stolen.revoked_ms == Some(at("2026-01-02T03:04:05Z")));
}

#[test]
fn documents_of_others_are_read() {
    let key = key().verifying_key();
    let document = json!({
        "id": DID,
        "verificationMethod": [
            {"id": "#jwk", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": key.jwk()},
            {"id": format!("{DID}#p256"), "type": "Multikey", "controller": DID, "publicKeyMultibase": "zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76"},
            {"id": "#2020", "type": "Ed25519VerificationKey2020", "controller": DID, "publicKeyMultibase": key.multikey()},
            {"id": "#unreadable-date", "type": "Multikey", "controller": DID, "publicKeyMultibase": key.multikey(), "revoked": "some day"},
        ],
        "assertionMethod": ["#jwk", {"id": "#own", "type": "Multikey", "controller": DID, "publicKeyMultibase": key.multikey()}],
    });
    let read = Document::read(DID, &document).unwrap();
    let found: Vec<_> = read.methods.iter().map(|it| (&it.id[DID.len()..], it.assertion, it.revoked_ms)).collect();
    let expected = [
        ("#jwk", true, None),
        ("#2020", false, None),
        ("#unreadable-date", false, Some(i64::MIN)),
        ("#own", true, None),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_document_speaks_for_itself_only() {
    let good = Document::new(DID).with_key(key().verifying_key()).to_json();
    let changed = |pointer: &str, value: Value| {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        Document::read(DID, &document)
    };
    assert!(Document::read(DID, &good).is_ok());
    for (pointer, value) in [
        ("/id", json!("did:web:other.example")),
        ("/verificationMethod/0/controller", json!("did:web:other.example")),
        ("/verificationMethod", json!({})),
        ("/verificationMethod", json!([good["verificationMethod"][0], good["verificationMethod"][0]])),
    ] {
        assert!(matches!(changed(pointer, value), Err(DidError::Document { .. })), "{pointer}");
    }
    assert!(matches!(Document::read(DID, &json!("nothing")), Err(DidError::Document { .. })));
}

#[test]
fn a_did_key_is_its_own_document() {
    let key = key().verifying_key();
    let document = Document::of_key(&key.did_key()).unwrap();
    assert_eq!(document.methods[0].id, format!("{0}#{1}", key.did_key(), key.multikey()));
    assert!(document.methods[0].assertion && document.methods[0].key == key);
    assert!(Document::of_key("did:key:zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76").is_err());
}

#[test]
fn malformed_keys_are_refused() {
    let good = key().verifying_key().multikey();
    for (text, error) in [
        ("", KeyError::NotBase58(String::new())),
        ("u7QFkZk", KeyError::NotBase58("u7QFkZk".to_owned())),
        ("z0OIl", KeyError::NotBase58("z0OIl".to_owned())),
        ("z", KeyError::NotEd25519("z".to_owned())),
        ("z6Mk", KeyError::NotEd25519("z6Mk".to_owned())),
        (&good[..good.len() - 1], KeyError::NotEd25519(good[..good.len() - 1].to_owned())),
        (
            "zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76",
            KeyError::NotEd25519("zDnaegE6RR3atJtHKwTRTWHsJ3kNHqFwv7n9YjTgmU7TyfU76".to_owned()),
        ),
    ] {
        assert_eq!(VerifyingKey::from_multikey(text), Err(error));
    }
    assert!(VerifyingKey::from_multikey(&format!("{good}é")).is_err());
    assert!(VerifyingKey::from_multikey(&"z6Mké".repeat(100_000)).is_err());
    let jwk = key().verifying_key().jwk();
    for (member, value) in [
        ("kty", json!("RSA")),
        ("crv", json!("X25519")),
        ("x", json!("AAAA")),
        ("x", Value::Null),
        ("d", json!("secret")),
    ] {
        let mut other = jwk.clone();
        other[member] = value;
        assert!(matches!(VerifyingKey::from_jwk(&other), Err(KeyError::Jwk(_))), "{member}");
    }
}

#[test]
fn a_signing_key_is_never_shown() {
    let shown = format!("{:?}", key());
    assert!(shown.contains("z6Mk") && !shown.contains("7, 7"));
}
