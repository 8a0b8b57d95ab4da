//! Rules of being judged: by the run's rule, or by staff with a reason.

use super::*;
use crate::enrolment::verdict::WHOLE_MILLIPOINTS;
use studium_proto::enrolment::v1::EnrolmentFailed;
use studium_testkit::given;

fn rule(weights: &[(&str, u32)]) -> Rule {
    Rule {
        weights: weights
            .iter()
            .map(|(id, weight)| Weight { assessment_id: (*id).into(), millipoints: *weight, is_exam: false })
            .collect(),
        coursework_share_millipoints: WHOLE_MILLIPOINTS,
        pass_mark_millipoints: 40_000,
        distinction_mark_millipoints: 85_000,
    }
}

fn halves() -> Rule {
    rule(&[("tma", 50_000), ("exam", 50_000), ("practice", 0)])
}

fn scored(id: &str, attempt: u32, score: u32) -> Event {
    Event::ResultRecorded(ResultRecorded {
        assessment_id: id.into(),
        attempt,
        score_millipoints: Some(score),
        ..ResultRecorded::default()
    })
}

fn with(results: &[(&str, u32, u32)]) -> Vec<Event> {
    active().into_iter().chain(results.iter().map(|(id, attempt, score)| scored(id, *attempt, *score))).collect()
}

fn complete(outcome: Outcome, grade_millipoints: Option<u32>, why: &str, rule: Rule) -> Command {
    staff(Act::Complete { outcome, grade_millipoints, override_reason: why.into(), rule })
}

fn fail(why: &str, rule: Rule) -> Command {
    staff(Act::Fail { grade_millipoints: None, reason: why.into(), rule })
}

fn failed(grade_millipoints: Option<u32>, reason: &str) -> Event {
    Event::EnrolmentFailed(EnrolmentFailed {
        grade_millipoints,
        reason: reason.into(),
        course_id: "rust".into(),
        institution_id: "ou".into(),
    })
}

#[test]
fn the_rule_passes_fails_and_distinguishes() {
    let conclude = || staff(Act::Conclude { rule: halves() });
    given::<Enrolment>(&with(&[("tma", 1, 30_000), ("exam", 1, 50_001)])).when(conclude()).then(&[completed(
        Outcome::Passed,
        Some(40_001),
        "",
    )]);
    given::<Enrolment>(&with(&[("tma", 1, 80_000), ("exam", 1, 90_000)])).when(conclude()).then(&[completed(
        Outcome::Distinction,
        Some(85_000),
        "",
    )]);
    given::<Enrolment>(&with(&[("tma", 1, 39_998), ("exam", 1, 40_000)]))
        .when(conclude())
        .then(&[failed(Some(39_999), "the results come to 39999, below 40000")]);
}

#[test]
fn the_best_attempt_counts() {
    let past = with(&[("tma", 1, 10_000), ("tma", 2, 60_000), ("tma", 3, 20_000), ("exam", 1, 60_000)]);
    given::<Enrolment>(&past).when(staff(Act::Conclude { rule: halves() })).then(&[completed(
        Outcome::Passed,
        Some(60_000),
        "",
    )]);
}

#[test]
fn a_rule_that_cannot_decide_says_so() {
    let conclude = |rule| staff(Act::Conclude { rule });
    let no = given::<Enrolment>(&with(&[("tma", 1, 1)])).when(conclude(halves())).refused(Reason::ResultsIncomplete);
    assert!(no.detail.contains("exam"), "{}", no.detail);
    given::<Enrolment>(&active()).when(conclude(Rule::default())).refused(Reason::RuleNotDecidable);
    given::<Enrolment>(&active()).when(conclude(rule(&[("tma", 99_999)]))).refused(Reason::RuleNotDecidable);
    let unmarked = Rule { pass_mark_millipoints: 0, ..halves() };
    given::<Enrolment>(&active()).when(conclude(unmarked)).refused(Reason::RuleNotDecidable);
}

#[test]
fn staff_decides_with_the_rule_or_with_a_reason() {
    let passed = with(&[("tma", 1, 60_000), ("exam", 1, 60_000)]);
    given::<Enrolment>(&passed).when(complete(Outcome::Passed, None, "", halves())).then(&[completed(
        Outcome::Passed,
        Some(60_000),
        "",
    )]);
    given::<Enrolment>(&passed)
        .when(complete(Outcome::Distinction, None, "", halves()))
        .refused(Reason::RuleNotSatisfied);
    given::<Enrolment>(&passed)
        .when(complete(Outcome::Passed, Some(61_000), "", halves()))
        .refused(Reason::RuleNotSatisfied);
    given::<Enrolment>(&passed)
        .when(complete(Outcome::Distinction, Some(90_000), "board", halves()))
        .then(&[completed(Outcome::Distinction, Some(90_000), "board")]);
    let missing = with(&[("tma", 1, 60_000)]);
    given::<Enrolment>(&missing).when(complete(Outcome::Passed, None, "", halves())).refused(Reason::RuleNotSatisfied);
    let short = with(&[("tma", 1, 10_000), ("exam", 1, 10_000)]);
    given::<Enrolment>(&short).when(complete(Outcome::Passed, None, "", halves())).refused(Reason::RuleNotSatisfied);
    let broken = rule(&[("tma", 1)]);
    given::<Enrolment>(&short).when(complete(Outcome::Passed, None, "", broken)).refused(Reason::RuleNotSatisfied);
    given::<Enrolment>(&active()).when(complete(Outcome::Passed, None, "", Rule::default())).then(&[completed(
        Outcome::Passed,
        None,
        "",
    )]);
}

#[test]
fn failing_somebody_who_passed_needs_a_reason() {
    let passed = with(&[("tma", 1, 60_000), ("exam", 1, 60_000)]);
    given::<Enrolment>(&passed).when(fail("", halves())).refused(Reason::RuleNotSatisfied);
    given::<Enrolment>(&passed).when(fail("plagiarism", halves())).then(&[failed(Some(60_000), "plagiarism")]);
    let short = with(&[("tma", 1, 10_000), ("exam", 1, 10_000)]);
    given::<Enrolment>(&short).when(fail("", halves())).then(&[failed(Some(10_000), "")]);
    given::<Enrolment>(&active()).when(fail("", halves())).refused(Reason::RuleNotSatisfied);
    given::<Enrolment>(&active()).when(fail("", Rule::default())).then(&[failed(None, "")]);
}

#[test]
fn a_verdict_is_final() {
    let done = and(active(), completed(Outcome::Passed, Some(50_000), ""));
    given::<Enrolment>(&done).when(complete(Outcome::Passed, None, "", Rule::default())).nothing();
    given::<Enrolment>(&done)
        .when(complete(Outcome::Distinction, None, "", Rule::default()))
        .refused(Reason::AlreadyCompleted);
    given::<Enrolment>(&done).when(fail("", Rule::default())).refused(Reason::AlreadyCompleted);
    let over = and(active(), failed(None, ""));
    given::<Enrolment>(&over)
        .when(complete(Outcome::Passed, None, "", Rule::default()))
        .refused(Reason::EnrolmentEnded);
}

#[test]
fn only_the_active_and_assessed_are_judged() {
    let resting = and(active(), suspended(false));
    given::<Enrolment>(&resting).when(complete(Outcome::Passed, None, "", Rule::default())).refused(Reason::NotActive);
    let left = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&left)
        .when(complete(Outcome::Passed, None, "", Rule::default()))
        .refused(Reason::EnrolmentEnded);
    given::<Enrolment>(&left).when(fail("", Rule::default())).refused(Reason::EnrolmentEnded);
    given::<Enrolment>(&left).when(staff(Act::Conclude { rule: halves() })).refused(Reason::NotActive);
    let listens = [requested(&free(), EnrolmentSource::Audit, 1), activated(1, false)];
    given::<Enrolment>(&listens)
        .when(complete(Outcome::Passed, None, "", Rule::default()))
        .refused(Reason::AuditNotAssessed);
    given::<Enrolment>(&listens).when(fail("", Rule::default())).refused(Reason::AuditNotAssessed);
    given::<Enrolment>(&listens).when(staff(Act::Conclude { rule: halves() })).refused(Reason::AuditNotAssessed);
}

#[test]
fn verified_identity_must_hold_for_every_result() {
    let verified = |id: &str, yes| {
        Event::ResultRecorded(ResultRecorded {
            assessment_id: id.into(),
            attempt: 1,
            score_millipoints: Some(60_000),
            identity_verified: yes,
            ..ResultRecorded::default()
        })
    };
    let mut end = completed(Outcome::Passed, Some(60_000), "");
    let past = and(and(active(), verified("tma", true)), verified("exam", false));
    given::<Enrolment>(&past).when(staff(Act::Conclude { rule: halves() })).then(std::slice::from_ref(&end));
    let past = and(and(active(), verified("tma", true)), verified("exam", true));
    let Event::EnrolmentCompleted(it) = &mut end else { unreachable!() };
    it.identity_verified = true;
    given::<Enrolment>(&past).when(staff(Act::Conclude { rule: halves() })).then(&[end]);
}

#[test]
fn coursework_and_examination_share_the_grade() {
    let mut rule = rule(&[("tma1", 40_000), ("tma2", 60_000), ("exam", 100_000)]);
    rule.weights[2].is_exam = true;
    rule.coursework_share_millipoints = 25_000;
    let past = with(&[("tma1", 1, 50_000), ("tma2", 1, 100_000), ("exam", 1, 60_000)]);
    let conclude = |rule: &Rule| staff(Act::Conclude { rule: rule.clone() });
    // 25 % of 80 and 75 % of 60.
    given::<Enrolment>(&past).when(conclude(&rule)).then(&[completed(Outcome::Passed, Some(65_000), "")]);
    let without = with(&[("tma1", 1, 50_000), ("tma2", 1, 100_000)]);
    given::<Enrolment>(&without).when(conclude(&rule)).refused(Reason::ResultsIncomplete);
    rule.coursework_share_millipoints = WHOLE_MILLIPOINTS;
    given::<Enrolment>(&without).when(conclude(&rule)).then(&[completed(Outcome::Passed, Some(80_000), "")]);
}
