//! Learning, being assessed and judged, and what is counted of it.

use crate::desk::{DAY, Desk, reason};
use studium_proto::enrolment::v1::{
    Attendance, CompleteRequest, ConcludeRequest, EnrolmentState, FailRequest, GetEnrolmentRequest, ListSignalsRequest,
    ListStatisticsRequest, Outcome, RecordAttendanceRequest, RecordProgressRequest, RecordResultRequest, StatisticsBy,
    WithdrawRequest,
};

pub fn result(run: &str, learner: &str, assessment: &str, score: Option<u32>) -> RecordResultRequest {
    RecordResultRequest {
        run_id: run.into(),
        learner_id: learner.into(),
        assessment_id: assessment.into(),
        score_millipoints: score,
        ..RecordResultRequest::default()
    }
}

fn leave(run: &str, learner: &str) -> WithdrawRequest {
    let (run_id, learner_id, reason) = (run.into(), learner.into(), "moved".into());
    WithdrawRequest { run_id, learner_id, reason, ..WithdrawRequest::default() }
}

fn complete(run: &str, learner: &str, outcome: Outcome) -> CompleteRequest {
    let (run_id, learner_id) = (run.into(), learner.into());
    CompleteRequest { run_id, learner_id, outcome: outcome.into(), ..CompleteRequest::default() }
}

fn fail(run: &str, learner: &str) -> FailRequest {
    FailRequest { run_id: run.into(), learner_id: learner.into(), ..FailRequest::default() }
}

pub async fn a_course_is_learnt_assessed_and_concluded(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.run_says("r", vec![desk.scheme()]).await;
    desk.enrol("r", "ada").await.unwrap();
    let mut acts = desk.acts().await;
    for (module, minutes, completed) in [("m1", 30, false), ("m1", 45, true), ("m2", 10, false), ("m1", 20, false)] {
        let (run_id, learner_id, module_id) = ("r".into(), "ada".into(), module.into());
        let request = RecordProgressRequest { run_id, learner_id, module_id, minutes, completed, ..Default::default() };
        acts.record_progress(request).await.unwrap();
    }
    let sessions = [
        ("s1", Attendance::Absent),
        ("s2", Attendance::Present),
        ("s3", Attendance::Excused),
        ("s1", Attendance::Present),
    ];
    for (session, attendance) in sessions {
        let (run_id, learner_id, session_id) = ("r".into(), "ada".into(), session.into());
        let attendance = attendance.into();
        let request = RecordAttendanceRequest { run_id, learner_id, session_id, attendance, ..Default::default() };
        acts.record_attendance(request).await.unwrap();
    }
    acts.record_result(result("r", "ada", "tma", Some(60_000))).await.unwrap();
    let conclude = || ConcludeRequest { run_id: "r".into(), learner_id: "ada".into(), ..ConcludeRequest::default() };
    assert_eq!(reason(&acts.conclude(conclude()).await.unwrap_err()), "RESULTS_INCOMPLETE");
    assert_eq!(reason(&acts.complete(complete("r", "ada", Outcome::Passed)).await.unwrap_err()), "RULE_NOT_SATISFIED");
    assert_eq!(
        reason(&acts.record_result(result("r", "ada", "essay", None)).await.unwrap_err()),
        "ASSESSMENT_NOT_IN_RUN"
    );
    acts.record_result(result("r", "ada", "exam", Some(80_000))).await.unwrap();
    let reply = acts.conclude(conclude()).await.unwrap().into_inner();
    assert_eq!(reply.state(), EnrolmentState::Completed);

    let request = GetEnrolmentRequest {
        run_id: "r".into(),
        learner_id: "ada".into(),
        min_position: reply.position,
        ..Default::default()
    };
    let shown = desk.queries().await.get_enrolment(request).await.unwrap().into_inner();
    let it = shown.enrolment.unwrap();
    assert_eq!((it.outcome(), it.grade_millipoints), (Outcome::Passed, Some(70_000)));
    assert_eq!((it.minutes, it.modules_completed, it.sessions, it.sessions_present, it.results), (55, 1, 2, 2, 2));
    assert!(it.started_at_ms > 0 && it.ended_at_ms > 0);
    let scores: Vec<_> = shown.results.iter().map(|it| (it.assessment_id.as_str(), it.score_millipoints)).collect();
    assert_eq!(scores, [("exam", Some(80_000)), ("tma", Some(60_000))]);
    assert_eq!(shown.results[0].weight_millipoints, 100_000);
}

pub async fn late_results_need_a_registrar(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "ada").await.unwrap();
    let mut acts = desk.acts().await;
    acts.withdraw(leave("r", "ada")).await.unwrap();
    assert_eq!(reason(&acts.record_result(result("r", "ada", "tma", None)).await.unwrap_err()), "RESULT_NOT_ACTIVE");
    let late = RecordResultRequest {
        override_reason: "handed in before".into(),
        banked: true,
        weight_millipoints: Some(10_000),
        submitted_at_ms: desk.now - 9 * DAY,
        ..result("r", "ada", "tma", None)
    };
    acts.record_result(late.clone()).await.unwrap();
    assert!(acts.record_result(late).await.unwrap().into_inner().already);
    let request = GetEnrolmentRequest {
        run_id: "r".into(),
        learner_id: "ada".into(),
        min_position: desk.head().await,
        ..Default::default()
    };
    let shown = desk.queries().await.get_enrolment(request).await.unwrap().into_inner().results.remove(0);
    assert_eq!((shown.banked, shown.overridden, shown.score_millipoints), (true, true, None));
    assert_eq!((shown.submitted_at_ms, shown.weight_millipoints), (desk.now - 9 * DAY, 10_000));
}

pub async fn statistics_count_states_and_outcomes(desk: Desk) {
    for (run, course) in [("r1", "c1"), ("r2", "c1"), ("r3", "c2")] {
        desk.open_run(run, course, 0, false).await;
        for learner in ["ada", "bob", "cyd", "dan", "eve"] {
            desk.enrol(run, learner).await.unwrap();
        }
    }
    let mut acts = desk.acts().await;
    for run in ["r1", "r2"] {
        acts.record_result(result(run, "ada", "tma", Some(1))).await.unwrap();
        acts.complete(complete(run, "ada", Outcome::Distinction)).await.unwrap();
        acts.complete(complete(run, "bob", Outcome::Passed)).await.unwrap();
        acts.fail(fail(run, "cyd")).await.unwrap();
        acts.withdraw(leave(run, "dan")).await.unwrap();
    }
    let ask = |by: StatisticsBy, page_size, page_token: String, min_position| ListStatisticsRequest {
        by: by.into(),
        page_size,
        page_token,
        min_position,
        ..ListStatisticsRequest::default()
    };
    let head = desk.head().await;
    let mut queries = desk.queries().await;
    let all = queries.list_statistics(ask(StatisticsBy::Run, 0, String::new(), head)).await.unwrap().into_inner();
    let runs: Vec<_> = all.statistics.iter().map(|it| (it.run_id.as_str(), it.course_id.as_str(), it.total)).collect();
    assert_eq!(runs, [("r1", "c1", 5), ("r2", "c1", 5), ("r3", "c2", 5)]);
    let r1 = &all.statistics[0];
    assert_eq!((r1.passed, r1.distinction, r1.completed, r1.failed, r1.withdrawn, r1.active), (1, 1, 2, 1, 1, 1));
    assert_eq!((r1.ever_requested, r1.ever_active, r1.ever_started, r1.ever_assessed), (5, 5, 0, 1));
    let total = all.total.unwrap();
    assert_eq!((total.total, total.passed, total.distinction, total.failed, total.withdrawn), (15, 2, 2, 2, 2));
    let first = queries.list_statistics(ask(StatisticsBy::Run, 2, String::new(), 0)).await.unwrap().into_inner();
    assert_eq!((first.statistics.len(), first.next_page_token.as_str()), (2, "r2"));
    let rest = queries.list_statistics(ask(StatisticsBy::Run, 2, first.next_page_token, 0)).await.unwrap().into_inner();
    assert_eq!((rest.statistics.len(), rest.next_page_token.as_str()), (1, ""));
    let courses = queries.list_statistics(ask(StatisticsBy::Course, 0, String::new(), 0)).await.unwrap().into_inner();
    let counts: Vec<_> = courses.statistics.iter().map(|it| (it.course_id.as_str(), it.total)).collect();
    assert_eq!(counts, [("c1", 10), ("c2", 5)]);
}

pub async fn signals_name_who_needs_somebody(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.run_says("r", vec![desk.scheme()]).await;
    for learner in ["ada", "bob"] {
        desk.enrol_at("r", learner, desk.now - 30 * DAY).await.unwrap();
    }
    desk.enrol("r", "cyd").await.unwrap();
    let mut acts = desk.acts().await;
    acts.record_result(result("r", "ada", "tma", Some(39_000))).await.unwrap();
    acts.record_result(result("r", "cyd", "tma", Some(90_000))).await.unwrap();
    let request = ListSignalsRequest { run_id: "r".into(), min_position: desk.head().await, ..Default::default() };
    let signals = desk.queries().await.list_signals(request).await.unwrap().into_inner().signals;
    assert_eq!(signals.len(), 2, "{signals:?}");
    assert_eq!((signals[0].learner_id.as_str(), signals[0].inactive), ("ada", false));
    assert_eq!(signals[0].failed_assessment_ids, ["tma"]);
    assert_eq!((signals[1].learner_id.as_str(), signals[1].inactive_days, signals[1].inactive), ("bob", 30, true));
    assert_eq!(signals[1].missing_assessment_ids, ["tma"]);
}
