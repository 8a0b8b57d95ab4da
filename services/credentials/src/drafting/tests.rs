//! What is taken over from the catalogue, and what is left empty rather than guessed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{course_versions::Offer, programme_versions::ProgrammeSaid};
use studium_kit::Json;
use studium_proto::{catalogue::v1::CreditScheme, credentials::v1::AwardScheme};

fn offer(scheme: CreditScheme, credits_milli: u32) -> Offer {
    Offer { scheme: scheme as i32, credits_milli, ..Offer::default() }
}

fn course(offers: Vec<Offer>) -> CourseVersionRow {
    let said = CourseSaid { minutes: (600, 60, 30), offers, outcomes: vec!["Solve.".into()], ..CourseSaid::default() };
    CourseVersionRow { version: 1, said: Json(said), ..CourseVersionRow::default() }
}

fn programme(change: impl FnOnce(&mut ProgrammeSaid)) -> ProgrammeVersionRow {
    let mut said = ProgrammeSaid { title: "Mathematics".into(), ..ProgrammeSaid::default() };
    change(&mut said);
    ProgrammeVersionRow { version: 1, said: Json(said), ..ProgrammeVersionRow::default() }
}

#[test]
fn identity_and_schemes_are_the_same_in_both_contracts() {
    for (there, here) in [
        (IdentityVerification::Unspecified, Supervision::Unspecified),
        (IdentityVerification::None, Supervision::Unsupervised),
        (IdentityVerification::Document, Supervision::DocumentChecked),
        (IdentityVerification::Proctored, Supervision::OnlineIdentified),
        (IdentityVerification::OnSite, Supervision::OnsiteIdentified),
    ] {
        assert_eq!(supervision(there as i32), here);
    }
    for (there, here) in [
        (CreditScheme::Ects, AwardScheme::Ects),
        (CreditScheme::KrAcbs, AwardScheme::KrAcbs),
        (CreditScheme::UkCats, AwardScheme::UkCats),
        (CreditScheme::UsSemester, AwardScheme::UsSemester),
    ] {
        assert_eq!(there as i32, here as i32, "{there:?}");
    }
}

#[test]
fn a_route_is_understood_only_when_it_is_plain() {
    for (words, expected) in [
        ("Direct entry", CreditRoute::Direct),
        (" direct", CreditRoute::Direct),
        ("RPL", CreditRoute::Rpl),
        ("Recognition of prior learning at enrolment", CreditRoute::Rpl),
        ("", CreditRoute::Unspecified),
        ("Not directly", CreditRoute::Unspecified),
        ("ask the registrar", CreditRoute::Unspecified),
    ] {
        assert_eq!(route(words), expected, "{words}");
    }
}

#[test]
fn a_course_takes_the_level_of_the_first_offer_that_has_one() {
    let level = Offer { eqf_level: 6, national_level: "RQF 6".into(), ..offer(CreditScheme::UkCats, 12_000) };
    let drafted = of_course(course(vec![offer(CreditScheme::Ects, 5_000), level]), &RunMarkRow::default());
    assert_eq!((drafted.eqf_level, drafted.national_level.as_str(), drafted.national_level_eqf), (6, "RQF 6", 0));
    assert!(!drafted.summative_assessment && drafted.pass_mark_millipoints == 0, "no run says how one passes");
    assert_eq!(drafted.credits.len(), 2);
}

#[test]
fn hours_and_credits_of_a_programme_are_summed_where_everybody_has_the_same() {
    let (ects, both) = (offer(CreditScheme::Ects, 2_500), offer(CreditScheme::UkCats, 5_000));
    let courses = [Some(course(vec![ects.clone(), both])), Some(course(vec![ects.clone()]))];
    let drafted = of_programme(programme(|_| {}), &courses);
    assert_eq!((drafted.study_minutes, drafted.revision_minutes, drafted.assessment_minutes), (1_200, 120, 60));
    let expected = AwardedCredit { scheme: AwardScheme::Ects as i32, credits_milli: 5_000 };
    assert_eq!(drafted.credits, [expected], "only one of them gives UK credits");
    assert_eq!((drafted.outcomes.len(), drafted.name.as_str()), (1, "Mathematics"));
    assert_eq!(drafted.achievement_type(), AchievementType::Certificate);

    let chosen = of_programme(programme(|it| it.has_electives = true), &courses);
    let unknown = of_programme(programme(|_| {}), &[Some(course(vec![ects])), None]);
    let empty = of_programme(programme(|_| {}), &[]);
    for it in [chosen, unknown, empty] {
        assert_eq!((it.study_minutes, it.credits.len()), (0, 0));
    }
}

#[test]
fn a_microcredential_claims_its_framework_and_is_named_as_its_award() {
    let drafted = of_programme(
        programme(|it| {
            it.kind = ProgrammeKind::Microcredential as i32;
            it.award = "Microcredential in mathematics".into();
        }),
        &[],
    );
    assert_eq!(drafted.name, "Microcredential in mathematics");
    assert_eq!(drafted.achievement_type(), AchievementType::Microcredential);
    assert_eq!(drafted.frameworks, [Framework::Cmf2022 as i32]);
}
