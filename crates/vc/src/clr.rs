//! A learner's record: the signed credentials of one learner together, as a Comprehensive Learner Record 2.0.
//!
//! It is given out as a token, with [`crate::jwt::sign`]. For a proof of its own the text of its context would be
//! needed, which is not built in. The credentials in it keep their proofs, and each is checked by itself.
//! `partial` and `association` are not written.

use crate::{
    contexts::{CLR, CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS},
    identity::Identity,
    open_badge::{
        Issuer,
        json::{Profile, Schema},
    },
    proof::Secured,
    status::StatusEntry,
    times,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use thiserror::Error;

/// The JSON Schema to which these records conform.
pub const SCHEMA: &str = "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json";

/// The credentials of one learner. Times are Unix milliseconds; a record keeps the seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The URL of the record.
    pub id: String,
    /// Its title, for instance `Transcript of records`.
    pub name: String,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Who put it together, and signs.
    pub issuer: Issuer,
    /// When it was put together.
    pub valid_from_ms: i64,
    /// Until when it is valid, if there is an end.
    pub valid_until_ms: Option<i64>,
    /// The learner, by the same id as in the credentials.
    pub subject: String,
    /// The learner's e-mail address, if they wish it.
    pub identity: Option<Identity>,
    /// The signed Open Badges, in the order in which they are to be shown.
    pub credentials: Vec<Value>,
    /// Where to look up whether the record is revoked.
    pub status: Option<StatusEntry>,
}

/// These credentials make no record.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClrError {
    /// The standard wants one at least.
    #[error("a record of no credentials says nothing")]
    Empty,
    /// Without an id, nobody can tell it from another.
    #[error("a credential of the record has no id")]
    NoId,
    /// It is there already.
    #[error("the record holds the credential {0} twice")]
    Twice(String),
    /// A record holds what others have signed.
    #[error("the credential {0} has no proof that can be read")]
    Unproven(String),
    /// A record is about one learner.
    #[error("the credential {0} is about somebody else")]
    OtherSubject(String),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Root<'a> {
    #[serde(rename = "@context")]
    context: [&'static str; 4],
    id: &'a str,
    r#type: [&'static str; 2],
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    issuer: Profile<'a>,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    credential_subject: Subject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_status: Option<Value>,
    credential_schema: [Schema; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    id: &'a str,
    r#type: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<[&'a Identity; 1]>,
    verifiable_credential: &'a [Value],
}

/// The record, still to be signed by its issuer as a token. The same credentials give the same record.
pub fn credential(record: &Record) -> Result<Value, ClrError> {
    holds(record)?;
    let root = Root {
        context: [CREDENTIALS_V2, CLR, OPEN_BADGES, OPEN_BADGES_EXTENSIONS],
        id: &record.id,
        r#type: ["VerifiableCredential", "ClrCredential"],
        name: &record.name,
        description: record.description.as_deref(),
        issuer: Profile::of(&record.issuer),
        valid_from: times::format(record.valid_from_ms),
        valid_until: record.valid_until_ms.map(times::format),
        credential_subject: Subject {
            id: &record.subject,
            r#type: ["ClrSubject"],
            identifier: record.identity.as_ref().map(|it| [it]),
            verifiable_credential: &record.credentials,
        },
        credential_status: record.status.as_ref().map(StatusEntry::to_json),
        credential_schema: [Schema { id: SCHEMA, r#type: "1EdTechJsonSchemaValidator2019" }],
    };
    // Structs of texts, numbers and lists always have a form in JSON.
    Ok(serde_json::to_value(root).unwrap_or_default())
}

/// Whether these are signed credentials of this learner, each once. Whether they are genuine, a check says.
fn holds(record: &Record) -> Result<(), ClrError> {
    if record.credentials.is_empty() {
        return Err(ClrError::Empty);
    }
    let mut seen = BTreeSet::new();
    for credential in &record.credentials {
        let id = credential["id"].as_str().ok_or(ClrError::NoId)?;
        if !seen.insert(id) {
            return Err(ClrError::Twice(id.to_owned()));
        }
        if Secured::read(credential).is_err() {
            return Err(ClrError::Unproven(id.to_owned()));
        }
        if credential["credentialSubject"]["id"] != record.subject.as_str() {
            return Err(ClrError::OtherSubject(id.to_owned()));
        }
    }
    Ok(())
}

/// The credentials that a record holds; nothing in a record that is none. Each must be checked by itself.
pub fn held(record: &Value) -> &[Value] {
    let is_one = crate::loss::strings(&record["type"]).any(|it| it == "ClrCredential");
    match &record["credentialSubject"]["verifiableCredential"] {
        Value::Array(all) if is_one => all,
        _ => &[],
    }
}
