//! Playing the plan: each act as an ordinary gRPC command, many in flight, each student's in their order.

use super::{
    files::{FinalResult, Submission},
    lanes::Lanes,
    offer::INSTITUTION,
    plan::{Act, Plan, Step},
    tally::{Answer, Tally},
};
use crate::{
    import::line::{Label, Line, Trouble},
    progress::{Progress, time},
};
use anyhow::{Result, bail};
use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use studium_proto::enrolment::v1::{
    CompleteRequest, EndCause, EnrolRequest, EnrolmentMode, EnrolmentSource, ExternalId, FailRequest, Outcome,
    RecordResultRequest, RegisterLearnerRequest, ReinstateRequest, WithdrawRequest,
    enrolment_service_client::EnrolmentServiceClient, learner_service_client::LearnerServiceClient,
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// The name space of the import's request ids: the same act has the same id in every run of the import.
pub const REQUESTS: Uuid = Uuid::from_u128(0x6f75_6c61_642d_4f55_8d2e_7265_6769_7374);

/// After how many steps the progress shows another date.
const SHOW_DATE_EVERY: usize = 512;

/// Why somebody is enrolled although the run is over.
const OVER: &str = "the registry has a registration after the end";
/// Why somebody leaves.
const UNREGISTERED: &str = "unregistered";
const WITHDRAWN: &str = "withdrawn, the registry does not say when";
/// Why results are recorded although the enrolment is not active any more.
const LATE: &str = "the registry has a result that was handed in after the unregistration";
/// Why a final result is recorded without being asked of a rule.
const REGISTRY: &str = "the final result is the registry's";
/// Why somebody who left is back.
const BACK: &str = "the registry has a final result although the learner unregistered";

/// What all workers share.
struct Game {
    plan: Arc<Plan>,
    steps: Vec<Step>,
    line: Line,
    lanes: Mutex<Lanes>,
    tally: Mutex<Tally>,
    progress: Progress,
    /// Why everything is to stop.
    stopped: OnceLock<String>,
}

/// Plays steps of a plan, at most `in_flight` at a time.
///
/// # Errors
/// When the service does not answer for long; what was done until then is kept, and the next run goes on.
pub async fn play(
    plan: &Arc<Plan>,
    steps: Vec<Step>,
    line: Line,
    in_flight: usize,
    progress: Progress,
) -> Result<Tally> {
    let game = Arc::new(Game {
        plan: plan.clone(),
        steps,
        line,
        lanes: Mutex::new(Lanes::new(plan.students.len())),
        tally: Mutex::new(Tally::default()),
        progress,
        stopped: OnceLock::new(),
    });
    let mut workers = JoinSet::new();
    for worker in 0..in_flight {
        let game = game.clone();
        workers.spawn(async move { game.work(worker).await });
    }
    while let Some(ended) = workers.join_next().await {
        ended?;
    }
    game.progress.finish();
    let tally = std::mem::take(&mut *lock(&game.tally));
    match game.stopped.get() {
        Some(why) => bail!("{why} ({} of {} rows are done)", tally.answered(), game.steps.len()),
        None => Ok(tally),
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a step is called, in buffers that are used again.
#[derive(Default)]
struct Names {
    run: String,
    learner: String,
    request: String,
    correlation: String,
}

impl Game {
    async fn work(&self, worker: usize) {
        let mut names = Names::default();
        let mut done = None;
        while self.stopped.get().is_none() {
            let next = lock(&self.lanes).next(&self.steps, done);
            let Some(index) = next else { return };
            let step = &self.steps[index];
            names.set(&self.plan, step);
            if index.is_multiple_of(SHOW_DATE_EVERY) {
                self.progress.message(time(step.at_ms).get(..10).unwrap_or_default());
            }
            match self.perform(step, &names, worker).await {
                Ok(answer) => lock(&self.tally).answered_with(step.act, answer),
                Err(Trouble::Refused(status)) => lock(&self.tally).refused_with(&self.plan, step, &status),
                Err(Trouble::Stop(why)) => {
                    // Only the first reason is of interest.
                    let _ = self.stopped.set(why);
                    return;
                }
            }
            self.progress.inc(1);
            done = Some(step.student);
        }
    }

    async fn perform(&self, step: &Step, names: &Names, worker: usize) -> Result<Answer, Trouble> {
        let request_id = Some(Uuid::new_v5(&REQUESTS, names.request.as_bytes()));
        let label = Label { request_id, correlation_id: &names.correlation, connection: worker };
        macro_rules! ask {
            ($client:ident :: $method:ident, $request:expr) => {{
                let send = |channel, request| async move { $client::new(channel).$method(request).await };
                let reply = self.line.call(label, &$request, send).await?;
                Ok(Answer { position: reply.position, already: reply.already })
            }};
        }
        let (run_id, learner_id) = (names.run.clone(), names.learner.clone());
        let (institution_id, at_ms) = (INSTITUTION.to_owned(), step.at_ms);
        match step.act {
            Act::Register => ask!(LearnerServiceClient::register_learner, self.registration(step, learner_id)),
            Act::Enrol => ask!(EnrolmentServiceClient::enrol, self.enrolment(step, run_id, learner_id)),
            Act::Result { submission, is_late } => {
                let request = self.result(step, self.plan.submission(submission), is_late, run_id, learner_id);
                ask!(EnrolmentServiceClient::record_result, request)
            }
            Act::Withdraw { is_dated } => {
                let reason = if is_dated { UNREGISTERED } else { WITHDRAWN }.to_owned();
                let cause = EndCause::LearnerChoice.into();
                let request = WithdrawRequest { run_id, learner_id, institution_id, reason, cause, at_ms };
                ask!(EnrolmentServiceClient::withdraw, request)
            }
            Act::Reinstate => {
                let reason = BACK.to_owned();
                let request = ReinstateRequest { run_id, learner_id, institution_id, reason, at_ms };
                ask!(EnrolmentServiceClient::reinstate, request)
            }
            Act::Conclude(FinalResult::Fail | FinalResult::Withdrawn) => {
                let (grade_millipoints, reason) = (None, REGISTRY.to_owned());
                let request = FailRequest { run_id, learner_id, institution_id, grade_millipoints, reason, at_ms };
                ask!(EnrolmentServiceClient::fail, request)
            }
            Act::Conclude(outcome @ (FinalResult::Pass | FinalResult::Distinction)) => {
                let passed = outcome == FinalResult::Pass;
                let request = CompleteRequest {
                    run_id,
                    learner_id,
                    institution_id,
                    outcome: if passed { Outcome::Passed } else { Outcome::Distinction }.into(),
                    grade_millipoints: None,
                    override_reason: REGISTRY.to_owned(),
                    at_ms,
                };
                ask!(EnrolmentServiceClient::complete, request)
            }
        }
    }

    fn registration(&self, step: &Step, learner_id: String) -> RegisterLearnerRequest {
        let external_id = self.plan.students[step.student as usize].to_string();
        let external_ids = vec![ExternalId { institution_id: INSTITUTION.to_owned(), external_id }];
        let at_ms = step.at_ms;
        RegisterLearnerRequest { learner_id, external_ids, at_ms, ..RegisterLearnerRequest::default() }
    }

    fn enrolment(&self, step: &Step, run_id: String, learner_id: String) -> EnrolRequest {
        let is_over = self.plan.is_over(step);
        EnrolRequest {
            run_id,
            learner_id,
            institution_id: INSTITUTION.to_owned(),
            source: EnrolmentSource::Staff.into(),
            mode: EnrolmentMode::Credit.into(),
            override_reason: if is_over { OVER.to_owned() } else { String::new() },
            at_ms: step.at_ms,
            ..EnrolRequest::default()
        }
    }

    fn result(
        &self,
        step: &Step,
        row: &Submission,
        is_late: bool,
        run_id: String,
        learner_id: String,
    ) -> RecordResultRequest {
        let assessment = &self.plan.files.assessments[usize::from(row.assessment)];
        RecordResultRequest {
            run_id,
            learner_id,
            institution_id: INSTITUTION.to_owned(),
            assessment_id: assessment.id.clone(),
            attempt: 1,
            score_millipoints: row.score_millipoints,
            weight_millipoints: Some(assessment.weight_millipoints),
            identity_verified: false,
            banked: row.banked,
            submitted_at_ms: self.plan.run(step).at_ms(row.day),
            override_reason: if is_late { LATE.to_owned() } else { String::new() },
            at_ms: step.at_ms,
        }
    }
}

impl Names {
    fn set(&mut self, plan: &Plan, step: &Step) {
        let student = plan.students[step.student as usize];
        let run = plan.run(step).id.as_str();
        for it in [&mut self.run, &mut self.learner, &mut self.request, &mut self.correlation] {
            it.clear();
        }
        self.run.push_str(run);
        // Writing to a string cannot fail.
        let _ = write!(self.learner, "ou-{student}");
        let _ = write!(self.correlation, "oulad-{student}");
        let _ = match step.act {
            Act::Register => write!(self.request, "learner {student}"),
            Act::Enrol => write!(self.request, "enrol {run} {student}"),
            // A row that says something else than in an earlier run is another request, so that it does not go unnoticed.
            Act::Result { submission, .. } => {
                let row = plan.submission(submission);
                let assessment = &plan.files.assessments[usize::from(row.assessment)].id;
                write!(self.request, "result {run} {student} {assessment} {:?} {}", row.score_millipoints, row.banked)
            }
            Act::Withdraw { .. } => write!(self.request, "withdraw {run} {student}"),
            Act::Reinstate => write!(self.request, "reinstate {run} {student}"),
            Act::Conclude(outcome) => write!(self.request, "conclude {run} {student} {}", outcome.name()),
        };
    }
}
