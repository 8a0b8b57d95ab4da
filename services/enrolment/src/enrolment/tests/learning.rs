//! Rules of taking part: progress, attendance, results.

use super::*;
use studium_proto::enrolment::v1::{Attendance, AttendanceRecorded, EnrolmentStarted, ProgressRecorded};
use studium_testkit::given;

fn started() -> Event {
    Event::EnrolmentStarted(EnrolmentStarted {})
}

/// So many minutes in all, so many of them new; done, and done with this report.
fn progress(minutes: u32, added_minutes: u32, completed: bool, completed_now: bool) -> Event {
    let module_id = "m1".into();
    Event::ProgressRecorded(ProgressRecorded { module_id, minutes, completed, added_minutes, completed_now })
}

fn record(minutes: u32, completed: bool) -> Command {
    learner(Act::RecordProgress { module_id: "m1".into(), minutes, completed })
}

fn result(score: Option<u32>) -> ResultRecorded {
    ResultRecorded {
        assessment_id: "tma1".into(),
        attempt: 1,
        score_millipoints: score,
        weight_millipoints: 10_000,
        first: true,
        ..ResultRecorded::default()
    }
}

fn results(result: ResultRecorded) -> Act {
    Act::RecordResult { result, rule: Rule::default() }
}

#[test]
fn the_first_progress_starts_the_course() {
    given::<Enrolment>(&active()).when(learner(Act::Start)).then(&[started()]);
    given::<Enrolment>(&active()).when(record(10, false)).then(&[started(), progress(10, 10, false, false)]);
    given::<Enrolment>(&and(active(), started())).when(record(0, false)).then(&[progress(0, 0, false, false)]);
}

#[test]
fn progress_never_goes_back() {
    let past = and(and(active(), started()), progress(30, 30, true, true));
    given::<Enrolment>(&past).when(record(20, false)).nothing();
    given::<Enrolment>(&past).when(record(40, false)).then(&[progress(40, 10, true, false)]);
    let open = and(and(active(), started()), progress(30, 30, false, false));
    given::<Enrolment>(&open).when(record(10, true)).then(&[progress(30, 0, true, true)]);
}

#[test]
fn only_the_active_take_part() {
    let resting = and(active(), suspended(false));
    given::<Enrolment>(&resting).when(learner(Act::Start)).refused(Reason::NotActive);
    given::<Enrolment>(&resting).when(record(10, false)).refused(Reason::NotActive);
    let attend = Act::RecordAttendance { session_id: "s1".into(), attendance: Attendance::Present as i32, minutes: 90 };
    given::<Enrolment>(&resting).when(staff(attend)).refused(Reason::NotActive);
    given::<Enrolment>(&[]).when(record(10, false)).refused(Reason::NotEnrolled);
    let done = and(active(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(record(10, false)).refused(Reason::AlreadyCompleted);
}

#[test]
fn attendance_can_be_corrected() {
    let noted = |it: Attendance, minutes, previous: Attendance| {
        let (session_id, attendance, previous) = ("s1".into(), it as i32, previous as i32);
        Event::AttendanceRecorded(AttendanceRecorded { session_id, attendance, minutes, previous })
    };
    let note = |it: Attendance, minutes| {
        staff(Act::RecordAttendance { session_id: "s1".into(), attendance: it as i32, minutes })
    };
    given::<Enrolment>(&active()).when(note(Attendance::Absent, 0)).then(&[noted(
        Attendance::Absent,
        0,
        Attendance::Unspecified,
    )]);
    given::<Enrolment>(&and(active(), noted(Attendance::Absent, 0, Attendance::Unspecified)))
        .when(note(Attendance::Present, 90))
        .then(&[noted(Attendance::Present, 90, Attendance::Absent)]);
}

#[test]
fn results_are_recorded_while_active() {
    let it = result(Some(78_000));
    given::<Enrolment>(&active()).when(staff(results(it.clone()))).then(&[Event::ResultRecorded(it)]);
    let banked = ResultRecorded { banked: true, score_millipoints: None, ..result(None) };
    given::<Enrolment>(&active()).when(staff(results(banked.clone()))).then(&[Event::ResultRecorded(banked)]);
}

#[test]
fn late_results_need_a_registrar_and_a_reason() {
    let past = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    let plain = result(Some(50_000));
    let late = ResultRecorded { override_reason: "handed in before".into(), ..plain.clone() };
    given::<Enrolment>(&past).when(staff(results(plain.clone()))).refused(Reason::ResultNotActive);
    given::<Enrolment>(&past).when(registrar(results(plain))).refused(Reason::ResultNotActive);
    given::<Enrolment>(&past).when(staff(results(late.clone()))).refused(Reason::ResultNotActive);
    given::<Enrolment>(&past).when(registrar(results(late.clone()))).then(&[Event::ResultRecorded(late)]);
}

#[test]
fn another_score_is_a_correction_with_a_reason() {
    let past = and(active(), Event::ResultRecorded(result(Some(50_000))));
    given::<Enrolment>(&past).when(staff(results(result(Some(50_000))))).nothing();
    given::<Enrolment>(&past).when(staff(results(result(Some(60_000))))).refused(Reason::ResultDiffers);
    let corrected = ResultRecorded { override_reason: "marked again".into(), first: false, ..result(Some(60_000)) };
    given::<Enrolment>(&past).when(staff(results(corrected.clone()))).then(&[Event::ResultRecorded(corrected)]);
    let second = ResultRecorded { attempt: 2, first: false, ..result(Some(60_000)) };
    given::<Enrolment>(&past).when(staff(results(second.clone()))).then(&[Event::ResultRecorded(second)]);
}

#[test]
fn the_rule_gives_the_weight() {
    let weights = vec![Weight { assessment_id: "tma1".into(), millipoints: 25_000, is_exam: false }];
    let rule = Rule { weights, ..Rule::default() };
    let act = |id: &str| Act::RecordResult {
        result: ResultRecorded { assessment_id: id.into(), ..result(Some(1)) },
        rule: rule.clone(),
    };
    let weighed = ResultRecorded { weight_millipoints: 25_000, ..result(Some(1)) };
    given::<Enrolment>(&active()).when(staff(act("tma1"))).then(&[Event::ResultRecorded(weighed)]);
    given::<Enrolment>(&active()).when(staff(act("other"))).refused(Reason::AssessmentNotInRun);
}

#[test]
fn listeners_are_not_assessed() {
    let past = [requested(&free(), EnrolmentSource::Audit, 1), activated(1, false)];
    given::<Enrolment>(&past).when(staff(results(result(Some(1))))).refused(Reason::AuditNotAssessed);
}
