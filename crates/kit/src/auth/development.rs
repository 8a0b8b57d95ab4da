//! The issuer for development: signs tokens with a key in a file, never for real people.

use anyhow::Context as _;
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::Duration,
};
use studium_log::now_ms;

/// `iss` of every token that a development issuer signs.
pub const DEVELOPMENT_ISSUER: &str = "studium-development";

/// Signs tokens for development and tests with a key in a file. Never for real people.
pub struct DevelopmentIssuer {
    key: EncodingKey,
    kid: String,
    public: String,
}

#[derive(Serialize)]
struct Signed<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    roles: &'a [&'a str],
    institutions: &'a [&'a str],
    iat: i64,
    exp: i64,
}

impl DevelopmentIssuer {
    /// Reads the key (Ed25519, PKCS #8) or makes one that only this user can read.
    /// Several processes may do so at once: all get the same key.
    ///
    /// # Errors
    /// When the file can be neither read nor written, or holds no such key.
    pub fn load_or_create(path: &Path) -> anyhow::Result<Self> {
        let shown = path.display();
        let found = match fs::read(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                create_key(path)
                    .with_context(|| format!("the development issuer's key cannot be written to `{shown}`"))?;
                fs::read(path)
            }
            found => found,
        };
        let pkcs8 = found.with_context(|| format!("the development issuer's key cannot be read from `{shown}`"))?;
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8)
            .map_err(|_| anyhow::anyhow!("`{shown}` holds no Ed25519 key; remove it and a new one is made"))?;
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let kid = URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, public.as_bytes()).as_ref()[..12]);
        Ok(Self { key: EncodingKey::from_ed_der(&pkcs8), kid, public })
    }

    /// A token for the audience `studium`, valid for `ttl`.
    ///
    /// # Panics
    /// Never: the key was read as one that signs.
    pub fn token(&self, subject: &str, roles: &[&str], institutions: &[&str], ttl: Duration) -> String {
        let now = now_ms() / 1000;
        let exp = now.saturating_add_unsigned(ttl.as_secs());
        let claims =
            Signed { iss: DEVELOPMENT_ISSUER, aud: "studium", sub: subject, roles, institutions, iat: now, exp };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.kid.clone());
        #[expect(clippy::expect_used, reason = "the key was read as an Ed25519 key, and plain strings always encode")]
        jsonwebtoken::encode(&header, &claims, &self.key).expect("a loaded key signs")
    }

    /// The public half as a JWK set.
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({"keys": [{
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": self.kid, "x": self.public,
        }]})
    }
}

fn create_key(path: &Path) -> anyhow::Result<()> {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| anyhow::anyhow!("no randomness"))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(write_secret(path, key.as_ref())?)
}

/// Writes what nobody but this user may read into a file that is not there yet. Whoever finds the file finds all of it,
/// also after a crash. If several do so at once, or the file is there already, the first one stays, and this is no error.
///
/// # Errors
/// When the file cannot be written.
pub fn write_secret(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Written whole beside its place, then linked: nobody ever reads half a secret, and the first one stays.
    let beside = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let linked = written.and_then(|()| fs::hard_link(&beside, path));
    fs::remove_file(&beside)?;
    match linked {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    // What is sealed with a secret must not outlive it: its name has to be on the disk as well.
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}
