//! E-mail addresses that only those recognise who know them.

use serde_json::json;
use studium_vc::identity::{Identity, is_of_email};

/// The digest was made with `sha256sum`.
#[test]
fn the_hash_is_that_of_address_and_salt() {
    let identity = Identity::of_email("learner@example.org", "c1d0e7a29b5f4c3d");
    let expected = json!({
        "type": "IdentityObject",
        "hashed": true,
        "identityHash": "sha256$60518d8eb12898c151b6b74a573b9d65b57501fbc865acd963a2d8ff5c623891",
        "identityType": "emailAddress",
        "salt": "c1d0e7a29b5f4c3d",
    });
    assert_eq!(serde_json::to_value(&identity).unwrap(), expected);
    assert_eq!(identity.hash(), expected["identityHash"]);
}

#[test]
fn it_is_recognised_by_who_knows_it() {
    let identity = serde_json::to_value(Identity::of_email("learner@example.org", "pepper")).unwrap();
    assert!(is_of_email(&identity, "learner@example.org"));
    assert!(!is_of_email(&identity, "other@example.org"));
    for (member, value) in [
        ("salt", json!("salt")),
        ("identityType", json!("emailAddress2")),
        ("hashed", json!(false)),
        ("identityHash", json!(7)),
    ] {
        let mut other = identity.clone();
        other[member] = value;
        assert!(!is_of_email(&other, "learner@example.org"), "{member}");
    }
    assert!(!is_of_email(&json!({}), ""));
}
