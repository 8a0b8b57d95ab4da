//! Each of the twelve questions at its bounds, all together, and that each finding goes with its cause.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::checks::tests::{codes, credit, good};
use proptest::{array, prelude::*};
use studium_proto::credentials::v1::Framework::{Cmf2019, Cmf2022};

/// So many minutes in all, of which 15 hours are revision and assessment.
fn lasting(minutes: u32) -> AchievementDefined {
    AchievementDefined { study_minutes: minutes - 900, ..good() }
}

/// The same with credits of one scheme.
fn worth(minutes: u32, scheme: AwardScheme, milli: u32) -> AchievementDefined {
    AchievementDefined { credits: vec![credit(scheme, milli)], ..lasting(minutes) }
}

fn at_level(level: u32) -> AchievementDefined {
    AchievementDefined { eqf_level: level, national_level: String::new(), national_level_eqf: 0, ..good() }
}

#[test]
fn it_takes_a_hundred_to_a_hundred_and_fifty_hours() {
    for (minutes, credits, expected) in [
        (5_999, 2_500, vec!["CMF_HOURS_BELOW_MIN"]),
        (6_000, 2_500, vec![]),
        (9_000, 2_500, vec![]),
        (9_001, 2_500, vec!["CMF_HOURS_ABOVE_MAX"]),
    ] {
        assert_eq!(codes(&worth(minutes, AwardScheme::UsSemester, credits), Cmf2022), expected, "{minutes}");
    }
}

#[test]
fn revision_and_assessment_are_counted() {
    for (revision_minutes, assessment_minutes) in [(0, 900), (900, 0), (0, 0)] {
        let study_minutes = 7_500 - revision_minutes - assessment_minutes;
        let it = AchievementDefined { study_minutes, revision_minutes, assessment_minutes, ..good() };
        assert_eq!(codes(&it, Cmf2022), ["CMF_HOURS_EXCLUDE_ASSESSMENT"]);
    }
}

#[test]
fn levels_are_allowed_as_the_wording_has_it() {
    for (level, in_2019, in_2022) in [
        (0, "CMF_LEVEL_MISSING", "CMF_LEVEL_MISSING"),
        (1, "CMF_LEVEL_NOT_ELIGIBLE", "CMF_LEVEL_NOT_ELIGIBLE"),
        (3, "CMF_LEVEL_NOT_ELIGIBLE", "CMF_LEVEL_NOT_ELIGIBLE"),
        (4, "CMF_LEVEL_NOT_ELIGIBLE", ""),
        (5, "CMF_LEVEL_NOT_ELIGIBLE", ""),
        (6, "", ""),
        (7, "", ""),
        (8, "CMF_LEVEL_NOT_ELIGIBLE", "CMF_LEVEL_NOT_ELIGIBLE"),
        (9, "CMF_LEVEL_UNKNOWN", "CMF_LEVEL_UNKNOWN"),
    ] {
        assert_eq!(codes(&at_level(level), Cmf2019).join(" "), in_2019, "{level}");
        assert_eq!(codes(&at_level(level), Cmf2022).join(" "), in_2022, "{level}");
        let without_ects =
            AchievementDefined { credits: vec![credit(AwardScheme::UsSemester, 3_000)], ..at_level(level) };
        let needs = if matches!(level, 4 | 5) { "CMF_LEVEL_REQUIRES_ECTS" } else { in_2022 };
        assert_eq!(codes(&without_ects, Cmf2022).join(" "), needs, "{level}");
    }
}

#[test]
fn the_national_level_stands_for_the_level_given() {
    let national =
        |level: &str, eqf| AchievementDefined { national_level: level.into(), national_level_eqf: eqf, ..good() };
    for it in [national("", 0), national("RQF 6", 6), national("", 6)] {
        assert_eq!(codes(&it, Cmf2022), Vec::<String>::new());
    }
    for it in [national("RQF 6", 0), national("RQF 7", 7), national("", 5)] {
        assert_eq!(codes(&it, Cmf2022), ["CMF_NQF_MISMATCH"]);
    }
}

#[test]
fn credits_are_as_many_as_the_framework_foresees() {
    for (scheme, minutes, milli, is_right) in [
        (AwardScheme::Ects, 6_000, 4_000, true),
        (AwardScheme::Ects, 9_000, 6_000, true),
        (AwardScheme::Ects, 6_000, 3_999, false),
        (AwardScheme::UkCats, 6_000, 10_000, true),
        (AwardScheme::UkCats, 9_000, 15_000, true),
        (AwardScheme::UsSemester, 6_000, 2_000, true),
        (AwardScheme::UsSemester, 6_000, 3_000, true),
        (AwardScheme::UsSemester, 6_000, 1_999, false),
        (AwardScheme::UsSemester, 6_000, 3_001, false),
        (AwardScheme::KrAcbs, 6_000, 1, true),
    ] {
        let expected: &[&str] = if is_right { &[] } else { &["CMF_CREDITS_OUT_OF_RANGE"] };
        assert_eq!(codes(&worth(minutes, scheme, milli), Cmf2022), expected, "{scheme:?} {milli}");
    }
    // Fewer or more of these are not what the hours are worth either.
    for (scheme, minutes, milli) in
        [(AwardScheme::Ects, 9_000, 6_001), (AwardScheme::UkCats, 6_000, 9_999), (AwardScheme::UkCats, 9_000, 15_001)]
    {
        let expected = ["CMF_CREDITS_OUT_OF_RANGE", "CMF_CREDITS_HOURS_MISMATCH"];
        assert_eq!(codes(&worth(minutes, scheme, milli), Cmf2022), expected, "{scheme:?} {milli}");
    }
    for credits in [vec![], vec![credit(AwardScheme::Unspecified, 5_000)], vec![credit(AwardScheme::Ects, 0)]] {
        assert_eq!(codes(&AchievementDefined { credits, ..good() }, Cmf2022), ["CMF_NO_CREDIT"]);
    }
}

#[test]
fn credits_are_worth_their_hours() {
    for (hours, scheme, milli, is_right) in [
        (120, AwardScheme::Ects, 5_000, false),
        (125, AwardScheme::Ects, 5_000, true),
        (150, AwardScheme::Ects, 5_000, true),
        (150, AwardScheme::Ects, 6_000, true),
        (149, AwardScheme::Ects, 6_000, false),
        (122, AwardScheme::Ects, 4_500, true),
        (112, AwardScheme::Ects, 4_500, false),
        (136, AwardScheme::Ects, 4_500, false),
        (121, AwardScheme::Ects, 4_000, false),
        (120, AwardScheme::Ects, 4_000, true),
        (120, AwardScheme::UkCats, 12_000, true),
        (121, AwardScheme::UkCats, 12_000, false),
        (119, AwardScheme::UkCats, 12_000, false),
    ] {
        let expected: &[&str] = if is_right { &[] } else { &["CMF_CREDITS_HOURS_MISMATCH"] };
        assert_eq!(codes(&worth(hours * 60, scheme, milli), Cmf2022), expected, "{hours} h {scheme:?} {milli}");
    }
}

#[test]
fn somebody_is_identified_in_a_way_that_is_approved() {
    for (supervision, expected) in [
        (Supervision::Unspecified, vec!["CMF_NO_ID_VERIFICATION"]),
        (Supervision::Unsupervised, vec!["CMF_ID_METHOD_NOT_APPROVED"]),
        (Supervision::WithoutIdentification, vec!["CMF_ID_METHOD_NOT_APPROVED"]),
        (Supervision::OnlineIdentified, vec![]),
        (Supervision::OnsiteIdentified, vec![]),
        (Supervision::DocumentChecked, vec![]),
    ] {
        let it = AchievementDefined { supervision: supervision as i32, ..good() };
        assert_eq!(codes(&it, Cmf2022), expected, "{supervision:?}");
    }
}

#[test]
fn a_transcript_names_what_it_lacks() {
    let bare = AchievementDefined { outcomes: vec![" ".into()], language: String::new(), ..good() };
    let found = crate::checks::findings(&bare, &crate::checks::Awarding::default(), &[Cmf2022]);
    assert_eq!(found.len(), 1);
    assert!(found[0].detail.ends_with("learning outcomes, language"), "{}", found[0].detail);
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_rules() {
    let rest = [
        "CMF_NO_CREDIT_ROUTE",
        "CMF_NO_DEGREE_PROGRAMME",
        "CMF_NO_SUMMATIVE_ASSESSMENT",
        "CMF_NO_ID_VERIFICATION",
        "CMF_TRANSCRIPT_INCOMPLETE",
    ];
    let nothing = AchievementDefined::default();
    let first = ["CMF_HOURS_BELOW_MIN", "CMF_HOURS_EXCLUDE_ASSESSMENT", "CMF_LEVEL_MISSING", "CMF_NO_CREDIT"];
    assert_eq!(codes(&nothing, Cmf2022), [&first[..], &rest[..]].concat());

    let worst = AchievementDefined {
        study_minutes: 9_001,
        eqf_level: 5,
        national_level: "RQF 7".into(),
        national_level_eqf: 7,
        credits: vec![
            credit(AwardScheme::Ects, 0),
            credit(AwardScheme::UkCats, 16_000),
            credit(AwardScheme::UsSemester, 4_000),
        ],
        ..nothing
    };
    let first = [
        "CMF_HOURS_ABOVE_MAX",
        "CMF_HOURS_EXCLUDE_ASSESSMENT",
        "CMF_LEVEL_REQUIRES_ECTS",
        "CMF_NQF_MISMATCH",
        "CMF_NO_CREDIT",
        "CMF_CREDITS_OUT_OF_RANGE",
        "CMF_CREDITS_OUT_OF_RANGE",
        "CMF_CREDITS_HOURS_MISMATCH",
    ];
    assert_eq!(codes(&worst, Cmf2022), [&first[..], &rest[..]].concat());
    let worst = AchievementDefined { eqf_level: 9, supervision: Supervision::Unsupervised as i32, ..worst };
    let found = codes(&worst, Cmf2022);
    assert_eq!((found[2].as_str(), found[3].as_str()), ("CMF_LEVEL_UNKNOWN", "CMF_NO_CREDIT"));
    assert_eq!(found[found.len() - 2], "CMF_ID_METHOD_NOT_APPROVED");
}

/// One way to break a definition, and what is found then.
type Break = (&'static str, fn(&mut AchievementDefined));

/// What can be wrong, in the order of the rules. At most one of each line is: they exclude each other.
const BREAKS: [&[Break]; 9] = [
    &[("CMF_HOURS_BELOW_MIN", |it| it.study_minutes = 1), ("CMF_HOURS_ABOVE_MAX", |it| it.study_minutes = 9_000)],
    &[
        ("CMF_HOURS_EXCLUDE_ASSESSMENT", |it| it.revision_minutes = 0),
        ("CMF_HOURS_EXCLUDE_ASSESSMENT", |it| it.assessment_minutes = 0),
    ],
    &[
        ("CMF_LEVEL_MISSING", |it| it.eqf_level = 0),
        ("CMF_LEVEL_UNKNOWN", |it| it.eqf_level = 9),
        ("CMF_LEVEL_NOT_ELIGIBLE", |it| (it.eqf_level, it.national_level_eqf) = (3, 3)),
        ("CMF_LEVEL_REQUIRES_ECTS", |it| (it.eqf_level, it.national_level_eqf) = (5, 5)),
        ("CMF_NQF_MISMATCH", |it| it.national_level_eqf = 7),
        ("CMF_NQF_MISMATCH", |it| it.national_level_eqf = 0),
    ],
    &[
        ("CMF_NO_CREDIT", |it| it.credits.clear()),
        ("CMF_CREDITS_OUT_OF_RANGE", |it| it.credits = vec![credit(AwardScheme::UsSemester, 3_500)]),
        ("CMF_CREDITS_HOURS_MISMATCH", |it| it.credits.push(credit(AwardScheme::UkCats, 14_000))),
    ],
    &[("CMF_NO_CREDIT_ROUTE", |it| it.credit_route = 0)],
    &[("CMF_NO_DEGREE_PROGRAMME", |it| it.degree_programmes.clear())],
    &[
        ("CMF_NO_SUMMATIVE_ASSESSMENT", |it| it.summative_assessment = false),
        ("CMF_NO_SUMMATIVE_ASSESSMENT", |it| it.pass_mark_millipoints = 0),
    ],
    &[
        ("CMF_NO_ID_VERIFICATION", |it| it.supervision = 0),
        ("CMF_ID_METHOD_NOT_APPROVED", |it| it.supervision = Supervision::Unsupervised as i32),
    ],
    &[
        ("CMF_TRANSCRIPT_INCOMPLETE", |it| it.outcomes.clear()),
        ("CMF_TRANSCRIPT_INCOMPLETE", |it| it.name.clear()),
        ("CMF_TRANSCRIPT_INCOMPLETE", |it| it.language.clear()),
    ],
];

/// A good definition with these breaks. Its credits are such that hours and level do not bear on them.
fn broken(chosen: &[Option<&Break>]) -> AchievementDefined {
    let mut it = AchievementDefined { credits: vec![credit(AwardScheme::UsSemester, 2_500)], ..good() };
    for (_, change) in chosen.iter().flatten() {
        change(&mut it);
    }
    it
}

proptest! {
    #[test]
    fn every_finding_goes_with_its_cause_alone(which in array::uniform9(0..7_usize)) {
        let mut chosen: Vec<_> = BREAKS.iter().zip(which).map(|(ways, way)| ways.get(way)).collect();
        let told = |chosen: &[Option<&Break>]| chosen.iter().flatten().map(|it| it.0).collect::<Vec<_>>();
        prop_assert_eq!(codes(&broken(&chosen), Cmf2022), told(&chosen));
        for at in 0..chosen.len() {
            let mended = chosen[at].take();
            prop_assert_eq!(codes(&broken(&chosen), Cmf2022), told(&chosen), "mended {:?}", mended.map(|it| it.0));
            chosen[at] = mended;
        }
    }
}
