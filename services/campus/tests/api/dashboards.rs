//! What teachers see of their classes.

use crate::{
    desk::{Desk, reason},
    school::{DAY, Dashboards, EQUATIONS, completed},
};
use studium_proto::campus::v1::{
    AssignClassWorkRequest, ClassAttendance, ClassAttendanceRow, ClassResultRow, GetBlendedComparisonRequest,
    GetClassProgressRequest, GetKnowledgeByModuleRequest, GetLearnersAtRiskRequest, GetSkillsRequest, OpenClassRequest,
    RecordClassAttendanceRequest, RecordClassResultsRequest, RecordClassWorkDoneRequest,
};
use studium_proto::enrolment::v1::{EnrolmentCompleted, EnrolmentFailed, EnrolmentWithdrawn, Outcome, enrolment_event};

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|it| (*it).to_owned()).collect()
}

/// Who was at a meeting, and who was not.
async fn attended(desk: &Desk, meeting: &str, rows: &[(&str, ClassAttendance)]) {
    let row =
        |(id, it): &(&str, ClassAttendance)| ClassAttendanceRow { learner_id: (*id).into(), attendance: (*it).into() };
    let request = RecordClassAttendanceRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        meeting_id: meeting.into(),
        rows: rows.iter().map(row).collect(),
        at_ms: 0,
    };
    desk.classes().await.record_class_attendance(request).await.unwrap();
}

async fn scored(desk: &Desk, assessment: &str, content: &str, rows: &[(&str, u32)]) {
    let row = |(id, score): &(&str, u32)| ClassResultRow { learner_id: (*id).into(), score_millipoints: *score };
    let request = RecordClassResultsRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        assessment_id: assessment.into(),
        content_id: content.into(),
        rows: rows.iter().map(row).collect(),
        ..RecordClassResultsRequest::default()
    };
    desk.classes().await.record_class_results(request).await.unwrap();
}

async fn worked(desk: &Desk, work: &str, learner: &str, done_at_ms: i64) {
    let request = RecordClassWorkDoneRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        work_id: work.into(),
        learner_ids: ids(&[learner]),
        content_ids: Vec::new(),
        done_at_ms,
        at_ms: 0,
    };
    desk.classes().await.record_class_work_done(request).await.unwrap();
}

/// A class of Ada, who does well, Ben, who does not, and Cid, of whom nothing is known. Gives when its meetings began.
async fn taught(desk: &Desk) -> (i64, i64) {
    desk.school().await;
    let now = desk.house.now_ms();
    desk.class_of("c1", &["ada", "ben", "cid"], now - 40 * DAY).await;
    let (first, second) = (now - 30 * DAY, now - 10 * DAY);
    desk.meeting("c1", "w1", first).await;
    desk.meeting("c1", "w2", second).await;
    for (work, content, meeting) in [("read", "m1", "w1"), ("solve", "m2", "w2")] {
        let assign = AssignClassWorkRequest {
            class_id: "c1".into(),
            campus_id: "ou".into(),
            work_id: work.into(),
            title: work.into(),
            content_ids: ids(&[content]),
            meeting_id: meeting.into(),
            ..AssignClassWorkRequest::default()
        };
        desk.classes().await.assign_class_work(assign).await.unwrap();
    }
    attended(
        desk,
        "w1",
        &[("ada", ClassAttendance::Present), ("ben", ClassAttendance::Absent), ("cid", ClassAttendance::Excused)],
    )
    .await;
    attended(desk, "w2", &[("ada", ClassAttendance::Present), ("ben", ClassAttendance::Absent)]).await;
    worked(desk, "read", "ada", first - DAY).await;
    worked(desk, "solve", "ada", second + DAY).await;
    worked(desk, "read", "ben", first - DAY).await;
    scored(desk, "quiz", "m1", &[("ada", 90_000), ("ben", 30_000)]).await;
    scored(desk, "exam", "algebra", &[("ada", 70_000)]).await;
    (first, second)
}

pub async fn progress_is_told_learner_by_learner(desk: Desk) {
    let (_, second) = taught(&desk).await;
    let enrolment_position = desk.enrolled("ben", second, vec![completed("m2")]).await;
    let min_position = desk.head().await;
    let request =
        GetClassProgressRequest { class_id: "c1".into(), campus_id: "ou".into(), min_position, enrolment_position };
    let told = desk.dashboards().await.get_class_progress(request).await.unwrap().into_inner();
    let (ada, ben, cid) = (&told.learners[0], &told.learners[1], &told.learners[2]);
    assert_eq!((ada.present, ada.absent, ada.attendance_millipoints), (2, 0, Some(100_000)));
    assert_eq!((ada.work_on_time, ada.work_late, ada.work_open, ada.work_overdue), (1, 1, 0, 0));
    // Both modules, and with them the course as a whole.
    assert_eq!((ada.modules_completed, ada.results, ada.results_mean_millipoints), (3, 2, Some(80_000)));
    assert_eq!(ada.last_activity_at_ms, second + DAY);
    assert_eq!((ben.attendance_millipoints, ben.work_on_time, ben.work_overdue), (Some(0), 1, 1));
    // One module by work in the class, the other online.
    assert_eq!((ben.modules_completed, ben.last_activity_at_ms), (3, second + DAY));
    assert_eq!((cid.excused, cid.attendance_millipoints, cid.results_mean_millipoints), (1, None, None));
    assert_eq!((cid.work_open, cid.work_overdue, cid.last_activity_at_ms), (2, 2, 0));
    let totals = told.totals.unwrap();
    assert_eq!((totals.learners, totals.meetings, totals.work, totals.modules), (3, 2, 2, 3));
    assert_eq!((totals.attendance_millipoints, totals.results_mean_millipoints), (Some(50_000), Some(63_333)));
}

pub async fn knowledge_is_told_module_by_module(desk: Desk) {
    let (_, second) = taught(&desk).await;
    let enrolment_position = desk.enrolled("cid", second, vec![completed("m1"), completed("m2")]).await;
    let request = GetKnowledgeByModuleRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        min_position: desk.head().await,
        enrolment_position,
    };
    let modules = desk.dashboards().await.get_knowledge_by_module(request).await.unwrap().into_inner().modules;
    let told: Vec<_> = modules
        .iter()
        .map(|it| (it.content_id.as_str(), it.completed, it.scores, it.mean_millipoints, it.spread_millipoints))
        .collect();
    let expected = [
        // The course as a whole: Ada did its modules for the class, Cid online.
        ("algebra", 2, 1, Some(70_000), Some(0)),
        ("m1", 3, 2, Some(60_000), Some(30_000)),
        ("m2", 2, 0, None, None),
    ];
    assert_eq!(told, expected);
    assert_eq!((modules[1].title.as_str(), modules[1].lowest_millipoints), ("Equations", Some(30_000)));
}

fn skills(class: &str, learner: &str, min_position: u64) -> GetSkillsRequest {
    let (class_id, campus_id, learner_id) = (class.into(), "ou".into(), learner.into());
    GetSkillsRequest { class_id, campus_id, learner_id, min_position, enrolment_position: 0 }
}

pub async fn skills_are_developed_by_what_is_done_and_passed(desk: Desk) {
    taught(&desk).await;
    let head = desk.head().await;
    let told = desk.dashboards().await.get_skills(skills("c1", "", head)).await.unwrap().into_inner();
    let shown: Vec<_> =
        told.skills.iter().map(|it| (it.label.as_str(), it.uri.as_str(), it.contents, it.learners)).collect();
    assert_eq!(shown, [("abstract thinking", "", 1, 1), ("solve equations", EQUATIONS, 2, 2)]);
    let of = |n: usize| told.learners[n].skills.iter().map(|it| (it.label.as_str(), it.completions, it.results));
    // Ada did the module and the whole course, and passed the quiz about one and the exam about the other.
    assert_eq!(of(0).collect::<Vec<_>>(), [("abstract thinking", 1, 1), ("solve equations", 2, 2)]);
    // Ben's quiz is below the run's pass mark of 50 %, but the module is done.
    assert_eq!(of(1).collect::<Vec<_>>(), [("solve equations", 1, 0)]);
    assert_eq!(of(2).count(), 0);
    // One learner over all classes of the campus, also on a composition.
    let opening = desk.opening("c2").await;
    let on = OpenClassRequest { run_id: String::new(), composition_id: "blend".into(), ..opening };
    desk.classes().await.open_class(on).await.unwrap();
    desk.add("c2", &["ada"], 0).await;
    let head = desk.head().await;
    let told = desk.dashboards().await.get_skills(skills("", "ada", head)).await.unwrap().into_inner();
    let shown: Vec<_> = told.skills.iter().map(|it| (it.label.as_str(), it.contents, it.learners)).collect();
    assert_eq!(shown, [("abstract thinking", 1, 1), ("prove", 1, 0), ("solve equations", 3, 1)]);
}

pub async fn learners_at_risk_are_named_with_the_evidence(desk: Desk) {
    taught(&desk).await;
    let request = GetLearnersAtRiskRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        min_position: desk.head().await,
        ..GetLearnersAtRiskRequest::default()
    };
    let told = desk.dashboards().await.get_learners_at_risk(request.clone()).await.unwrap().into_inner();
    assert_eq!((told.missed_meetings, told.overdue_work, told.mean_below_millipoints), (2, 2, 50_000));
    let (ben, cid) = (&told.learners[0], &told.learners[1]);
    assert_eq!((told.learners.len(), ben.learner_id.as_str(), cid.learner_id.as_str()), (2, "ben", "cid"));
    assert_eq!(
        (ben.reasons, &ben.missed_meeting_ids, &ben.low_assessment_ids),
        (3, &ids(&["w1", "w2"]), &ids(&["quiz"]))
    );
    // Ben's last act was the work for the first meeting; one overdue piece of work is below the threshold.
    assert_eq!((ben.inactive_days, ben.overdue_work_ids.len()), (Some(31), 0));
    assert_eq!((cid.reasons, &cid.overdue_work_ids, cid.inactive_days), (2, &ids(&["read", "solve"]), Some(40)));
    let strict = GetLearnersAtRiskRequest { overdue_work: Some(1), inactive_days: Some(9), ..request };
    let told = desk.dashboards().await.get_learners_at_risk(strict).await.unwrap().into_inner();
    assert_eq!(told.learners.iter().map(|it| it.reasons).collect::<Vec<_>>(), [4, 2, 1]);
}

fn passed() -> enrolment_event::Event {
    let outcome = Outcome::Passed.into();
    enrolment_event::Event::EnrolmentCompleted(EnrolmentCompleted { outcome, ..EnrolmentCompleted::default() })
}

pub async fn blended_and_online_learners_stand_side_by_side(desk: Desk) {
    desk.school().await;
    let then = desk.house.now_ms() - 20 * DAY;
    desk.class_of("c1", &["ada", "ben"], then).await;
    let failed = || enrolment_event::Event::EnrolmentFailed(EnrolmentFailed::default());
    let withdrawn = enrolment_event::Event::EnrolmentWithdrawn(EnrolmentWithdrawn::default());
    desk.enrolled("ada", then, vec![passed()]).await;
    desk.enrolled("ben", then, vec![failed()]).await;
    for (learner, end) in [("eve", passed()), ("fay", passed()), ("gil", failed()), ("hal", withdrawn)] {
        desk.enrolled(learner, then, vec![end]).await;
    }
    let enrolment_position = desk.enrolled("ida", then, Vec::new()).await;
    let request = GetBlendedComparisonRequest {
        course_id: "algebra".into(),
        campus_id: "ou".into(),
        min_position: desk.head().await,
        enrolment_position,
    };
    let told = desk.dashboards().await.get_blended_comparison(request.clone()).await.unwrap().into_inner();
    let (blended, online) = (told.blended.unwrap(), told.online.unwrap());
    assert_eq!((blended.learners, blended.passed, blended.failed, blended.withdrawn), (2, 1, 1, 0));
    assert_eq!((online.learners, online.passed, online.failed, online.withdrawn), (4, 2, 1, 1));
    assert_eq!((online.under_way, online.pass_rate_millipoints), (1, Some(50_000)));
    assert!(online.low_millipoints < 50_000 && online.high_millipoints > 50_000);
    let nobody = GetBlendedComparisonRequest { course_id: "geometry".into(), ..request };
    let told = desk.dashboards().await.get_blended_comparison(nobody).await.unwrap().into_inner();
    let blended = told.blended.unwrap();
    assert_eq!((blended.pass_rate_millipoints, blended.low_millipoints, blended.high_millipoints), (None, 0, 100_000));
}

pub async fn a_dashboard_is_its_campuss_own(desk: Desk) {
    taught(&desk).await;
    let mut theirs = Dashboards::new(desk.caller("tim", &["teacher"], &["mit"]).await);
    let request = GetClassProgressRequest {
        class_id: "c1".into(),
        campus_id: "mit".into(),
        min_position: desk.head().await,
        enrolment_position: 0,
    };
    assert_eq!(reason(&theirs.get_class_progress(request).await.unwrap_err()), "NOT_YOUR_CAMPUS");
    let skills = GetSkillsRequest { campus_id: "mit".into(), ..skills("c1", "", 0) };
    assert_eq!(reason(&theirs.get_skills(skills).await.unwrap_err()), "NOT_YOUR_CAMPUS");
}
