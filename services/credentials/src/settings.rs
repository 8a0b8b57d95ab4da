//! What only this service is told: where strangers reach it, and with which key the issuers' keys are sealed.

use crate::key_store::KeyStore;
use std::{env, fs};

/// Where strangers reach the service: its public address, without a slash at the end.
const URL: &str = "STUDIUM_CREDENTIALS_URL";
/// The file with the operator's keys.
const KEY_FILE: &str = "STUDIUM_CREDENTIALS_KEY_FILE";
/// `on` opens the VC-API.
const VC_API: &str = "STUDIUM_CREDENTIALS_VC_API";

/// Settings of the service.
#[derive(Debug, Default)]
pub struct Settings {
    /// Public address, without a slash at the end; empty = not said, and no issuer can be published.
    pub url: String,
    /// What seals and opens the issuers' keys; none = nothing can be signed.
    pub keys: Option<KeyStore>,
    /// Whether the VC-API is open. It signs whatever it is given, so it is for conformance tests only.
    pub vc_api: bool,
}

impl Settings {
    /// Settings as the environment has them.
    ///
    /// # Errors
    /// With a sentence that names the variable and says what to do.
    pub fn from_environment() -> Result<Self, String> {
        let read = |name| env::var(name).ok().filter(|it: &String| !it.is_empty());
        let url = read(URL).unwrap_or_default();
        let keys = match read(KEY_FILE) {
            None => None,
            Some(path) => {
                let text = fs::read_to_string(&path).map_err(|e| {
                    format!(
                        "{KEY_FILE} names {path}, which cannot be read ({e}); make one with: head -c 32 /dev/urandom | base64"
                    )
                })?;
                Some(KeyStore::read(&text).map_err(|why| format!("{KEY_FILE}: {path} {why}"))?)
            }
        };
        let vc_api = match read(VC_API).as_deref() {
            None | Some("off") => false,
            Some("on") => true,
            Some(other) => return Err(format!("{VC_API} is `{other}`; set it to on or off")),
        };
        Self { url, keys, vc_api }.checked()
    }

    /// The same, if it makes sense.
    ///
    /// # Errors
    /// With a sentence that says what to do.
    pub fn checked(mut self) -> Result<Self, String> {
        while self.url.ends_with('/') {
            self.url.pop();
        }
        if self.url.is_empty() || crate::issuer::did(&self.url, "x").is_some() {
            return Ok(self);
        }
        Err(format!(
            "{URL} is `{}`; set it to the https address under which strangers reach this service (http only on loopback)",
            self.url
        ))
    }
}
