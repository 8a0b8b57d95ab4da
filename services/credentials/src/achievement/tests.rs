//! The rules of an achievement as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::{Just, Strategy, prop_oneof};
use studium_proto::credentials::v1::{AchievedSkill, Framework};
use studium_testkit::{given, laws};

fn ask(command: Command) -> Asked<Command> {
    By::platform(1).asks(command)
}

fn course(version: u32) -> AchievementDefined {
    AchievementDefined {
        source: AchievementSource::Course as i32,
        source_id: "AAA".into(),
        source_version: version,
        institution_id: "ou".into(),
        name: "Algebra".into(),
        ..AchievementDefined::default()
    }
}

/// What the catalogue says of a version that it has published.
fn published() -> Published {
    Published { institution_id: Some("ou".into()), latest: 3, has_version: true }
}

fn to_define(it: AchievementDefined) -> Command {
    Command::Define(Box::new(it), published())
}

fn define(it: AchievementDefined) -> Asked<Command> {
    ask(to_define(it))
}

fn to_approve() -> Command {
    let awarding = Awarding { name: "The Open University".into(), country: "GB".into() };
    Command::Approve { approved_by: "ann".into(), awarding }
}

fn approve() -> Asked<Command> {
    ask(to_approve())
}

fn retire() -> Asked<Command> {
    ask(Command::Retire { reason: "replaced".into() })
}

fn defined(it: AchievementDefined) -> Event {
    Event::AchievementDefined(it)
}

fn approved() -> Event {
    Event::AchievementApproved(AchievementApproved { approved_by: "ann".into() })
}

fn retired() -> Event {
    Event::AchievementRetired(AchievementRetired { reason: "replaced".into() })
}

#[test]
fn it_may_be_defined_until_it_is_approved() {
    given::<Achievement>(&[]).when(define(course(1))).then(&[defined(course(1))]);
    let past = [defined(course(1))];
    let other = AchievementDefined { name: "Algebra 1".into(), ..course(1) };
    given::<Achievement>(&past).when(define(other.clone())).then(&[defined(other.clone())]);
    given::<Achievement>(&past).when(approve()).then(&[approved()]);
    let past = [defined(course(1)), approved()];
    given::<Achievement>(&past).when(define(course(1))).nothing();
    given::<Achievement>(&past).when(define(other.clone())).refused(Reason::AchievementApproved);
    let past = [defined(course(1)), approved(), retired()];
    given::<Achievement>(&past).when(define(other)).refused(Reason::AchievementRetired);
    given::<Achievement>(&past).when(approve()).refused(Reason::AchievementRetired);
}

#[test]
fn what_does_not_keep_the_rules_that_it_claims_is_not_approved() {
    let short = AchievementDefined { frameworks: vec![Framework::Cmf2022 as i32], study_minutes: 60, ..course(1) };
    let no = given::<Achievement>(&[defined(short)]).when(approve()).refused(Reason::AchievementNotConforming);
    assert!(no.detail.contains("CMF_HOURS_BELOW_MIN"), "{}", no.detail);
}

#[test]
fn what_rules_ask_of_the_issuer_is_asked_at_the_approval() {
    let claims = AchievementDefined {
        frameworks: vec![Framework::Eu2022 as i32],
        outcomes: vec!["Solve equations.".into()],
        study_minutes: 60,
        level_not_applicable: true,
        assessment_type: 1,
        participation: 1,
        quality_assurance: "Reviewed.".into(),
        ..course(1)
    };
    let past = [defined(claims)];
    given::<Achievement>(&past).when(approve()).then(&[approved()]);
    let unknown = ask(Command::Approve { approved_by: "ann".into(), awarding: Awarding::default() });
    let no = given::<Achievement>(&past).when(unknown).refused(Reason::AchievementNotConforming);
    assert!(no.detail.contains("EU_MISSING_COUNTRY") && no.detail.contains("EU_MISSING_AWARDING_BODY"), "{no}");
}

#[test]
fn what_would_make_credentials_that_nobody_reads_is_not_approved() {
    let outcomes = |count, length| AchievementDefined {
        outcomes: (0..count).map(|n| format!("{n:03} {}", "x".repeat(length))).collect(),
        ..course(1)
    };
    let skill = |it| AchievedSkill { uri: format!("https://skills.example/{it}"), label: "s".into() };
    let much = AchievementDefined { skills: (0..100).map(skill).collect(), ..outcomes(100, 100) };
    given::<Achievement>(&[defined(much)]).when(approve()).then(&[approved()]);
    let no = given::<Achievement>(&[defined(outcomes(30, 10_000))]).when(approve());
    let no = no.refused(Reason::AchievementTooLarge);
    assert!(no.detail.contains("at most 262144 are read"), "{}", no.detail);
    let many = AchievementDefined { skills: (0..400).map(skill).collect(), ..course(1) };
    let no = given::<Achievement>(&[defined(many)]).when(approve());
    let no = no.refused(Reason::AchievementTooLarge);
    assert!(no.detail.contains("at most 500 are read"), "{}", no.detail);
}

#[test]
fn only_what_the_catalogue_has_published_is_defined() {
    let said = |institution_id: Option<&str>, latest, has_version| {
        let published = Published { institution_id: institution_id.map(str::to_owned), latest, has_version };
        ask(Command::Define(Box::new(course(2)), published))
    };
    let given = || given::<Achievement>(&[]);
    given().when(said(None, 0, false)).refused(Reason::SourceNotFound);
    given().when(said(Some("mit"), 2, true)).refused(Reason::SourceOfAnotherInstitution);
    let no = given().when(said(Some("ou"), 1, false)).refused(Reason::SourceVersionNotPublished);
    assert!(no.detail.ends_with("versions up to 1"), "{no}");
    let no = given().when(said(Some("ou"), 0, false)).refused(Reason::SourceVersionNotPublished);
    assert!(no.detail.ends_with("no version yet"), "{no}");
    given().when(said(Some("ou"), 2, true)).then(&[defined(course(2))]);
    let stack = AchievementDefined { source: AchievementSource::Stack as i32, ..course(2) };
    let of = |published| ask(Command::Define(Box::new(stack.clone()), published));
    let no = given().when(of(Published::default())).refused(Reason::SourceNotFound);
    assert!(no.detail.starts_with("there is no version 2 of a stack `AAA`"), "{no}");
    let theirs = Published { institution_id: Some("mit".into()), ..published() };
    given().when(of(theirs)).refused(Reason::SourceOfAnotherInstitution);
    given().when(of(published())).then(&[defined(stack.clone())]);
}

#[test]
fn only_its_own_institution_and_the_platform_touch_it() {
    let mit = |command| By { at_ms: 1, institution: Some("mit".into()) }.asks(command);
    let past = [defined(course(1))];
    given::<Achievement>(&past).when(mit(to_define(course(2)))).refused(Reason::NotYourInstitution);
    given::<Achievement>(&[]).when(mit(to_define(course(2)))).refused(Reason::NotYourInstitution);
    for command in [to_approve(), Command::Retire { reason: "x".into() }] {
        given::<Achievement>(&past).when(mit(command)).refused(Reason::NotYourInstitution);
    }
}

#[test]
fn it_is_retired_with_a_reason() {
    given::<Achievement>(&[]).when(retire()).refused(Reason::AchievementNotFound);
    let past = [defined(course(1))];
    given::<Achievement>(&past).when(retire()).then(&[retired()]);
    given::<Achievement>(&past).when(ask(Command::Retire { reason: " ".into() })).refused(Reason::Required);
}

#[test]
fn what_was_approved_never_changes() {
    let any = prop_oneof![
        3 => (1..4_u32).prop_map(|it| define(course(it))),
        1 => (1..4_u32).prop_map(|it| ask(Command::Define(Box::new(course(it)), Published::default()))),
        1 => Just(approve()),
        1 => Just(retire()),
    ];
    laws::hold::<Achievement>(any, |it| {
        if it.definition.is_none() && it.state != AchievementState::Unspecified {
            return Err(format!("{:?} without a definition", it.state));
        }
        Ok(())
    });
}
