//! Who acts in the mentors' story: connections in their names, and what the views say.

use super::{
    people::{LEARNERS, MENTORS, Mentor},
    programme::PROGRAMME,
};
use crate::{
    client::{Channel, failed},
    demo::desk::{Desk, answer, settled},
    token::Wanted,
};
use anyhow::{Context as _, Result};
use studium_proto::{
    admin::v1::{TraceRequest, TracedCommit},
    mentorship::v1::{
        GetMentorshipRequest, GetMentorshipResponse, ListMentorsRequest, Mentor as ShownMentor,
        mentor_service_client::MentorServiceClient, mentorship_service_client::MentorshipServiceClient,
    },
};
use tonic::Code;

/// Everybody who acts in the mentors' story.
pub struct Office<'a> {
    /// The desk of the whole demo.
    pub desk: &'a Desk,
    /// The registrar, at the mentorship service.
    pub registrar: Channel,
    /// Each mentor.
    mentors: Vec<Channel>,
}

impl<'a> Office<'a> {
    /// Connects everybody.
    pub async fn open(desk: &'a Desk) -> Result<Self> {
        let mut mentors = vec![];
        for it in &MENTORS {
            mentors.push(person(desk, it.id, "mentor").await?);
        }
        Ok(Self { desk, registrar: person(desk, "demo-registrar", "registrar").await?, mentors })
    }

    /// Mentors as the registrar acts on them.
    pub fn mentors(&self) -> MentorServiceClient<Channel> {
        MentorServiceClient::new(self.registrar.clone())
    }

    /// Mentorships as the registrar sees them.
    pub fn mentorships(&self) -> MentorshipServiceClient<Channel> {
        MentorshipServiceClient::new(self.registrar.clone())
    }

    /// Mentorships as one of the mentors sees them.
    pub fn as_mentor(&self, mentor_id: &str) -> Result<MentorshipServiceClient<Channel>> {
        let who = MENTORS.iter().position(|it| it.id == mentor_id);
        let who = who.with_context(|| format!("`{mentor_id}` was proposed, who is no mentor of the story"))?;
        Ok(MentorshipServiceClient::new(self.mentors[who].clone()))
    }

    /// Mentorships as a learner sees them.
    pub async fn as_learner(&self, learner_id: &str) -> Result<MentorshipServiceClient<Channel>> {
        Ok(MentorshipServiceClient::new(person(self.desk, learner_id, "learner").await?))
    }

    /// A learner's mentorship and mentors so far; empty while nobody asked for one.
    pub async fn mentorship(&self, learner: usize) -> Result<GetMentorshipResponse> {
        let request = GetMentorshipRequest {
            programme_id: PROGRAMME.to_owned(),
            learner_id: LEARNERS[learner].id.to_owned(),
            ..GetMentorshipRequest::default()
        };
        match self.mentorships().get_mentorship(request).await {
            Ok(it) => Ok(it.into_inner()),
            Err(e) if e.code() == Code::NotFound => Ok(GetMentorshipResponse::default()),
            Err(e) => Err(failed(e)),
        }
    }

    /// A learner's mentorship once it is so.
    pub async fn once(
        &self,
        what: &str,
        learner: usize,
        is_so: impl Fn(&GetMentorshipResponse) -> bool,
    ) -> Result<GetMentorshipResponse> {
        settled(what, async || self.mentorship(learner).await, is_so).await
    }

    /// The mentorships of all learners of the story.
    pub async fn all(&self) -> Result<Vec<GetMentorshipResponse>> {
        let mut all = vec![];
        for learner in 0..LEARNERS.len() {
            all.push(self.mentorship(learner).await?);
        }
        Ok(all)
    }

    /// The mentors of the story with their places.
    pub async fn places(&self) -> Result<Vec<ShownMentor>> {
        let request = ListMentorsRequest { page_size: 500, ..ListMentorsRequest::default() };
        let mut all = answer(self.mentors().list_mentors(request).await)?.mentors;
        all.retain(|it| MENTORS.iter().any(|mentor| mentor.id == it.mentor_id));
        Ok(all)
    }

    /// What followed from one command.
    pub async fn story(&self, correlation_id: &str) -> Result<Vec<TracedCommit>> {
        let request = TraceRequest { correlation_id: correlation_id.to_owned() };
        let mut admin = self.desk.platform.admin("mentorship").await?;
        Ok(answer(admin.trace(request).await)?.commits)
    }
}

impl Office<'_> {
    /// Somebody at the mentorship service.
    pub async fn person(&self, subject: &str, role: &str) -> Result<Channel> {
        person(self.desk, subject, role).await
    }
}

async fn person(desk: &Desk, subject: &str, role: &str) -> Result<Channel> {
    let who = Wanted { subject: subject.to_owned(), roles: vec![role.to_owned()], ..Wanted::default() };
    desk.platform.connect_as("mentorship", &who).await
}

/// What a mentor is called.
pub fn called(mentor_id: &str) -> &str {
    MENTORS.iter().find(|it: &&Mentor| it.id == mentor_id).map_or(mentor_id, |it| it.name)
}
