//! What can be read of enrolments: records, rosters, statistics, seats, signals.

use super::{Api, allowed, by, enrolment_ids, no, run_ids};
use crate::{
    enrolment::RunStatus,
    enrolments::{self, EnrolmentRow, Enrolments},
    learners::{self, Learners},
    results::{self, ResultRow, Results},
    signals,
    statistics::{self, Filter},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::enrolment::v1::{
    EnrolmentState, GetEnrolmentRequest, GetEnrolmentResponse, GetLearnerRecordRequest, GetLearnerRecordResponse,
    GetRunCapacityRequest, GetRunCapacityResponse, GetRunOfferRequest, GetRunOfferResponse, GetRunStatisticsRequest,
    GetRunStatisticsResponse, ListPartnerRosterRequest, ListPartnerRosterResponse, ListRunRosterRequest,
    ListRunRosterResponse, ListSignalsRequest, ListSignalsResponse, ListStatisticsRequest, ListStatisticsResponse,
    Reason, StatisticsBy, enrolment_query_service_server::EnrolmentQueryService,
};
use tonic::{Request, Response, Status};

/// Enrolments whose past is read in one go.
const PAST_CHUNK: usize = 500;

/// Days without activity that signal, unless the request says otherwise.
const INACTIVE_DAYS: u32 = 7;

#[tonic::async_trait]
impl EnrolmentQueryService for Api {
    async fn get_enrolment(
        &self,
        request: Request<GetEnrolmentRequest>,
    ) -> Result<Response<GetEnrolmentResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        enrolment_ids(&mut fields, &it.run_id, &it.learner_id, &it.institution_id);
        fields.done()?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        self.app.reached::<Results>(it.min_position).await?;
        let store = self.app.store();
        let person = learners::same_person(store, &it.learner_id).await.map_err(fault)?;
        let row = enrolments::enrolment(store, &it.run_id, &person).await.map_err(fault)?;
        let mut rows = self.at(row.into_iter().collect(), it.as_of_ms).await?;
        let Some(row) = rows.pop() else {
            return Err(
                no(Reason::NotEnrolled, "the learner was not enrolled in this run by then", &it.learner_id).into()
            );
        };
        let may = by(&call, &it.institution_id).may_act_for(&row.institution_id, &row.sponsor_institution_id);
        allowed(may, &it.run_id)?;
        let results = if it.as_of_ms == 0 {
            results::of_enrolment(store, &row.run_id, &row.learner_id).await.map_err(fault)?
        } else {
            self.results_at(std::slice::from_ref(&row), it.as_of_ms).await?
        };
        let results = results.into_iter().map(Into::into).collect();
        Ok(Response::new(GetEnrolmentResponse { enrolment: Some(row.into()), results }))
    }

    async fn get_learner_record(
        &self,
        request: Request<GetLearnerRecordRequest>,
    ) -> Result<Response<GetLearnerRecordResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.done()?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        self.app.reached::<Results>(it.min_position).await?;
        self.app.reached::<Learners>(it.min_position).await?;
        let store = self.app.store();
        let person = learners::same_person(store, &it.learner_id).await.map_err(fault)?;
        let rows = enrolments::of_learner(store, &person).await.map_err(fault)?;
        let results = if it.as_of_ms == 0 {
            results::of_learner(store, &person).await.map_err(fault)?
        } else {
            self.results_at(&rows, it.as_of_ms).await?
        };
        let rows = self.at(rows, it.as_of_ms).await?;
        Ok(Response::new(GetLearnerRecordResponse {
            enrolments: rows.into_iter().map(Into::into).collect(),
            results: results.into_iter().map(Into::into).collect(),
        }))
    }

    async fn list_run_roster(
        &self,
        request: Request<ListRunRosterRequest>,
    ) -> Result<Response<ListRunRosterResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        run_ids(&mut fields, &it.run_id, &it.institution_id);
        fields.check("state", EnrolmentState::try_from(it.state).is_ok(), "is unknown");
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.must_provide(&call, &it.run_id, &it.institution_id).await?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        // The state of a time in the past is known only after folding.
        let state = if it.as_of_ms == 0 { it.state } else { 0 };
        let rows = enrolments::of_run(self.app.store(), &it.run_id, state, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let mut rows = self.at(rows, it.as_of_ms).await?;
        rows.retain(|row| it.state == 0 || row.state == it.state);
        let enrolments = rows.into_iter().map(Into::into).collect();
        Ok(Response::new(ListRunRosterResponse { enrolments, next_page_token }))
    }

    async fn list_partner_roster(
        &self,
        request: Request<ListPartnerRosterRequest>,
    ) -> Result<Response<ListPartnerRosterResponse>, Status> {
        let (_, it) = Call::open(request)?;
        Ok(Response::new(self.partner_roster(it).await?))
    }

    async fn get_run_statistics(
        &self,
        request: Request<GetRunStatisticsRequest>,
    ) -> Result<Response<GetRunStatisticsResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        run_ids(&mut fields, &it.run_id, &it.institution_id);
        fields.done()?;
        self.must_provide(&call, &it.run_id, &it.institution_id).await?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        let statistics = if it.as_of_ms == 0 {
            statistics::of_run(self.app.store(), &it.run_id).await.map_err(fault)?
        } else {
            let everybody = Page { after: String::new(), size: i64::from(u32::MAX) };
            let rows = enrolments::of_run(self.app.store(), &it.run_id, 0, &everybody).await.map_err(fault)?;
            statistics::count(&it.run_id, &self.at(rows, it.as_of_ms).await?)
        };
        Ok(Response::new(GetRunStatisticsResponse { statistics: Some(statistics) }))
    }

    async fn list_statistics(
        &self,
        request: Request<ListStatisticsRequest>,
    ) -> Result<Response<ListStatisticsResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        fields.optional_id("course_id", &it.course_id);
        fields.check("by", StatisticsBy::try_from(it.by).is_ok(), "is unknown");
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        let (store, by_course) = (self.app.store(), it.by() == StatisticsBy::Course);
        let filter = Filter { institution_id: it.institution_id, course_id: it.course_id };
        let rows = if by_course {
            statistics::by_course(store, &filter, &page).await.map_err(fault)?
        } else {
            statistics::by_run(store, &filter, &page).await.map_err(fault)?
        };
        let id = |it: &studium_proto::enrolment::v1::Statistics| {
            if by_course { it.course_id.clone() } else { it.run_id.clone() }
        };
        let next_page_token = page.next(&rows, id);
        let total = Some(statistics::total(store, &filter).await.map_err(fault)?);
        Ok(Response::new(ListStatisticsResponse { statistics: rows, total, next_page_token }))
    }

    async fn get_run_capacity(
        &self,
        request: Request<GetRunCapacityRequest>,
    ) -> Result<Response<GetRunCapacityResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        run_ids(&mut fields, &it.run_id, &it.institution_id);
        fields.done()?;
        // The run's own record is asked at the log's leader: there is nothing to wait for.
        let (offered, seats) = (self.offers.run(&it.run_id).await?, self.seats(&it.run_id).await?);
        let offer = offered.offer();
        let counted = (seats.capacity(), seats.waiting_list());
        let (capacity, waiting_list) = if counted.0 > 0 { counted } else { (offer.capacity, offer.waiting_list) };
        Ok(Response::new(GetRunCapacityResponse {
            capacity,
            waiting_list,
            reserved: seats.reserved(),
            confirmed: seats.confirmed(),
            waiting: seats.waiting(),
            closed: seats.is_closed() || offer.status == RunStatus::Cancelled,
        }))
    }

    async fn list_signals(
        &self,
        request: Request<ListSignalsRequest>,
    ) -> Result<Response<ListSignalsResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        run_ids(&mut fields, &it.run_id, &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.must_provide(&call, &it.run_id, &it.institution_id).await?;
        self.app.reached::<Enrolments>(it.min_position).await?;
        self.app.reached::<Results>(it.min_position).await?;
        let offered = self.offers.run(&it.run_id).await?;
        let (store, active) = (self.app.store(), EnrolmentState::Active.into());
        let rows = enrolments::of_run(store, &it.run_id, active, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.learner_id.clone());
        let best = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) => {
                results::best_of_run(store, &it.run_id, &first.learner_id, &last.learner_id).await.map_err(fault)?
            }
            _ => Vec::new(),
        };
        let days = if it.inactive_days == 0 { INACTIVE_DAYS } else { it.inactive_days };
        let signals = signals::signals(&offered.run, &rows, &best, days, call.now_ms());
        Ok(Response::new(ListSignalsResponse { signals, next_page_token }))
    }

    async fn get_run_offer(
        &self,
        request: Request<GetRunOfferRequest>,
    ) -> Result<Response<GetRunOfferResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("run_id", &it.run_id);
        fields.done()?;
        self.offers.reached(it.catalogue_position).await?;
        Ok(Response::new((&self.offers.read(&it.run_id).await?.run).into()))
    }
}

impl Api {
    /// Rows as they were at a time, in the same order; 0 = as they are. Whoever was not there yet is left out.
    pub(super) async fn at(&self, rows: Vec<EnrolmentRow>, as_of_ms: i64) -> Result<Vec<EnrolmentRow>, Status> {
        if as_of_ms == 0 {
            return Ok(rows);
        }
        let mut then = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(PAST_CHUNK) {
            let subjects = enrolments::subjects(chunk);
            let past = self.app.store().as_of::<Enrolments>("enrolment", &subjects, as_of_ms).await.map_err(fault)?;
            let key = |it: &EnrolmentRow| (it.run_id.clone(), it.learner_id.clone());
            let mut past: std::collections::HashMap<_, _> = past.into_iter().map(|it| (key(&it), it)).collect();
            then.extend(chunk.iter().filter_map(|it| past.remove(&key(it))));
        }
        Ok(then)
    }

    /// Results of these enrolments that were recorded by a time, by run, assessment and attempt.
    async fn results_at(&self, rows: &[EnrolmentRow], as_of_ms: i64) -> Result<Vec<ResultRow>, Status> {
        let subjects = enrolments::subjects(rows);
        let mut past = self.app.store().as_of::<Results>("enrolment", &subjects, as_of_ms).await.map_err(fault)?;
        past.sort_by(|a, b| (&a.run_id, &a.assessment_id, a.attempt).cmp(&(&b.run_id, &b.assessment_id, b.attempt)));
        Ok(past)
    }
}
