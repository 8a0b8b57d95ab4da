//! The members of an Open Badge 3.0, closed: nothing can be written that has no meaning in its contexts.
//!
//! Sets are lists even of one, `type` as well, and what is absent is left out: the JSON rules of Open Badges 3.0.
//! No node has two types with contexts of their own, since the JSON-LD library would read only one of them.

use super::{Achievement, Badge, Evidence, Issuer, SCHEMA, results};
use crate::{
    contexts::{CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS},
    identity::Identity,
    times,
};
use serde::Serialize;
use serde_json::Value;

/// A type of Open Badges, as a list of one.
type Type = [&'static str; 1];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Root<'a> {
    #[serde(rename = "@context")]
    context: [&'static str; 3],
    id: &'a str,
    r#type: [&'static str; 2],
    name: &'a str,
    description: &'a str,
    issuer: Profile<'a>,
    awarded_date: String,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    #[serde(rename = "credentialSubject")]
    subject: Subject<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceNode<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_status: Option<Value>,
    credential_schema: [Schema; 1],
}

#[derive(Serialize)]
pub(crate) struct Schema {
    pub(crate) id: &'static str,
    pub(crate) r#type: &'static str,
}

#[derive(Serialize)]
pub(crate) struct Profile<'a> {
    id: &'a str,
    r#type: Type,
    name: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Address<'a>>,
}

#[derive(Serialize)]
struct Address<'a> {
    r#type: Type,
    #[serde(rename = "addressCountry", skip_serializing_if = "str::is_empty")]
    country: &'a str,
    #[serde(rename = "addressCountryCode")]
    code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Subject<'a> {
    id: &'a str,
    r#type: Type,
    #[serde(skip_serializing_if = "Option::is_none")]
    identifier: Option<[&'a Identity; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_start_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_end_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits_earned: Option<f64>,
    result: Vec<Outcome>,
    achievement: AchievementNode<'a>,
}

/// A result of one learner.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub(super) r#type: Type,
    pub(super) result_description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<&'static str>,
}

/// What a result of any learner means.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Description {
    pub(super) id: String,
    pub(super) r#type: Type,
    pub(super) name: String,
    pub(super) result_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_value: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) required_value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_min: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value_max: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AchievementNode<'a> {
    id: &'a str,
    r#type: Type,
    achievement_type: &'a str,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_language: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    human_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field_of_study: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credits_available: Option<f64>,
    criteria: Criteria<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alignment: Vec<Alignment<'a>>,
    result_description: Vec<Description>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tag: &'a [String],
}

#[derive(Serialize)]
struct Criteria<'a> {
    narrative: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alignment<'a> {
    r#type: Type,
    target_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_framework: Option<&'static str>,
    target_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_code: Option<String>,
    target_url: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
struct EvidenceNode<'a> {
    id: &'a str,
    r#type: Type,
    name: &'a str,
    narrative: &'a str,
    genre: &'a str,
}

/// Thousandths as the number that people write. Dividing once rounds to the nearest, which is what is printed: 4.5.
fn from_milli(milli: u32) -> f64 {
    f64::from(milli) / 1000.0
}

impl<'a> Root<'a> {
    pub(super) fn of(badge: &'a Badge) -> Self {
        let achievement = &badge.achievement;
        let (descriptions, outcomes) = results::of(badge);
        Self {
            context: [CREDENTIALS_V2, OPEN_BADGES, OPEN_BADGES_EXTENSIONS],
            id: &badge.id,
            r#type: ["VerifiableCredential", "OpenBadgeCredential"],
            name: &achievement.name,
            description: &achievement.description,
            issuer: Profile::of(&badge.issuer),
            awarded_date: times::format(badge.awarded_ms),
            valid_from: times::format(badge.valid_from_ms),
            valid_until: badge.valid_until_ms.map(times::format),
            subject: Subject {
                id: &badge.subject,
                r#type: ["AchievementSubject"],
                identifier: badge.identity.as_ref().map(|it| [it]),
                activity_start_date: badge.activity_start_ms.map(times::format),
                activity_end_date: badge.activity_end_ms.map(times::format),
                credits_earned: badge.credits.map(|it| from_milli(it.milli)),
                result: outcomes,
                achievement: AchievementNode::of(achievement, descriptions),
            },
            evidence: badge.evidence.iter().map(EvidenceNode::of).collect(),
            credential_status: badge.status.as_ref().map(crate::status::StatusEntry::to_json),
            credential_schema: [Schema { id: SCHEMA, r#type: "1EdTechJsonSchemaValidator2019" }],
        }
    }
}

impl<'a> Profile<'a> {
    pub(crate) fn of(issuer: &'a Issuer) -> Self {
        Self {
            id: &issuer.id,
            r#type: ["Profile"],
            name: &issuer.name,
            url: &issuer.url,
            address: (!issuer.country_code.is_empty()).then_some(Address {
                r#type: ["Address"],
                country: &issuer.country,
                code: &issuer.country_code,
            }),
        }
    }
}

impl<'a> AchievementNode<'a> {
    fn of(achievement: &'a Achievement, result_description: Vec<Description>) -> Self {
        Self {
            id: &achievement.id,
            r#type: ["Achievement"],
            achievement_type: &achievement.kind,
            name: &achievement.name,
            description: &achievement.description,
            version: achievement.version.as_deref(),
            in_language: achievement.language.as_deref(),
            human_code: achievement.human_code.as_deref(),
            field_of_study: achievement.field_of_study.as_deref(),
            credits_available: achievement.credits_available_milli.map(from_milli),
            criteria: Criteria { narrative: &achievement.criteria },
            alignment: alignments(achievement),
            result_description,
            tag: &achievement.tags,
        }
    }
}

impl<'a> EvidenceNode<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let Evidence { id, kind, name, narrative } = evidence;
        Self { id, r#type: ["Evidence"], name, narrative, genre: kind }
    }
}

/// Level, skills and quality. The types are extensions, since the specification has none for these frameworks.
fn alignments(achievement: &Achievement) -> Vec<Alignment<'_>> {
    let level = achievement.eqf_level.map(|level| Alignment {
        r#type: ["Alignment"],
        target_type: "ext:EQF",
        target_framework: Some("European Qualifications Framework"),
        target_name: format!("EQF level {level}"),
        target_code: Some(level.to_string()),
        target_url: format!("http://data.europa.eu/snb/eqf/{level}").into(),
    });
    let skills = achievement.skills.iter().map(|skill| Alignment {
        r#type: ["Alignment"],
        target_type: "ext:ESCOSkill",
        target_framework: Some("ESCO"),
        target_name: skill.name.clone(),
        target_code: None,
        target_url: skill.url.as_str().into(),
    });
    let quality = achievement.quality.as_ref().map(|quality| Alignment {
        r#type: ["Alignment"],
        target_type: "ext:QualityAssurance",
        target_framework: None,
        target_name: quality.name.clone(),
        target_code: None,
        target_url: quality.url.as_str().into(),
    });
    level.into_iter().chain(skills).chain(quality).collect()
}
