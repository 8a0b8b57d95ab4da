//! Data Integrity proofs with `eddsa-rdfc-2022`: how one is added, and how those of a document are checked.

use crate::{
    canon::{self, CanonError},
    contexts::Contexts,
    keys::{SigningKey, VerifyingKey, sha256},
    times,
};
use serde_json::{Map, Value, json};
use thiserror::Error;

/// The one cryptosuite: RDFC-1.0, SHA-256, Ed25519.
pub const CRYPTOSUITE: &str = "eddsa-rdfc-2022";
/// What a credential's proof is for: the issuer asserts it.
pub const PURPOSE: &str = "assertionMethod";

/// More proofs than any set has, since each costs a canonicalisation.
const PROOFS_MAX: usize = 8;

/// What a proof may hold. Anything else might not be covered by it.
const MEMBERS: &[&str] = &[
    "type",
    "id",
    "cryptosuite",
    "created",
    "expires",
    "verificationMethod",
    "proofPurpose",
    "proofValue",
    "domain",
    "challenge",
    "nonce",
];

/// A document cannot be given a proof, or those that it has do not prove it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofError {
    /// Only objects can have a proof.
    #[error("the document is not a JSON object")]
    NotAnObject,
    /// There is nothing that proves it.
    #[error("the document has no proof")]
    Missing,
    /// Too many to check.
    #[error("the document has {0} proofs, {PROOFS_MAX} at most are checked")]
    TooMany(usize),
    /// A member of a proof is missing or has no form that can be read.
    #[error("the proof's `{member}` {why}")]
    Member {
        /// Its name.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// Chains of proofs are not supported: one could be left out of them unnoticed.
    #[error("the proof names a `previousProof`; chains of proofs are not supported")]
    PreviousProof,
    /// There are no bytes to check.
    #[error(transparent)]
    Canon(#[from] CanonError),
    /// The key of this verification method is not known.
    #[error("there is no key for the verification method {0}")]
    NoKey(String),
    /// What was signed is not what is here.
    #[error("the signature by {0} does not fit: the document or its proof was changed after signing")]
    Signature(String),
}

/// One proof of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Which key signed, as a URL.
    pub verification_method: String,
    /// When, by the signer's word.
    pub created_ms: Option<i64>,
    /// After which it proves nothing any more.
    pub expires_ms: Option<i64>,
    config: Map<String, Value>,
    signature: Vec<u8>,
}

/// A document parted from its proofs.
#[derive(Clone, Debug, PartialEq)]
pub struct Secured {
    /// The document without its `proof`.
    pub document: Value,
    /// At least one.
    pub proofs: Vec<Proof>,
}

/// The document with one more proof by the key that `verification_method` names.
///
/// Signing the same at the same time gives the same bytes. `proof` is always a list, as Open Badges wants it.
pub fn add(
    document: &Value,
    key: &SigningKey,
    verification_method: &str,
    created_ms: i64,
    contexts: &Contexts,
) -> Result<Value, ProofError> {
    let mut secured = document.clone();
    let members = secured.as_object_mut().ok_or(ProofError::NotAnObject)?;
    let mut proofs = match members.remove("proof") {
        None => Vec::new(),
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
    };
    let mut config = json!({
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITE,
        "created": times::format(created_ms),
        "verificationMethod": verification_method,
        "proofPurpose": PURPOSE,
    });
    let digest = digest(&secured, contexts)?;
    let signature = key.sign(&signed(&config, &secured["@context"], &digest, contexts)?);
    config["proofValue"] = format!("z{}", bs58::encode(signature).into_string()).into();
    proofs.push(config);
    secured["proof"] = proofs.into();
    Ok(secured)
}

/// Checks every proof of a document; all must hold.
pub fn verify(
    document: &Value,
    key: impl Fn(&str) -> Option<VerifyingKey>,
    contexts: &Contexts,
) -> Result<Vec<Proof>, ProofError> {
    let secured = Secured::read(document)?;
    let digest = digest(&secured.document, contexts)?;
    for proof in &secured.proofs {
        let method = &proof.verification_method;
        let key = key(method).ok_or_else(|| ProofError::NoKey(method.clone()))?;
        let config = Value::Object(proof.config.clone());
        if !key.verifies(&signed(&config, &secured.document["@context"], &digest, contexts)?, &proof.signature) {
            return Err(ProofError::Signature(method.clone()));
        }
    }
    Ok(secured.proofs)
}

fn digest(document: &Value, contexts: &Contexts) -> Result<[u8; 32], CanonError> {
    canon::canonize(document, contexts).map(|it| sha256(it.as_bytes()))
}

/// The bytes that are signed: the hash of the proof's options, read with the document's context, and the document's.
fn signed(config: &Value, context: &Value, digest: &[u8; 32], contexts: &Contexts) -> Result<Vec<u8>, CanonError> {
    let mut config = config.clone();
    config["@context"] = context.clone();
    let options = canon::canonize(&config, contexts)?;
    Ok([sha256(options.as_bytes()), *digest].concat())
}

impl Secured {
    /// Takes a document apart and reads its proofs, without checking them yet.
    pub fn read(document: &Value) -> Result<Self, ProofError> {
        let mut document = document.clone();
        let proof = document.as_object_mut().ok_or(ProofError::NotAnObject)?.remove("proof");
        let all = match proof {
            None => return Err(ProofError::Missing),
            Some(Value::Array(all)) => all,
            Some(one) => vec![one],
        };
        match all.len() {
            0 => return Err(ProofError::Missing),
            n if n > PROOFS_MAX => return Err(ProofError::TooMany(n)),
            _ => {}
        }
        let proofs = all.into_iter().map(Proof::read).collect::<Result<_, _>>()?;
        Ok(Self { document, proofs })
    }
}

impl Proof {
    fn read(proof: Value) -> Result<Self, ProofError> {
        let Value::Object(mut config) = proof else { return Err(member("proof", "is not an object")) };
        if config.contains_key("previousProof") {
            return Err(ProofError::PreviousProof);
        }
        if let Some(name) = config.keys().find(|it| !MEMBERS.contains(&it.as_str())) {
            return Err(member(name, "is not a member of a proof that is known here"));
        }
        for (name, want) in [("type", "DataIntegrityProof"), ("cryptosuite", CRYPTOSUITE), ("proofPurpose", PURPOSE)] {
            match config.get(name) {
                Some(have) if have == want => {}
                Some(have) => return Err(member(name, &format!("is {have}, only \"{want}\" is supported"))),
                None => return Err(member(name, "is missing")),
            }
        }
        let verification_method =
            text(&config, "verificationMethod")?.ok_or_else(|| member("verificationMethod", "is missing"))?;
        let value = config.remove("proofValue").ok_or_else(|| member("proofValue", "is missing"))?;
        let wrong = || member("proofValue", "is not an Ed25519 signature in base58btc, `z` and 64 bytes");
        // A signature has 88 digits at most; more would only cost time.
        let digits =
            value.as_str().filter(|it| it.len() < 100).and_then(|it| it.strip_prefix('z')).ok_or_else(wrong)?;
        let signature = bs58::decode(digits).into_vec().map_err(|_| wrong())?;
        if signature.len() != 64 {
            return Err(wrong());
        }
        let (created_ms, expires_ms) = (time(&config, "created")?, time(&config, "expires")?);
        Ok(Self { verification_method, created_ms, expires_ms, config, signature })
    }
}

fn member(member: &str, why: &str) -> ProofError {
    ProofError::Member { member: member.to_owned(), why: why.to_owned() }
}

fn text(config: &Map<String, Value>, name: &str) -> Result<Option<String>, ProofError> {
    match config.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(member(name, "is not a text")),
    }
}

fn time(config: &Map<String, Value>, name: &str) -> Result<Option<i64>, ProofError> {
    let Some(text) = text(config, name)? else { return Ok(None) };
    times::parse(&text).map(Some).ok_or_else(|| member(name, "is not a date and time with a zone"))
}
