//! Thousands of enrolments in one call.

use crate::desk::{DAY, Desk, named};
use std::collections::HashMap;
use studium_proto::enrolment::v1::{BulkEnrolRequest, BulkEnrolResponse, GetRunStatisticsRequest, RowOutcome};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

fn row(run: &str, learner: &str) -> BulkEnrolRequest {
    BulkEnrolRequest { run_id: run.into(), learner_id: learner.into(), ..BulkEnrolRequest::default() }
}

type Answers = HashMap<String, BulkEnrolResponse>;

async fn ask(
    acts: &mut crate::desk::Acts,
    request_id: &str,
    rows: Vec<BulkEnrolRequest>,
) -> Result<Answers, (Answers, Status)> {
    let request = named(request_id, tokio_stream::iter(rows));
    let mut stream = acts.bulk_enrol(request).await.unwrap().into_inner();
    let mut answers = Answers::new();
    while let Some(answer) = stream.next().await {
        match answer {
            Ok(it) => drop(answers.insert(it.row_id.clone(), it)),
            Err(e) => return Err((answers, e)),
        }
    }
    Ok(answers)
}

pub async fn every_row_gets_an_answer(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "known").await.unwrap();
    let mut rows: Vec<_> = (0..500).map(|n| row("r", &format!("l{n}"))).collect();
    rows.push(row("r", "known"));
    rows.push(row("r", "not an id"));
    rows.push(row("nowhere", "ada"));
    rows.push(BulkEnrolRequest { row_id: "early".into(), at_ms: desk.now - 301 * DAY, ..row("r", "ada") });
    let mut acts = desk.acts().await;
    let answers = ask(&mut acts, "bulk", rows.clone()).await.unwrap();
    assert_eq!(answers.len(), 504);
    assert!((1..=500).all(|n: u32| answers[&n.to_string()].outcome() == RowOutcome::Ok));
    assert_eq!(answers["501"].outcome(), RowOutcome::Already);
    assert_eq!(answers["502"].outcome(), RowOutcome::Malformed);
    assert!(answers["502"].detail.contains("learner_id"), "{}", answers["502"].detail);
    let refused = |id: &str| (answers[id].outcome(), answers[id].reason.clone());
    assert_eq!(refused("503"), (RowOutcome::Refused, "RUN_NOT_FOUND".to_owned()));
    assert_eq!(refused("early"), (RowOutcome::Refused, "OUTSIDE_WINDOW".to_owned()));

    let head = desk.head().await;
    let again = ask(&mut acts, "bulk", rows).await.unwrap();
    assert!((1..=501).all(|n: u32| again[&n.to_string()].outcome() == RowOutcome::Already));
    assert_eq!(desk.head().await, head, "nothing was written twice");
    let request = GetRunStatisticsRequest { run_id: "r".into(), min_position: head, ..Default::default() };
    let counts = desk.queries().await.get_run_statistics(request).await.unwrap().into_inner().statistics.unwrap();
    assert_eq!((counts.total, counts.active), (501, 501));
}

pub async fn staff_is_confined_to_its_institutions(desk: Desk) {
    desk.open_run("r", "c", 0, false).await;
    desk.enrol("r", "zoe").await.unwrap();
    let mut acts = desk.acts_as("sam", &["staff"], &["ou"]).await;
    let of =
        |institution: &str, learner: &str| BulkEnrolRequest { institution_id: institution.into(), ..row("r", learner) };
    let answers = ask(&mut acts, "bulk", vec![of("ou", "ada"), of("elsewhere", "bob"), of("", "cyd")]).await.unwrap();
    assert_eq!(answers["1"].outcome(), RowOutcome::Ok);
    for n in ["2", "3"] {
        assert_eq!((answers[n].outcome(), answers[n].reason.as_str()), (RowOutcome::Refused, "NOT_YOUR_INSTITUTION"));
    }
}

pub async fn a_call_takes_ten_thousand_rows(desk: Desk) {
    let rows: Vec<_> = (0..=10_000).map(|n| row("nowhere", &format!("l{n}"))).collect();
    let (_, status) = ask(&mut desk.acts().await, "bulk", rows).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("10000"), "{}", status.message());
}
