//! A microcredential as an Open Badge 3.0: what it says in plain fields, and the credential that says so.
//!
//! Only terms of Open Badges' own contexts are used, since verifiers refuse or fetch others. What the European
//! recommendation on microcredentials (2022/C 243/02, Annex I) and the Common Microcredential Framework ask for, and
//! Open Badges have no term for, is written as results of the type `ext:..`, each described in the achievement.
//! No names of learners: whose it is, says an identifier and, at the learner's wish, a hashed e-mail address.

pub(crate) mod json;
mod results;

use crate::{identity::Identity, status::StatusEntry};
use serde_json::Value;

/// The JSON Schema to which these credentials conform.
pub const SCHEMA: &str =
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json";

/// One award to one learner. Times are Unix milliseconds; a credential keeps the seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Badge {
    /// The URL of the credential.
    pub id: String,
    /// Who awards it, and signs.
    pub issuer: Issuer,
    /// When it was awarded first; a renewal keeps this.
    pub awarded_ms: i64,
    /// From when on it is valid; the newest of several is in force.
    pub valid_from_ms: i64,
    /// Until when it is valid, if there is an end.
    pub valid_until_ms: Option<i64>,
    /// The learner, as a DID or a URN.
    pub subject: String,
    /// The learner's e-mail address, if they wish it.
    pub identity: Option<Identity>,
    /// When the learner began.
    pub activity_start_ms: Option<i64>,
    /// When the learner finished.
    pub activity_end_ms: Option<i64>,
    /// The credits earned.
    pub credits: Option<Credits>,
    /// What came out.
    pub results: Results,
    /// What was achieved.
    pub achievement: Achievement,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// Where to look up whether it is revoked; Open Badges allow one entry.
    pub status: Option<StatusEntry>,
}

/// Who awards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Its DID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its own site.
    pub url: String,
    /// The name of its country, `Ireland`; empty where only the code is known.
    pub country: String,
    /// The country's code, ISO 3166-1 alpha-2: `IE`; empty where it is not known.
    pub country_code: String,
}

/// Credits in thousandths, so that they can be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits {
    /// 4500 are four and a half credits.
    pub milli: u32,
    /// Whose credits.
    pub scheme: Scheme,
}

/// A system of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// European Credit Transfer and Accumulation System.
    Ects,
    /// The Academic Credit Bank System of Korea.
    KrAcbs,
    /// The Credit Accumulation and Transfer Scheme of the United Kingdom.
    UkCats,
    /// Semester credit hours of the United States.
    UsSemester,
}

/// What came out. What is not known is not written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// The score of the summative assessment.
    pub score: Option<Score>,
    /// The grade.
    pub grade: Option<Grade>,
    /// How long the learner studied, with revision and assessment, in minutes.
    pub study_minutes: Option<u32>,
    /// The hours between which the framework wants this to be: 100 and 150 in the Common Microcredential Framework.
    pub study_hours_range: Option<(u32, u32)>,
    /// The learning outcomes, all achieved.
    pub learning_outcomes: Vec<String>,
    /// How the learner was assessed.
    pub assessment: Option<Assessment>,
    /// Who watched, and whether it was the learner.
    pub supervision: Option<Supervision>,
    /// How the learner took part.
    pub participation: Option<Participation>,
    /// Whether it counts towards something larger.
    pub stackability: Option<Stackability>,
}

/// A score in thousandths of the whole: 785 are 78.5 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// What the learner reached.
    pub per_mille: u32,
    /// What had to be reached.
    pub pass_mark_per_mille: u32,
}

/// A grade.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grade {
    /// On a scale of letters, `B+`.
    Letter(String),
    /// Passed, where no more is told apart than this and distinction.
    Pass,
    /// Passed with distinction.
    Distinction,
}

/// How a learner was assessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assessment {
    /// Tests and examinations.
    Testing,
    /// Something was done.
    ApplicationOfSkill,
    /// Works were collected.
    Portfolio,
    /// It was known before.
    PriorLearning,
}

/// Who watched an assessment, and whether the learner's identity was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// Nobody did, and nobody checked.
    UnsupervisedNoId,
    /// Somebody did, and nobody checked.
    SupervisedNoId,
    /// Somebody did from afar, and checked.
    SupervisedOnlineWithId,
    /// Somebody did on the spot, and checked.
    SupervisedOnsiteWithId,
}

/// How a learner took part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Participation {
    /// From afar.
    Online,
    /// On the spot, at least in part.
    OnsiteOrBlended,
    /// By voluntary work.
    Volunteering,
    /// At work.
    WorkExperience,
    /// In a way of their own.
    Personalised,
}

/// Whether a credential counts towards something larger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stackability {
    /// It stands for itself.
    StandAlone,
    /// It counts towards this, for instance `BSc Data Science (180 ECTS)`.
    Towards(String),
}

/// What was achieved; the same for all who achieve it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Achievement {
    /// Its URL or URN. The ids of its result descriptions are made of it.
    pub id: String,
    /// A type of Open Badges: `MicroCredential`, `Course`, ..
    pub kind: String,
    /// Its title.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// Which edition of the course, `2026.1`.
    pub version: Option<String>,
    /// The language of teaching, `en-IE`.
    pub language: Option<String>,
    /// The code that people use, `EXU-MC-DA101`.
    pub human_code: Option<String>,
    /// Its subject, `0542 Statistics (ISCED-F 2013)`.
    pub field_of_study: Option<String>,
    /// What has to be done for it, in Markdown.
    pub criteria: String,
    /// The credits that it offers, in thousandths of the scheme of those earned.
    pub credits_available_milli: Option<u32>,
    /// Its level in the European Qualifications Framework, 1 to 8.
    pub eqf_level: Option<u8>,
    /// What it teaches, by ESCO.
    pub skills: Vec<Skill>,
    /// Who vouches for its quality.
    pub quality: Option<Quality>,
    /// Words to find it by.
    pub tags: Vec<String>,
}

/// A skill of the classification ESCO.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its label.
    pub name: String,
    /// Its URI, `http://data.europa.eu/esco/skill/..`.
    pub url: String,
}

/// Quality assurance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quality {
    /// By whom and of which kind.
    pub name: String,
    /// The decision.
    pub url: String,
}

/// Something that shows what the learner did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its URL or URN.
    pub id: String,
    /// Of which kind it is, for instance `Enrolment event`.
    pub kind: String,
    /// Its title.
    pub name: String,
    /// What it shows, for instance with the SHA-256 digest of what was recorded.
    pub narrative: String,
}

/// The credential, still to be signed by its issuer. The same badge gives the same credential.
pub fn credential(badge: &Badge) -> Value {
    // Structs of texts, numbers and lists always have a form in JSON.
    serde_json::to_value(json::Root::of(badge)).unwrap_or_default()
}
