//! Thousands of enrolments in one call: an answer for every row, order kept for each enrolment.

use super::{Api, No, by, enrolling::Enrolled, no};
use crate::enrolment::Authority;
use std::{
    hash::{BuildHasher as _, RandomState},
    pin::Pin,
};
use studium_kit::{Call, Reason as _};
use studium_proto::enrolment::v1::{
    BulkEnrolRequest, BulkEnrolResponse, EnrolRequest, EnrolmentSource, Reason, RowOutcome,
};
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::{Stream, StreamExt as _, wrappers::ReceiverStream};
use tonic::{Code, Status, Streaming};

/// Rows of one call.
const ROWS_MAX: u64 = 10_000;

/// Enrolments of one call that are decided at the same time; a log that packs fills its batches from them.
const LANES: usize = 128;

/// Rows that wait in one lane; beyond that the caller is slowed down.
const WAITING_MAX: usize = 16;

/// What a bulk call answers.
pub(super) type Answers = Pin<Box<dyn Stream<Item = Result<BulkEnrolResponse, Status>> + Send>>;

/// One row with its number in the call.
type Row = (u64, BulkEnrolRequest);

impl Api {
    pub(super) fn enrol_all(&self, call: Call, rows: Streaming<BulkEnrolRequest>) -> Answers {
        let (answers, receive) = mpsc::channel(LANES);
        let (api, to) = (self.clone(), answers.clone());
        tokio::spawn(async move {
            // Whoever asked is told how it ended, unless nobody listens any more.
            if let Err(status) = api.take_rows(&call, rows, &to).await {
                let _ = to.send(Err(status)).await;
            }
        });
        Box::pin(ReceiverStream::new(receive))
    }

    /// Deals rows to lanes, all rows of one enrolment to the same.
    async fn take_rows(
        &self,
        call: &Call,
        mut rows: Streaming<BulkEnrolRequest>,
        answers: &Sender<Result<BulkEnrolResponse, Status>>,
    ) -> Result<(), Status> {
        let lanes: Vec<Sender<Row>> = (0..LANES).map(|_| self.lane(call, answers)).collect();
        let (hasher, mut number) = (RandomState::new(), 0);
        while let Some(row) = rows.next().await {
            let row = row?;
            number += 1;
            if number > ROWS_MAX {
                return Err(Status::invalid_argument(format!("a call takes {ROWS_MAX} rows; send the rest in another")));
            }
            let lane = hasher.hash_one((&row.run_id, &row.learner_id)) as usize % LANES;
            // A lane ends only after this loop does.
            let _ = lanes[lane].send((number, row)).await;
        }
        Ok(())
    }

    fn lane(&self, call: &Call, answers: &Sender<Result<BulkEnrolResponse, Status>>) -> Sender<Row> {
        let (send, mut receive) = mpsc::channel::<Row>(WAITING_MAX);
        let (api, call, answers) = (self.clone(), call.clone(), answers.clone());
        tokio::spawn(async move {
            while let Some((number, row)) = receive.recv().await {
                let answer = api.answer(&call, number, row).await;
                // Nobody listens any more: what was dealt is still decided, since it may be on its way.
                let _ = answers.send(Ok(answer)).await;
            }
        });
        send
    }

    async fn answer(&self, call: &Call, number: u64, row: BulkEnrolRequest) -> BulkEnrolResponse {
        let row_id = if row.row_id.is_empty() { number.to_string() } else { row.row_id.clone() };
        let answered = BulkEnrolResponse { row_id, ..BulkEnrolResponse::default() };
        match self.enrol_row(call, number, row).await {
            Ok((outcome, _)) => {
                let told = if outcome.already { RowOutcome::Already } else { RowOutcome::Ok };
                BulkEnrolResponse { outcome: told.into(), id: outcome.id, position: outcome.position, ..answered }
            }
            Err(No::Rejected(it, id)) => BulkEnrolResponse {
                outcome: RowOutcome::Refused.into(),
                reason: it.reason.name().to_owned(),
                detail: it.detail,
                id,
                ..answered
            },
            Err(No::Other(it)) => {
                let malformed = matches!(it.code(), Code::InvalidArgument | Code::PermissionDenied);
                let told = if malformed { RowOutcome::Malformed } else { RowOutcome::Unavailable };
                BulkEnrolResponse { outcome: told.into(), detail: it.message().to_owned(), ..answered }
            }
        }
    }

    async fn enrol_row(&self, call: &Call, number: u64, row: BulkEnrolRequest) -> Result<Enrolled, No> {
        if by(call, &row.institution_id).authority == Authority::Learner {
            let sentence = format!("you do not act for `{}`", row.institution_id);
            return Err(no(Reason::NotYourInstitution, sentence, &format!("{}~{}", row.run_id, row.learner_id)));
        }
        let source = if row.source == 0 { EnrolmentSource::Staff.into() } else { row.source };
        let call = call.row(number).at(row.at_ms)?;
        let request = EnrolRequest {
            run_id: row.run_id,
            learner_id: row.learner_id,
            institution_id: row.institution_id,
            source,
            source_ref: row.source_ref,
            mode: row.mode,
            sponsor_institution_id: row.sponsor_institution_id,
            override_reason: row.override_reason,
            catalogue_position: 0,
            at_ms: 0,
        };
        self.try_enrol(&call, &request).await
    }
}
