//! The Open Badges that are issued: complete, signed as a whole, and what every reader of Open Badges 3.0 expects.

use super::{at, key, method, signed};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use studium_vc::{
    contexts::Contexts,
    data_model,
    identity::Identity,
    jwt,
    open_badge::{
        self, Achievement, Assessment, Badge, Credits, Evidence, Grade, Issuer, Participation, Quality, Results,
        Scheme, Score, Skill, Stackability, Supervision,
    },
    resolver::Fetched,
    status::{Purpose, StatusEntry},
    verify::{self, CheckName, Finding, Outcome},
};

const LIST: &str = "https://studium.example/status/revocation/1";

/// Everything that can be said.
pub fn full() -> Badge {
    let text = str::to_owned;
    Badge {
        id: text("https://studium.example/credentials/6f1c2b1e-5c0a-4a57-9f3e-0d2f5a6c7b81"),
        issuer: Issuer {
            id: key().verifying_key().did_key(),
            name: text("University of Exampleton"),
            url: text("https://exampleton.example/"),
            country: text("Ireland"),
            country_code: text("IE"),
        },
        awarded_ms: at("2026-06-30T09:00:00Z"),
        valid_from_ms: at("2026-06-30T09:00:00Z"),
        valid_until_ms: Some(at("2031-06-30T09:00:00Z")),
        subject: text("urn:uuid:9b2f8a52-0d0b-4a35-8a86-6f8d1b0b7c11"),
        identity: Some(Identity::of_email("learner@example.org", "c1d0e7a29b5f4c3d")),
        activity_start_ms: Some(at("2026-02-02T00:00:00Z")),
        activity_end_ms: Some(at("2026-06-19T00:00:00Z")),
        credits: Some(Credits { milli: 4_500, scheme: Scheme::Ects }),
        results: results_of_a_learner(),
        achievement: microcredential(),
        evidence: vec![
            Evidence {
                id: text("https://studium.example/enrolments/7/events/31"),
                kind: text("Enrolment event"),
                name: text("Summative assessment passed"),
                narrative: text("SHA-256 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
            },
            Evidence {
                id: text("urn:uuid:0a9b8c7d-1111-4222-8333-444455556666"),
                kind: text("Enrolment event"),
                name: text("Identity verified"),
                narrative: text("SHA-256 f2ca1bb6c7e907d06dafe4687e579fce76b37e4e93b7605022da52e6ccc26fd2"),
            },
        ],
        status: Some(StatusEntry { list: LIST.to_owned(), purpose: Purpose::Revocation, index: 94_567 }),
    }
}

fn results_of_a_learner() -> Results {
    let text = str::to_owned;
    Results {
        score: Some(Score { per_mille: 785, pass_mark_per_mille: 500 }),
        grade: Some(Grade::Letter(text("B+"))),
        study_minutes: Some(7_230),
        study_hours_range: Some((100, 150)),
        learning_outcomes: vec![text("Select and justify a method."), text("Write reproducible analyses.")],
        assessment: Some(Assessment::Testing),
        supervision: Some(Supervision::SupervisedOnlineWithId),
        participation: Some(Participation::Online),
        stackability: Some(Stackability::Towards(text("BSc Data Science (180 ECTS)"))),
    }
}

fn microcredential() -> Achievement {
    let text = str::to_owned;
    Achievement {
        kind: text("MicroCredential"),
        version: Some(text("2026.1")),
        language: Some(text("en-IE")),
        human_code: Some(text("EXU-MC-DA101")),
        field_of_study: Some(text("0542 Statistics (ISCED-F 2013)")),
        credits_available_milli: Some(5_000),
        eqf_level: Some(6),
        skills: vec![
            Skill {
                name: text("perform data analysis"),
                url: text("http://data.europa.eu/esco/skill/2b92a5b2-6758-4ee3-9fb4-b6387a55cc8f"),
            },
            Skill {
                name: text("Python (computer programming)"),
                url: text("http://data.europa.eu/esco/skill/ccd0a1d9-afda-43d9-b901-96344886e14d"),
            },
        ],
        quality: Some(Quality {
            name: text("EQAR-registered agency, institutional review"),
            url: text("https://qa.example/decisions/2025-17"),
        }),
        tags: vec![text("CMF"), text("microcredential")],
        ..course()
    }
}

fn course() -> Achievement {
    Achievement {
        id: "urn:uuid:2c0b0f3a-7f0e-4b3b-9b55-5a8f1f6f9f10".to_owned(),
        kind: "Course".to_owned(),
        name: "Applied Data Analysis with Python".to_owned(),
        description: "Plan, carry out and report an analysis of a real data set.".to_owned(),
        criteria: "Complete 125 hours of study; pass mark 50 of 100.".to_owned(),
        ..Achievement::default()
    }
}

/// As little as can be said.
fn least() -> Badge {
    Badge {
        valid_until_ms: None,
        identity: None,
        activity_start_ms: None,
        activity_end_ms: None,
        credits: None,
        results: Results::default(),
        achievement: course(),
        evidence: vec![],
        status: None,
        ..full()
    }
}

/// What Open Badges 3.0 require of each kind of object, as its specification lists it.
fn required(node: &Value, kind: &str) {
    let members: &[&str] = match kind {
        "credential" => &["@context", "id", "type", "issuer", "validFrom", "credentialSubject"],
        "AchievementSubject" => &["type", "achievement", "id"],
        "Achievement" => &["id", "type", "name", "description", "criteria"],
        "Alignment" => &["type", "targetName", "targetUrl"],
        "ResultDescription" => &["id", "type", "name", "resultType"],
        "IdentityObject" => &["type", "hashed", "identityHash", "identityType"],
        "Evidence" | "Profile" => &["id", "type"],
        _ => &["type"],
    };
    for member in members {
        assert!(node.get(*member).is_some(), "{kind} without {member}");
    }
}

/// Walks every object: required members, nothing empty, `type` a list except where the standards want a text.
fn conforms(value: &Value) {
    match value {
        Value::Object(members) => {
            if let Some(types) = members.get("type").and_then(Value::as_array) {
                required(value, types.last().and_then(Value::as_str).unwrap());
            } else if let Some(kind) = members.get("type").and_then(Value::as_str) {
                assert!(
                    ["IdentityObject", "BitstringStatusListEntry", "1EdTechJsonSchemaValidator2019"].contains(&kind)
                );
                required(value, kind);
            }
            members.values().for_each(conforms);
        }
        Value::Array(all) => {
            assert!(!all.is_empty());
            all.iter().for_each(conforms);
        }
        Value::Null => panic!("null"),
        _ => {}
    }
}

/// It can be signed as a whole, holds in both forms, and has what the specification requires.
fn good(badge: &Badge) -> Value {
    let credential = open_badge::credential(badge);
    assert_eq!(open_badge::credential(&badge.clone()), credential);
    assert_eq!(data_model::problems(&credential, Contexts::embedded()), []);
    required(&credential, "credential");
    conforms(&credential);
    for text in [signed(&credential).to_string(), jwt::sign(&credential, &key(), &method()).unwrap()] {
        let report = verify::credential(&text, &Fetched::default(), at("2026-07-01T00:00:00Z"), Contexts::embedded());
        let bad: Vec<_> = report.checks.iter().filter(|it| it.finding != Finding::Sound).collect();
        // Nobody has published the list.
        assert!(bad.iter().all(|it| it.name == CheckName::Status && it.finding == Finding::NotChecked), "{bad:?}");
        assert_eq!(report.outcome() == Outcome::Ok, badge.status.is_none());
    }
    credential
}

/// Results by the name that the achievement gives them, and each description is used.
fn results(credential: &Value) -> Vec<(String, String)> {
    let subject = &credential["credentialSubject"];
    let all = subject["achievement"]["resultDescription"].as_array().unwrap();
    let ids: BTreeSet<_> = all.iter().map(|it| it["id"].as_str().unwrap()).collect();
    let results = subject["result"].as_array().unwrap();
    assert_eq!((ids.len(), all.len()), (results.len(), results.len()));
    let named = |it: &Value| {
        let description = all.iter().find(|one| one["id"] == it["resultDescription"]).unwrap();
        let value = it.get("value").or_else(|| it.get("status")).unwrap();
        (description["resultType"].as_str().unwrap().to_owned(), value.as_str().unwrap().to_owned())
    };
    results.iter().map(named).collect()
}

#[test]
fn everything_that_can_be_said_is_signed() {
    let credential = good(&full());
    let subject = &credential["credentialSubject"];
    assert_eq!(subject["creditsEarned"].to_string(), "4.5");
    assert_eq!(subject["achievement"]["creditsAvailable"].to_string(), "5.0");
    assert_eq!(subject["achievement"]["alignment"].as_array().unwrap().len(), 4);
    assert_eq!(
        subject["achievement"]["resultDescription"][3]["id"],
        "urn:uuid:2c0b0f3a-7f0e-4b3b-9b55-5a8f1f6f9f10#total-study-hours"
    );
    assert_eq!(credential["credentialStatus"]["id"], format!("{LIST}#94567"));
    assert_eq!(credential["evidence"][0]["type"], json!(["Evidence"]));
    let all = [
        ("Percent", "78.5"),
        ("LetterGrade", "B+"),
        ("Status", "Completed"),
        ("ext:TotalStudyHours", "120.5"),
        ("ext:ECTSCredits", "4.5"),
        ("ext:LearningOutcome", "achieved"),
        ("ext:LearningOutcome", "achieved"),
        ("ext:AssessmentType", "testing"),
        ("ext:SupervisionAndIdentity", "supervised online with identity verification"),
        ("ext:ParticipationForm", "online"),
        ("ext:Stackability", "stackable towards BSc Data Science (180 ECTS)"),
    ];
    assert_eq!(results(&credential), all.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

/// The members of the example that strangers' verifiers have accepted; a new one would have to be shown to them first.
#[test]
fn no_member_is_new_to_the_world() {
    fn names(value: &Value, path: &str, all: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(name, value)| {
                let path = format!("{path}.{name}");
                names(value, &path, all);
                all.insert(path);
            }),
            Value::Array(list) => list.iter().for_each(|it| names(it, path, all)),
            _ => {}
        }
    }
    let (mut ours, mut known) = (BTreeSet::new(), BTreeSet::new());
    names(&open_badge::credential(&full()), "", &mut ours);
    names(&super::badge(), "", &mut known);
    let new: Vec<_> = ours.difference(&known).filter(|it| !it.starts_with(".evidence")).collect();
    assert!(new.is_empty(), "{new:?}");
    let lost: Vec<_> = known.difference(&ours).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn what_is_not_known_is_not_written() {
    let credential = good(&least());
    let members: Vec<_> = credential["credentialSubject"].as_object().unwrap().keys().collect();
    assert_eq!(members, ["achievement", "id", "result", "type"]);
    assert_eq!(results(&credential), [("Status".to_owned(), "Completed".to_owned())]);
    assert!(credential.get("validUntil").is_none() && credential.get("evidence").is_none());
}

#[test]
fn a_pass_is_told_from_a_distinction() {
    for (grade, value) in [(Grade::Pass, "Pass"), (Grade::Distinction, "Distinction")] {
        let mut badge = least();
        badge.results.grade = Some(grade);
        assert_eq!(results(&good(&badge))[0], ("Result".to_owned(), value.to_owned()));
    }
}

#[test]
fn nobody_is_said_to_have_studied_longer() {
    for (minutes, hours) in
        [(0, "0"), (7_200, "120"), (7_230, "120.5"), (7_201, "120.01"), (7_259, "120.98"), (7_206, "120.1")]
    {
        let mut badge = least();
        badge.results.study_minutes = Some(minutes);
        assert!(results(&good(&badge)).contains(&("ext:TotalStudyHours".to_owned(), hours.to_owned())), "{minutes}");
    }
}

#[test]
fn an_achievement_that_is_a_fragment_keeps_its_results_apart() {
    let mut badge = least();
    badge.achievement.id = "https://studium.example/courses/7#achievement".to_owned();
    let credential = good(&badge);
    let description = &credential["credentialSubject"]["achievement"]["resultDescription"][0];
    assert_eq!(description["id"], "https://studium.example/courses/7#achievement/award-status");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_award_can_be_signed(
        milli in any::<u32>(),
        per_mille in 0..=1000_u32,
        minutes in any::<u32>(),
        scheme in prop::sample::select(vec![Scheme::Ects, Scheme::KrAcbs, Scheme::UkCats, Scheme::UsSemester]),
        outcomes in prop::collection::vec("[^\\x00-\\x1f]{1,40}", 0..12),
        words in ".{1,40}",
        level in prop::option::of(1..=8_u8),
    ) {
        let mut badge = full();
        badge.credits = Some(Credits { milli, scheme });
        badge.achievement.credits_available_milli = Some(milli);
        badge.results.score = Some(Score { per_mille, pass_mark_per_mille: per_mille / 2 });
        badge.results.study_minutes = Some(minutes);
        badge.results.learning_outcomes = outcomes;
        badge.achievement.criteria = words.clone();
        badge.evidence[0].narrative = words;
        badge.achievement.eqf_level = level;
        let credential = good(&badge);
        let earned = credential["credentialSubject"]["creditsEarned"].as_f64().unwrap();
        prop_assert!(((earned * 1000.0).round() - f64::from(milli)).abs() < 0.5);
        let written: f64 = results(&credential)[4].1.parse().unwrap();
        prop_assert!((written - earned).abs() < f64::EPSILON * earned.max(1.0));
    }
}
