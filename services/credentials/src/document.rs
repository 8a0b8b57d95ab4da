//! A credential as strangers read it: an Open Badge 3.0 that follows from what was issued and what the achievement is.

use serde_json::{Value, json};
use studium_proto::credentials::v1::{AchievementDefined, CredentialIssued};
use studium_vc::{
    contexts::{CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS},
    status::{Purpose, StatusEntry},
    times,
};

/// Namespace of the names that learners have in credentials.
const LEARNERS: uuid::Uuid = uuid::Uuid::from_u128(0x7374_7564_6975_6d00_8000_6c65_6172_6e72);

/// Where anyone finds a credential.
pub fn credential_url(it: &CredentialIssued) -> String {
    format!("{}/credentials/{}", it.base_url, it.public_id)
}

/// Where anyone finds a status list of an issuer.
pub fn status_list_url(base_url: &str, institution_id: &str, list: u32) -> String {
    format!("{base_url}/issuers/{institution_id}/status/{list}")
}

/// The name of a learner in credentials: always the same, and nothing that says who it is.
pub fn subject(learner_id: &str) -> String {
    format!("urn:uuid:{}", uuid::Uuid::new_v5(&LEARNERS, learner_id.as_bytes()))
}

/// The credential, not signed yet.
pub fn open_badge(it: &CredentialIssued, achievement: &AchievementDefined, list: u32, index: u32) -> Value {
    let status = StatusEntry {
        list: status_list_url(&it.base_url, &it.institution_id, list),
        purpose: Purpose::Revocation,
        index: index as usize,
    };
    json!({
        "@context": [CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS],
        "id": credential_url(it),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": achievement.name,
        "issuer": {"id": it.issuer_did, "type": ["Profile"], "name": it.issuer_name},
        "awardedDate": times::format(it.awarded_ms),
        "validFrom": times::format(it.valid_from_ms),
        "credentialSubject": {
            "id": subject(&it.learner_id),
            "type": ["AchievementSubject"],
            "achievement": {
                "id": format!("{}/achievements/{}", it.base_url, it.achievement_id),
                "type": ["Achievement"],
                "name": achievement.name,
                "description": achievement.description,
                "criteria": {"narrative": achievement.criteria},
            },
        },
        "credentialStatus": status.to_json(),
    })
}
