//! Seats for many: bulk assignment with an answer for every row, reminders, transfer between plans.

use super::{Api, Reply, no};
use crate::{
    licence_plan::{Assignee, Command, LicencePlan, MemberFact},
    members, seats,
};
use futures::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use std::collections::{HashMap, HashSet};
use studium_kit::{Call, Fields, Page, Reason as _, Rejection, fault};
use studium_proto::campus::v1::{
    AssignSeatsRequest, AssignSeatsResponse, Reason, RemindSeatsRequest, RemindSeatsResponse, SeatRow, SeatRowOutcome,
    SeatSource, SeatState, TransferSeatsRequest, TransferSeatsResponse, licence_plan_event::Event,
};
use tonic::{Code, Response, Status, Streaming};

/// Rows of one call.
const ROWS_MAX: u64 = 10_000;

/// Rows that are decided in one commit: some 40 kilobytes.
const TOGETHER_MAX: usize = 500;

/// Times that rows of one chunk are decided; each time at least one of them has its answer.
const DECISIONS_MAX: usize = 4;

/// What `AssignSeats` answers.
pub(super) type Answers = BoxStream<'static, Result<AssignSeatsResponse, Status>>;

/// One row with its number in the call.
type Row = (u64, AssignSeatsRequest);

impl Api {
    pub(super) fn assign_all(&self, call: Call, rows: Streaming<AssignSeatsRequest>) -> Answers {
        let api = self.clone();
        let numbered = rows.zip(stream::iter(1..)).map(|(row, number)| row.map(|row| (number, row)));
        // Whatever has arrived is decided together; who waits for an answer before the next row gets one.
        let chunks = numbered.ready_chunks(TOGETHER_MAX);
        Box::pin(
            chunks
                .then(move |chunk| {
                    let (api, call) = (api.clone(), call.clone());
                    async move { api.assign_chunk(&call, chunk).await }
                })
                .flat_map(stream::iter),
        )
    }

    async fn assign_chunk(
        &self,
        call: &Call,
        chunk: Vec<Result<Row, Status>>,
    ) -> Vec<Result<AssignSeatsResponse, Status>> {
        let mut answers = Vec::with_capacity(chunk.len());
        let mut broken = None;
        let mut together: Vec<Row> = Vec::new();
        for row in chunk {
            match row {
                Ok((number, _)) if number > ROWS_MAX => {
                    broken = Some(Status::invalid_argument(format!(
                        "rows are more than {ROWS_MAX}; send the rest in another call"
                    )));
                    break;
                }
                Ok(row) => {
                    let about = |it: &AssignSeatsRequest| (it.plan_id.clone(), it.campus_id.clone(), it.at_ms);
                    let is_same = |it: &Row| about(&it.1) == about(&row.1);
                    if !together.first().is_none_or(is_same) {
                        answers.extend(self.assign_rows(call, std::mem::take(&mut together)).await);
                    }
                    together.push(row);
                }
                Err(e) => {
                    broken = Some(e);
                    break;
                }
            }
        }
        answers.extend(self.assign_rows(call, together).await);
        answers.into_iter().map(Ok).chain(broken.map(Err)).collect()
    }

    /// Rows of one plan: an answer for each, in their order.
    async fn assign_rows(&self, call: &Call, rows: Vec<Row>) -> Vec<AssignSeatsResponse> {
        let Some((number, first)) = rows.first() else { return Vec::new() };
        let told = match call.row(number).at(first.at_ms) {
            Ok(call) => self.try_assign(&call, first, &rows).await,
            Err(e) => Err(e),
        };
        let told = match told {
            Ok(it) => it,
            Err(e) => {
                let malformed = matches!(e.code(), Code::InvalidArgument | Code::PermissionDenied);
                let outcome = if malformed { SeatRowOutcome::Malformed } else { SeatRowOutcome::Unavailable };
                let all = rows.iter().map(|(_, it)| (it.learner_id.clone(), (outcome, None, e.message().to_owned())));
                Told { position: 0, outcomes: all.collect() }
            }
        };
        rows.into_iter()
            .map(|(number, row)| {
                let row_id = if row.row_id.is_empty() { number.to_string() } else { row.row_id };
                let (outcome, reason, detail) = told.outcomes.get(&row.learner_id).cloned().unwrap_or((
                    SeatRowOutcome::Unavailable,
                    None,
                    "others were faster; repeat the call".to_owned(),
                ));
                let reason = reason.map(|it: Reason| it.name().to_owned()).unwrap_or_default();
                let row = SeatRow { row_id, learner_id: row.learner_id, outcome: outcome.into(), reason, detail };
                AssignSeatsResponse { row: Some(row), position: told.position }
            })
            .collect()
    }

    async fn try_assign(&self, call: &Call, first: &AssignSeatsRequest, rows: &[Row]) -> Result<Told, Status> {
        let mut fields = Fields::new();
        fields.id("plan_id", &first.plan_id);
        fields.done()?;
        // Before the plan is looked up: a stranger does not learn which plans there are.
        if !call.caller.acts_for(&first.campus_id) {
            return Err(no(Reason::NotYourCampus, "you do not act for this campus", &first.campus_id));
        }
        let campus = self.campus_of(&first.plan_id).await?;
        let by = super::by(call, &first.campus_id);
        let mut told = Told::default();
        let mut left = self.assignees(&campus, rows, &mut told).await?;
        for decision in 0..DECISIONS_MAX {
            if left.is_empty() {
                break;
            }
            let learners = left.clone();
            let command = by.clone().asks(Command::Assign { learners, source: SeatSource::Administrator });
            let outcome = self.app.decide::<LicencePlan>(&call.row(decision), &first.plan_id, &command).await?;
            told.position = told.position.max(outcome.position);
            let new: HashSet<&str> = outcome.events.iter().filter_map(assigned_to).collect();
            let done = if outcome.already { SeatRowOutcome::Already } else { SeatRowOutcome::Ok };
            left.retain(|it| {
                let is_new = new.contains(it.learner_id.as_str());
                if is_new {
                    told.outcomes.insert(it.learner_id.clone(), (done, None, String::new()));
                }
                !is_new
            });
            // Why the others have none, by the same rules; a yes means that a seat came free: once more.
            let judged = self
                .app
                .look::<LicencePlan, _>(&first.plan_id, |plan| {
                    left.iter().map(|it| plan.may_assign(&by, it, SeatSource::Administrator, 0)).collect::<Vec<_>>()
                })
                .await?;
            let mut judged = judged.into_iter();
            left.retain(|it| told.take(&it.learner_id, judged.next().unwrap_or(Ok(()))));
        }
        Ok(told)
    }

    /// The learners of rows with what the roster says of them; malformed ones have their answer.
    async fn assignees(&self, campus: &str, rows: &[Row], told: &mut Told) -> Result<Vec<Assignee>, Status> {
        let mut ids = Vec::with_capacity(rows.len());
        for (_, row) in rows {
            let mut fields = Fields::new();
            fields.id("learner_id", &row.learner_id);
            match fields.done() {
                Ok(()) => ids.push(row.learner_id.clone()),
                Err(e) => {
                    let malformed = (SeatRowOutcome::Malformed, None, e.message().to_owned());
                    told.outcomes.insert(row.learner_id.clone(), malformed);
                }
            }
        }
        let known = members::among(self.app.store(), campus, &ids).await.map_err(fault)?;
        let mut known: HashMap<String, MemberFact> =
            known.into_iter().map(|it| (it.learner_id.clone(), MemberFact::from(&it.record()))).collect();
        let mut assignees = Vec::with_capacity(ids.len());
        for learner_id in ids {
            let member = match known.remove(&learner_id) {
                Some(it) => Some(it),
                None => self.new_member(campus, &learner_id).await?,
            };
            assignees.push(Assignee { learner_id, member });
        }
        Ok(assignees)
    }

    /// The campus of a plan.
    async fn campus_of(&self, plan: &str) -> Result<String, Status> {
        let campus = self.app.look::<LicencePlan, _>(plan, |it| it.campus_id().to_owned()).await?;
        if campus.is_empty() { Err(no(Reason::NoPlan, "there is no such plan", plan)) } else { Ok(campus) }
    }

    pub(super) async fn remind_all(&self, call: &Call, it: RemindSeatsRequest) -> Reply<RemindSeatsResponse> {
        let mut fields = Fields::new();
        fields.check("learner_ids", it.learner_ids.len() <= TOGETHER_MAX, "are more than 500; leave them out for all");
        fields.done()?;
        let mut learners = it.learner_ids;
        let plan = self.visible_plan(call, &it.campus_id, &it.plan_id, 0).await?;
        if learners.is_empty() {
            let mut page = Page { after: String::new(), size: TOGETHER_MAX as i64 };
            loop {
                let rows = seats::of_plan(self.app.store(), &plan, SeatState::Assigned, &page).await;
                let rows = rows.map_err(fault)?;
                page.after = page.next(&rows, |it| it.learner_id.clone());
                learners.extend(rows.into_iter().map(|it| it.learner_id));
                if page.after.is_empty() {
                    break;
                }
            }
        }
        let mut answer = RemindSeatsResponse::default();
        for learner_id in learners {
            let call = call.row(&learner_id);
            let outcome = self.plan(&call, (&it.plan_id, &it.campus_id), Command::Remind { learner_id }).await?;
            answer.reminded += u32::from(!outcome.events.is_empty());
            answer.position = answer.position.max(outcome.position);
        }
        Ok(Response::new(answer))
    }

    pub(super) async fn transfer(&self, call: &Call, it: TransferSeatsRequest) -> Reply<TransferSeatsResponse> {
        let mut fields = Fields::new();
        fields.id("from_plan_id", &it.from_plan_id);
        fields.id("to_plan_id", &it.to_plan_id);
        fields.check("learner_ids", it.learner_ids.len() <= TOGETHER_MAX, "are more than 500");
        fields.done()?;
        if it.from_plan_id == it.to_plan_id {
            return Err(no(Reason::SamePlan, "the seats are in this plan", &it.to_plan_id));
        }
        let campus = self.campus_of(&it.from_plan_id).await?;
        if self.campus_of(&it.to_plan_id).await? != campus {
            return Err(no(Reason::OtherAgreement, "the plans are not of the same campus", &it.to_plan_id));
        }
        let mut learners = it.learner_ids.clone();
        if learners.is_empty() {
            let page = Page { after: String::new(), size: TOGETHER_MAX as i64 };
            let plan = self.visible_plan(call, &it.campus_id, &it.from_plan_id, 0).await?;
            for state in [SeatState::Assigned, SeatState::Activated] {
                let rows = seats::of_plan(self.app.store(), &plan, state, &page).await.map_err(fault)?;
                learners.extend(rows.into_iter().map(|it| it.learner_id));
            }
            learners.truncate(TOGETHER_MAX);
        }
        let mut rows = Vec::with_capacity(learners.len());
        let mut would_take = 0;
        for (n, learner) in learners.into_iter().enumerate() {
            let moved = self.move_seat(&call.row(&learner), &it, &campus, &learner, &mut would_take).await?;
            let (outcome, reason, detail) = match moved {
                Ok(outcome) => (outcome, String::new(), String::new()),
                Err(no) => (SeatRowOutcome::Refused, no.reason.name().to_owned(), no.detail),
            };
            let row_id = (n + 1).to_string();
            rows.push(SeatRow { row_id, learner_id: learner, outcome: outcome.into(), reason, detail });
        }
        Ok(Response::new(TransferSeatsResponse { rows }))
    }

    /// Moves one seat: the new plan takes it over here, and the old one gives it away by what follows from that.
    async fn move_seat(
        &self,
        call: &Call,
        it: &TransferSeatsRequest,
        campus: &str,
        learner: &str,
        would_take: &mut u32,
    ) -> Result<Result<SeatRowOutcome, Rejection<Reason>>, Status> {
        let by = super::by(call, &it.campus_id);
        let held = self.app.look::<LicencePlan, _>(&it.from_plan_id, |plan| plan.for_transfer(learner)).await?;
        let Some((activated, uses)) = held else {
            let is_there = self.app.look::<LicencePlan, _>(&it.to_plan_id, |plan| plan.holds(learner)).await?;
            let refusal = || Reason::NoSeat.because("the learner holds no seat of the plan to move it from");
            return Ok(if is_there { Ok(SeatRowOutcome::Already) } else { refusal() });
        };
        let learner = self.assignee(campus, learner).await?;
        if it.dry_run {
            let more = *would_take;
            let judge = |plan: &LicencePlan| plan.may_assign(&by, &learner, SeatSource::Transfer, more);
            let judged = self.app.look::<LicencePlan, _>(&it.to_plan_id, judge).await?;
            *would_take += u32::from(judged.is_ok());
            return Ok(judged.map(|()| SeatRowOutcome::Ok));
        }
        let from_plan_id = it.from_plan_id.clone();
        let command = by.asks(Command::Receive { learner, from_plan_id, activated, uses });
        match self.app.decide_as::<LicencePlan>(&call.meta, &it.to_plan_id, &command).await {
            Ok(_) => Ok(Ok(SeatRowOutcome::Ok)),
            Err(studium_kit::DecideError::Refused(no)) => Ok(Err(no)),
            Err(e) => Err(super::failed(e, &it.to_plan_id)),
        }
    }
}

/// What came of rows, by learner.
#[derive(Default)]
struct Told {
    position: u64,
    outcomes: HashMap<String, (SeatRowOutcome, Option<Reason>, String)>,
}

impl Told {
    /// Takes down why a learner has no seat; true if the learner may have one and has still to be decided.
    fn take(&mut self, learner: &str, judged: Result<(), Rejection<Reason>>) -> bool {
        let outcome = match judged {
            Ok(()) => return true,
            Err(no) if no.reason == Reason::AlreadyHoldsASeat => (SeatRowOutcome::Already, None, String::new()),
            Err(no) => (SeatRowOutcome::Refused, Some(no.reason), no.detail),
        };
        self.outcomes.insert(learner.to_owned(), outcome);
        false
    }
}

fn assigned_to(event: &Event) -> Option<&str> {
    match event {
        Event::SeatAssigned(it) => Some(&it.learner_id),
        _ => None,
    }
}
