//! A store that is lost: until it is built anew, nobody is told that something is not there.

use crate::{
    desk::{Desk, asking, reason},
    results::result,
};
use std::time::Duration;
use studium_log::Durability;
use studium_proto::{
    admin::v1::{ListViewsRequest, admin_service_client::AdminServiceClient},
    enrolment::v1::{EnrolmentState, GetEnrolmentRequest},
};
use studium_testkit::Broker;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A refusal that says to come again, and no more.
fn is_starting(status: &Status) {
    assert_eq!((status.code(), reason(status).as_str()), (Code::Unavailable, "STARTING"), "{status}");
    assert!(status.get_details_retry_info().is_some_and(|it| it.retry_delay.is_some()), "it says when to come again");
}

/// Over a broker that has the catalogue's stream, where no catalogue runs.
async fn over(broker: &Broker) -> Desk {
    let log = broker.log().await;
    log.open("catalogue").await.unwrap();
    Desk::over(log, None).await
}

async fn readiness(desk: &Desk) -> (u16, String) {
    let answer = reqwest::get(format!("http://{}/readyz", desk.running.address)).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_service_does_not_know_yet_is_not_called_unknown() {
    let broker = studium_testkit::nats(Durability::Process).await;
    let desk = over(&broker).await;
    desk.open_run("r", "c", 0, false).await;
    let scheme = desk.run_says("r", vec![desk.scheme()]).await;
    desk.enrol("r", "ada").await.unwrap();
    desk.becomes("r", "ada", EnrolmentState::Active).await;

    // The store is gone, and of the catalogue nothing arrives.
    let log = desk.house.log().clone();
    log.faults().hold_reading("catalogue");
    let desk = desk.without_its_store().await;
    let mut acts = desk.acts().await;
    is_starting(&acts.record_result(result("r", "ada", "tma", Some(60_000))).await.unwrap_err());
    is_starting(&acts.enrol(asking("r", "bob")).await.unwrap_err());
    let asked = GetEnrolmentRequest { run_id: "r".into(), learner_id: "ada".into(), ..GetEnrolmentRequest::default() };
    is_starting(&desk.queries().await.get_enrolment(asked).await.unwrap_err());
    let page = reqwest::get(format!("http://{}/partners/jwks.json", desk.running.address)).await.unwrap();
    assert!(page.status() == 503 && page.headers().contains_key("retry-after"), "{page:?}");
    let (code, told) = readiness(&desk).await;
    assert!(code == 503 && told.contains(&format!("{scheme} commits of `catalogue` behind")), "{code} {told}");
    let mut admin = AdminServiceClient::new(desk.house.registrar(&desk.running).await.unwrap());
    admin.list_views(ListViewsRequest::default()).await.expect("operators may look");

    log.faults().let_read("catalogue");
    let outcome = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            match acts.record_result(result("r", "ada", "tma", Some(60_000))).await {
                Ok(it) => return it.into_inner(),
                Err(status) => is_starting(&status),
            }
        }
    });
    assert!(outcome.await.expect("it is built within a minute").position > 0);
    assert_eq!(readiness(&desk).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_calls_right_after_the_start_waits_for_what_is_known_soon() {
    let broker = studium_testkit::nats(Durability::Process).await;
    let desk = over(&broker).await;
    desk.open_run("r", "c", 0, false).await;
    for n in 0..2_000 {
        desk.run_says(&format!("other-{n}"), vec![desk.scheduled("c", 0, false)]).await;
    }
    let desk = desk.without_its_store().await;
    match desk.acts().await.enrol(asking("r", "bob")).await {
        Ok(it) => assert!(it.into_inner().position > 0),
        // On a machine that has much else to do.
        Err(status) => is_starting(&status),
    }
}
