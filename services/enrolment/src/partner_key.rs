//! The platform's key towards partners: everything that a partner can check us by is derived from it, nothing is stored.

use aws_lc_rs::{
    hkdf::{HKDF_SHA256, KeyType, Prk, Salt},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use axum::{Json, Router, http::StatusCode, routing::get};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use std::{env, fmt, fs};

/// The file with the key.
const KEY_FILE: &str = "STUDIUM_ENROLMENT_PARTNER_KEY_FILE";

/// Sets our derivations apart from any other use of the key; fixed for ever.
const SALT: &[u8] = b"studium partners v1";

/// The key, 32 bytes.
pub struct PartnerKey {
    extracted: Prk,
}

/// What signs digests.
pub struct Signer {
    /// The public key's id: its own JWK thumbprint's beginning would do, its text is shorter to compare.
    pub kid: String,
    pair: Ed25519KeyPair,
}

/// 32 bytes are asked for.
struct Seed;

impl KeyType for Seed {
    fn len(&self) -> usize {
        32
    }
}

impl PartnerKey {
    /// The key that the environment names; none = partners get no signatures.
    ///
    /// # Errors
    /// With a sentence that names the variable and says what to do.
    pub fn from_environment() -> Result<Option<Self>, String> {
        let Some(path) = env::var(KEY_FILE).ok().filter(|it| !it.is_empty()) else { return Ok(None) };
        let text = fs::read_to_string(&path).map_err(|e| {
            format!(
                "{KEY_FILE} names {path}, which cannot be read ({e}); make one with: head -c 32 /dev/urandom | base64"
            )
        })?;
        Self::read(&text).map(Some).map_err(|why| format!("{KEY_FILE}: {path} {why}"))
    }

    /// Reads 32 bytes in base64.
    ///
    /// # Errors
    /// With what is wrong, to follow the name of the file.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = "is not 32 bytes in base64; make it with: head -c 32 /dev/urandom | base64";
        let key = BASE64.decode(text.trim()).map_err(|_| wrong)?;
        let key: [u8; 32] = key.try_into().map_err(|_| wrong)?;
        Ok(Self { extracted: Salt::new(HKDF_SHA256, SALT).extract(&key) })
    }

    /// 32 bytes that belong to these names, in this order, and to nothing else (HKDF-SHA256, RFC 5869).
    pub fn derive(&self, what: &[&str]) -> [u8; 32] {
        // Each part with its length, so that no two lists look the same.
        let info: Vec<u8> = what
            .iter()
            .flat_map(|it| (it.len() as u64).to_be_bytes().into_iter().chain(it.bytes()).collect::<Vec<u8>>())
            .collect();
        let mut bytes = [0; 32];
        let filled = self.extracted.expand(&[&info], Seed).and_then(|it| it.fill(&mut bytes));
        // HKDF gives up to 255 blocks of 32 bytes; one is asked for.
        debug_assert!(filled.is_ok());
        bytes
    }

    /// What signs digests; none if the seed were no key, which no 32 bytes are.
    pub fn digest_signer(&self) -> Option<Signer> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&self.derive(&["digest"])).ok()?;
        let kid = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        Some(Signer { kid, pair })
    }

    /// The public half of what signs digests (RFC 7517, RFC 8037).
    pub fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.digest_signer().iter().map(Signer::jwk).collect();
        json!({ "keys": keys })
    }
}

/// Where anybody finds the public keys.
pub fn routes(jwks: Option<Value>) -> Router {
    let answer = move || {
        let jwks = jwks.clone();
        async move { jwks.map(Json).ok_or((StatusCode::NOT_FOUND, "this platform has no key for partners\n")) }
    };
    Router::new().route("/partners/jwks.json", get(answer))
}

impl Signer {
    /// A signature, 64 bytes.
    pub fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    fn jwk(&self) -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.kid})
    }
}

impl fmt::Debug for PartnerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PartnerKey(…)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_is_derived_depends_on_key_and_names_alone() {
        let key = |byte| PartnerKey::read(&BASE64.encode([byte; 32])).unwrap();
        assert_eq!(key(1).derive(&["a", "b"]), key(1).derive(&["a", "b"]));
        assert_ne!(key(1).derive(&["a", "b"]), key(2).derive(&["a", "b"]));
        assert_ne!(key(1).derive(&["a", "b"]), key(1).derive(&["ab"]));
        assert_ne!(key(1).derive(&["a", "b"]), key(1).derive(&["b", "a"]));
        for wrong in ["", "x", &BASE64.encode([1; 31])] {
            assert!(PartnerKey::read(wrong).is_err(), "{wrong}");
        }
    }
}
