//! Each reason against an award alone, and all together in their order.

use super::*;

fn good() -> Facts {
    Facts {
        achievement: AchievementState::Approved,
        frameworks: vec![Framework::Cmf2022],
        pass_mark_millipoints: 50_000,
        completed: Some(Completed { grade_millipoints: Some(50_000), is_audit: false, identity_verified: true }),
        is_overridden: false,
        is_identified: true,
        existing: None,
        before: None,
        skips_attempt: false,
        is_unasked_stack: false,
        is_authorised: true,
        has_key: true,
    }
}

fn reasons(it: &Facts) -> Vec<Reason> {
    problems(it).into_iter().map(|it| it.0).collect()
}

fn completed(change: impl FnOnce(&mut Completed)) -> Facts {
    let mut facts = good();
    if let Some(it) = &mut facts.completed {
        change(it);
    }
    facts
}

#[test]
fn nothing_stands_against_a_good_award() {
    assert_eq!(reasons(&good()), []);
    let no_mark = completed(|it| it.grade_millipoints = None);
    assert_eq!(reasons(&no_mark), [], "the course says that it was passed");
}

#[test]
fn each_reason_stands_alone() {
    for (facts, reason) in [
        (Facts { completed: None, ..good() }, Reason::NotCompleted),
        (completed(|it| it.is_audit = true), Reason::NotCompleted),
        (completed(|it| it.grade_millipoints = Some(49_999)), Reason::AssessmentNotPassed),
        (completed(|it| it.identity_verified = false), Reason::IdNotVerifiedAtAssessment),
        (Facts { is_identified: false, ..good() }, Reason::LearnerUnidentified),
        (Facts { before: Some((CredentialState::Active, false)), ..good() }, Reason::NotYourInstitution),
        (Facts { before: Some((CredentialState::Withheld, true)), ..good() }, Reason::CredentialNotFound),
        (Facts { before: Some((CredentialState::Issued, true)), ..good() }, Reason::CredentialNotSigned),
        (Facts { before: Some((CredentialState::Superseded, true)), ..good() }, Reason::CredentialSuperseded),
        (Facts { skips_attempt: true, ..good() }, Reason::AttemptNotNext),
        (Facts { is_unasked_stack: true, ..good() }, Reason::StackByApplicationOnly),
        (Facts { existing: Some("c".into()), ..good() }, Reason::DuplicateAward),
        (Facts { achievement: AchievementState::Draft, ..good() }, Reason::CourseVersionNotApproved),
        (Facts { achievement: AchievementState::Retired, ..good() }, Reason::AchievementRetired),
        (Facts { is_authorised: false, ..good() }, Reason::IssuerNotAuthorised),
        (Facts { has_key: false, ..good() }, Reason::IssuerKeyUnavailable),
    ] {
        assert_eq!(reasons(&facts), [reason]);
    }
}

#[test]
fn all_reasons_come_at_once_in_their_order() {
    let mut worst = completed(|it| {
        *it = Completed { grade_millipoints: Some(1), is_audit: true, identity_verified: false };
    });
    (worst.is_identified, worst.existing, worst.achievement) = (false, Some("c".into()), AchievementState::Unspecified);
    (worst.is_authorised, worst.has_key) = (false, false);
    let expected = [
        Reason::NotCompleted,
        Reason::AssessmentNotPassed,
        Reason::IdNotVerifiedAtAssessment,
        Reason::LearnerUnidentified,
        Reason::DuplicateAward,
        Reason::CourseVersionNotApproved,
        Reason::IssuerNotAuthorised,
        Reason::IssuerKeyUnavailable,
    ];
    assert_eq!(reasons(&worst), expected);
}

#[test]
fn staff_may_overrule_what_was_not_completed_but_not_who_was_assessed() {
    let none = Facts { completed: None, is_overridden: true, frameworks: vec![], ..good() };
    assert_eq!(reasons(&none), []);
    let nobody_seen = Facts { frameworks: vec![Framework::Cmf2019], ..none.clone() };
    assert_eq!(reasons(&nobody_seen), [Reason::IdNotVerifiedAtAssessment]);
    let anew = Facts { before: Some((CredentialState::Active, true)), ..nobody_seen };
    assert_eq!(reasons(&anew), []);
    let unseen = Facts { is_overridden: true, ..completed(|it| it.identity_verified = false) };
    assert_eq!(reasons(&unseen), [Reason::IdNotVerifiedAtAssessment]);
}

#[test]
fn who_claims_no_framework_needs_no_identity() {
    let plain = Facts { frameworks: vec![], is_identified: false, ..completed(|it| it.identity_verified = false) };
    assert_eq!(reasons(&plain), []);
}

#[test]
fn marks_are_told_as_people_write_them() {
    assert_eq!((points(50_000), points(49_500), points(7)), ("50".into(), "49.5".into(), "0.007".into()));
}
