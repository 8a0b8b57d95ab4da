//! Several rules at once, and definitions that the tests of the single rules begin with.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_proto::credentials::v1::{AssessmentType, AwardedCredit, CreditRoute, ParticipationForm, Supervision};

/// Credits in one scheme.
pub fn credit(scheme: AwardScheme, credits_milli: u32) -> AwardedCredit {
    AwardedCredit { scheme: scheme as i32, credits_milli }
}

/// What keeps all rules: 125 hours, 5 ECTS, level 6, 3 credits of Korea.
pub fn good() -> AchievementDefined {
    AchievementDefined {
        source_id: "AAA".into(),
        source_version: 1,
        institution_id: "ou".into(),
        name: "Algebra".into(),
        language: "en".into(),
        outcomes: vec!["Solve equations.".into()],
        study_minutes: 6_600,
        revision_minutes: 600,
        assessment_minutes: 300,
        eqf_level: 6,
        national_level: "RQF 6".into(),
        national_level_eqf: 6,
        credits: vec![credit(AwardScheme::Ects, 5_000), credit(AwardScheme::KrAcbs, 3_000)],
        credit_route: CreditRoute::Direct as i32,
        degree_programmes: vec!["BSc Mathematics".into()],
        assessment_type: AssessmentType::Testing as i32,
        summative_assessment: true,
        pass_mark_millipoints: 60_000,
        supervision: Supervision::OnlineIdentified as i32,
        participation: ParticipationForm::Online as i32,
        quality_assurance: "Reviewed by the Quality Assurance Agency.".into(),
        class_minutes: 2_250,
        ..AchievementDefined::default()
    }
}

/// Who would issue it.
pub fn ou() -> Awarding {
    Awarding { name: "The Open University".into(), country: "GB".into() }
}

/// The codes of all findings.
pub fn codes(it: &AchievementDefined, framework: Framework) -> Vec<String> {
    let found = findings(it, &ou(), &[framework]);
    assert!(found.iter().all(|it| it.framework() == framework && !it.detail.is_empty()), "{found:?}");
    found.into_iter().map(|it| it.code).collect()
}

const ALL: [Framework; 4] = [Framework::Cmf2019, Framework::Cmf2022, Framework::Eu2022, Framework::KrAcbs];

#[test]
fn nothing_is_wrong_with_what_keeps_all_rules() {
    assert_eq!(findings(&good(), &ou(), &ALL), []);
    assert_eq!(findings(&AchievementDefined::default(), &Awarding::default(), &[Framework::Unspecified]), []);
}

#[test]
fn rules_are_asked_in_the_order_in_which_they_are_named() {
    let nothing = AchievementDefined::default();
    for order in [[Framework::Eu2022, Framework::KrAcbs], [Framework::KrAcbs, Framework::Eu2022]] {
        let mut found: Vec<_> = findings(&nothing, &ou(), &order).iter().map(Finding::framework).collect();
        found.dedup();
        assert_eq!(found, order);
    }
    let claims = AchievementDefined { frameworks: vec![3, 1], ..nothing };
    assert_eq!(claimed(&claims), [Framework::Eu2022, Framework::Cmf2019]);
}

#[test]
fn no_number_is_too_large_to_be_looked_at() {
    let huge = AchievementDefined {
        study_minutes: u32::MAX,
        revision_minutes: u32::MAX,
        assessment_minutes: u32::MAX,
        class_minutes: u32::MAX,
        eqf_level: u32::MAX,
        credits: vec![
            credit(AwardScheme::Ects, u32::MAX),
            credit(AwardScheme::UkCats, u32::MAX),
            credit(AwardScheme::KrAcbs, u32::MAX),
        ],
        ..good()
    };
    assert!(!findings(&huge, &ou(), &ALL).is_empty());
}

#[test]
fn numbers_are_told_as_people_write_them() {
    assert_eq!((hours(5_999), hours(6_000), hours(9_001)), ("99:59 h".into(), "100:00 h".into(), "150:01 h".into()));
    assert_eq!((credits(4_500), credits(5_000), credits(1)), ("4.5".into(), "5".into(), "0.001".into()));
}
