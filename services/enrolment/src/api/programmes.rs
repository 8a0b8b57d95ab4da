//! Acts on places in programmes, and what can be read of them.

use super::{Api, TEXT_MAX, acts, allowed, by, done, no};
use crate::{
    enrolment::Authority,
    learners,
    programme_enrolment::{Act, Command, ProgrammeEnrolment},
    programme_enrolments::{self, ProgrammeEnrolments},
    programme_offers::{self, ProgrammeOfferRow, ProgrammeOffers},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::enrolment::v1::{
    ChooseElectivesRequest, ChooseElectivesResponse, EnrolmentSource, GetProgrammeEnrolmentRequest,
    GetProgrammeEnrolmentResponse, GetProgrammeStatisticsRequest, GetProgrammeStatisticsResponse, JoinProgrammeRequest,
    JoinProgrammeResponse, ListProgrammeEnrolmentsRequest, ListProgrammeEnrolmentsResponse, Outcome, ProgrammeJoined,
    ProgrammeState, Reason, RecogniseCourseRequest, RecogniseCourseResponse, RecordProgrammePaymentRequest,
    RecordProgrammePaymentResponse, ReinstateProgrammeRequest, ReinstateProgrammeResponse, SuspendProgrammeRequest,
    SuspendProgrammeResponse, WithdrawFromProgrammeRequest, WithdrawFromProgrammeResponse,
    programme_enrolment_service_server::ProgrammeEnrolmentService,
};
use tonic::{Request, Response, Status};

/// Courses that one group of electives can have, far beyond any real one.
const COURSES_MAX: usize = 200;

/// Opens a call on a place: who, when, and the ids looked at. Gives the call, the request and its fields so far.
macro_rules! open {
    ($request:expr) => {{
        let (call, it) = Call::open($request)?;
        let call = call.at(it.at_ms)?;
        let mut fields = Fields::new();
        ids(&mut fields, &it.programme_id, &it.learner_id, &it.institution_id);
        (call, it, fields)
    }};
}

/// Asks for an act and replies with what came of it.
macro_rules! act {
    ($api:expr, $call:expr, $it:expr, $response:ident, $act:expr) => {{
        let act: Act = $act;
        let joins = matches!(act, Act::Join { .. });
        let id = $api.meant::<ProgrammeEnrolment>(&$it.programme_id, &$it.learner_id, joins).await?;
        let command = Command { by: by(&$call, &$it.institution_id), act };
        done!($response, $api.app.decide::<ProgrammeEnrolment>(&$call, &id, &command).await?)
    }};
}

#[tonic::async_trait]
impl ProgrammeEnrolmentService for Api {
    async fn join_programme(
        &self,
        request: Request<JoinProgrammeRequest>,
    ) -> Result<Response<JoinProgrammeResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_id("source_ref", &it.source_ref);
        fields.optional_id("sponsor_institution_id", &it.sponsor_institution_id);
        let source = EnrolmentSource::try_from(it.source).unwrap_or_default();
        fields.check("source", source != EnrolmentSource::Unspecified, "is not given");
        fields.done()?;
        self.app.reached_stream::<ProgrammeOffers>("catalogue", it.catalogue_position).await?;
        let offer = self.programme(&it.programme_id).await?;
        let facts = ProgrammeJoined {
            source: it.source,
            source_ref: it.source_ref,
            sponsor_institution_id: it.sponsor_institution_id,
            ..offer.facts()
        };
        act!(self, call, it, JoinProgrammeResponse, Act::Join { is_open: offer.is_open, facts })
    }

    async fn record_programme_payment(
        &self,
        request: Request<RecordProgrammePaymentRequest>,
    ) -> Result<Response<RecordProgrammePaymentResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        acts::payment(&mut fields, &it.payment_id, it.amount_minor, &it.currency);
        fields.done()?;
        let (payment_id, amount_minor, currency) = (it.payment_id, it.amount_minor, it.currency);
        act!(self, call, it, RecordProgrammePaymentResponse, Act::RecordPayment { payment_id, amount_minor, currency })
    }

    async fn choose_electives(
        &self,
        request: Request<ChooseElectivesRequest>,
    ) -> Result<Response<ChooseElectivesResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("group_id", &it.group_id);
        fields.check("course_ids", it.course_ids.len() <= COURSES_MAX, "are more than 200");
        it.course_ids.iter().for_each(|course| fields.id("course_ids", course));
        fields.done()?;
        let act = Act::ChooseElectives { group_id: it.group_id, course_ids: it.course_ids };
        act!(self, call, it, ChooseElectivesResponse, act)
    }

    async fn recognise_course(
        &self,
        request: Request<RecogniseCourseRequest>,
    ) -> Result<Response<RecogniseCourseResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.id("course_id", &it.course_id);
        let outcome = Outcome::try_from(it.outcome).unwrap_or_default();
        fields.check("outcome", outcome != Outcome::Unspecified, "is not given");
        fields.check("grade_millipoints", it.grade_millipoints.is_none_or(|it| it <= 100_000), "is more than 100,000");
        fields.done()?;
        let (course_id, grade_millipoints) = (it.course_id, it.grade_millipoints);
        let act = Act::CompleteCourse { course_id, run_id: String::new(), outcome, grade_millipoints };
        act!(self, call, it, RecogniseCourseResponse, act)
    }

    async fn suspend_programme(
        &self,
        request: Request<SuspendProgrammeRequest>,
    ) -> Result<Response<SuspendProgrammeResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        act!(self, call, it, SuspendProgrammeResponse, Act::Suspend { reason: it.reason })
    }

    async fn reinstate_programme(
        &self,
        request: Request<ReinstateProgrammeRequest>,
    ) -> Result<Response<ReinstateProgrammeResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        act!(self, call, it, ReinstateProgrammeResponse, Act::Reinstate { reason: it.reason })
    }

    async fn withdraw_from_programme(
        &self,
        request: Request<WithdrawFromProgrammeRequest>,
    ) -> Result<Response<WithdrawFromProgrammeResponse>, Status> {
        let (call, it, mut fields) = open!(request);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        act!(self, call, it, WithdrawFromProgrammeResponse, Act::Withdraw { reason: it.reason })
    }

    async fn get_programme_enrolment(
        &self,
        request: Request<GetProgrammeEnrolmentRequest>,
    ) -> Result<Response<GetProgrammeEnrolmentResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        ids(&mut fields, &it.programme_id, &it.learner_id, &it.institution_id);
        fields.done()?;
        self.app.reached::<ProgrammeEnrolments>(it.min_position).await?;
        let store = self.app.store();
        let person = learners::same_person(store, &it.learner_id).await.map_err(fault)?;
        let row = programme_enrolments::place(store, &it.programme_id, &person).await.map_err(fault)?;
        let Some(row) = row else {
            return Err(no(Reason::NotInProgramme, "the learner never joined this programme", &it.learner_id).into());
        };
        let may = by(&call, &it.institution_id).may_act_for(&row.institution_id, &row.sponsor_institution_id);
        allowed(may, &it.programme_id)?;
        Ok(Response::new(GetProgrammeEnrolmentResponse { programme_enrolment: Some(row.into()) }))
    }

    async fn list_programme_enrolments(
        &self,
        request: Request<ListProgrammeEnrolmentsRequest>,
    ) -> Result<Response<ListProgrammeEnrolmentsResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        programme_ids(&mut fields, &it.programme_id, &it.institution_id);
        fields.check("state", ProgrammeState::try_from(it.state).is_ok(), "is unknown");
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.must_own(&call, &it.programme_id, &it.institution_id).await?;
        self.app.reached::<ProgrammeEnrolments>(it.min_position).await?;
        let rows = programme_enrolments::of_programme(self.app.store(), &it.programme_id, it.state, &page).await;
        let rows = rows.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let programme_enrolments = rows.into_iter().map(Into::into).collect();
        Ok(Response::new(ListProgrammeEnrolmentsResponse { programme_enrolments, next_page_token }))
    }

    async fn get_programme_statistics(
        &self,
        request: Request<GetProgrammeStatisticsRequest>,
    ) -> Result<Response<GetProgrammeStatisticsResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        programme_ids(&mut fields, &it.programme_id, &it.institution_id);
        fields.done()?;
        self.must_own(&call, &it.programme_id, &it.institution_id).await?;
        self.app.reached::<ProgrammeEnrolments>(it.min_position).await?;
        let (store, from, until) = (self.app.store(), it.joined_from_ms, it.joined_until_ms);
        let counts = programme_enrolments::statistics(store, &it.programme_id, from, until).await.map_err(fault)?;
        let [joined, active, suspended, withdrawn, completed, courses_completed] = counts;
        let response =
            GetProgrammeStatisticsResponse { joined, active, suspended, withdrawn, completed, courses_completed };
        Ok(Response::new(response))
    }
}

impl Api {
    async fn programme(&self, programme_id: &str) -> Result<ProgrammeOfferRow, Status> {
        let known = programme_offers::programme(self.app.store(), programme_id).await.map_err(fault)?;
        known.ok_or_else(|| {
            let sentence = format!(
                "no event of the catalogue tells of programme `{programme_id}` yet; if it was just published, \
                 pass the position of that as `catalogue_position`"
            );
            no(Reason::ProgrammeNotFound, sentence, programme_id).into()
        })
    }

    /// Staff of an institution may look only at programmes that it owns.
    async fn must_own(&self, call: &Call, programme: &str, institution: &str) -> Result<(), Status> {
        if by(call, institution).authority != Authority::Staff {
            return Ok(());
        }
        let owner = self.programme(programme).await?.institution_id;
        allowed(by(call, institution).may_act_for(&owner, ""), programme)
    }
}

fn ids(fields: &mut Fields, programme: &str, learner: &str, institution: &str) {
    programme_ids(fields, programme, institution);
    fields.id("learner_id", learner);
}

fn programme_ids(fields: &mut Fields, programme: &str, institution: &str) {
    fields.id("programme_id", programme);
    fields.optional_id("institution_id", institution);
}
