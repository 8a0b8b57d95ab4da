//! Thousands of enrolments in one call: an answer for every row, order kept for each enrolment.

use super::{Api, No, by, enrolling::Enrolled, no};
use crate::enrolment::Authority;
use futures::{
    future::BoxFuture,
    stream::{self, BoxStream, FuturesUnordered, StreamExt as _},
};
use std::collections::{HashMap, VecDeque};
use studium_kit::{Call, Reason as _, status};
use studium_proto::enrolment::v1::{
    BulkEnrolRequest, BulkEnrolResponse, EnrolRequest, EnrolmentSource, Reason, RowOutcome,
};
use tonic::{Code, Status, Streaming};

/// Rows of one call.
const ROWS_MAX: u64 = 10_000;

/// Enrolments of one call that are decided at the same time; a log that packs fills its batches from them.
const DECIDING_MAX: usize = 128;

/// Rows that wait behind an earlier one of the same enrolment; beyond that the caller is slowed down.
const WAITING_MAX: usize = 1024;

/// What a bulk call answers.
pub(super) type Answers = BoxStream<'static, Result<BulkEnrolResponse, Status>>;

/// One row with its number in the call.
type Row = (u64, BulkEnrolRequest);

/// One call at work: rows come in, as many enrolments as may be are decided side by side, answers go out.
/// It runs as long as somebody reads the answers; a caller who goes away repeats the call.
struct Bulk {
    api: Api,
    call: Call,
    rows: Streaming<BulkEnrolRequest>,
    /// No more rows are taken.
    is_read: bool,
    /// Why not, if they did not just end.
    failed: Option<Status>,
    number: u64,
    deciding: FuturesUnordered<BoxFuture<'static, (Enrolling, BulkEnrolResponse)>>,
    /// Rows behind an earlier one of the same enrolment, which is being decided.
    behind: HashMap<Enrolling, VecDeque<Row>>,
    waiting: usize,
}

/// Run and the learner who stays.
type Enrolling = (String, String);

impl Bulk {
    /// The next answer, or the end.
    async fn next(&mut self) -> Option<Result<BulkEnrolResponse, Status>> {
        loop {
            let may_read = !self.is_read && self.deciding.len() < DECIDING_MAX && self.waiting < WAITING_MAX;
            tokio::select! {
                Some((enrolling, answer)) = self.deciding.next() => {
                    self.go_on(enrolling);
                    return Some(Ok(answer));
                }
                row = self.rows.next(), if may_read => match row.map(|it| it.and_then(|row| self.take(row))) {
                    Some(Ok(())) => {}
                    Some(Err(e)) => (self.is_read, self.failed) = (true, Some(e)),
                    None => self.is_read = true,
                },
                // What was begun has its answers; the last word is why no more came, if that is so.
                else => return self.failed.take().map(Err),
            }
        }
    }

    fn take(&mut self, row: BulkEnrolRequest) -> Result<(), Status> {
        self.number += 1;
        if self.number > ROWS_MAX {
            return Err(status::malformed("rows", &format!("are more than {ROWS_MAX}; send the rest in another call")));
        }
        let enrolling = (row.run_id.clone(), self.api.aliases.stays(&row.learner_id));
        if let Some(behind) = self.behind.get_mut(&enrolling) {
            behind.push_back((self.number, row));
            self.waiting += 1;
        } else {
            self.behind.insert(enrolling.clone(), VecDeque::new());
            self.decide(enrolling, (self.number, row));
        }
        Ok(())
    }

    fn decide(&mut self, enrolling: Enrolling, (number, row): Row) {
        let (api, call) = (self.api.clone(), self.call.clone());
        self.deciding.push(Box::pin(async move { (enrolling, api.answer(&call, number, row).await) }));
    }

    /// The next row of an enrolment whose row was answered.
    fn go_on(&mut self, enrolling: Enrolling) {
        match self.behind.get_mut(&enrolling).and_then(VecDeque::pop_front) {
            Some(row) => {
                self.waiting -= 1;
                self.decide(enrolling, row);
            }
            None => drop(self.behind.remove(&enrolling)),
        }
    }
}

impl Api {
    pub(super) fn enrol_all(&self, call: Call, rows: Streaming<BulkEnrolRequest>) -> Answers {
        let bulk = Bulk {
            api: self.clone(),
            call,
            rows,
            is_read: false,
            failed: None,
            number: 0,
            deciding: FuturesUnordered::new(),
            behind: HashMap::new(),
            waiting: 0,
        };
        Box::pin(stream::unfold(bulk, |mut bulk| async move { bulk.next().await.map(|answer| (answer, bulk)) }))
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
