//! Who calls: bearer tokens are verified against the issuer's public keys.

mod claims;
mod development;
mod keys;
mod source;

pub use claims::Expected;
pub(crate) use claims::{INSTITUTIONS, ROLES};
pub use development::{DEVELOPMENT_ISSUER, DevelopmentIssuer, write_secret};
pub(crate) use source::{encrypted, issuer};

use crate::{api_keys::Holder, call::Caller};
use aws_lc_rs::digest;
use claims::Claims;
use keys::{Keys, wrong_header};
use quick_cache::sync::Cache;
use source::Source;
use std::{
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};
use studium_log::now_ms;
use tokio::time::Instant;
use tonic::Status;

/// How often the issuer's keys are fetched anew.
const REFRESH_EVERY: Duration = Duration::from_mins(5);

/// Fetches for unknown keys, and those while there are none at all, are this far apart.
const REFRESH_PAUSE: Duration = Duration::from_secs(10);

/// Verified tokens that are remembered.
const VERIFIED_MAX: usize = 10_000;

/// The longest token that is looked at, bytes: what common proxies let through in one header.
const TOKEN_BYTES_MAX: usize = 8192;

/// Verifies bearer tokens: signed by a key of the issuer with that key's own algorithm, for this audience, not expired.
#[derive(Clone)]
pub struct Verifier {
    inner: Arc<Inner>,
    /// Keys that only one service knows.
    keys: Option<Holder>,
}

struct Inner {
    source: Source,
    expected: Expected,
    keys: RwLock<Arc<Keys>>,
    /// By SHA-256 of the token, so that a dump of the cache holds no tokens.
    verified: Cache<[u8; 32], Verified>,
    /// When keys were last fetched because of an unknown one.
    sought: tokio::sync::Mutex<Option<Instant>>,
}

#[derive(Clone)]
struct Verified {
    caller: Arc<Caller>,
    expires_at_ms: i64,
}

impl Verifier {
    /// Verifies against the keys at a JWKS URL.
    /// An issuer that does not answer yet is asked again every 10 s; until then calls get UNAVAILABLE.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub async fn from_url(url: &str, expected: Expected) -> anyhow::Result<Self> {
        Ok(Self::fetching(Source::url(url)?, expected).await)
    }

    /// Verifies against the keys of an issuer that says itself where they are (OpenID Connect Discovery 1.0).
    /// One that does not answer, or calls itself otherwise, is asked again every 10 s; until then calls get UNAVAILABLE.
    ///
    /// # Errors
    /// When no HTTP client can be made, or no issuer is expected.
    pub async fn discover(expected: Expected) -> anyhow::Result<Self> {
        let Some(issuer) = &expected.issuer else { anyhow::bail!("no issuer is named") };
        Ok(Self::fetching(Source::discovery(issuer)?, expected).await)
    }

    /// Verifies what a development issuer signs, and says loudly that it does.
    pub fn development(issuer: &DevelopmentIssuer, audience: &str) -> Self {
        tracing::warn!(
            "DEVELOPMENT ISSUER IN USE: whoever can read its key file can be anybody; for real people use --issuer"
        );
        let jwks = issuer.jwks();
        let source = Source::Development { jwks: jwks.clone() };
        let verifier = Self::new(source, Expected::new(Some(DEVELOPMENT_ISSUER.to_owned()), audience));
        verifier.inner.replace(jwks);
        verifier
    }

    async fn fetching(source: Source, expected: Expected) -> Self {
        let verifier = Self::new(source, expected);
        verifier.inner.refresh().await;
        tokio::spawn(keep_fresh(Arc::downgrade(&verifier.inner)));
        verifier
    }

    fn new(source: Source, expected: Expected) -> Self {
        let inner = Inner {
            source,
            expected,
            keys: RwLock::default(),
            verified: Cache::new(VERIFIED_MAX),
            sought: tokio::sync::Mutex::new(None),
        };
        Self { inner: Arc::new(inner), keys: None }
    }

    /// Lets callers pass with keys of a service, too.
    pub(crate) fn with_keys(self, keys: Option<Holder>) -> Self {
        Self { keys, ..self }
    }

    /// The development issuer's public keys, to be shown at `/.well-known/jwks.json`; none for any other issuer.
    pub fn jwks(&self) -> Option<&serde_json::Value> {
        match &self.inner.source {
            Source::Development { jwks } => Some(jwks),
            Source::Url { .. } | Source::Discovery { .. } => None,
        }
    }

    /// Whether the issuer's keys are here.
    pub fn is_ready(&self) -> bool {
        self.inner.keys().len() > 0
    }

    /// Says whose token it is. A token that was seen before costs a hash and a look-up.
    ///
    /// # Errors
    /// UNAUTHENTICATED with what is wrong with the token; UNAVAILABLE while the issuer's keys are not here.
    pub async fn verify(&self, token: &str) -> Result<Arc<Caller>, Status> {
        self.verify_at_a_price(token, || Ok(())).await
    }

    /// The same; `price` is asked before the work that a token costs which was not seen before.
    pub(crate) async fn verify_at_a_price(
        &self,
        token: &str,
        price: impl FnOnce() -> Result<(), Status>,
    ) -> Result<Arc<Caller>, Status> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Status::unauthenticated(format!("the token is longer than {TOKEN_BYTES_MAX} bytes")));
        }
        if let Some(keys) = self.keys.as_ref().filter(|it| it.means(token)) {
            return keys.caller(token).await;
        }
        let mut id = [0; 32];
        id.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        if let Some(known) = self.inner.verified.get(&id) {
            if known.expires_at_ms > now_ms() {
                return Ok(known.caller);
            }
            self.inner.verified.remove(&id);
        }
        price()?;
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
        if let Some(why) = wrong_header(&header) {
            return Err(refused(&why));
        }
        let kid = header.kid.as_deref();
        let mut keys = self.keys();
        if keys.find(kid).is_empty() {
            self.seek().await;
            keys = self.keys();
        }
        let mut decoded =
            keys.find(kid).iter().map(|it| jsonwebtoken::decode::<Claims>(token, &it.decoding, &it.validation));
        let Some(first) = decoded.next() else {
            return Err(if keys.len() == 0 {
                Status::unavailable("the issuer's keys cannot be fetched at present; try again")
            } else {
                refused(&"it is signed by a key that the issuer does not publish")
            });
        };
        // Of keys with the same name, or none, one suffices; what the first says is wrong with the token is told.
        let good = first.or_else(|e| decoded.find_map(Result::ok).ok_or(e));
        drop(decoded);
        let claims = good.map_err(|e| refused(&e))?.claims;
        let expires_at_ms = (claims.exp * 1000.0) as i64;
        let caller = Arc::new(self.expected.caller(claims).map_err(|why| refused(&why))?);
        Ok((Verified { caller, expires_at_ms }, keys))
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
        match self.source.fetch().await {
            Ok(Some(jwks)) => self.replace(jwks),
            Ok(None) => {}
            Err(e) => tracing::warn!(error = %crate::status::chain(e.as_ref()), "the issuer's keys cannot be fetched"),
        }
    }

    fn replace(&self, jwks: serde_json::Value) {
        if self.keys().are(&jwks) {
            return;
        }
        let keys = match Keys::read(jwks, &self.expected) {
            Ok(it) => it,
            Err(e) => return tracing::warn!(error = %e, "the keys that were there before go on counting"),
        };
        tracing::info!(keys = keys.len(), "the issuer's keys are here");
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        // A token of a key that was withdrawn must not live on here.
        self.verified.clear();
    }
}

async fn keep_fresh(inner: Weak<Inner>) {
    loop {
        let ready = inner.upgrade().is_some_and(|it| it.keys().len() > 0);
        tokio::time::sleep(if ready { REFRESH_EVERY } else { REFRESH_PAUSE }).await;
        let Some(inner) = inner.upgrade() else { return };
        inner.refresh().await;
    }
}
