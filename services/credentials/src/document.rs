//! A credential as strangers read it: an Open Badge 3.0 that follows from what was issued and what the achievement is.

use crate::{achievement, checks::Awarding};
use serde_json::{Value, json};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementType, AssessmentType, AwardGrade, AwardScheme, AwardedCredit, CredentialIssued,
    EvidenceEvent, Framework, ParticipationForm, Supervision,
};
use studium_vc::{
    open_badge::{
        self, Achievement, Assessment, Badge, Credits, Evidence, Grade, Issuer, Participation, Quality, Results,
        Scheme, Score, Skill, Stackability,
    },
    proof,
    status::{Purpose, StatusEntry},
};

/// Namespace of the names that learners have in credentials; fixed for ever, since credentials name them.
const LEARNERS: uuid::Uuid = uuid::Uuid::from_u128(0x7374_7564_6975_6d00_8000_6c65_6172_6e72);

/// Namespace of the names of learners' records.
pub const RECORDS: uuid::Uuid = uuid::Uuid::from_u128(0x7374_7564_6975_6d00_8000_7265_636f_7264);

/// Events that a credential lists; of more, the last ones.
const EVIDENCE_MAX: usize = 100;

/// Characters of a UUID.
const ID_LENGTH: usize = 36;

/// Characters of an address of this service, generously.
const URL_LENGTH: usize = 300;

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
    let skipped = it.evidence.len().saturating_sub(EVIDENCE_MAX);
    open_badge::credential(&Badge {
        id: credential_url(it),
        issuer: issuer(it),
        awarded_ms: it.awarded_ms,
        valid_from_ms: it.valid_from_ms,
        valid_until_ms: some(it.valid_until_ms),
        subject: subject(&it.learner_id),
        identity: None,
        activity_start_ms: some(it.activity_start_ms),
        activity_end_ms: some(it.activity_end_ms),
        credits: credits(&it.credits),
        results: results(it, achievement),
        achievement: described(it, achievement),
        evidence: it.evidence.iter().skip(skipped).map(evidence).collect(),
        status: Some(status),
    })
}

/// As large as a credential for an achievement gets, with something of the size of a proof: what is to be looked at
/// before any is issued.
pub fn largest(achievement: &AchievementDefined, awarding: &Awarding) -> Value {
    let event = EvidenceEvent {
        stream: "enrolment".to_owned(),
        position: u64::MAX,
        commit_id: "0".repeat(ID_LENGTH),
        name: "ProgrammeCourseCompleted".to_owned(),
        sha256: "0".repeat(64),
        ..EvidenceEvent::default()
    };
    let (source, source_id) = (achievement.source(), &achievement.source_id);
    let issued = CredentialIssued {
        achievement_id: achievement::id(source, source_id, achievement.source_version),
        institution_id: achievement.institution_id.clone(),
        issuer_did: format!("did:web:{}", "x".repeat(URL_LENGTH)),
        issuer_name: awarding.name.clone(),
        issuer_country: awarding.country.clone(),
        base_url: format!("https://{}", "x".repeat(URL_LENGTH)),
        public_id: "0".repeat(ID_LENGTH),
        valid_until_ms: 1,
        activity_start_ms: 1,
        activity_end_ms: 1,
        credits: achievement.credits.clone(),
        grade: AwardGrade::Distinction as i32,
        grade_millipoints: Some(100_000),
        evidence: vec![event; EVIDENCE_MAX],
        ..CredentialIssued::default()
    };
    let mut document = open_badge(&issued, achievement, u32::MAX, u32::MAX);
    document["proof"] = json!([{
        "type": "DataIntegrityProof",
        "cryptosuite": proof::CRYPTOSUITE,
        "created": "2026-01-01T00:00:00Z",
        "verificationMethod": format!("{}#{}", issued.issuer_did, "z".repeat(50)),
        "proofPurpose": proof::PURPOSE,
        "proofValue": "z".repeat(90),
    }]);
    document
}

fn some(ms: i64) -> Option<i64> {
    (ms != 0).then_some(ms)
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A language by its tag (BCP 47), as Open Badges want it; a name in words is left out.
fn language(text: &str) -> Option<String> {
    let first = text.split('-').next().unwrap_or_default();
    let is_tag = (2..=3).contains(&first.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    is_tag.then(|| text.to_owned())
}

/// The issuer as it was when the credential was issued.
pub fn issuer(it: &CredentialIssued) -> Issuer {
    Issuer {
        id: it.issuer_did.clone(),
        name: it.issuer_name.clone(),
        url: format!("{}/issuers/{}", it.base_url, it.institution_id),
        country: String::new(),
        country_code: it.issuer_country.clone(),
    }
}

/// Open Badges know credits in one scheme: the first.
fn credits(all: &[AwardedCredit]) -> Option<Credits> {
    let first = all.first()?;
    let scheme = match first.scheme() {
        AwardScheme::Unspecified => return None,
        AwardScheme::Ects => Scheme::Ects,
        AwardScheme::KrAcbs => Scheme::KrAcbs,
        AwardScheme::UkCats => Scheme::UkCats,
        AwardScheme::UsSemester => Scheme::UsSemester,
    };
    Some(Credits { milli: first.credits_milli, scheme })
}

fn results(it: &CredentialIssued, achievement: &AchievementDefined) -> Results {
    let minutes = [achievement.revision_minutes, achievement.assessment_minutes]
        .into_iter()
        .fold(achievement.study_minutes, u32::saturating_add);
    let is_cmf = achievement.frameworks().any(|it| matches!(it, Framework::Cmf2019 | Framework::Cmf2022));
    Results {
        score: it.grade_millipoints.map(|grade| Score {
            per_mille: grade / 100,
            pass_mark_per_mille: achievement.pass_mark_millipoints / 100,
        }),
        grade: match it.grade() {
            AwardGrade::Unspecified => None,
            AwardGrade::Pass => Some(Grade::Pass),
            AwardGrade::Distinction => Some(Grade::Distinction),
        },
        study_minutes: (minutes > 0).then_some(minutes),
        study_hours_range: is_cmf.then_some((100, 150)),
        learning_outcomes: achievement.outcomes.clone(),
        assessment: assessment(achievement.assessment_type()),
        supervision: supervision(achievement.supervision()),
        participation: participation(achievement.participation()),
        stackability: Some(match achievement.degree_programmes.as_slice() {
            [] => Stackability::StandAlone,
            some => Stackability::Towards(some.join(", ")),
        }),
    }
}

fn assessment(it: AssessmentType) -> Option<Assessment> {
    match it {
        AssessmentType::Unspecified => None,
        AssessmentType::Testing => Some(Assessment::Testing),
        AssessmentType::ApplicationOfASkill => Some(Assessment::ApplicationOfSkill),
        AssessmentType::Portfolio => Some(Assessment::Portfolio),
        AssessmentType::RecognitionOfPriorLearning => Some(Assessment::PriorLearning),
    }
}

fn supervision(it: Supervision) -> Option<open_badge::Supervision> {
    match it {
        Supervision::Unspecified => None,
        Supervision::Unsupervised | Supervision::DocumentChecked => Some(open_badge::Supervision::UnsupervisedNoId),
        Supervision::WithoutIdentification => Some(open_badge::Supervision::SupervisedNoId),
        Supervision::OnlineIdentified => Some(open_badge::Supervision::SupervisedOnlineWithId),
        Supervision::OnsiteIdentified => Some(open_badge::Supervision::SupervisedOnsiteWithId),
    }
}

fn participation(it: ParticipationForm) -> Option<Participation> {
    match it {
        ParticipationForm::Unspecified => None,
        ParticipationForm::Online => Some(Participation::Online),
        ParticipationForm::OnsiteOrBlended => Some(Participation::OnsiteOrBlended),
        ParticipationForm::Volunteering => Some(Participation::Volunteering),
        ParticipationForm::WorkExperience => Some(Participation::WorkExperience),
    }
}

/// What was achieved, as the version of the course said when the credential was issued.
fn described(it: &CredentialIssued, achievement: &AchievementDefined) -> Achievement {
    let kind = match achievement.achievement_type() {
        AchievementType::Microcredential => "MicroCredential",
        AchievementType::Unspecified | AchievementType::Course => "Course",
        AchievementType::Certificate => "Certificate",
    };
    let or_name = |text: &str| if text.is_empty() { achievement.name.clone() } else { text.to_owned() };
    let quality =
        (!achievement.quality_assurance.is_empty() && !achievement.quality_assurance_url.is_empty()).then(|| Quality {
            name: achievement.quality_assurance.clone(),
            url: achievement.quality_assurance_url.clone(),
        });
    // ESCO has an address for each skill; one in the issuer's own words has none that Open Badges could point to.
    let skills = achievement.skills.iter().filter(|skill| !skill.uri.is_empty());
    let tags = achievement.skills.iter().filter(|skill| skill.uri.is_empty()).map(|skill| skill.label.clone());
    Achievement {
        // `~` joins what the id is made of, and an address may hold it.
        id: format!("{}/achievements/{}", it.base_url, it.achievement_id),
        kind: kind.to_owned(),
        name: achievement.name.clone(),
        description: or_name(&achievement.description),
        version: Some(achievement.source_version.to_string()),
        language: language(&achievement.language),
        human_code: filled(&achievement.human_code),
        field_of_study: filled(&achievement.field_of_study),
        criteria: or_name(&achievement.criteria),
        credits_available_milli: it.credits.first().map(|it| it.credits_milli),
        eqf_level: u8::try_from(achievement.eqf_level).ok().filter(|level| (1..=8).contains(level)),
        skills: skills.map(|it| Skill { name: it.label.clone(), url: it.uri.clone() }).collect(),
        quality,
        tags: tags.collect(),
    }
}

/// An event of the log, by which whoever runs the platform can prove what the credential rests on.
fn evidence(it: &EvidenceEvent) -> Evidence {
    Evidence {
        id: format!("urn:uuid:{}", it.commit_id),
        kind: "Event".to_owned(),
        name: it.name.clone(),
        narrative: format!(
            "Position {} of the stream {}; SHA-256 of the commit: {}.",
            it.position, it.stream, it.sha256
        ),
    }
}
