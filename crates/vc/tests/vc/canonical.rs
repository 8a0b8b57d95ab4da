//! What has no canonical form, because something in it would not be signed.

use super::{badge, signed, small};
use serde_json::{Value, json};
use studium_vc::{
    canon::{CanonError, canonize},
    contexts::{ContextError, Contexts},
};

fn refused(document: &Value) -> CanonError {
    canonize(document, Contexts::embedded()).expect_err("this document says something that a proof would not cover")
}

fn lost(document: &Value) -> Vec<String> {
    match refused(document) {
        CanonError::DataLoss(it) => it,
        other => panic!("{other}"),
    }
}

#[test]
fn a_whole_microcredential_has_a_form() {
    let form = canonize(&badge(), Contexts::embedded()).unwrap();
    assert!(form.lines().is_sorted() && form.lines().count() > 100);
    assert_eq!(form, canonize(&badge(), Contexts::embedded()).unwrap());
}

#[test]
fn all_built_in_contexts_are_there() {
    for url in [
        "https://www.w3.org/ns/credentials/v2",
        "https://w3id.org/security/data-integrity/v2",
        "https://www.w3.org/ns/credentials/status/v1",
        "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
        "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json",
    ] {
        let document = json!({"@context": url, "id": "urn:x:1"});
        assert_eq!(refused(&document), CanonError::DataLoss(vec!["id".to_owned()]), "nothing is said of it");
    }
}

#[test]
fn an_unknown_context_is_named_and_not_fetched() {
    let mut document = small();
    document["@context"][1] = "https://example.org/my-terms.json".into();
    let unknown = ContextError::Unknown("https://example.org/my-terms.json".to_owned());
    assert_eq!(refused(&document), CanonError::Context(unknown.clone()));
    let mut document = small();
    document["credentialSubject"]["@context"] = json!(["https://example.org/my-terms.json"]);
    assert_eq!(refused(&document), CanonError::Context(unknown));
}

#[test]
fn a_document_cannot_define_terms_by_itself() {
    let mut document = small();
    document["@context"].as_array_mut().unwrap().push(Value::Null);
    document["@context"][2] = json!({"name": "https://example.org/other-name"});
    assert_eq!(refused(&document), CanonError::Context(ContextError::Inline("@context".to_owned())));
    document["@context"][2] = json!(7);
    assert_eq!(refused(&document), CanonError::Context(ContextError::Malformed("@context".to_owned())));
}

#[test]
fn undefined_terms_are_named_wherever_they_stand() {
    let mut document = small();
    document["grade"] = "A".into();
    document["credentialSubject"]["passed"] = true.into();
    document["credentialSubject"]["achievement"]["level"] = json!({"number": 6});
    document["issuer"]["motto"] = json!({});
    let mut found = lost(&document);
    found.sort();
    let expected = ["credentialSubject.achievement.level.number", "credentialSubject.passed", "grade", "issuer.motto"];
    assert_eq!(found, expected);
}

#[test]
fn terms_of_another_type_are_undefined() {
    let mut document = small();
    document["credentialSubject"]["narrative"] = "belongs to criteria, where it is known by itself".into();
    document["credentialSubject"]["humanCode"] = "belongs to the achievement".into();
    assert!(lost(&document).contains(&"credentialSubject.humanCode".to_owned()));
}

#[test]
fn undefined_types_are_named() {
    let mut document = small();
    document["type"] = json!(["VerifiableCredential", "OpenBadgeCredential", "DoctorateOfEverything"]);
    assert_eq!(lost(&document), ["the type `DoctorateOfEverything`"]);
    document["type"][2] = "https://example.org/DoctorateOfEverything".into();
    assert!(canonize(&document, Contexts::embedded()).is_ok());
    document["type"][2] = "OpenBadgeCredential".into();
    assert!(canonize(&document, Contexts::embedded()).is_ok(), "a type given twice is one type");
    // A statement in other words that would make up for the type that is lost.
    document["type"][2] = "DoctorateOfEverything".into();
    document["http://www.w3.org/1999/02/22-rdf-syntax-ns#type"] = json!({"id": "urn:x:made-up"});
    refused(&document);
}

#[test]
fn what_rdf_has_no_form_for_is_refused() {
    let mut document = small();
    document["name"] = Value::Null;
    assert_eq!(lost(&document), ["name (empty)"]);
    document["name"] = json!([]);
    assert_eq!(lost(&document), ["name (empty)"]);
    document["name"] = json!({"@value": "שלום", "@language": "he", "@direction": "rtl"});
    assert_eq!(lost(&document), ["name.@direction"]);
    document["name"] = json!({"@value": "x", "@language": "not a language"});
    refused(&document);
}

#[test]
fn ids_are_absolute() {
    for id in ["learner/7", "", "#me", "https://example.org/a b", "<urn:x:1>"] {
        let mut document = small();
        document["credentialSubject"]["id"] = id.into();
        refused(&document);
    }
    let mut document = small();
    document["issuer"] = "somebody".into();
    assert_eq!(lost(&document), ["issuer (not an absolute IRI)"]);
}

#[test]
fn no_marker_can_be_faked() {
    let mut document = small();
    document["grade"] = "A".into();
    for number in 0..20 {
        let faked = format!("urn:studium-probe:{number:08}");
        document["name"] = json!({"@value": "Analysis", "@type": faked});
        refused(&document);
        document["type"] = json!(["VerifiableCredential", faked]);
        refused(&document);
        document["type"] = small()["type"].clone();
    }
}

/// The proof would still hold for all of these, and who reads the JSON would see a credential without an end.
#[test]
fn nothing_is_hidden_under_another_name() {
    let until = json!({"@value": "2031-06-30T09:00:00Z", "@type": "http://www.w3.org/2001/XMLSchema#dateTime"});
    let mut renamed = signed(&small());
    let members = renamed.as_object_mut().unwrap();
    members.remove("proof");
    members.remove("validUntil");
    for (name, value) in [
        ("https://www.w3.org/2018/credentials#validUntil", until),
        ("@nest", json!({"validUntil": "2031-06-30T09:00:00Z"})),
        ("@included", json!([{"id": small()["id"], "validUntil": "2031-06-30T09:00:00Z"}])),
        ("@reverse", json!({"issuer": {"id": "urn:x:1"}})),
        ("@graph", json!([])),
    ] {
        let mut document = renamed.clone();
        document[name] = value;
        assert_eq!(refused(&document), CanonError::NotPlain(name.to_owned()));
    }
}

/// Found by comparing with jsonld.js, which writes these otherwise.
#[test]
fn numbers_that_are_not_written_alike_are_refused() {
    let with = |number: &str| {
        let mut document = small();
        document["credentialSubject"]["creditsEarned"] = serde_json::from_str(number).unwrap();
        canonize(&document, Contexts::embedded())
    };
    for number in
        ["1e-7", "0.30000000000000004", "1e20", "1e21", "-0.0", "9007199254740993", "-1e15", "18446744073709551615"]
    {
        assert!(matches!(with(number), Err(CanonError::Number(_))), "{number}");
    }
    for (number, written) in [
        ("0", "\"0\""),
        ("5", "\"5\""),
        ("5.0", "\"5\""),
        ("-2.5", "\"-2.5E0\""),
        ("0.000001", "\"1.0E-6\""),
        ("123456789.123456", "\"1.23456789123456E8\""),
        ("999999999999999", "\"999999999999999\""),
    ] {
        let form = with(number).unwrap();
        assert!(form.contains(&format!("#creditsEarned> {written}^^")), "{number}: {form}");
    }
}

/// A context of two types that both bring terms of their own.
fn two_types() -> Contexts {
    let text = r#"{"@context": {"id": "@id", "type": "@type",
        "A": {"@id": "urn:x:A", "@context": {"a": "urn:x:a"}}, "B": {"@id": "urn:x:B", "@context": {"b": "urn:x:b"}}}}"#;
    Contexts::embedded().clone().with("urn:x:context", text).unwrap()
}

#[test]
fn two_types_with_contexts_of_their_own_are_refused() {
    let document =
        |types: Value| json!({"@context": "urn:x:context", "id": "urn:x:1", "type": types, "a": "1", "b": "2"});
    for types in [json!(["A", "B"]), json!(["B", "A"])] {
        let both = CanonError::TwoScopedTypes(vec!["A".to_owned(), "B".to_owned()]);
        assert_eq!(canonize(&document(types), &two_types()), Err(both));
    }
    let lost = CanonError::DataLoss(vec!["b".to_owned()]);
    assert_eq!(canonize(&document(json!("A")), &two_types()), Err(lost));
    let mut twice = small();
    twice["credentialSubject"]["achievement"]["type"] = json!(["Achievement", "Related"]);
    assert!(matches!(refused(&twice), CanonError::TwoScopedTypes(_)));
}

#[test]
fn a_document_made_to_take_for_ever_is_refused() {
    let mut document = small();
    // Two nodes that look alike, each with parts that do.
    let hub = |parts: usize| {
        let parts: Vec<_> = (0..parts).map(|_| json!({"type": "Criteria", "narrative": "the same"})).collect();
        json!({"type": ["Achievement"], "criteria": parts})
    };
    document["evidence"] = json!([hub(2), hub(2)]);
    assert!(canonize(&document, Contexts::embedded()).is_ok());
    for parts in [6, 40] {
        document["evidence"] = json!([hub(parts), hub(parts)]);
        assert_eq!(refused(&document), CanonError::TooMuchAlike(2 * parts + 2));
    }
}

/// A learner's record names the same address in each of its credentials.
#[test]
fn nodes_alike_that_do_not_hang_together_are_no_burden() {
    let mut document = small();
    for id in [true, false] {
        document["evidence"] = (0..400).map(|_| json!({"type": ["Evidence"], "name": "the same"})).collect();
        let form = canonize(&document, Contexts::embedded()).unwrap();
        assert_eq!(form.matches("the same").count(), 400, "{id}");
        document.as_object_mut().unwrap().remove("id");
    }
}
