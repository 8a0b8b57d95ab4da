//! The operator's keys: they seal the private keys of issuers, which stand in the log only so.

use crate::issuer::Sealed;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::fmt;
use studium_kit::hex;
use studium_vc::keys::SigningKey;

/// The operator's keys. The first seals, all of them open: so one is replaced by the next.
pub struct KeyStore {
    keys: Vec<(String, LessSafeKey)>,
}

impl KeyStore {
    /// Reads keys of 32 bytes, one a line in base64. Lines that begin with `#` are remarks.
    ///
    /// # Errors
    /// With what is wrong, to follow the name of the file.
    pub fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|it| !it.is_empty() && !it.starts_with('#'));
        let keys: Vec<_> = lines
            .map(key)
            .collect::<Option<_>>()
            .ok_or("has a line that is not 32 bytes in base64; make one with: head -c 32 /dev/urandom | base64")?;
        if keys.is_empty() {
            return Err("holds no key; make one with: head -c 32 /dev/urandom | base64".to_owned());
        }
        Ok(Self { keys })
    }

    /// A new signing key, and how it may be stored; `whose` says of its public half to whom it is bound, so that it opens
    /// for nobody else.
    pub fn make(&self, whose: impl FnOnce(&str) -> String) -> Option<(SigningKey, Sealed)> {
        let mut seed = [0; 32];
        rand::fill(&mut seed).ok()?;
        let key = SigningKey::from_seed(&seed).ok()?;
        let sealed = self.seal(&seed, &whose(&key.verifying_key().multikey()))?;
        Some((key, sealed))
    }

    /// The key that was stored, if one of the operator's keys opens it.
    pub fn open(&self, sealed: &Sealed, whose: &str) -> Option<SigningKey> {
        SigningKey::from_seed(&self.seed(sealed, whose)?).ok()
    }

    /// Whether the operator's key that seals it is here; whether it opens, only opening it tells.
    pub fn holds(&self, sealed: &Sealed) -> bool {
        self.keys.iter().any(|(id, _)| *id == sealed.by)
    }

    /// Whether the first of the operator's keys seals it.
    pub fn is_newest(&self, sealed: &Sealed) -> bool {
        self.keys.first().is_some_and(|(id, _)| *id == sealed.by)
    }

    /// The same key sealed with the first of the operator's keys; none if it does not open.
    pub fn reseal(&self, sealed: &Sealed, whose: &str) -> Option<Sealed> {
        self.seal(&self.seed(sealed, whose)?, whose)
    }

    fn seed(&self, sealed: &Sealed, whose: &str) -> Option<[u8; 32]> {
        let (_, key) = self.keys.iter().find(|(id, _)| *id == sealed.by)?;
        let (nonce, text) = sealed.seed.split_at_checked(NONCE_LEN)?;
        let mut text = text.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let seed = key.open_in_place(nonce, Aad::from(whose.as_bytes()), &mut text).ok()?;
        <[u8; 32]>::try_from(&*seed).ok()
    }

    fn seal(&self, seed: &[u8; 32], whose: &str) -> Option<Sealed> {
        let (by, key) = self.keys.first()?;
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut text = seed.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(unique, Aad::from(whose.as_bytes()), &mut text).ok()?;
        Some(Sealed { seed: [&nonce[..], &text].concat(), by: by.clone() })
    }
}

impl fmt::Debug for KeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

/// A key and its name: the first 16 hexadecimal digits of its SHA-256.
fn key(line: &str) -> Option<(String, LessSafeKey)> {
    let bytes: [u8; 32] = BASE64.decode(line).ok()?.try_into().ok()?;
    let id = hex(digest(&SHA256, &bytes).as_ref())[..16].to_owned();
    Some((id, LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &bytes).ok()?)))
}

/// SHA-256 in hexadecimal digits.
pub fn sha256(text: &[u8]) -> String {
    hex(digest(&SHA256, text).as_ref())
}

/// Random bits, for what nobody may guess.
pub fn random() -> Option<u128> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok()?;
    Some(u128::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests;
