//! Which keys of an issuer count, each for the one algorithm that the key itself is for.

use super::claims::Expected;
use jsonwebtoken::{
    Algorithm, DecodingKey, Header, Validation,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize as _;
use std::collections::HashMap;

/// How far the issuer's clock may be from ours.
const LEEWAY_SECONDS: u64 = 5;

/// Kinds of tokens that may stand for a caller: RFC 9068, section 2.1, and what was usual before it.
const TYPES: [&str; 2] = ["at+jwt", "jwt"];

/// The keys that an issuer publishes.
#[derive(Default)]
pub(super) struct Keys {
    jwks: serde_json::Value,
    /// By `kid`; those without one under none. Alternatives may share one (RFC 7517, section 4.5).
    by_id: HashMap<Option<String>, Vec<Key>>,
}

/// A key, and what a token that it signed must say.
pub(super) struct Key {
    pub(super) decoding: DecodingKey,
    pub(super) validation: Validation,
}

impl Keys {
    /// Reads a JWK set (RFC 7517). Keys of other kinds may stand beside ours.
    ///
    /// # Errors
    /// When it is none: what an issuer answers by mistake must not lock everybody out.
    pub(super) fn read(jwks: serde_json::Value, expected: &Expected) -> anyhow::Result<Self> {
        let Some(listed) = jwks.get("keys").and_then(|it| it.as_array()) else {
            anyhow::bail!("what the issuer publishes is no JWK set");
        };
        let mut by_id: HashMap<_, Vec<_>> = HashMap::new();
        for (id, key) in listed.iter().filter_map(|it| Key::read(&Jwk::deserialize(it).ok()?, expected)) {
            by_id.entry(id).or_default().push(key);
        }
        Ok(Self { jwks, by_id })
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.values().map(Vec::len).sum()
    }

    /// Whether the issuer published exactly this.
    pub(super) fn are(&self, jwks: &serde_json::Value) -> bool {
        self.jwks == *jwks
    }

    /// The keys that a token may mean by what it names; a token that names none means the only one, or one of those
    /// that have no name either.
    pub(super) fn find(&self, kid: Option<&str>) -> &[Key] {
        let found = match kid {
            None if self.by_id.len() == 1 => self.by_id.values().next(),
            kid => self.by_id.get(&kid.map(str::to_owned)),
        };
        found.map_or(&[], Vec::as_slice)
    }
}

impl Key {
    fn read(jwk: &Jwk, expected: &Expected) -> Option<(Option<String>, Self)> {
        let signs = match (&jwk.common.public_key_use, &jwk.common.key_operations) {
            (Some(it), _) => *it == PublicKeyUse::Signature,
            (None, Some(it)) => it.contains(&KeyOperations::Verify),
            (None, None) => true,
        };
        if !signs {
            return None;
        }
        let mut validation = Validation::new(algorithm(jwk)?);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[&expected.audience]);
        validation.set_required_spec_claims(&["exp", "aud", "sub", "iss"]);
        if let Some(issuer) = &expected.issuer {
            validation.set_issuer(&[issuer]);
        }
        let decoding = DecodingKey::from_jwk(jwk).ok()?;
        Some((jwk.common.key_id.clone(), Self { decoding, validation }))
    }
}

/// The one algorithm that a key is for (RFC 8725, section 3.1): what it says, or the usual one of its kind.
/// A token only has to agree. Shared secrets are no keys here, so none can be made of a public key.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let fit: &[Algorithm] = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => &[
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P256 => &[Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(it) if it.curve == EllipticCurve::P384 => &[Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(it) if it.curve == EllipticCurve::Ed25519 => &[Algorithm::EdDSA],
        _ => return None,
    };
    match jwk.common.key_algorithm {
        None => fit.first().copied(),
        Some(said) => fit.iter().copied().find(|it| KeyAlgorithm::from(*it) == said),
    }
}

/// What is wrong with a token's header whatever it is signed with.
pub(super) fn wrong_header(header: &Header) -> Option<&'static str> {
    // RFC 7515, section 4.1.11: whoever does not understand what is marked critical refuses the token; we know none.
    if header.crit.is_some() {
        return Some("it marks something as critical that is not understood here");
    }
    // Logout tokens, proofs and credentials are signed with the same keys and stand for nobody (RFC 8725, section 3.11).
    let known = |typ: &str| {
        let typ = typ.to_ascii_lowercase();
        TYPES.contains(&typ.strip_prefix("application/").unwrap_or(&typ))
    };
    header.typ.as_deref().is_some_and(|it| !known(it)).then_some("its `typ` is not that of an access token")
}
