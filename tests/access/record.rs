//! Calls whose scope no field of the request shows: the handler looks at each row, and strangers get nothing done.

use crate::{
    OURS, STRANGE,
    house::Platform,
    table::{Table, Way},
};
use futures::stream;
use studium_proto::{
    campus::v1::{
        AssignSeatsRequest, ImportRosterRequest, RosterHeader, RosterMode, SeatRowOutcome, import_roster_request::Part,
        plan_service_client::PlanServiceClient, roster_service_client::RosterServiceClient,
    },
    enrolment::v1::{
        BulkEnrolRequest, ExternalId, RegisterLearnerRequest, RowOutcome,
        enrolment_service_client::EnrolmentServiceClient, learner_service_client::LearnerServiceClient,
    },
};
use studium_testkit::Caller;
use tonic::{Code, Status};

/// What came of a call: nothing for want of belonging, or the code of something later.
async fn asked(rpc: &str, caller: Caller, whose: &str) -> Result<(), String> {
    let whose = whose.to_owned();
    let refused = |it: Status| format!("{:?}: {}", it.code(), it.message());
    match rpc {
        "studium.campus.v1.PlanService/AssignSeats" => {
            let row = AssignSeatsRequest {
                plan_id: "plan".into(),
                campus_id: whose,
                learner_id: "ann".into(),
                ..AssignSeatsRequest::default()
            };
            let mut answers =
                PlanServiceClient::new(caller).assign_seats(stream::iter([row])).await.unwrap().into_inner();
            let row = answers.message().await.map_err(refused)?.unwrap().row.unwrap();
            let is_refused = row.outcome() == SeatRowOutcome::Malformed;
            if is_refused { Err(format!("PermissionDenied: {}", row.detail)) } else { Ok(()) }
        }
        "studium.campus.v1.RosterService/ImportRoster" => {
            let header = RosterHeader {
                campus_id: whose,
                import_id: "first".into(),
                mode: RosterMode::Delta.into(),
                dry_run: true,
                ..RosterHeader::default()
            };
            let message = ImportRosterRequest { part: Some(Part::Header(header)) };
            let answers = RosterServiceClient::new(caller).import_roster(stream::iter([message])).await;
            answers.map_err(refused)?.into_inner().message().await.map(drop).map_err(refused)
        }
        "studium.enrolment.v1.EnrolmentService/BulkEnrol" => {
            let row = BulkEnrolRequest {
                run_id: "run".into(),
                learner_id: "ann".into(),
                institution_id: whose,
                ..BulkEnrolRequest::default()
            };
            let answers = EnrolmentServiceClient::new(caller).bulk_enrol(stream::iter([row])).await;
            let row = answers.unwrap().into_inner().message().await.map_err(refused)?.unwrap();
            let is_refused = row.outcome() == RowOutcome::Refused && row.reason == "NOT_YOUR_INSTITUTION";
            if is_refused { Err(format!("PermissionDenied: {}", row.detail)) } else { Ok(()) }
        }
        "studium.enrolment.v1.LearnerService/RegisterLearner" => {
            let known = ExternalId { institution_id: whose, external_id: "42".into() };
            let request = RegisterLearnerRequest {
                learner_id: "ann".into(),
                external_ids: vec![known],
                ..RegisterLearnerRequest::default()
            };
            LearnerServiceClient::new(caller).register_learner(request).await.map(drop).map_err(refused)
        }
        _ => panic!("{rpc} is checked by the record: say here how a stranger would ask it"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_request_cannot_show_is_checked_by_the_record() {
    let (platform, table) = (Platform::start().await, Table::read());
    let rpcs = platform.rpcs().await;
    let mut tried = 0;
    for (rpc, row) in &table.rows {
        let at = platform.services.iter().find(|(it, _)| rpc.starts_with(&format!("studium.{}.", it.app.service())));
        for (role, _) in row.ways.iter().filter(|(_, way)| *way == Way::Record) {
            assert_eq!(rpcs[rpc].len(), 1, "{rpc} has one service");
            let (running, _) = at.expect("the service runs here");
            let caller = platform.house.call(running, "sam", &[role], &[OURS]).await.unwrap();
            let strange = asked(rpc, caller.clone(), STRANGE).await;
            let denied = format!("{:?}: ", Code::PermissionDenied);
            assert!(strange.as_ref().is_err_and(|it| it.starts_with(&denied)), "{rpc} as {role}: {strange:?}");
            let own = asked(rpc, caller, OURS).await;
            assert!(!own.as_ref().is_err_and(|it| it.starts_with(&denied)), "{rpc} as {role} for its own: {own:?}");
            tried += 1;
        }
    }
    assert!(tried > 0, "there are such calls");
}
