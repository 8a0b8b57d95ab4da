//! Acts on one enrolment.

use super::{Api, TEXT_MAX, bulk, done, enrolment_ids};
use crate::{
    enrolment::{Act, Offer, Rule},
    run_capacity::RunCapacity,
};
use studium_kit::{Call, Fields};
use studium_proto::enrolment::v1::{
    AcceptInvitationRequest, AcceptInvitationResponse, Attendance, BulkEnrolRequest, ChangeModeRequest,
    ChangeModeResponse, CompleteRequest, CompleteResponse, ConcludeRequest, ConcludeResponse, DeclineInvitationRequest,
    DeclineInvitationResponse, DeferRequest, DeferResponse, EndCause, EnrolRequest, EnrolResponse, EnrolmentMode,
    EnrolmentSource, ExpireRequest, ExpireResponse, FailRequest, FailResponse, InviteRequest, InviteResponse, Outcome,
    RecordAttendanceRequest, RecordAttendanceResponse, RecordPaymentRequest, RecordPaymentResponse,
    RecordProgressRequest, RecordProgressResponse, RecordResultRequest, RecordResultResponse, ReinstateRequest,
    ReinstateResponse, ResultRecorded, StartRequest, StartResponse, SuspendRequest, SuspendResponse, WithdrawRequest,
    WithdrawResponse, enrolment_service_server::EnrolmentService,
};
use tonic::{Request, Response, Status, Streaming};

/// 100 %, thousandths of a percent.
const WHOLE: u32 = 100_000;

/// Opens a call on an enrolment: who, when, and the ids looked at. Gives the call, the request and its fields so far.
macro_rules! open {
    ($request:expr) => {{
        let (call, it) = Call::open($request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        enrolment_ids(&mut fields, &it.run_id, &it.learner_id, &it.institution_id);
        (call, it, fields)
    }};
}

/// Asks for an act and replies with what came of it.
macro_rules! act {
    ($api:expr, $call:expr, $it:expr, $response:ident, $act:expr) => {{
        let (run, learner, institution) = ($it.run_id.clone(), $it.learner_id.clone(), $it.institution_id.clone());
        done!($response, $api.ask(&$call, (&run, &learner, &institution), $act).await?)
    }};
}

#[tonic::async_trait]
impl EnrolmentService for Api {
    type BulkEnrolStream = bulk::Answers;

    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let (outcome, state) = self.try_enrol(&call.at(it.at_ms)?, &it).await?;
        done!(EnrolResponse, outcome, state: state.into())
    }

    async fn bulk_enrol(
        &self,
        request: Request<Streaming<BulkEnrolRequest>>,
    ) -> Result<Response<bulk::Answers>, Status> {
        let (call, rows) = Call::open(request)?;
        Ok(Response::new(self.enrol_all(call, rows)))
    }

    async fn invite(&self, request: Request<InviteRequest>) -> Result<Response<InviteResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_id("source_ref", &it.source_ref);
        fields.optional_id("sponsor_institution_id", &it.sponsor_institution_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("source", EnrolmentSource::try_from(it.source).is_ok(), "is unknown");
        fields.check("mode", EnrolmentMode::try_from(it.mode).is_ok(), "is unknown");
        fields.check("expires_at_ms", it.expires_at_ms >= 0, "is negative");
        fields.done()?;
        done!(InviteResponse, self.try_invite(&call, it).await?)
    }

    async fn accept_invitation(
        &self,
        request: Request<AcceptInvitationRequest>,
    ) -> Result<Response<AcceptInvitationResponse>, Status> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        let offered = self.offers.run(&it.run_id).await?;
        let offer = self.offers.facts(&offered, &it.learner_id, "").await?;
        let ids = (it.run_id.as_str(), it.learner_id.as_str(), it.institution_id.as_str());
        let outcome = self.ask(&call, ids, Act::Accept { offer }).await?;
        let state = self.state_after(&outcome).await?;
        done!(AcceptInvitationResponse, outcome, state: state.into())
    }

    async fn decline_invitation(
        &self,
        request: Request<DeclineInvitationRequest>,
    ) -> Result<Response<DeclineInvitationResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        act!(self, call, it, DeclineInvitationResponse, Act::Decline { reason: it.reason })
    }

    async fn record_payment(
        &self,
        request: Request<RecordPaymentRequest>,
    ) -> Result<Response<RecordPaymentResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        payment(&mut fields, &it.payment_id, it.amount_minor, &it.currency);
        fields.done()?;
        let act =
            Act::RecordPayment { payment_id: it.payment_id, amount_minor: it.amount_minor, currency: it.currency };
        act!(self, call, it, RecordPaymentResponse, act)
    }

    async fn change_mode(&self, request: Request<ChangeModeRequest>) -> Result<Response<ChangeModeResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("mode", EnrolmentMode::try_from(it.mode).is_ok_and(|it| it as i32 > 0), "is not given");
        fields.done()?;
        let price_minor = self.offers.run(&it.run_id).await?.offer().price_minor;
        let act = Act::ChangeMode { mode: it.mode(), price_minor, reason: it.reason };
        act!(self, call, it, ChangeModeResponse, act)
    }

    async fn start(&self, request: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        act!(self, call, it, StartResponse, Act::Start)
    }

    async fn record_progress(
        &self,
        request: Request<RecordProgressRequest>,
    ) -> Result<Response<RecordProgressResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("module_id", &it.module_id);
        fields.done()?;
        let act = Act::RecordProgress { module_id: it.module_id, minutes: it.minutes, completed: it.completed };
        act!(self, call, it, RecordProgressResponse, act)
    }

    async fn record_attendance(
        &self,
        request: Request<RecordAttendanceRequest>,
    ) -> Result<Response<RecordAttendanceResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("session_id", &it.session_id);
        fields.check("attendance", Attendance::try_from(it.attendance).is_ok_and(|it| it as i32 > 0), "is not given");
        fields.done()?;
        let act = Act::RecordAttendance { session_id: it.session_id, attendance: it.attendance, minutes: it.minutes };
        act!(self, call, it, RecordAttendanceResponse, act)
    }

    async fn record_result(
        &self,
        request: Request<RecordResultRequest>,
    ) -> Result<Response<RecordResultResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("assessment_id", &it.assessment_id);
        fields.check("score_millipoints", it.score_millipoints.is_none_or(|it| it <= WHOLE), "is more than 100,000");
        fields.check("weight_millipoints", it.weight_millipoints.is_none_or(|it| it <= WHOLE), "is more than 100,000");
        fields.check("submitted_at_ms", it.submitted_at_ms >= 0, "is negative");
        fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
        fields.done()?;
        let rule = self.rule(&it.run_id).await?;
        let result = ResultRecorded {
            assessment_id: it.assessment_id,
            attempt: it.attempt.max(1),
            score_millipoints: it.score_millipoints,
            weight_millipoints: it.weight_millipoints.unwrap_or_default(),
            identity_verified: it.identity_verified,
            banked: it.banked,
            submitted_at_ms: it.submitted_at_ms,
            override_reason: it.override_reason,
            first: false,
        };
        act!(self, call, it, RecordResultResponse, Act::RecordResult { result, rule })
    }

    async fn suspend(&self, request: Request<SuspendRequest>) -> Result<Response<SuspendResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let act = Act::Suspend { reason: it.reason, release_seat: it.release_seat };
        act!(self, call, it, SuspendResponse, act)
    }

    async fn reinstate(&self, request: Request<ReinstateRequest>) -> Result<Response<ReinstateResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let offer = self.offers.run(&it.run_id).await?.offer();
        act!(self, call, it, ReinstateResponse, Act::Reinstate { offer, reason: it.reason })
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Result<Response<WithdrawResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("cause", EndCause::try_from(it.cause).is_ok(), "is unknown");
        fields.done()?;
        let act = Act::Withdraw { cause: it.cause(), reason: it.reason };
        act!(self, call, it, WithdrawResponse, act)
    }

    async fn defer(&self, request: Request<DeferRequest>) -> Result<Response<DeferResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("to_run_id", &it.to_run_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        self.offers.reached(it.catalogue_position).await?;
        let offered = self.offers.run(&it.to_run_id).await?;
        let offer: Offer = self.offers.facts(&offered, &it.learner_id, "").await?;
        let act = Act::Defer { run_id: it.run_id.clone(), to_run_id: it.to_run_id, offer, reason: it.reason };
        act!(self, call, it, DeferResponse, act)
    }

    async fn complete(&self, request: Request<CompleteRequest>) -> Result<Response<CompleteResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.check("outcome", Outcome::try_from(it.outcome).is_ok_and(|it| it as i32 > 0), "is not given");
        fields.check("grade_millipoints", it.grade_millipoints.is_none_or(|it| it <= WHOLE), "is more than 100,000");
        fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
        fields.done()?;
        let rule = self.rule(&it.run_id).await?;
        let (outcome, grade_millipoints) = (it.outcome(), it.grade_millipoints);
        let act = Act::Complete { outcome, grade_millipoints, override_reason: it.override_reason, rule };
        act!(self, call, it, CompleteResponse, act)
    }

    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<FailResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.check("grade_millipoints", it.grade_millipoints.is_none_or(|it| it <= WHOLE), "is more than 100,000");
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let rule = self.rule(&it.run_id).await?;
        let act = Act::Fail { grade_millipoints: it.grade_millipoints, reason: it.reason, rule };
        act!(self, call, it, FailResponse, act)
    }

    async fn conclude(&self, request: Request<ConcludeRequest>) -> Result<Response<ConcludeResponse>, Status> {
        let (call, it, fields) = open!(request);
        fields.done()?;
        let rule = self.rule(&it.run_id).await?;
        let ids = (it.run_id.as_str(), it.learner_id.as_str(), it.institution_id.as_str());
        let outcome = self.ask(&call, ids, Act::Conclude { rule }).await?;
        let state = self.state_after(&outcome).await?;
        done!(ConcludeResponse, outcome, state: state.into())
    }

    async fn expire(&self, request: Request<ExpireRequest>) -> Result<Response<ExpireResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("cause", EndCause::try_from(it.cause).is_ok(), "is unknown");
        fields.done()?;
        let act = Act::Expire { cause: it.cause(), reason: it.reason };
        act!(self, call, it, ExpireResponse, act)
    }
}

impl Api {
    /// How a run decides.
    async fn rule(&self, run: &str) -> Result<Rule, Status> {
        Ok(self.offers.run(run).await?.run.rule())
    }

    /// The seats of a run as its own record has them.
    pub(super) async fn seats(&self, run: &str) -> Result<RunCapacity, Status> {
        self.app.state::<RunCapacity>(run).await
    }
}

/// What a payment must say.
pub(super) fn payment(fields: &mut Fields, payment_id: &str, amount_minor: i64, currency: &str) {
    fields.id("payment_id", payment_id);
    fields.check("amount_minor", amount_minor > 0, "is not above 0");
    let is_code = currency.len() == 3 && currency.bytes().all(|it| it.is_ascii_uppercase());
    fields.check("currency", is_code, "is no ISO 4217 code");
}
