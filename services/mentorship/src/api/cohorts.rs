//! A cohort's start: matched together, then assigned one by one.

use super::{Api, no};
use crate::{
    cohort::{self, Plan},
    mentors::{self, Mentors},
    mentorship::{Command, Mentorship, Proposed},
    mentorships::{self, MentorshipRow, Mentorships},
    wishes,
};
use futures::stream::{self, BoxStream, StreamExt as _};
use studium_kit::{By, Call, DecideError, Fields, fault};
use studium_proto::mentorship::v1::{
    AssignCohortRequest, AssignCohortResponse, ProposalOrigin, Reason, cohort_service_server::CohortService,
};
use tonic::{Request, Response, Status};

/// Learners who are assigned at the same time; a log that packs fills its batches from them.
const ASSIGNING_MAX: usize = 128;

/// Learners after whom the caller hears how far it is.
const TOLD_EVERY: usize = 500;

type Answers = BoxStream<'static, Result<AssignCohortResponse, Status>>;

/// A matching that is carried out.
struct Cohort {
    api: Api,
    call: Call,
    institution_id: String,
    considered: u32,
    rows: Vec<MentorshipRow>,
    plan: Plan,
    told: AssignCohortResponse,
}

impl Cohort {
    /// Proposes the mentors, and tells how far it is.
    fn carry_out(self) -> Answers {
        let Self { api, call, institution_id, considered, rows, plan, mut told } = self;
        let pairs = rows.into_iter().zip(plan.chosen).filter_map(|(row, chosen)| Some((row, chosen?)));
        let asked = pairs.map(move |(row, (chosen, candidates))| {
            let proposed = Proposed {
                learner_id: row.learner_id.clone(),
                mentor_id: chosen.mentor_id,
                origin: ProposalOrigin::Cohort,
                answer_within_minutes: None,
                candidates,
                considered,
            };
            let (api, call, id) = (api.clone(), call.row(&row.learner_id), row.id());
            let asked = By::caller(&call, &[], &institution_id).asks(Command::Propose(proposed));
            async move { api.app.decide_as::<Mentorship>(&call.meta, &id, &asked).await }
        });
        let answers = stream::iter(asked).buffer_unordered(ASSIGNING_MAX).chunks(TOLD_EVERY).map(move |answers| {
            for answer in answers {
                match answer {
                    Ok(_) => told.proposed += 1,
                    Err(DecideError::Refused(_)) => told.refused += 1,
                    Err(DecideError::Busy) => return Err(studium_kit::status::busy()),
                    Err(DecideError::Outdated) => return Err(studium_kit::status::outdated()),
                    Err(DecideError::Fault(e)) => return Err(fault(e)),
                }
            }
            Ok(AssignCohortResponse { last: told.proposed + told.refused == told.matched, ..told })
        });
        Box::pin(answers)
    }
}

#[tonic::async_trait]
impl CohortService for Api {
    type AssignCohortStream = Answers;

    async fn assign_cohort(&self, request: Request<AssignCohortRequest>) -> Result<Response<Answers>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("programme_id", &it.programme_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Mentorships>(it.min_position).await?;
        self.app.reached::<Mentors>(it.min_position).await?;
        let (store, at_ms) = (self.app.store(), call.now_ms());
        let rows = mentorships::seeking_in(store, &it.programme_id).await.map_err(fault)?;
        // All mentorships of a programme belong to the institution that owns the programme.
        let institution = rows.first().map_or(String::new(), |it| it.institution_id.clone());
        if !rows.is_empty() && !By::caller(&call, &[], &it.institution_id).acts_for(&institution) {
            let detail = "the programme is another institution's";
            return Err(no(Reason::NotYourInstitution, detail, &it.programme_id));
        }
        let wishes = wishes::wishes(store, &rows, at_ms).await.map_err(fault)?;
        let offers = mentors::offers(store, &institution, at_ms).await.map_err(fault)?;
        let (learners, considered) = (rows.len() as u32, offers.len() as u32);
        let places = offers.iter().map(|it| it.capacity.saturating_sub(it.load)).sum();
        // Thousands of learners take a second or two of a processor, which other calls should not wait for.
        let plan = tokio::task::spawn_blocking(move || cohort::plan(&wishes, &offers)).await.map_err(fault)?;
        let told = AssignCohortResponse {
            learners,
            mentors: considered,
            places,
            matched: plan.quality.assigned as u32,
            score: plan.quality.total,
            greedy_matched: plan.greedy.assigned as u32,
            greedy_score: plan.greedy.total,
            ..AssignCohortResponse::default()
        };
        if it.dry_run || told.matched == 0 {
            let only = AssignCohortResponse { last: true, ..told };
            return Ok(Response::new(Box::pin(stream::iter([Ok(only)]))));
        }
        let institution_id = it.institution_id;
        let cohort = Cohort { api: self.clone(), call, institution_id, considered, rows, plan, told };
        Ok(Response::new(cohort.carry_out()))
    }
}
