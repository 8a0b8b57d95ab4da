//! Secrets of webhooks and what they sign, as the Standard Webhooks specification has it.

use crate::{endpoints::EndpointRow, partner_key::PartnerKey};
use aws_lc_rs::{
    hmac::{HMAC_SHA256, Key, sign},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

/// Both halves of one secret: the same 32 bytes on both sides, and a pair of keys of which the partner has the public
/// one (Standard Webhooks, "Signature scheme").
pub struct Secret {
    shared: [u8; 32],
    pair: Option<Ed25519KeyPair>,
}

impl Secret {
    /// The secret of a webhook with a number.
    pub fn derive(key: &PartnerKey, endpoint: &str, round: u32) -> Self {
        let (institution, webhook) = endpoint.split_once('~').unwrap_or((endpoint, ""));
        let derive = |kind| key.derive(&["webhook", kind, institution, webhook, &round.to_string()]);
        Self { shared: derive("v1"), pair: Ed25519KeyPair::from_seed_unchecked(&derive("v1a")).ok() }
    }

    /// The shared secret as the partner is told it.
    pub fn secret(&self) -> String {
        format!("whsec_{}", BASE64.encode(self.shared))
    }

    /// The public key as the partner is told it.
    pub fn public_key(&self) -> String {
        self.pair.as_ref().map(|it| format!("whpk_{}", BASE64.encode(it.public_key()))).unwrap_or_default()
    }

    fn signatures(&self, signed: &[u8]) -> Vec<String> {
        let shared = BASE64.encode(sign(&Key::new(HMAC_SHA256, &self.shared), signed));
        let own = self.pair.as_ref().map(|it| format!("v1a,{}", BASE64.encode(it.sign(signed))));
        [format!("v1,{shared}")].into_iter().chain(own).collect()
    }
}

/// The header `webhook-signature`: one signature of each kind for every secret in use, the newest first.
pub fn signature(key: &PartnerKey, endpoint: &EndpointRow, event: &str, now_ms: i64, body: &[u8]) -> String {
    let mut signed = format!("{event}.{}.", timestamp(now_ms)).into_bytes();
    signed.extend_from_slice(body);
    let rounds = endpoint.rounds(now_ms).into_iter();
    let secrets = rounds.map(|(round, _)| Secret::derive(key, &endpoint.endpoint, round));
    secrets.flat_map(|it| it.signatures(&signed)).collect::<Vec<_>>().join(" ")
}

/// The header `webhook-timestamp`: Unix seconds.
pub fn timestamp(now_ms: i64) -> i64 {
    now_ms.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use aws_lc_rs::{
        hmac,
        signature::{ED25519, UnparsedPublicKey},
    };
    use studium_kit::Json;

    const NOW: i64 = 1_800_000_000_999;

    fn verifies(header: &str, secret: &Secret, body: &str) -> (bool, bool) {
        let signed = format!("event-1.1800000000.{body}").into_bytes();
        let shared = BASE64.decode(secret.secret().strip_prefix("whsec_").unwrap()).unwrap();
        let public = BASE64.decode(secret.public_key().strip_prefix("whpk_").unwrap()).unwrap();
        let of = |version: &str| -> Vec<Vec<u8>> {
            let signatures = header.split(' ').filter_map(|it| it.split_once(','));
            signatures.filter(|it| it.0 == version).map(|it| BASE64.decode(it.1).unwrap()).collect()
        };
        let key = hmac::Key::new(HMAC_SHA256, &shared);
        let by_shared = of("v1").iter().any(|it| hmac::verify(&key, &signed, it).is_ok());
        let public = UnparsedPublicKey::new(&ED25519, public);
        (by_shared, of("v1a").iter().any(|it| public.verify(&signed, it).is_ok()))
    }

    #[test]
    fn every_secret_in_use_signs_and_no_other() {
        let key = PartnerKey::read(&BASE64.encode([7; 32])).unwrap();
        let older = Json(vec![(1, NOW), (2, NOW + 1)]);
        let endpoint =
            EndpointRow { endpoint: "ou~sis".into(), newest_round: 3, older_rounds: older, ..EndpointRow::default() };
        let header = signature(&key, &endpoint, "event-1", NOW, b"{}");
        assert_eq!(header.split(' ').count(), 4);
        for (round, signs) in [(1, false), (2, true), (3, true), (4, false)] {
            let secret = Secret::derive(&key, "ou~sis", round);
            assert_eq!(verifies(&header, &secret, "{}"), (signs, signs), "secret {round}");
            assert_eq!(verifies(&header, &secret, "{ }"), (false, false));
        }
        assert_eq!(verifies(&header, &Secret::derive(&key, "ou~other", 3), "{}"), (false, false));
        assert_eq!(verifies(&header, &Secret::derive(&key, "other~sis", 3), "{}"), (false, false));
    }
}
