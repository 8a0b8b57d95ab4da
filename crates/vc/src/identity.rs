//! Whose credential it is, told by an e-mail address that only those recognise who know it already.
//!
//! Open Badges 3.0, `IdentityObject`. The salt stands beside the hash, so that who guesses the address can check the
//! guess; it only keeps hashes from being looked up in a table. Hence it goes into a credential at the learner's wish.

use crate::keys::sha256;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;

/// A hashed e-mail address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Identity {
    r#type: &'static str,
    hashed: bool,
    #[serde(rename = "identityHash")]
    hash: String,
    #[serde(rename = "identityType")]
    kind: &'static str,
    salt: String,
}

impl Identity {
    /// Hashes the address as it is written; the salt should be random and of this credential only.
    pub fn of_email(email: &str, salt: &str) -> Self {
        Self {
            r#type: "IdentityObject",
            hashed: true,
            hash: hash(email, salt),
            kind: "emailAddress",
            salt: salt.to_owned(),
        }
    }

    /// `sha256$` and the digest in hexadecimal digits.
    pub fn hash(&self) -> &str {
        &self.hash
    }
}

/// Whether an `IdentityObject` of a credential is about this e-mail address.
pub fn is_of_email(identity: &Value, email: &str) -> bool {
    let salt = identity["salt"].as_str().unwrap_or_default();
    identity["identityType"] == "emailAddress"
        && identity["hashed"] == true
        && identity["identityHash"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(&hash(email, salt)))
}

fn hash(identity: &str, salt: &str) -> String {
    let mut text = "sha256$".to_owned();
    for byte in sha256(format!("{identity}{salt}").as_bytes()) {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
