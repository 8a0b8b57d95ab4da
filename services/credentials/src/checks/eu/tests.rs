//! Each element missing alone, and all of them in the order of the recommendation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::checks::{
    findings,
    tests::{codes, good, ou},
};
use proptest::{array, prelude::*};
use studium_proto::credentials::v1::Framework::Eu2022;

/// An element, and how a definition comes to lack it.
type Element = (&'static str, fn(&mut AchievementDefined, &mut Awarding));

/// The elements that a definition can lack, in the order of the recommendation.
const ELEMENTS: [Element; 9] = [
    ("TITLE", |it, _| it.name.clear()),
    ("COUNTRY", |_, by| by.country.clear()),
    ("AWARDING_BODY", |_, by| by.name.clear()),
    ("LEARNING_OUTCOMES", |it, _| it.outcomes = vec![" ".into()]),
    ("WORKLOAD", |it, _| {
        it.credits.clear();
        (it.study_minutes, it.revision_minutes, it.assessment_minutes) = (0, 0, 0);
    }),
    ("LEVEL", |it, _| it.eqf_level = 0),
    ("ASSESSMENT_TYPE", |it, _| it.assessment_type = 0),
    ("PARTICIPATION_FORM", |it, _| it.participation = 0),
    ("QUALITY_ASSURANCE", |it, _| it.quality_assurance = " ".into()),
];

/// What is found when the definition lacks these, and what should be.
fn lacking(missing: &[bool]) -> (Vec<String>, Vec<String>) {
    let (mut it, mut by) = (good(), ou());
    let mut expected = Vec::new();
    for ((name, take), _) in ELEMENTS.iter().zip(missing).filter(|(_, is_missing)| **is_missing) {
        take(&mut it, &mut by);
        expected.push(format!("EU_MISSING_{name}"));
    }
    (findings(&it, &by, &[Eu2022]).into_iter().map(|it| it.code).collect(), expected)
}

#[test]
fn all_that_is_missing_is_told_at_once_in_the_order_of_the_recommendation() {
    let (found, expected) = lacking(&[true; 9]);
    assert_eq!(found, expected);
    assert_eq!(findings(&AchievementDefined::default(), &Awarding::default(), &[Eu2022]).len(), ELEMENTS.len());
}

#[test]
fn a_level_may_be_said_not_to_apply() {
    let without = AchievementDefined { eqf_level: 0, ..good() };
    assert_eq!(codes(&without, Eu2022), ["EU_MISSING_LEVEL"]);
    let said = AchievementDefined { level_not_applicable: true, ..without };
    assert_eq!(codes(&said, Eu2022), Vec::<String>::new());
}

#[test]
fn hours_or_ects_are_a_workload() {
    let by_hours = AchievementDefined { credits: Vec::new(), ..good() };
    let by_ects = AchievementDefined { study_minutes: 0, revision_minutes: 0, assessment_minutes: 0, ..good() };
    for it in [by_hours, by_ects] {
        assert_eq!(codes(&it, Eu2022), Vec::<String>::new());
    }
}

proptest! {
    #[test]
    fn every_finding_goes_with_its_cause_alone(mut missing in array::uniform9(any::<bool>())) {
        for at in 0..missing.len() {
            let was = std::mem::take(&mut missing[at]);
            let (found, expected) = lacking(&missing);
            prop_assert_eq!(found, expected);
            missing[at] = was;
        }
        let (found, expected) = lacking(&missing);
        prop_assert_eq!(found, expected);
    }
}
