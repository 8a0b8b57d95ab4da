//! The secret of an API key: made once, told once, known by its hash afterwards.

use aws_lc_rs::{
    constant_time,
    digest::{SHA256, digest},
    rand,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use studium_kit::hex;

/// What every key starts with, so that people and scanners know one when they see it.
pub const PREFIX: &str = "sk_";

/// Bytes of a secret. Nobody guesses so many, so its hash needs no salt and need not be slow.
const SECRET_BYTES: usize = 32;

/// A secret that nobody has been told yet. It cannot be printed by mistake.
pub struct Secret {
    text: String,
}

impl Secret {
    /// A random one.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn random() -> Result<Self, aws_lc_rs::error::Unspecified> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self { text: URL_SAFE_NO_PAD.encode(bytes) })
    }

    /// What is kept of it.
    pub fn sha256(&self) -> String {
        sha256(&self.text)
    }

    /// What is shown of a key with this secret, once: which key it is, and the secret.
    pub fn shown(&self, api_key: &str) -> String {
        format!("{PREFIX}{api_key}.{}", self.text)
    }
}

/// The key that somebody shows, and the hash of its secret.
pub fn read(shown: &str) -> Option<(&str, String)> {
    let (api_key, secret) = shown.strip_prefix(PREFIX)?.rsplit_once('.')?;
    let bytes = URL_SAFE_NO_PAD.decode(secret).ok()?;
    (bytes.len() == SECRET_BYTES).then(|| (api_key, sha256(secret)))
}

/// Whether two hashes are the same; how long it takes tells nothing about where they differ. An empty one is no hash.
pub fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && constant_time::verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

fn sha256(text: &str) -> String {
    hex(digest(&SHA256, text.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_is_shown_is_read_again() {
        let secret = Secret::random().unwrap();
        let shown = secret.shown("ou~night-ly_1");
        assert_eq!(read(&shown), Some(("ou~night-ly_1", secret.sha256())));
        assert_ne!(Secret::random().unwrap().sha256(), secret.sha256());
        for wrong in ["", "sk_", "sk_ou~a", "sk_ou~a.", "sk_ou~a.AAAA", &shown[3..], &format!("{shown}="), "ey.a.b"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        // FIPS 180-2, appendix B.1.
        assert_eq!(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
