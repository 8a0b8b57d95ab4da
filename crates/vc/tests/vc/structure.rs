//! What the data model asks of a credential: each rule once, and all of them at once.

use super::{badge, signed, small};
use serde_json::{Value, json};
use studium_vc::{contexts::Contexts, data_model};

fn places(credential: &Value) -> Vec<String> {
    data_model::problems(credential, Contexts::embedded()).into_iter().map(|it| it.path).collect()
}

fn with(member: &str, value: Value) -> Value {
    let mut credential = small();
    credential[member] = value;
    credential
}

#[test]
fn good_credentials_have_no_problem() {
    for good in [small(), badge(), signed(&badge()), with("issuer", "https://example.org".into())] {
        assert_eq!(places(&good), Vec::<String>::new());
    }
}

#[test]
fn each_rule_names_the_place() {
    let entry = json!({"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": 7, "statusListCredential": "https://example.org/1"});
    for (member, value, place) in [
        (
            "@context",
            json!([
                "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
                "https://www.w3.org/ns/credentials/v2"
            ]),
            "@context",
        ),
        (
            "@context",
            json!([
                "https://www.w3.org/ns/credentials/v2",
                "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
                7
            ]),
            "@context",
        ),
        ("type", json!(["OpenBadgeCredential"]), "type"),
        ("type", json!(["VerifiableCredential", "Unheard"]), "type"),
        ("type", json!([]), "type"),
        ("type", json!(["VerifiableCredential", 7]), "type"),
        ("id", json!(["urn:x:1", "urn:x:2"]), "id"),
        ("id", json!("no url"), "id"),
        ("name", json!(7), "name"),
        ("name", json!({"@value": "x", "lang": "en"}), "name"),
        ("name", json!({"@value": "x", "@direction": "up"}), "name"),
        ("issuer", json!("somebody"), "issuer"),
        ("issuer", json!({"name": "x"}), "issuer.id"),
        ("issuer", json!({"id": "urn:x:1", "description": 7}), "issuer.description"),
        ("issuer", json!(["urn:x:1"]), "issuer"),
        ("credentialSubject", json!([]), "credentialSubject"),
        ("credentialSubject", json!({}), "credentialSubject"),
        ("credentialSubject", json!([{"id": "urn:x:1"}, "x"]), "credentialSubject"),
        ("credentialSubject", json!({"id": "no url"}), "credentialSubject.id"),
        ("validFrom", json!("2026-06-30"), "validFrom"),
        ("validFrom", json!("2031-06-30T09:00:01Z"), "validUntil"),
        ("validUntil", json!(7), "validUntil"),
        ("credentialStatus", json!({"id": "urn:x:1"}), "credentialStatus.type"),
        ("credentialStatus", entry, "credentialStatus"),
        ("credentialSchema", json!([{"type": "JsonSchema"}]), "credentialSchema.id"),
        ("credentialSchema", json!("urn:x:1"), "credentialSchema"),
        ("evidence", json!([{"type": "Unheard"}]), "evidence.type"),
        ("termsOfUse", json!({"type": "urn:x:Terms", "id": "no url"}), "termsOfUse.id"),
        ("relatedResource", json!([{"id": "urn:x:1"}]), "relatedResource"),
        (
            "relatedResource",
            json!([{"id": "urn:x:1", "digestSRI": "sha384-x"}, {"id": "urn:x:1", "digestSRI": "sha384-x"}]),
            "relatedResource.id",
        ),
        ("relatedResource", json!({"id": "urn:x:1", "digestMultibase": 7}), "relatedResource"),
    ] {
        assert_eq!(places(&with(member, value.clone())), [place], "{member}: {value}");
    }
    let bare = json!("https://www.w3.org/ns/credentials/v2");
    assert_eq!(places(&with("@context", bare)), ["@context", "type"], "the type is not in this context");
    assert_eq!(places(&json!("text")), ["credential"]);
}

#[test]
fn all_problems_are_told_at_once() {
    let mut found = places(&json!({"id": 7, "validFrom": "now"}));
    found.sort();
    assert_eq!(found, ["@context", "credentialSubject", "id", "issuer", "type", "validFrom"]);
    let problem = &data_model::problems(&with("validFrom", "now".into()), Contexts::embedded())[0];
    assert_eq!(problem.to_string(), "`validFrom` is not a date and time with a zone, such as 2026-06-30T09:00:00Z");
}
