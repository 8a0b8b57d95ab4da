//! Classes from opening to closing.

use crate::{
    desk::{Desk, reason},
    school::{Classes, DAY},
};
use studium_proto::campus::v1::{
    AssignClassWorkRequest, ClassAttendance, ClassAttendanceRow, ClassLearnerRow, ClassResultRow, ClassRowOutcome,
    CloseClassRequest, DecideClassCreditRequest, FormClassGroupRequest, GetClassRequest, GetClassResponse,
    ListClassAttendanceRequest, ListClassLearnersRequest, ListClassResultsRequest, ListClassesRequest,
    MarkClassWorkDoneRequest, OpenClassRequest, RecordClassAttendanceRequest, RecordClassExerciseRequest,
    RecordClassResultsRequest, RemoveClassLearnersRequest,
};
use studium_proto::catalogue::v1::CreditScheme;
use tonic::Code;

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|it| (*it).to_owned()).collect()
}

async fn shown(desk: &Desk, class: &str) -> GetClassResponse {
    let min_position = desk.head().await;
    let request = GetClassRequest { class_id: class.into(), campus_id: "ou".into(), min_position };
    desk.classes().await.get_class(request).await.unwrap().into_inner()
}

pub async fn a_class_takes_in_members_with_a_seat_or_a_place(desk: Desk) {
    desk.school().await;
    let opening = desk.opening("c1").await;
    let first = desk.classes().await.open_class(opening.clone()).await.unwrap().into_inner();
    assert!(!first.already && desk.classes().await.open_class(opening).await.unwrap().into_inner().already);
    let (_, rows) = desk.add("c1", &["ada", "cid", "dan", "eve", "ben"], 0).await;
    let told: Vec<_> = rows.iter().map(|it| (it.outcome(), it.licence_place, it.reason.as_str())).collect();
    let (ok, refused) = (ClassRowOutcome::Ok, ClassRowOutcome::Refused);
    let expected = [
        (ok, false, ""),
        (ok, true, ""),
        (refused, false, "NEITHER_SEAT_NOR_PLACE"),
        (refused, false, "NOT_A_MEMBER"),
        (ok, false, ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(desk.add("c1", &["ada"], 0).await.1[0].outcome(), ClassRowOutcome::Already);
    let remove = RemoveClassLearnersRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        learner_ids: ids(&["cid", "dan"]),
        ..RemoveClassLearnersRequest::default()
    };
    let removed = desk.classes().await.remove_class_learners(remove).await.unwrap().into_inner();
    let told: Vec<_> = removed.rows.iter().map(ClassLearnerRow::outcome).collect();
    assert_eq!(told, [ClassRowOutcome::Ok, ClassRowOutcome::Already]);
    // The place of who left is free again.
    assert!(desk.add("c1", &["dan"], 0).await.1[0].licence_place);
    let request = ListClassLearnersRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        min_position: desk.head().await,
        ..ListClassLearnersRequest::default()
    };
    let learners = desk.classes().await.list_class_learners(request).await.unwrap().into_inner().learners;
    let told: Vec<_> = learners.iter().map(|it| (it.learner_id.as_str(), it.left_at_ms == 0)).collect();
    assert_eq!(told, [("ada", true), ("ben", true), ("cid", false), ("dan", true)]);
}

pub async fn a_class_is_opened_on_a_published_composition_of_its_campus(desk: Desk) {
    desk.school().await;
    desk.composition("draft", "ou", false).await;
    desk.composition("theirs", "mit", true).await;
    let opening = desk.opening("c1").await;
    let on = |id: &str| {
        let (run_id, composition_id) = (String::new(), id.to_owned());
        OpenClassRequest { run_id, composition_id, ..opening.clone() }
    };
    let refusals = [
        (on("draft"), "COMPOSITION_NOT_PUBLISHED"),
        (OpenClassRequest { composition_version: 2, ..on("blend") }, "COMPOSITION_NOT_PUBLISHED"),
        (on("nothing"), "COMPOSITION_NOT_FOUND"),
        (on("theirs"), "NOT_YOUR_CAMPUS"),
        (OpenClassRequest { teacher_ids: ids(&["tom"]), ..on("blend") }, "NOT_A_CAMPUS_TEACHER"),
        (OpenClassRequest { run_id: "algebra-1999".into(), ..opening.clone() }, "RUN_NOT_FOUND"),
    ];
    for (request, expected) in refusals {
        assert_eq!(reason(&desk.classes().await.open_class(request).await.unwrap_err()), expected);
    }
    let both = OpenClassRequest { composition_id: "blend".into(), ..opening.clone() };
    assert_eq!(desk.classes().await.open_class(both).await.unwrap_err().code(), Code::InvalidArgument);
    desk.classes().await.open_class(on("blend")).await.unwrap();
    let class = shown(&desk, "c1").await.class.unwrap();
    assert_eq!((class.composition_version, class.course_ids, class.objectives), {
        (1, ids(&["algebra"]), ids(&["Solve and prove."]))
    });
    assert_eq!(class.teacher_ids, ids(&["tess"]));
}

pub async fn a_class_is_its_campuss_own(desk: Desk) {
    desk.school().await;
    desk.class_of("c1", &["ada"], 0).await;
    let mut theirs = Classes::new(desk.caller("tim", &["teacher"], &["mit"]).await);
    let min_position = desk.head().await;
    let ours = GetClassRequest { class_id: "c1".into(), campus_id: "ou".into(), min_position };
    // Whoever names a campus that is not theirs does not get in at all, and the class is no other campus's.
    assert_eq!(theirs.get_class(ours.clone()).await.unwrap_err().code(), Code::PermissionDenied);
    let as_theirs = GetClassRequest { campus_id: "mit".into(), ..ours };
    assert_eq!(reason(&theirs.get_class(as_theirs).await.unwrap_err()), "NOT_YOUR_CAMPUS");
    let close = CloseClassRequest { class_id: "c1".into(), campus_id: "mit".into(), ..CloseClassRequest::default() };
    assert_eq!(reason(&theirs.close_class(close).await.unwrap_err()), "NOT_YOUR_CAMPUS");
    let list = ListClassesRequest { campus_id: "ou".into(), min_position, ..ListClassesRequest::default() };
    let listed = desk.classes().await.list_classes(list).await.unwrap().into_inner().classes;
    assert_eq!(listed.iter().map(|it| it.class_id.as_str()).collect::<Vec<_>>(), ["c1"]);
}

pub async fn learners_mark_their_own_work(desk: Desk) {
    desk.school().await;
    desk.class_of("c1", &["ada", "ben"], 0).await;
    let starts_at_ms = desk.house.now_ms() + DAY;
    desk.meeting("c1", "w1", starts_at_ms).await;
    let assign = |content: &[&str]| AssignClassWorkRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        work_id: "read".into(),
        title: "Read".into(),
        content_ids: ids(content),
        meeting_id: "w1".into(),
        ..AssignClassWorkRequest::default()
    };
    let unknown = desk.classes().await.assign_class_work(assign(&["m1", "m9"])).await.unwrap_err();
    assert_eq!(reason(&unknown), "CONTENT_NOT_FOUND");
    desk.classes().await.assign_class_work(assign(&["m1", "m2"])).await.unwrap();
    let mark = |learner: &str| MarkClassWorkDoneRequest {
        class_id: "c1".into(),
        learner_id: learner.into(),
        work_id: "read".into(),
        content_ids: Vec::new(),
    };
    let mut ada = Classes::new(desk.caller("ada", &["learner"], &[]).await);
    assert!(!ada.mark_class_work_done(mark("ada")).await.unwrap().into_inner().already);
    assert!(ada.mark_class_work_done(mark("ada")).await.unwrap().into_inner().already);
    assert_eq!(ada.mark_class_work_done(mark("ben")).await.unwrap_err().code(), Code::PermissionDenied);
    let mut eve = Classes::new(desk.caller("eve", &["learner"], &[]).await);
    assert_eq!(reason(&eve.mark_class_work_done(mark("eve")).await.unwrap_err()), "NOT_IN_CLASS");
    let work = &shown(&desk, "c1").await.work[0];
    assert_eq!((work.due_at_ms, work.content_ids.len()), (starts_at_ms, 2));
}

async fn record_meeting_and_exercise(desk: &Desk) {
    let (class_id, campus_id) = ("c1".to_owned(), "ou".to_owned());
    let attendance = |learner: &str, attendance: ClassAttendance| ClassAttendanceRow {
        learner_id: learner.into(),
        attendance: attendance.into(),
    };
    let request = RecordClassAttendanceRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        meeting_id: "w1".into(),
        rows: vec![attendance("ada", ClassAttendance::Present), attendance("ben", ClassAttendance::Absent)],
        at_ms: 0,
    };
    let min_position = desk.classes().await.record_class_attendance(request).await.unwrap().into_inner().position;
    let (meeting_id, class) = ("w1".to_owned(), class_id.clone());
    let request =
        ListClassAttendanceRequest { class_id: class, campus_id: campus_id.clone(), meeting_id, min_position };
    let rows = desk.classes().await.list_class_attendance(request).await.unwrap().into_inner().rows;
    assert_eq!(rows.iter().map(ClassAttendanceRow::attendance).collect::<Vec<_>>(), {
        [ClassAttendance::Present, ClassAttendance::Absent]
    });
    let group = FormClassGroupRequest {
        class_id: class_id.clone(),
        campus_id: campus_id.clone(),
        group_id: "red".into(),
        name: "Red".into(),
        learner_ids: ids(&["ada", "ben"]),
        at_ms: 0,
    };
    desk.classes().await.form_class_group(group).await.unwrap();
    let exercise = RecordClassExerciseRequest {
        class_id,
        campus_id,
        exercise_id: "puzzle".into(),
        content_id: "m1".into(),
        group_id: "red".into(),
        score_millipoints: Some(90_000),
        ..RecordClassExerciseRequest::default()
    };
    desk.classes().await.record_class_exercise(exercise).await.unwrap();
}

fn results(rows: &[(&str, u32)], correction: &str) -> RecordClassResultsRequest {
    let row = |(id, score): &(&str, u32)| ClassResultRow { learner_id: (*id).into(), score_millipoints: *score };
    RecordClassResultsRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        assessment_id: "exam".into(),
        content_id: "algebra".into(),
        rows: rows.iter().map(row).collect(),
        correction_reason: correction.into(),
        at_ms: 0,
    }
}

fn decide(learner: &str, granted: bool) -> DecideClassCreditRequest {
    DecideClassCreditRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        learner_id: learner.into(),
        granted,
        credits_milli: if granted { 5_000 } else { 0 },
        scheme: if granted { CreditScheme::Ects.into() } else { 0 },
        reason: if granted { String::new() } else { "did not pass".into() },
        ..DecideClassCreditRequest::default()
    }
}

pub async fn a_class_ends_with_credit_for_each(desk: Desk) {
    desk.school().await;
    desk.class_of("c1", &["ada", "ben"], 0).await;
    desk.meeting("c1", "w1", desk.house.now_ms() - DAY).await;
    record_meeting_and_exercise(&desk).await;
    let mut classes = desk.classes().await;
    assert_eq!(reason(&classes.decide_class_credit(decide("ada", true)).await.unwrap_err()), "RESULTS_NEEDED");
    classes.record_class_results(results(&[("ada", 80_000), ("ben", 30_000)], "")).await.unwrap();
    let wrong = classes.record_class_results(results(&[("ben", 35_000)], "")).await.unwrap_err();
    assert_eq!(reason(&wrong), "RECORDED_DIFFERENTLY");
    classes.record_class_results(results(&[("ben", 35_000)], "counted wrong")).await.unwrap();
    let too_much = classes.record_class_results(results(&[("ben", 100_001)], "x")).await.unwrap_err();
    assert_eq!(too_much.code(), Code::InvalidArgument);
    classes.decide_class_credit(decide("ada", true)).await.unwrap();
    let close = CloseClassRequest { class_id: "c1".into(), campus_id: "ou".into(), ..CloseClassRequest::default() };
    assert_eq!(reason(&classes.close_class(close.clone()).await.unwrap_err()), "LEARNERS_UNDECIDED");
    classes.decide_class_credit(decide("ben", false)).await.unwrap();
    let min_position = classes.close_class(close).await.unwrap().into_inner().position;
    assert_eq!(reason(&classes.decide_class_credit(decide("ben", true)).await.unwrap_err()), "CLASS_CLOSED");
    assert!(shown(&desk, "c1").await.class.unwrap().closed_at_ms > 0);
    let request = ListClassResultsRequest {
        class_id: "c1".into(),
        campus_id: "ou".into(),
        min_position,
        ..ListClassResultsRequest::default()
    };
    let listed = classes.list_class_results(request).await.unwrap().into_inner().results;
    let told: Vec<_> = listed.iter().map(|it| (it.learner_id.as_str(), it.exercise, it.corrections)).collect();
    assert_eq!(told, [("ada", false, 0), ("ada", true, 0), ("ben", false, 1), ("ben", true, 0)]);
}
