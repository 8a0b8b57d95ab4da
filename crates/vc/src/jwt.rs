//! A credential as a JSON Web Token, in the form of Open Badges 3.0: for whoever reads no JSON-LD.

use crate::{
    json,
    keys::{KeyError, SigningKey, VerifyingKey},
    times,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use thiserror::Error;

/// The one algorithm. What a token says of itself never chooses another.
pub const ALGORITHM: &str = "EdDSA";

/// A credential cannot be written as a token, or a token not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum JwtError {
    /// Not three parts of base64url with JSON in the first two.
    #[error("not a JSON Web Token: {0}")]
    Malformed(&'static str),
    /// `none`, a shared secret, RSA, or anything else.
    #[error("the token names the algorithm `{0}`, only {ALGORITHM} is accepted")]
    Algorithm(String),
    /// It says that it is something else.
    #[error("the token is of the type `{0}`, not JWT or vc+jwt")]
    Type(String),
    /// It demands what is not understood here.
    #[error("the token's header demands extensions (`crit`) that are not supported")]
    Critical,
    /// The key that it carries is none.
    #[error("the token's `jwk`: {0}")]
    Jwk(#[from] KeyError),
    /// A claim and the member that it repeats say different things.
    #[error("the token's `{claim}` is not the credential's `{member}`")]
    Claim {
        /// The registered claim.
        claim: &'static str,
        /// What it should repeat.
        member: &'static str,
    },
    /// The credential lacks what the token must say.
    #[error("a credential without `{0}` cannot be written as a token")]
    Lacks(&'static str),
}

/// A token that was read; whether it is genuine, [`Token::verifies`] says.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Which key signed, as a URL.
    pub key_id: Option<String>,
    /// The key that the token itself carries. Anybody can put one there, so it proves nothing by itself.
    pub key: Option<VerifyingKey>,
    /// The credential, without the claims that repeat it.
    pub credential: Value,
    signed: String,
    signature: Vec<u8>,
}

/// The registered claims of a credential: issuer, id, subject, and its validity in seconds.
fn claims(credential: &Value) -> [(&'static str, &'static str, Option<Value>); 5] {
    let text = |it: &Value| it.as_str().map(|it| Value::String(it.to_owned()));
    let seconds = |it: &Value| it.as_str().and_then(times::parse).map(|it| json!(it.div_euclid(1000)));
    let issuer = &credential["issuer"];
    [
        ("iss", "issuer", text(issuer).or_else(|| text(&issuer["id"]))),
        ("jti", "id", text(&credential["id"])),
        ("sub", "credentialSubject.id", text(&credential["credentialSubject"]["id"])),
        ("nbf", "validFrom", seconds(&credential["validFrom"])),
        ("exp", "validUntil", seconds(&credential["validUntil"])),
    ]
}

/// The credential as a token. Its `proof`, if it has one, is left out: the token's signature takes its place.
pub fn sign(credential: &Value, key: &SigningKey, key_id: &str) -> Result<String, JwtError> {
    let mut payload = credential.clone();
    let members = payload.as_object_mut().ok_or(JwtError::Malformed("the credential is not a JSON object"))?;
    members.remove("proof");
    for (claim, member, value) in claims(credential) {
        match value {
            Some(value) => drop(members.insert(claim.to_owned(), value)),
            None if ["iss", "jti", "nbf"].contains(&claim) => return Err(JwtError::Lacks(member)),
            // A time that cannot be read must not turn into a credential without an end.
            None if claim == "exp" && !credential["validUntil"].is_null() => return Err(JwtError::Lacks(member)),
            None => {}
        }
    }
    let header = json!({"alg": ALGORITHM, "jwk": key.verifying_key().jwk(), "kid": key_id, "typ": "JWT"});
    let signed = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(payload.to_string()));
    let signature = BASE64URL.encode(key.sign(signed.as_bytes()));
    Ok(format!("{signed}.{signature}"))
}

impl Token {
    /// Takes a token apart and checks its form, and that its claims repeat the credential.
    pub fn read(token: &str) -> Result<Self, JwtError> {
        let parts: Vec<_> = token.trim().split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(JwtError::Malformed("it has not three parts"));
        };
        let bytes = |it: &str| BASE64URL.decode(it).map_err(|_| JwtError::Malformed("a part is not base64url"));
        let object = |it: &str| match json::read(&bytes(it)?) {
            Ok(Value::Object(it)) => Ok(it),
            _ => Err(JwtError::Malformed("a part is not a JSON object that names each of its members once")),
        };
        let head = object(header)?;
        match head.get("alg") {
            Some(Value::String(it)) if it == ALGORITHM => {}
            Some(Value::String(it)) => return Err(JwtError::Algorithm(it.clone())),
            _ => return Err(JwtError::Algorithm(String::new())),
        }
        match head.get("typ") {
            Some(Value::String(it)) if ["jwt", "vc+jwt"].contains(&it.to_ascii_lowercase().as_str()) => {}
            Some(it) => return Err(JwtError::Type(it.as_str().unwrap_or_default().to_owned())),
            None => return Err(JwtError::Type(String::new())),
        }
        if head.contains_key("crit") {
            return Err(JwtError::Critical);
        }
        let key_id = match head.get("kid") {
            None => None,
            Some(Value::String(it)) => Some(it.clone()),
            Some(_) => return Err(JwtError::Malformed("`kid` is not a text")),
        };
        let key = head.get("jwk").map(VerifyingKey::from_jwk).transpose()?;
        let credential = repeated(&Value::Object(object(payload)?))?;
        let signed = format!("{header}.{payload}");
        Ok(Self { key_id, key, credential, signed, signature: bytes(signature)? })
    }

    /// Whether the owner of this key signed the token.
    pub fn verifies(&self, key: &VerifyingKey) -> bool {
        key.verifies(self.signed.as_bytes(), &self.signature)
    }
}

/// The credential without its claims, each of which must repeat a member.
fn repeated(payload: &Value) -> Result<Value, JwtError> {
    let mut credential = payload.clone();
    for (claim, member, value) in claims(payload) {
        let Some(stated) = credential.as_object_mut().and_then(|it| it.remove(claim)) else { continue };
        if Some(stated) != value {
            return Err(JwtError::Claim { claim, member });
        }
    }
    if let Some(members) = credential.as_object_mut() {
        members.remove("iat");
    }
    Ok(credential)
}
