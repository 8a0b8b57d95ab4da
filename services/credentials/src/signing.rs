//! Signs what was issued. The bytes follow from the events alone: whoever signs again gets the same.

use crate::{
    achievements,
    credentials::CredentialRow,
    document,
    issuer::Sealed,
    issuers::{self, IssuerRow, KeyRow},
    key_store::{KeyStore, sha256},
    settings::Settings,
    status_lists::StatusListRow,
};
use serde_json::Value;
use studium_kit::{App, StoreError};
use studium_vc::{
    contexts::Contexts,
    did, jwt,
    keys::SigningKey,
    proof,
    status::{self, ListTerms, Purpose},
};

/// A status list may be kept so long, milliseconds; half of it before it is signed anew.
const LIST_VALID_MS: i64 = 24 * 3_600_000;

/// A credential in both forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// JSON-LD with a proof.
    pub json: String,
    /// A token.
    pub jwt: String,
}

impl Signed {
    /// The hash of the JSON.
    pub fn json_sha256(&self) -> String {
        sha256(self.json.as_bytes())
    }

    /// The hash of the token.
    pub fn jwt_sha256(&self) -> String {
        sha256(self.jwt.as_bytes())
    }
}

/// To whom a key belongs; it opens for nobody else.
pub fn whose(institution_id: &str, key_id: &str) -> String {
    format!("{institution_id}#{key_id}")
}

/// Signs a document in both forms.
fn sign(document: &Value, key: &SigningKey, did: &str, at_ms: i64) -> Result<Signed, StoreError> {
    let method = did::method_id(did, &key.verifying_key());
    let proven = proof::add(document, key, &method, at_ms, Contexts::embedded()).map_err(|e| unfit(&e))?;
    let jwt = jwt::sign(document, key, &method).map_err(|e| unfit(&e))?;
    Ok(Signed { json: proven.to_string(), jwt })
}

fn unfit(why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unfit(format!("it cannot be signed: {why}"))
}

/// The private key of an issuer, if the operator's keys open it.
fn open(app: &App, institution_id: &str, key: &KeyRow) -> Result<SigningKey, StoreError> {
    let keys = app.belonging::<Settings>().and_then(|it| it.keys.as_ref());
    let opened = keys.and_then(|it| it.open(&key.sealed(), &whose(institution_id, &key.id)));
    opened.ok_or_else(|| unfit(&format!("the key {} cannot be opened; give the operator's key that seals it", key.id)))
}

/// The signed bytes of a credential with this bit; always the same.
pub async fn credential(app: &App, row: &CredentialRow, list: u32, index: u32) -> Result<Signed, StoreError> {
    let issued = row.issued();
    let achievement = achievements::achievement(app.store(), &row.achievement_id).await?;
    let definition = achievement.ok_or_else(|| unfit(&"its achievement is not defined"))?.definition();
    let published = issuers::issuer(app.store(), &row.institution_id).await?;
    let key = published.as_ref().and_then(|it| it.key(&issued.key_id));
    let key = key.ok_or_else(|| unfit(&format!("its issuer has no key {}", issued.key_id)))?;
    let key = open(app, &row.institution_id, key)?;
    let document = document::open_badge(&issued, &definition, list, index);
    sign(&document, &key, &issued.issuer_did, row.issued_ms)
}

/// The signed bytes of a credential, checked against what was written down when it was signed first.
pub async fn again(app: &App, row: &CredentialRow) -> Result<Signed, StoreError> {
    let signed = credential(app, row, row.list, row.list_bit).await?;
    if signed.json_sha256() != row.json_sha256 || signed.jwt_sha256() != row.jwt_sha256 {
        return Err(unfit(&format!("{} would not come out as it was", row.credential_id)));
    }
    Ok(signed)
}

/// From when on a status list is valid: what changed it last, or half of its validity.
fn list_from(row: &StatusListRow, now_ms: i64) -> i64 {
    let half = LIST_VALID_MS / 2;
    row.changed_ms.max(now_ms.div_euclid(half) * half)
}

/// All on which the bytes of a status list depend, in few words: the same on every replica.
pub fn list_version(issuer: &IssuerRow, row: &StatusListRow, now_ms: i64) -> String {
    let key = issuer.current().map(|it| it.id.as_str()).unwrap_or_default();
    let from = list_from(row, now_ms);
    sha256(format!("{}/{}/{}/{from}/{key}", row.institution_id, row.list, row.changed_position).as_bytes())
}

/// An issuer's status list as it is to be published now. Every replica signs the same.
pub fn status_list(app: &App, issuer: &IssuerRow, row: &StatusListRow, now_ms: i64) -> Result<Signed, StoreError> {
    let current = issuer.current().ok_or_else(|| unfit(&"the issuer has no safe key"))?;
    let key = open(app, &issuer.institution_id, current)?;
    let from = list_from(row, now_ms);
    let url = document::status_list_url(&issuer.base_url, &issuer.institution_id, row.list);
    let terms = ListTerms {
        id: &url,
        issuer: &issuer.did,
        purpose: Purpose::Revocation,
        valid_from_ms: from,
        valid_until_ms: Some(from + LIST_VALID_MS),
    };
    let list = row.list().ok_or_else(|| unfit(&"the list has no length that a status list may have"))?;
    let document = status::list_credential(&terms, &list).map_err(|e| unfit(&e))?;
    sign(&document, &key, &issuer.did, from)
}

/// A document as a token of an issuer, signed with its present key.
pub fn token(app: &App, issuer: &IssuerRow, document: &Value) -> Result<String, StoreError> {
    let current = issuer.current().ok_or_else(|| unfit(&"the issuer has no safe key"))?;
    let key = open(app, &issuer.institution_id, current)?;
    let method = did::method_id(&issuer.did, &key.verifying_key());
    jwt::sign(document, &key, &method).map_err(|e| unfit(&e))
}

/// The document of an issuer: all its keys, old ones too, since credentials last.
pub fn did_document(issuer: &IssuerRow) -> Value {
    let mut document = did::Document::new(&issuer.did);
    for key in &issuer.keys.0 {
        let Ok(public) = studium_vc::keys::VerifyingKey::from_multikey(&key.id) else { continue };
        document = document.with_key(public);
        if let Some(at) = key.compromised_ms {
            document = document.with_revoked(public, at);
        }
    }
    document.to_json()
}

/// A new key of an issuer: its name, and its private half as it may be stored.
pub fn new_key(store: &KeyStore, institution_id: &str) -> Option<(String, Sealed)> {
    store.make(|public| whose(institution_id, public)).map(|(key, sealed)| (key.verifying_key().multikey(), sealed))
}
