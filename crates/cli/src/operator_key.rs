//! What the credentials service is told on one machine: an address on loopback, and a key that seals issuers' keys.

use anyhow::{Context as _, Result};
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::path::Path;
use studium_kit::write_secret;

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
        let line = format!("{}\n", BASE64.encode(key));
        write_secret(&path, line.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(path.display().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt as _};

    #[test]
    fn the_key_is_made_once_whole_and_for_this_user_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = key_file(dir.path()).unwrap();
        let key = fs::read_to_string(&file).unwrap();
        assert_eq!(BASE64.decode(key.trim()).unwrap().len(), 32);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(key_file(dir.path()).unwrap(), file);
        write_secret(Path::new(&file), b"another").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), key, "the first one stays");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
