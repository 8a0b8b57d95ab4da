//! What the credentials service is told on one machine: an address on loopback, and a key that seals issuers' keys.

use anyhow::{Context as _, Result};
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::{fs, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// Settings for whatever the environment does not say.
///
/// # Errors
/// When the key can be neither found nor made.
pub fn settings(data: &Path, listen: &str) -> Result<Vec<(&'static str, String)>> {
    let (url, file) = ("STUDIUM_CREDENTIALS_URL", "STUDIUM_CREDENTIALS_KEY_FILE");
    let mut told = Vec::new();
    if std::env::var_os(url).is_none() {
        told.push((url, format!("http://{listen}")));
    }
    if std::env::var_os(file).is_none() {
        told.push((file, key_file(data)?));
    }
    Ok(told)
}

/// The file with the key, which is made when there is none. Whoever reads it can sign for every issuer.
fn key_file(data: &Path) -> Result<String> {
    let path = data.join("operator-key");
    if !path.exists() {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| anyhow::anyhow!("the system gives no randomness for the operator's key"))?;
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        let file = file.as_mut().map_err(|e| anyhow::anyhow!("cannot make {}: {e}", path.display()))?;
        writeln!(file, "{}", BASE64.encode(key)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path.display().to_string())
}
