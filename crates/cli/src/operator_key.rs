//! Keys of a platform on one machine: what services are told beside the common settings when nobody said otherwise.

use anyhow::{Context as _, Result};
use aws_lc_rs::rand;
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use std::path::Path;
use studium_kit::write_secret;
use studium_log::MasterKey;

/// Where a service finds what wraps the keys of persons.
const MASTER_KEY: &str = "STUDIUM_MASTER_KEY_FILE";

/// What wraps the keys of persons of the platform in a data directory, or the one that the environment names.
///
/// # Errors
/// When it can be neither found nor made.
pub fn master_key(data: &Path) -> Result<MasterKey> {
    let file = std::env::var(MASTER_KEY).map_or_else(|_| key_file(data, "master-key"), Ok)?;
    let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    MasterKey::read(&text).with_context(|| file)
}

/// Settings of a service for whatever the environment does not say.
///
/// # Errors
/// When a key can be neither found nor made.
pub fn settings(service: &str, data: &Path, listen: &str) -> Result<Vec<(&'static str, String)>> {
    let said = |name: &str| std::env::var_os(name).is_some();
    let mut told = Vec::new();
    let mut key = |name, file| {
        if !said(name) {
            told.push((name, key_file(data, file)?));
        }
        Ok::<_, anyhow::Error>(())
    };
    // Whoever reads it, and the bucket of keys, can read all that is personal.
    key(MASTER_KEY, "master-key")?;
    match service {
        // Whoever reads it can sign for every issuer.
        "credentials" => key("STUDIUM_CREDENTIALS_KEY_FILE", "operator-key")?,
        // Whoever reads it can sign what partners take for ours.
        "enrolment" => key("STUDIUM_ENROLMENT_PARTNER_KEY_FILE", "partner-key")?,
        _ => {}
    }
    let url = "STUDIUM_CREDENTIALS_URL";
    if service == "credentials" && !said(url) {
        told.push((url, format!("http://{listen}")));
    }
    Ok(told)
}

/// A file with a key of 32 bytes, which is made when there is none.
fn key_file(data: &Path, name: &str) -> Result<String> {
    let path = data.join(name);
    if !path.exists() {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(|_| anyhow::anyhow!("the system gives no randomness for a key"))?;
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
        let file = key_file(dir.path(), "operator-key").unwrap();
        let key = fs::read_to_string(&file).unwrap();
        assert_eq!(BASE64.decode(key.trim()).unwrap().len(), 32);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(key_file(dir.path(), "operator-key").unwrap(), file);
        write_secret(Path::new(&file), b"another").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), key, "the first one stays");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}
