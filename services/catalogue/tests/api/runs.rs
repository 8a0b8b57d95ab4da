//! Runs: planned, opened, closed, over; and how they are assessed.

use crate::desk::{Desk, malformed, refused};
use studium_proto::catalogue::v1::{
    Assessment, AssessmentPart, AssessmentSchemeSet, CancelRunRequest, CloseRunRequest, EndRunRequest, GetRunRequest,
    ListRunsRequest, OpenRunRequest, Pacing, RescheduleRunRequest, RestrictionKind, RunRestriction, RunState,
    ScheduleRunRequest, SetAssessmentSchemeRequest, SetRunCapacityRequest, SetRunRestrictionsRequest,
};
use tonic::Code;

/// The first of February 2013 and the first of October 2013, Unix milliseconds.
const FEBRUARY: i64 = 1_359_676_800_000;
const OCTOBER: i64 = 1_380_585_600_000;

fn schedule(run_id: &str) -> ScheduleRunRequest {
    ScheduleRunRequest {
        run_id: run_id.into(),
        institution_id: "ou".into(),
        course_id: "bread".into(),
        starts_at_ms: FEBRUARY,
        ends_at_ms: OCTOBER,
        pacing: Pacing::Instructor.into(),
        capacity: 30,
        ..ScheduleRunRequest::default()
    }
}

pub async fn a_run_is_planned_opened_and_over(desk: Desk) {
    let mut ann = desk.runs(&desk.ann);
    desk.written("bread", "Bread").await;
    refused(
        ann.schedule_run(ScheduleRunRequest { course_id: "cake".into(), ..schedule("bread-2013B") }).await,
        Code::NotFound,
        "COURSE_NOT_FOUND",
    );
    let backwards = ScheduleRunRequest { ends_at_ms: FEBRUARY, ..schedule("bread-2013B") };
    refused(ann.schedule_run(backwards).await, Code::InvalidArgument, "END_NOT_AFTER_START");
    let bad = ScheduleRunRequest {
        pacing: 0,
        starts_at_ms: 0,
        restrictions: vec![RunRestriction { kind: RestrictionKind::CountryExcluded.into(), value: "gb".into() }],
        ..schedule("bread-2013B")
    };
    assert_eq!(malformed(ann.schedule_run(bad).await), ["starts_at_ms", "pacing", "restrictions[0].value"]);
    ann.schedule_run(schedule("bread-2013B")).await.unwrap();
    ann.schedule_run(schedule("bread-2013X")).await.unwrap();
    assert!(ann.schedule_run(schedule("bread-2013B")).await.unwrap().into_inner().already);

    let open = || OpenRunRequest { run_id: "bread-2013B".into(), institution_id: "ou".into(), at_ms: FEBRUARY };
    refused(ann.open_run(open()).await, Code::FailedPrecondition, "COURSE_NOT_PUBLISHED");
    refused(ann.open_run(OpenRunRequest { run_id: "nothing".into(), ..open() }).await, Code::NotFound, "RUN_NOT_FOUND");
    desk.published("bread").await;
    assert_eq!(ann.open_run(open()).await.unwrap().into_inner().course_version, 1);
    let seats = |capacity| SetRunCapacityRequest {
        run_id: "bread-2013B".into(),
        institution_id: "ou".into(),
        capacity,
        waiting_list: true,
        at_ms: 0,
    };
    refused(ann.set_run_capacity(seats(0)).await, Code::FailedPrecondition, "CAPACITY_KIND_FIXED");
    ann.set_run_capacity(seats(40)).await.unwrap();
    let restrictions = vec![RunRestriction { kind: RestrictionKind::MembersOf.into(), value: "ou".into() }];
    let set =
        SetRunRestrictionsRequest { run_id: "bread-2013B".into(), institution_id: "ou".into(), restrictions, at_ms: 0 };
    ann.set_run_restrictions(set).await.unwrap();
    let dates = RescheduleRunRequest {
        run_id: "bread-2013B".into(),
        institution_id: "ou".into(),
        starts_at_ms: FEBRUARY + 1,
        ends_at_ms: OCTOBER,
        ..RescheduleRunRequest::default()
    };
    ann.reschedule_run(dates).await.unwrap();
    let close = CloseRunRequest { run_id: "bread-2013B".into(), institution_id: "ou".into(), ..Default::default() };
    ann.close_run(close).await.unwrap();
    let end = |at_ms| EndRunRequest { run_id: "bread-2013B".into(), institution_id: "ou".into(), at_ms };
    refused(ann.end_run(end(OCTOBER - 1)).await, Code::FailedPrecondition, "RUN_NOT_OVER");
    ann.end_run(end(OCTOBER)).await.unwrap();
    refused(ann.open_run(open()).await, Code::FailedPrecondition, "RUN_ENDED");
    let cancel = CancelRunRequest {
        run_id: "bread-2013X".into(),
        institution_id: "ou".into(),
        reason: "nobody came".into(),
        at_ms: 0,
    };
    let min_position = ann.cancel_run(cancel).await.unwrap().into_inner().position;

    let mut anybody = desk.anybody().await;
    let get = |as_of_ms| GetRunRequest { run_id: "bread-2013B".into(), as_of_ms, min_position };
    let run = anybody.get_run(get(0)).await.unwrap().into_inner().run.unwrap();
    let plan = run.plan.clone().unwrap();
    assert_eq!((run.state(), plan.capacity, plan.starts_at_ms), (RunState::Ended, 40, FEBRUARY + 1));
    assert_eq!(plan.institution_id, "ou");
    // As of a time goes by when it happened, whenever it was entered.
    let then = anybody.get_run(get(OCTOBER)).await;
    assert_eq!(then.unwrap().into_inner().run.unwrap().state(), RunState::Ended);
    refused(anybody.get_run(get(FEBRUARY - 1)).await, Code::NotFound, "RUN_NOT_FOUND");
    let list =
        |state: RunState| ListRunsRequest { course_id: "bread".into(), state: state.into(), ..Default::default() };
    let all = anybody.list_runs(list(RunState::Unspecified)).await.unwrap().into_inner().runs;
    assert_eq!(all.len(), 2);
    let cancelled = anybody.list_runs(list(RunState::Cancelled)).await.unwrap().into_inner().runs;
    assert_eq!(cancelled[0].reason, "nobody came");
}

pub async fn schemes_are_checked(desk: Desk) {
    let mut ann = desk.runs(&desk.ann);
    desk.offered("bread", "Bread").await;
    ann.schedule_run(schedule("bread-2013B")).await.unwrap();
    let assessment = |id: &str, part: AssessmentPart, weight_millipoints| Assessment {
        assessment_id: id.into(),
        kind: "TMA".into(),
        part: part.into(),
        weight_millipoints,
        ..Assessment::default()
    };
    let set = |scheme| SetAssessmentSchemeRequest {
        run_id: "bread-2013B".into(),
        institution_id: "ou".into(),
        scheme: Some(scheme),
        at_ms: 0,
    };
    let half = AssessmentSchemeSet {
        assessments: vec![assessment("1", AssessmentPart::Coursework, 50_000)],
        pass_mark_millipoints: 40_000,
        coursework_share_millipoints: 100_000,
        ..AssessmentSchemeSet::default()
    };
    refused(ann.set_assessment_scheme(set(half.clone())).await, Code::InvalidArgument, "WEIGHTS_INVALID");
    let records = AssessmentSchemeSet { pass_mark_millipoints: 0, coursework_share_millipoints: 0, ..half.clone() };
    ann.set_assessment_scheme(set(records)).await.unwrap();
    let bad = AssessmentSchemeSet {
        assessments: vec![assessment("1 2", AssessmentPart::Unspecified, 100_001)],
        ..half.clone()
    };
    let fields = ["assessment_id", "part", "weight_millipoints"].map(|it| format!("scheme.assessments[0].{it}"));
    assert_eq!(malformed(ann.set_assessment_scheme(set(bad)).await), fields);
    let mut whole = half;
    whole.assessments.push(assessment("2", AssessmentPart::Coursework, 50_000));
    let min_position = ann.set_assessment_scheme(set(whole)).await.unwrap().into_inner().position;
    let get = GetRunRequest { run_id: "bread-2013B".into(), as_of_ms: 0, min_position };
    let run = desk.anybody().await.get_run(get).await.unwrap().into_inner().run.unwrap();
    assert_eq!(run.scheme.unwrap().assessments.len(), 2);
}
