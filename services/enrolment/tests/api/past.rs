//! What was known at a time.

use crate::desk::{DAY, Desk};
use studium_proto::enrolment::v1::{
    CompleteRequest, EnrolmentState, GetLearnerRecordRequest, GetRunStatisticsRequest, ListRunRosterRequest, Outcome,
    RecordResultRequest, WithdrawRequest,
};

/// Ada enrols 100 days ago, is assessed 60 days ago and passes 20 days ago; Bob enrols 80 days ago and leaves 40 days ago.
async fn story(desk: &Desk) {
    desk.open_run("r", "c", 0, false).await;
    let ago = |days: i64| desk.now - days * DAY;
    desk.enrol_at("r", "ada", ago(100)).await.unwrap();
    desk.enrol_at("r", "bob", ago(80)).await.unwrap();
    let mut acts = desk.acts().await;
    let ids = |learner: &str| ("r".to_owned(), learner.to_owned());
    let (run_id, learner_id) = ids("ada");
    let result = RecordResultRequest {
        run_id,
        learner_id,
        assessment_id: "tma".into(),
        score_millipoints: Some(70_000),
        at_ms: ago(60),
        ..RecordResultRequest::default()
    };
    acts.record_result(result).await.unwrap();
    let (run_id, learner_id) = ids("bob");
    let leave = WithdrawRequest { run_id, learner_id, reason: "moved".into(), at_ms: ago(40), ..Default::default() };
    acts.withdraw(leave).await.unwrap();
    let (run_id, learner_id) = ids("ada");
    let outcome = Outcome::Passed.into();
    acts.complete(CompleteRequest { run_id, learner_id, outcome, at_ms: ago(20), ..Default::default() }).await.unwrap();
}

pub async fn a_roster_can_be_asked_as_it_was(desk: Desk) {
    story(&desk).await;
    let head = desk.head().await;
    let mut queries = desk.queries().await;
    let expected = [
        (101, vec![]),
        (90, vec![("ada", EnrolmentState::Active)]),
        (50, vec![("ada", EnrolmentState::Active), ("bob", EnrolmentState::Active)]),
        (30, vec![("ada", EnrolmentState::Active), ("bob", EnrolmentState::Withdrawn)]),
        (10, vec![("ada", EnrolmentState::Completed), ("bob", EnrolmentState::Withdrawn)]),
    ];
    for (days, people) in expected {
        let request = ListRunRosterRequest {
            run_id: "r".into(),
            as_of_ms: desk.now - days * DAY,
            min_position: head,
            ..ListRunRosterRequest::default()
        };
        let roster = queries.list_run_roster(request).await.unwrap().into_inner().enrolments;
        let shown: Vec<_> = roster.iter().map(|it| (it.learner_id.as_str(), it.state())).collect();
        assert_eq!(shown, people, "{days} days ago");
    }
    let record = |days: i64| GetLearnerRecordRequest {
        learner_id: "ada".into(),
        as_of_ms: desk.now - days * DAY,
        ..GetLearnerRecordRequest::default()
    };
    let before = queries.get_learner_record(record(61)).await.unwrap().into_inner();
    assert_eq!((before.enrolments.len(), before.results.len()), (1, 0));
    let after = queries.get_learner_record(record(59)).await.unwrap().into_inner();
    assert_eq!((after.enrolments[0].results, after.results.len()), (1, 1));
}

pub async fn statistics_can_be_asked_as_they_were(desk: Desk) {
    story(&desk).await;
    let head = desk.head().await;
    for (days, total, active, passed, withdrawn) in
        [(90, 1, 1, 0, 0), (30, 2, 1, 0, 1), (10, 2, 0, 1, 1), (0, 2, 0, 1, 1)]
    {
        let request = GetRunStatisticsRequest {
            run_id: "r".into(),
            as_of_ms: if days == 0 { 0 } else { desk.now - days * DAY },
            min_position: head,
            ..GetRunStatisticsRequest::default()
        };
        let it = desk.queries().await.get_run_statistics(request).await.unwrap().into_inner().statistics.unwrap();
        assert_eq!(
            (it.total, it.active, it.passed, it.withdrawn),
            (total, active, passed, withdrawn),
            "{days} days ago"
        );
    }
}
