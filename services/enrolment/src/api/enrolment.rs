//! `EnrolmentService`: translates requests into commands on one enrolment; holds no rule.

use super::{
    bulk,
    desk::{About, Desk, OfferOf, TEXT_MAX, about},
};
use crate::enrolment::{Act, Enrolment, Terms, WHOLE_MILLIPOINTS};
use futures::stream::BoxStream;
use studium_kit::{App, Call, Fields, Outcome};
use studium_proto::enrolment::v1::{
    AcceptInvitationRequest, AcceptInvitationResponse, BulkEnrolRequest, BulkEnrolResponse, ChangeModeRequest,
    ChangeModeResponse, CompleteRequest, CompleteResponse, ConcludeRequest, ConcludeResponse, DeclineInvitationRequest,
    DeclineInvitationResponse, DeferRequest, DeferResponse, EndCause, EnrolRequest, EnrolResponse, EnrolmentMode, EnrolmentSource,
    EnrolmentState, ExpireRequest, ExpireResponse, FailRequest, FailResponse, InviteRequest, InviteResponse,
    RecordAttendanceRequest, RecordAttendanceResponse, RecordPaymentRequest, RecordPaymentResponse, RecordProgressRequest,
    RecordProgressResponse, RecordResultRequest, RecordResultResponse, ReinstateRequest, ReinstateResponse, ResultRecorded,
    StartRequest, StartResponse, SuspendRequest, SuspendResponse, WithdrawRequest, WithdrawResponse,
    enrolment_event::Event, enrolment_service_server::EnrolmentService,
};
use tonic::{Request, Response, Status, Streaming};

/// The rpcs on one learner's enrolment in one run.
#[derive(Clone)]
pub struct Api {
    desk: Desk,
}

impl Api {
    /// The rpcs of a service.
    pub fn new(app: App) -> Self {
        Self { desk: Desk::new(app) }
    }

    /// State of the enrolment after a command.
    async fn state(&self, outcome: &Outcome<Event>) -> Result<EnrolmentState, Status> {
        let last = outcome.events.iter().rev().find_map(|it| match it {
            Event::EnrolmentActivated(_) => Some(EnrolmentState::Active),
            Event::EnrolmentRequested(_) => Some(EnrolmentState::Requested),
            Event::EnrolmentCompleted(_) => Some(EnrolmentState::Completed),
            Event::EnrolmentFailed(_) => Some(EnrolmentState::Failed),
            _ => None,
        });
        match last {
            Some(it) if !outcome.already => Ok(it),
            _ => Ok(self.desk.app().state::<Enrolment>(&outcome.id).await?.state()),
        }
    }
}

/// On what terms, with the mode that goes with the source when none is given.
pub(super) fn terms(source: EnrolmentSource, source_ref: &str, mode: EnrolmentMode, sponsor_institution_id: &str) -> Terms {
    let mode = match (mode, source) {
        (EnrolmentMode::Unspecified, EnrolmentSource::Audit) => EnrolmentMode::Audit,
        (EnrolmentMode::Unspecified, _) => EnrolmentMode::Certificate,
        (given, _) => given,
    };
    Terms {
        source,
        source_ref: source_ref.to_owned(),
        mode,
        sponsor_institution_id: sponsor_institution_id.to_owned(),
        deferred_from_run_id: String::new(),
    }
}

/// Checks what every request has and its one free text.
fn check(about: &About, text: (&str, &str)) -> Result<(), Status> {
    let mut fields = Fields::new();
    about.check(&mut fields);
    fields.optional_text(text.0, text.1, TEXT_MAX);
    fields.done()
}

pub(super) fn check_terms(fields: &mut Fields, source: i32, source_ref: &str, mode: i32, sponsor: &str) {
    let known = EnrolmentSource::try_from(source).is_ok_and(|it| it != EnrolmentSource::Unspecified);
    fields.check("source", known, "is not one of the sources in the contract");
    fields.check("mode", EnrolmentMode::try_from(mode).is_ok(), "is not one of the modes in the contract");
    fields.optional_text("source_ref", source_ref, 128);
    if !sponsor.is_empty() {
        fields.id("sponsor_institution_id", sponsor);
    }
}

fn is_share(share: Option<u32>) -> bool {
    share.is_none_or(|it| it <= WHOLE_MILLIPOINTS)
}

const SHARE: &str = "is more than 100,000 thousandths of a percent";

#[tonic::async_trait]
impl EnrolmentService for Api {
    type BulkEnrolStream = BoxStream<'static, Result<BulkEnrolResponse, Status>>;

    async fn enrol(&self, request: Request<EnrolRequest>) -> Result<Response<EnrolResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        check_terms(&mut fields, it.source, &it.source_ref, it.mode, &it.sponsor_institution_id);
        fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
        fields.done()?;
        let on = OfferOf {
            run_id: &about.run_id,
            sponsor: &it.sponsor_institution_id,
            catalogue_position: it.catalogue_position,
        };
        let act = |offer| Act::Enrol {
            offer,
            terms: terms(it.source(), &it.source_ref, it.mode(), &it.sponsor_institution_id),
            override_reason: it.override_reason.clone(),
        };
        let outcome = self.desk.act_on_offer(&call, &about, on, act).await?;
        let state = self.state(&outcome).await?.into();
        Ok(Response::new(EnrolResponse { id: outcome.id, position: outcome.position, already: outcome.already, state }))
    }

    async fn bulk_enrol(&self, request: Request<Streaming<BulkEnrolRequest>>) -> Result<Response<Self::BulkEnrolStream>, Status> {
        let (call, rows) = Call::open(request)?;
        let answers: BoxStream<'static, _> = Box::pin(bulk::enrol(self.desk.clone(), call, rows));
        Ok(Response::new(answers))
    }

    async fn invite(&self, request: Request<InviteRequest>) -> Result<Response<InviteResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        check_terms(&mut fields, it.source, &it.source_ref, it.mode, &it.sponsor_institution_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("expires_at_ms", it.expires_at_ms >= 0, "is Unix milliseconds and not negative");
        fields.done()?;
        let on = OfferOf {
            run_id: &about.run_id,
            sponsor: &it.sponsor_institution_id,
            catalogue_position: it.catalogue_position,
        };
        let act = |offer| Act::Invite {
            offer,
            terms: terms(it.source(), &it.source_ref, it.mode(), &it.sponsor_institution_id),
            expires_at_ms: it.expires_at_ms,
            reason: it.reason.clone(),
        };
        let Outcome { id, position, already, .. } = self.desk.act_on_offer(&call, &about, on, act).await?;
        Ok(Response::new(InviteResponse { id, position, already }))
    }

    async fn accept_invitation(&self, request: Request<AcceptInvitationRequest>) -> Result<Response<AcceptInvitationResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("", ""))?;
        let on = OfferOf::run(&about.run_id);
        let outcome = self.desk.act_on_offer(&call, &about, on, |offer| Act::Accept { offer }).await?;
        let state = self.state(&outcome).await?.into();
        let Outcome { id, position, already, .. } = outcome;
        Ok(Response::new(AcceptInvitationResponse { id, position, already, state }))
    }

    async fn decline_invitation(
        &self,
        request: Request<DeclineInvitationRequest>,
    ) -> Result<Response<DeclineInvitationResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("reason", &it.reason))?;
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, Act::Decline { reason: it.reason }).await?;
        Ok(Response::new(DeclineInvitationResponse { id, position, already }))
    }

    async fn record_payment(&self, request: Request<RecordPaymentRequest>) -> Result<Response<RecordPaymentResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.text("payment_id", &it.payment_id, 128);
        fields.check("amount_minor", it.amount_minor > 0, "is not more than nothing");
        let is_code = it.currency.len() == 3 && it.currency.bytes().all(|b| b.is_ascii_uppercase());
        fields.check("currency", is_code, "is not an ISO 4217 code: three capital letters");
        fields.done()?;
        let act = Act::RecordPayment { payment_id: it.payment_id, amount_minor: it.amount_minor, currency: it.currency };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(RecordPaymentResponse { id, position, already }))
    }

    async fn change_mode(&self, request: Request<ChangeModeRequest>) -> Result<Response<ChangeModeResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.check("mode", it.mode() != EnrolmentMode::Unspecified, "says no mode");
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let is_free = it.mode() == EnrolmentMode::Audit;
        let price_minor = if is_free { 0 } else { self.desk.price_minor(&about.run_id).await? };
        let act = Act::ChangeMode { mode: it.mode(), price_minor, reason: it.reason };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(ChangeModeResponse { id, position, already }))
    }

    async fn start(&self, request: Request<StartRequest>) -> Result<Response<StartResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("", ""))?;
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, Act::Start).await?;
        Ok(Response::new(StartResponse { id, position, already }))
    }

    async fn record_progress(&self, request: Request<RecordProgressRequest>) -> Result<Response<RecordProgressResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.id("module_id", &it.module_id);
        fields.done()?;
        let act = Act::RecordProgress { module_id: it.module_id, minutes: it.minutes, completed: it.completed };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(RecordProgressResponse { id, position, already }))
    }

    async fn record_attendance(
        &self,
        request: Request<RecordAttendanceRequest>,
    ) -> Result<Response<RecordAttendanceResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.id("session_id", &it.session_id);
        fields.check("attendance", (1..=3).contains(&it.attendance), "is not present, absent or excused");
        fields.done()?;
        let act = Act::RecordAttendance { session_id: it.session_id, attendance: it.attendance, minutes: it.minutes };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(RecordAttendanceResponse { id, position, already }))
    }

    async fn record_result(&self, request: Request<RecordResultRequest>) -> Result<Response<RecordResultResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.id("assessment_id", &it.assessment_id);
        fields.check("score_millipoints", is_share(it.score_millipoints), SHARE);
        fields.check("weight_millipoints", is_share(it.weight_millipoints), SHARE);
        fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
        fields.done()?;
        let rule = self.desk.rule(&about.run_id).await?;
        let result = ResultRecorded {
            assessment_id: it.assessment_id,
            attempt: it.attempt.max(1),
            score_millipoints: it.score_millipoints,
            weight_millipoints: it.weight_millipoints.unwrap_or(0),
            identity_verified: it.identity_verified,
            banked: it.banked,
            submitted_at_ms: it.submitted_at_ms,
            override_reason: it.override_reason,
            // The enrolment itself knows whether it is the first.
            first: false,
        };
        let act = Act::RecordResult { result, rule };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(RecordResultResponse { id, position, already }))
    }

    async fn suspend(&self, request: Request<SuspendRequest>) -> Result<Response<SuspendResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("reason", &it.reason))?;
        let act = Act::Suspend { reason: it.reason, release_seat: it.release_seat };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(SuspendResponse { id, position, already }))
    }

    async fn reinstate(&self, request: Request<ReinstateRequest>) -> Result<Response<ReinstateResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("reason", &it.reason))?;
        let on = OfferOf::run(&about.run_id);
        let act = |offer| Act::Reinstate { offer, reason: it.reason.clone() };
        let Outcome { id, position, already, .. } = self.desk.act_on_offer(&call, &about, on, act).await?;
        Ok(Response::new(ReinstateResponse { id, position, already }))
    }

    async fn withdraw(&self, request: Request<WithdrawRequest>) -> Result<Response<WithdrawResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("reason", &it.reason))?;
        let act = Act::Withdraw { cause: it.cause(), reason: it.reason };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(WithdrawResponse { id, position, already }))
    }

    async fn defer(&self, request: Request<DeferRequest>) -> Result<Response<DeferResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.id("to_run_id", &it.to_run_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let on = OfferOf { catalogue_position: it.catalogue_position, ..OfferOf::run(&it.to_run_id) };
        let act = |offer| Act::Defer {
            run_id: about.run_id.clone(),
            to_run_id: it.to_run_id.clone(),
            offer,
            reason: it.reason.clone(),
        };
        let Outcome { id, position, already, .. } = self.desk.act_on_offer(&call, &about, on, act).await?;
        Ok(Response::new(DeferResponse { id, position, already }))
    }

    async fn complete(&self, request: Request<CompleteRequest>) -> Result<Response<CompleteResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.check("outcome", (1..=2).contains(&it.outcome), "is not passed or passed with distinction");
        fields.check("grade_millipoints", is_share(it.grade_millipoints), SHARE);
        fields.optional_text("override_reason", &it.override_reason, TEXT_MAX);
        fields.done()?;
        let rule = self.desk.rule(&about.run_id).await?;
        let act = Act::Complete {
            outcome: it.outcome(),
            grade_millipoints: it.grade_millipoints,
            override_reason: it.override_reason,
            rule,
        };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(CompleteResponse { id, position, already }))
    }

    async fn fail(&self, request: Request<FailRequest>) -> Result<Response<FailResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        let mut fields = Fields::new();
        about.check(&mut fields);
        fields.check("grade_millipoints", is_share(it.grade_millipoints), SHARE);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let rule = self.desk.rule(&about.run_id).await?;
        let act = Act::Fail { grade_millipoints: it.grade_millipoints, reason: it.reason, rule };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(FailResponse { id, position, already }))
    }

    async fn conclude(&self, request: Request<ConcludeRequest>) -> Result<Response<ConcludeResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("", ""))?;
        let rule = self.desk.rule(&about.run_id).await?;
        let outcome = self.desk.act(&call, &about, Act::Conclude { rule }).await?;
        let state = self.state(&outcome).await?.into();
        let Outcome { id, position, already, .. } = outcome;
        Ok(Response::new(ConcludeResponse { id, position, already, state }))
    }

    async fn expire(&self, request: Request<ExpireRequest>) -> Result<Response<ExpireResponse>, Status> {
        let (call, mut it) = Call::open(request)?;
        let about = about!(it);
        let call = call.at(about.at_ms)?;
        check(&about, ("reason", &it.reason))?;
        let cause = EndCause::try_from(it.cause).unwrap_or_default();
        let act = Act::Expire { cause, reason: it.reason };
        let Outcome { id, position, already, .. } = self.desk.act(&call, &about, act).await?;
        Ok(Response::new(ExpireResponse { id, position, already }))
    }
}
