//! Class hours, marks and identity at their bounds.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::checks::tests::{codes, credit, good};
use studium_proto::credentials::v1::{Framework::KrAcbs, Supervision};

/// One way to break a definition, and what is found then.
type Break = (&'static str, fn(&mut AchievementDefined));

fn class(class_minutes: u32, milli: u32) -> AchievementDefined {
    AchievementDefined { class_minutes, credits: vec![credit(AwardScheme::KrAcbs, milli)], ..good() }
}

#[test]
fn a_credit_is_fifteen_class_hours_of_fifty_minutes() {
    for (minutes, milli, is_right) in [
        (749, 1_000, false),
        (750, 1_000, true),
        (1_499, 2_000, false),
        (1_500, 2_000, true),
        (2_249, 3_000, false),
        (2_250, 3_000, true),
        (9_000, 3_000, true),
        (0, 1, false),
    ] {
        let expected: &[&str] = if is_right { &[] } else { &["ACBS_HOURS_PER_CREDIT"] };
        assert_eq!(codes(&class(minutes, milli), KrAcbs), expected, "{minutes} {milli}");
    }
}

#[test]
fn a_pass_is_sixty_points_at_least() {
    for (mark, is_right) in [(0, false), (59_999, false), (60_000, true), (100_000, true)] {
        let expected: &[&str] = if is_right { &[] } else { &["ACBS_PASS_MARK_BELOW_60"] };
        let it = AchievementDefined { pass_mark_millipoints: mark, ..good() };
        assert_eq!(codes(&it, KrAcbs), expected, "{mark}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_goes_with_its_cause_alone() {
    let wrong: [Break; 4] = [
        ("ACBS_NO_CREDIT", |it| it.credits.retain(|it| it.scheme() != AwardScheme::KrAcbs)),
        ("ACBS_HOURS_PER_CREDIT", |it| it.class_minutes = 2_249),
        ("ACBS_PASS_MARK_BELOW_60", |it| it.pass_mark_millipoints = 50_000),
        ("ACBS_NO_ID_VERIFICATION", |it| it.supervision = Supervision::WithoutIdentification as i32),
    ];
    for chosen in 0..16_u32 {
        let mut it = good();
        let mut expected = Vec::new();
        for (at, (code, change)) in wrong.iter().enumerate() {
            if chosen & (1 << at) != 0 {
                change(&mut it);
                expected.push(*code);
            }
        }
        if chosen & 1 != 0 {
            // Without credits there are no hours to be short of.
            expected.retain(|it| *it != "ACBS_HOURS_PER_CREDIT");
        }
        assert_eq!(codes(&it, KrAcbs), expected);
    }
}
