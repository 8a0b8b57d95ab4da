//! Who calls: bearer tokens are verified against the issuer's public keys.

use crate::call::Caller;
use anyhow::Context as _;
use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse},
};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};
use studium_log::now_ms;
use tokio::time::Instant;
use tonic::Status;

/// `iss` of every token that a development issuer signs.
pub const DEVELOPMENT_ISSUER: &str = "studium-development";

/// How often the issuer's keys are fetched anew.
const REFRESH_EVERY: Duration = Duration::from_mins(5);

/// Fetches for unknown keys, and those while there are none at all, are this far apart.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// How far the issuer's clock may be from ours.
const LEEWAY_SECONDS: u64 = 5;

/// Verified tokens that are remembered.
const VERIFIED_MAX: usize = 10_000;

/// The longest token that is looked at, bytes: what common proxies let through in one header.
const TOKEN_BYTES_MAX: usize = 8192;

/// Verifies bearer tokens: `EdDSA`, RS256 or ES256, signed by a key of the issuer, for this audience, not expired.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
}

struct Inner {
    source: Source,
    issuer: Option<String>,
    audience: String,
    keys: RwLock<Arc<Keys>>,
    /// By SHA-256 of the token, so that a dump of the cache holds no tokens.
    verified: Cache<[u8; 32], Verified>,
    /// When keys were last fetched because of an unknown one.
    sought: tokio::sync::Mutex<Option<Instant>>,
}

enum Source {
    Url { client: reqwest::Client, url: String },
    Development { jwks: serde_json::Value },
}

#[derive(Default)]
struct Keys {
    jwks: serde_json::Value,
    by_id: HashMap<String, Key>,
}

struct Key {
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    expires_at_ms: i64,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    // Some issuers write fractions.
    exp: f64,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    institutions: Vec<String>,
    #[serde(default)]
    tenant: String,
}

impl Verifier {
    /// Verifies against the keys at a JWKS URL; `issuer`, when given, must be the token's `iss`.
    /// An issuer that does not answer yet is asked again every 10 s; until then calls get UNAVAILABLE.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub async fn from_url(url: &str, issuer: Option<String>, audience: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(5))
            .build()
            .context("no HTTP client for the JWKS")?;
        let verifier = Self::new(Source::Url { client, url: url.to_owned() }, issuer, audience);
        verifier.inner.refresh().await;
        tokio::spawn(keep_fresh(Arc::downgrade(&verifier.inner)));
        Ok(verifier)
    }

    /// Verifies what a development issuer signs, and says loudly that it does.
    pub fn development(issuer: &DevelopmentIssuer, audience: &str) -> Self {
        tracing::warn!(
            "DEVELOPMENT ISSUER IN USE: whoever can read its key file can be anybody; for real people use --jwks-url"
        );
        let jwks = issuer.jwks();
        let source = Source::Development { jwks: jwks.clone() };
        let verifier = Self::new(source, Some(DEVELOPMENT_ISSUER.to_owned()), audience);
        verifier.inner.replace(&jwks);
        verifier
    }

    fn new(source: Source, issuer: Option<String>, audience: &str) -> Self {
        let inner = Inner {
            source,
            issuer,
            audience: audience.to_owned(),
            keys: RwLock::default(),
            verified: Cache::new(VERIFIED_MAX),
            sought: tokio::sync::Mutex::new(None),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The development issuer's public keys, to be shown at `/.well-known/jwks.json`; none for any other issuer.
    pub fn jwks(&self) -> Option<&serde_json::Value> {
        match &self.inner.source {
            Source::Development { jwks } => Some(jwks),
            Source::Url { .. } => None,
        }
    }

    /// Whether the issuer's keys are here.
    pub fn is_ready(&self) -> bool {
        !self.inner.keys().by_id.is_empty()
    }

    /// Says whose token it is. A token that was seen before costs a hash and a look-up.
    ///
    /// # Errors
    /// UNAUTHENTICATED with what is wrong with the token; UNAVAILABLE while the issuer's keys are not here.
    pub async fn verify(&self, token: &str) -> Result<Arc<Caller>, Status> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Status::unauthenticated(format!("the token is longer than {TOKEN_BYTES_MAX} bytes")));
        }
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(known) = self.inner.verified.get(&id) {
            if known.expires_at_ms > now_ms() {
                return Ok(known.caller);
            }
            self.inner.verified.remove(&id);
        }
        // Boxed: a token is checked once and then remembered, so calls need not carry what the check needs.
        let (verified, keys) = Box::pin(self.inner.check(token)).await?;
        self.inner.verified.insert(id, verified.clone());
        // Keys that changed in the meantime have emptied the cache; what was checked against the old ones must not stay.
        if !Arc::ptr_eq(&keys, &self.inner.keys()) {
            self.inner.verified.remove(&id);
        }
        Ok(verified.caller)
    }
}

impl Inner {
    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn check(&self, token: &str) -> Result<(Verified, Arc<Keys>), Status> {
        let refused =
            |why: &dyn std::fmt::Display| Status::unauthenticated(format!("the token is not accepted: {why}"));
        let header = jsonwebtoken::decode_header(token).map_err(|e| refused(&e))?;
        let kid = header.kid.as_deref();
        let mut keys = self.keys();
        if keys.find(kid).is_none() {
            self.seek().await;
            keys = self.keys();
        }
        let Some(key) = keys.find(kid) else {
            return Err(if keys.by_id.is_empty() {
                Status::unavailable("the issuer's keys cannot be fetched at present; try again")
            } else {
                refused(&"it is signed by a key that the issuer does not publish")
            });
        };
        let claims =
            jsonwebtoken::decode::<Claims>(token, &key.decoding, &key.validation).map_err(|e| refused(&e))?.claims;
        // These stand in the log for decisions that no person made.
        if claims.sub.is_empty() || claims.sub.starts_with("policy:") || claims.sub.starts_with("deadline:") {
            return Err(refused(&"its subject is empty or reserved"));
        }
        let mut institutions = claims.institutions;
        institutions.retain(|it| !it.is_empty());
        let caller = Caller { subject: claims.sub, roles: claims.roles, institutions, tenant: claims.tenant };
        let expires_at_ms = (claims.exp * 1000.0) as i64;
        Ok((Verified { caller: Arc::new(caller), expires_at_ms }, keys))
    }

    /// Fetches the keys because one is missing, unless that was done a moment ago.
    async fn seek(&self) {
        // Whoever waits here is served by the fetch that is under way.
        let mut sought = self.sought.lock().await;
        if sought.is_none_or(|it| it.elapsed() >= REFRESH_PAUSE) {
            *sought = Some(Instant::now());
            self.refresh().await;
        }
    }

    async fn refresh(&self) {
        let Source::Url { client, url } = &self.source else { return };
        let answer = async { client.get(url).send().await?.error_for_status()?.json::<serde_json::Value>().await };
        match answer.await {
            Ok(jwks) => self.replace(&jwks),
            Err(e) => {
                tracing::warn!(error = %crate::status::chain(&e.without_url()), "the issuer's keys cannot be fetched");
            }
        }
    }

    fn replace(&self, jwks: &serde_json::Value) {
        if self.keys().jwks == *jwks {
            return;
        }
        let listed = jwks.get("keys").and_then(|it| it.as_array()).map_or(&[][..], Vec::as_slice);
        // Keys of other kinds may stand beside ours.
        let usable = listed.iter().filter_map(|it| self.key(&Jwk::deserialize(it).ok()?));
        let keys = Keys { by_id: usable.collect(), jwks: jwks.clone() };
        tracing::info!(keys = keys.by_id.len(), "the issuer's keys are here");
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        // A token of a key that was withdrawn must not live on here.
        self.verified.clear();
    }

    fn key(&self, jwk: &Jwk) -> Option<(String, Key)> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            _ => return None,
        };
        if jwk.common.public_key_use == Some(PublicKeyUse::Encryption) {
            return None;
        }
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "sub", "iss"]);
        if let Some(issuer) = &self.issuer {
            validation.set_issuer(&[issuer]);
        }
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        Some((jwk.common.key_id.clone().unwrap_or_default(), Key { decoding, validation }))
    }
}

impl Keys {
    /// The key that a token names; a token that names none can only mean the only one.
    fn find(&self, kid: Option<&str>) -> Option<&Key> {
        match kid {
            Some(kid) => self.by_id.get(kid),
            None if self.by_id.len() == 1 => self.by_id.values().next(),
            None => None,
        }
    }
}

async fn keep_fresh(inner: Weak<Inner>) {
    loop {
        let ready = inner.upgrade().is_some_and(|it| !it.keys().by_id.is_empty());
        tokio::time::sleep(if ready { REFRESH_EVERY } else { REFRESH_PAUSE }).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.refresh().await;
    }
}

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
