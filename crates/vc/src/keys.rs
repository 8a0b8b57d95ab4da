//! Ed25519 keys: a signing key from a seed, and the ways in which the world writes a public key down.

use aws_lc_rs::{
    digest,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use std::fmt;
use thiserror::Error;

/// What says in a multikey that an Ed25519 public key follows.
const MULTICODEC: [u8; 2] = [0xed, 0x01];

/// The text is not an Ed25519 public key, or the seed not one of a private key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Only base58btc is used for keys; its sign is a `z` in front.
    #[error("a multikey begins with `z` and is written in base58btc, unlike `{0}`")]
    NotBase58(String),
    /// The key is of another kind, for instance P-256.
    #[error("`{0}` is not an Ed25519 key (multikeys of these begin with `z6Mk`)")]
    NotEd25519(String),
    /// The JSON Web Key is not `{"kty": "OKP", "crv": "Ed25519", "x": ..}`.
    #[error("the JSON Web Key is not an Ed25519 public key: {0}")]
    Jwk(&'static str),
    /// The provider takes the seed for none of a private key.
    #[error("the seed gives no Ed25519 key")]
    Seed,
}

/// The private key of an issuer. It is never shown, also not for debugging.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// The key that these 32 bytes stand for; they must come from a good source of randomness and stay secret.
    pub fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyError> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| KeyError::Seed)
    }

    /// Its public half.
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.0.public_key().as_ref());
        VerifyingKey(key)
    }

    /// The signature; the same for the same message.
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(message).as_ref());
        signature
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey of {}", self.verifying_key().multikey())
    }
}

/// The public key of an issuer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads `z6Mk…`.
    pub fn from_multikey(text: &str) -> Result<Self, KeyError> {
        // Decoding takes time with the square of the length, and no Ed25519 key is longer than 48.
        let short = text.get(..64).unwrap_or(text);
        let digits = text.strip_prefix('z').ok_or_else(|| KeyError::NotBase58(short.to_owned()))?;
        if text.len() > 64 {
            return Err(KeyError::NotEd25519(format!("{short}…")));
        }
        let bytes = bs58::decode(digits).into_vec().map_err(|_| KeyError::NotBase58(text.to_owned()))?;
        let key = bytes.strip_prefix(&MULTICODEC).and_then(|it| it.try_into().ok());
        key.map(Self).ok_or_else(|| KeyError::NotEd25519(text.to_owned()))
    }

    /// `z6Mk…`, the form of a Multikey's `publicKeyMultibase`.
    pub fn multikey(&self) -> String {
        format!("z{}", bs58::encode([&MULTICODEC[..], &self.0].concat()).into_string())
    }

    /// `did:key:z6Mk…`: an identifier that is nothing but the key.
    pub fn did_key(&self) -> String {
        format!("did:key:{}", self.multikey())
    }

    /// Reads a JSON Web Key.
    pub fn from_jwk(jwk: &Value) -> Result<Self, KeyError> {
        if jwk["kty"] != "OKP" || jwk["crv"] != "Ed25519" {
            return Err(KeyError::Jwk("`kty` is not OKP or `crv` not Ed25519"));
        }
        if jwk.get("d").is_some() {
            return Err(KeyError::Jwk("it holds the private part `d`"));
        }
        let x = jwk["x"].as_str().ok_or(KeyError::Jwk("no `x`"))?;
        let key = BASE64URL.decode(x).ok().and_then(|it| it.try_into().ok());
        key.map(Self).ok_or(KeyError::Jwk("`x` is not 32 bytes in base64url"))
    }

    /// The key as a JSON Web Key.
    pub fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": BASE64URL.encode(self.0)})
    }

    /// Whether the owner of this key signed the message.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.multikey())
    }
}

/// SHA-256, from the same provider as the signatures.
pub(crate) fn sha256(text: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, text).as_ref());
    hash
}
