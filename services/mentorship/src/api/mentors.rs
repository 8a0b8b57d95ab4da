//! Calls that concern mentors.

use super::{Api, Reply, TEXT_MAX, done, names, no, time_zone};
use crate::{
    mentor::{Command, Mentor},
    mentors::{self, MentorRow, Mentors},
};
use studium_kit::{By, Call, Fields, Outcome, Page, fault};
use studium_proto::mentorship::v1::{
    BlockPairRequest, BlockPairResponse, BlockedBy, DescribeMentorRequest, DescribeMentorResponse, GetMentorRequest,
    GetMentorResponse, LeaveMentorRequest, LeaveMentorResponse, ListMentorsRequest, ListMentorsResponse,
    MentorDescribed, PauseMentorRequest, PauseMentorResponse, Reason, RegisterMentorRequest, RegisterMentorResponse,
    ResumeMentorRequest, ResumeMentorResponse, SetCapacityRequest, SetCapacityResponse, mentor_event::Event,
    mentor_service_server::MentorService,
};
use tonic::{Request, Response, Status};

/// The most mentees that one person can have.
const CAPACITY_MAX: u32 = 500;

impl Api {
    /// Asks a mentor; the caller is the mentor, staff of `institution`, or acts for the platform.
    async fn mentor(
        &self,
        (call, at_ms): (Call, i64),
        mut fields: Fields,
        (mentor, institution): (&str, &str),
        command: Command,
    ) -> Result<Outcome<Event>, Status> {
        fields.id("mentor_id", mentor);
        fields.optional_id("institution_id", institution);
        fields.done()?;
        let call = call.at(at_ms)?;
        let own = if matches!(command, Command::Register { .. }) { "" } else { mentor };
        let asked = By::caller(&call, &[own], institution).asks(command);
        self.app.decide::<Mentor>(&call, mentor, &asked).await
    }
}

fn profile(fields: &mut Fields, profile: Option<&MentorDescribed>) {
    let Some(it) = profile else { return fields.check("profile", false, "is not given") };
    fields.optional_text("profile.name", &it.name, super::NAME_MAX);
    fields.optional_text("profile.about", &it.about, TEXT_MAX);
    names(fields, "profile.skills", &it.skills);
    names(fields, "profile.languages", &it.languages);
    time_zone(fields, "profile.time_zone", &it.time_zone);
}

#[tonic::async_trait]
impl MentorService for Api {
    async fn register_mentor(&self, request: Request<RegisterMentorRequest>) -> Reply<RegisterMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        profile(&mut fields, it.profile.as_ref());
        fields.check("capacity", it.capacity <= CAPACITY_MAX, "is more than 500");
        let command = Command::Register {
            mentor_id: it.mentor_id.clone(),
            institution_id: it.institution_id.clone(),
            profile: it.profile.unwrap_or_default(),
            capacity: it.capacity,
        };
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(RegisterMentorResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn describe_mentor(&self, request: Request<DescribeMentorRequest>) -> Reply<DescribeMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        profile(&mut fields, it.profile.as_ref());
        let command = Command::Describe(it.profile.unwrap_or_default());
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(DescribeMentorResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn set_capacity(&self, request: Request<SetCapacityRequest>) -> Reply<SetCapacityResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("capacity", it.capacity <= CAPACITY_MAX, "is more than 500");
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        let command = Command::SetCapacity(it.capacity);
        done!(SetCapacityResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn pause_mentor(&self, request: Request<PauseMentorRequest>) -> Reply<PauseMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        fields.check("until_ms", it.until_ms >= 0, "is negative");
        let command = Command::Pause { until_ms: it.until_ms, reason: it.reason };
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(PauseMentorResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn resume_mentor(&self, request: Request<ResumeMentorRequest>) -> Reply<ResumeMentorResponse> {
        let (call, it) = Call::open(request)?;
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(ResumeMentorResponse, self.mentor((call, it.at_ms), Fields::new(), ids, Command::Resume).await?)
    }

    async fn leave_mentor(&self, request: Request<LeaveMentorRequest>) -> Reply<LeaveMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        let command = Command::Leave { reason: it.reason };
        done!(LeaveMentorResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn block_pair(&self, request: Request<BlockPairRequest>) -> Reply<BlockPairResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let blocked_by = match call.caller.subject.as_str() {
            subject if subject == it.mentor_id => BlockedBy::Mentor,
            subject if subject == it.learner_id => BlockedBy::Learner,
            _ => BlockedBy::Staff,
        };
        let command = Command::Block { learner_id: it.learner_id, by: blocked_by, reason: it.reason };
        let ids = (it.mentor_id.as_str(), it.institution_id.as_str());
        done!(BlockPairResponse, self.mentor((call, it.at_ms), fields, ids, command).await?)
    }

    async fn get_mentor(&self, request: Request<GetMentorRequest>) -> Reply<GetMentorResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("mentor_id", &it.mentor_id);
        fields.done()?;
        self.app.reached::<Mentors>(it.min_position).await?;
        let row = mentors::mentor(self.app.store(), &it.mentor_id).await.map_err(fault)?;
        let Some(row) = row else {
            return Err(no(Reason::MentorNotFound, "no such mentor is registered", &it.mentor_id));
        };
        let asks = By::caller(&call, &[&it.mentor_id], &it.institution_id);
        if !asks.acts_for(&row.institution_id) {
            return Err(no(Reason::NotYourInstitution, "the mentor works for another institution", &it.mentor_id));
        }
        Ok(Response::new(GetMentorResponse { mentor: Some(row.shown()) }))
    }

    async fn list_mentors(&self, request: Request<ListMentorsRequest>) -> Reply<ListMentorsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Mentors>(it.min_position).await?;
        let rows = mentors::mentors(self.app.store(), &it.institution_id, it.with_free_places, &page);
        let rows = rows.await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.mentor_id.clone());
        let mentors = rows.into_iter().map(MentorRow::shown).collect();
        Ok(Response::new(ListMentorsResponse { mentors, next_page_token }))
    }
}
