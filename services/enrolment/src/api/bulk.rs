//! Bulk enrolment: rows in, outcomes out; in order for each enrolment, side by side otherwise.

use super::{
    desk::{About, Desk, OfferOf, TEXT_MAX},
    enrolment::{check_terms, terms},
};
use crate::enrolment::Act;
use futures::{Stream, StreamExt as _};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use studium_kit::{Call, Fields};
use studium_proto::enrolment::v1::{BulkEnrolRequest, BulkEnrolResponse, RowOutcome};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;

/// Rows in one call at most.
const ROWS_MAX: u64 = 10_000;

/// Rows decided at the same time; rows of one enrolment always share a lane.
const LANES: usize = 64;

/// Rows that wait in each lane before the caller has to.
const LANE_ROWS: usize = 16;

/// Decides the rows of a call and answers each as soon as it is decided.
pub fn enrol(desk: Desk, call: Call, rows: Streaming<BulkEnrolRequest>) -> impl Stream<Item = Result<BulkEnrolResponse, Status>> {
    let (answers, stream) = mpsc::channel(256);
    tokio::spawn(async move {
        if let Err(status) = deal(desk, call, rows, &answers).await {
            // A caller that is gone repeats the call; what is done then answers `already`.
            let _ = answers.send(Err(status)).await;
        }
    });
    ReceiverStream::new(stream)
}

type Row = (String, BulkEnrolRequest);
type Answers = mpsc::Sender<Result<BulkEnrolResponse, Status>>;

async fn deal(desk: Desk, call: Call, mut rows: Streaming<BulkEnrolRequest>, answers: &Answers) -> Result<(), Status> {
    let lanes: Vec<_> = (0..LANES)
        .map(|_| {
            let (sender, lane) = mpsc::channel::<Row>(LANE_ROWS);
            tokio::spawn(work(desk.clone(), call.clone(), lane, answers.clone()));
            sender
        })
        .collect();
    let mut number = 0;
    while let Some(row) = rows.next().await {
        let row = row?;
        number += 1;
        if number > ROWS_MAX {
            return Err(Status::invalid_argument(format!("a call has {ROWS_MAX} rows at most; send the rest in another")));
        }
        let id = if row.row_id.is_empty() { number.to_string() } else { row.row_id.clone() };
        let mut hasher = DefaultHasher::new();
        (&row.run_id, &row.learner_id).hash(&mut hasher);
        let lane = &lanes[hasher.finish() as usize % LANES];
        // A lane ends only when the caller is gone.
        if lane.send((id, row)).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}

async fn work(desk: Desk, call: Call, mut lane: mpsc::Receiver<Row>, answers: Answers) {
    while let Some((row_id, row)) = lane.recv().await {
        let answer = match enrol_row(&desk, call.row(&row_id), row).await {
            Ok((outcome, id, position)) => {
                BulkEnrolResponse { row_id, outcome: outcome.into(), id, position, ..BulkEnrolResponse::default() }
            }
            Err(status) => told(row_id, &status),
        };
        if answers.send(Ok(answer)).await.is_err() {
            return;
        }
    }
}

async fn enrol_row(desk: &Desk, call: Call, row: BulkEnrolRequest) -> Result<(RowOutcome, String, u64), Status> {
    let (source, mode) = (row.source(), row.mode());
    let about = About {
        run_id: row.run_id,
        learner_id: row.learner_id,
        institution_id: row.institution_id,
        at_ms: row.at_ms,
    };
    let mut fields = Fields::new();
    about.check(&mut fields);
    check_terms(&mut fields, source.into(), &row.source_ref, mode.into(), &row.sponsor_institution_id);
    fields.optional_text("override_reason", &row.override_reason, TEXT_MAX);
    fields.done()?;
    let is_office = call.caller.has("registrar") || call.caller.has("operator");
    if !is_office && !call.caller.institutions.contains(&about.institution_id) {
        let why = "the row's `institution_id` is none of the caller's institutions";
        return Err(super::desk::refuse(studium_proto::enrolment::v1::Reason::NotYourInstitution, why));
    }
    let call = call.at(about.at_ms)?;
    let on = OfferOf { sponsor: &row.sponsor_institution_id, ..OfferOf::run(&about.run_id) };
    let act = |offer| Act::Enrol {
        offer,
        terms: terms(source, &row.source_ref, mode, &row.sponsor_institution_id),
        override_reason: row.override_reason.clone(),
    };
    let outcome = desk.act_on_offer(&call, &about, on, act).await?;
    let said = if outcome.already { RowOutcome::Already } else { RowOutcome::Ok };
    Ok((said, outcome.id, outcome.position))
}

fn told(row_id: String, status: &Status) -> BulkEnrolResponse {
    let reason = status.get_details_error_info().map(|it| it.reason).unwrap_or_default();
    let fields = status.get_details_bad_request().map(|it| it.field_violations).unwrap_or_default();
    let outcome = match status.code() {
        Code::InvalidArgument if !fields.is_empty() => RowOutcome::Malformed,
        Code::Unavailable | Code::Internal | Code::Aborted | Code::DeadlineExceeded => RowOutcome::Unavailable,
        _ => RowOutcome::Refused,
    };
    let fields: Vec<_> = fields.into_iter().map(|it| format!("{} {}", it.field, it.description)).collect();
    let detail = if fields.is_empty() { status.message().to_owned() } else { fields.join("; ") };
    BulkEnrolResponse { row_id, outcome: outcome.into(), reason, detail, ..BulkEnrolResponse::default() }
}
