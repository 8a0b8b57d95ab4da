//! What the bench gives mentors at: three programmes over the same learners, each of an institution with mentors of its
//! own who are alike, so that what one programme takes is not missing in the other.

use super::people;
use crate::{
    client::{Channel, failed},
    platform::Platform,
};
use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::ops::Range;
use studium_log::{Log, LogConfig};
use studium_proto::mentorship::v1::{
    AssignCohortRequest, AssignCohortResponse, DescribeMenteeRequest, GetMentorshipRequest, ListMentorshipsRequest,
    Mentorship, RegisterMentorRequest, RequestMentorshipRequest, SetTermsRequest, TermsSet,
    cohort_service_client::CohortServiceClient, mentor_service_client::MentorServiceClient,
    mentorship_service_client::MentorshipServiceClient,
};

/// Calls in flight, and the connections that they share.
pub const IN_FLIGHT: usize = 64;
const CONNECTIONS: usize = 4;

/// Rows of one page.
const PAGE: u32 = 500;

/// A programme, whose institution has the same name and mentors of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Programme {
    /// Each learner is matched alone.
    Alone,
    /// All are matched together, with places to spare.
    Together,
    /// All are matched together, and there are places for nine in ten.
    Scarce,
}

impl Programme {
    /// Its id, and its institution's.
    pub fn id(self) -> &'static str {
        match self {
            Self::Alone => "bench-alone",
            Self::Together => "bench-together",
            Self::Scarce => "bench-scarce",
        }
    }
}

/// Connections to the mentorship service.
pub struct MentorDesk {
    /// The platform.
    pub platform: Platform,
    /// Its log, as an observer sees it.
    pub log: Log,
    channels: Vec<Channel>,
}

/// A learner of the bench.
pub fn learner(n: u32) -> String {
    format!("bench-learner-{n:05}")
}

impl MentorDesk {
    /// Connects.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let mut channels = vec![];
        for _ in 0..CONNECTIONS {
            channels.push(platform.connect("mentorship", &["registrar"]).await?);
        }
        let log = LogConfig {
            url: platform.state.nats.clone(),
            durability: platform.state.durability,
            ..LogConfig::default()
        };
        Ok(Self { platform: platform.clone(), log: Log::connect(&log).await?, channels })
    }

    fn channel(&self, n: u32) -> Channel {
        self.channels[n as usize % CONNECTIONS].clone()
    }

    /// Mentorships, over one of the connections.
    pub fn mentorships(&self, n: u32) -> MentorshipServiceClient<Channel> {
        MentorshipServiceClient::new(self.channel(n))
    }

    /// Says what the first so many learners speak and want.
    pub async fn describe(&self, learners: u32) -> Result<()> {
        let describe = |n: u32| {
            let profile = Some(people::learner(n));
            let request = DescribeMenteeRequest { learner_id: learner(n), profile, at_ms: 0 };
            let mut client = self.mentorships(n);
            async move { client.describe_mentee(request).await.map(drop).map_err(failed) }
        };
        stream::iter(0..learners).map(describe).buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// Registers a programme's mentors with so many places each.
    pub async fn register(&self, programme: Programme, places: &[u32]) -> Result<()> {
        let register = |(n, capacity): (u32, u32)| {
            let request = RegisterMentorRequest {
                mentor_id: format!("{}-mentor-{n:04}", programme.id()),
                institution_id: programme.id().to_owned(),
                profile: Some(people::mentor(n)),
                capacity,
                at_ms: 0,
            };
            let mut client = MentorServiceClient::new(self.channel(n));
            async move { client.register_mentor(request).await.map(drop).map_err(failed) }
        };
        let mentors = (0..).zip(places.iter().copied());
        stream::iter(mentors).map(register).buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// Has who joins the programme wait until all are matched together.
    pub async fn wait_for_cohort(&self, programme: Programme) -> Result<()> {
        let terms = Some(TermsSet { cohort_matching: true, ..TermsSet::default() });
        let request = SetTermsRequest { programme_id: programme.id().to_owned(), terms, at_ms: 0 };
        self.mentorships(0).set_terms(request).await.map(drop).map_err(failed)
    }

    /// One learner asks for a mentor.
    pub async fn request(&self, programme: Programme, n: u32) -> Result<()> {
        let request = RequestMentorshipRequest {
            programme_id: programme.id().to_owned(),
            learner_id: learner(n),
            institution_id: programme.id().to_owned(),
            ..RequestMentorshipRequest::default()
        };
        self.mentorships(n).request_mentorship(request).await.map(drop).map_err(failed)
    }

    /// Some learners ask for a mentor.
    pub async fn request_all(&self, programme: Programme, learners: Range<u32>) -> Result<()> {
        let requests = stream::iter(learners).map(|n| self.request(programme, n));
        requests.buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// Matches all who wait; the first answer comes when the matching is there, the last when all of it is asked for.
    pub async fn assign(&self, programme: Programme, dry_run: bool) -> Result<AssignCohortResponse> {
        let min_position = self.log.head("mentorship").await?;
        let programme_id = programme.id().to_owned();
        let request = AssignCohortRequest { programme_id, dry_run, min_position, ..AssignCohortRequest::default() };
        let mut client = CohortServiceClient::new(self.channel(0));
        let mut answers = client.assign_cohort(request).await.map_err(failed)?.into_inner();
        let mut last = AssignCohortResponse::default();
        while let Some(answer) = answers.message().await.map_err(failed)? {
            last = answer;
        }
        Ok(last)
    }

    /// One mentorship, once the views have seen a position.
    pub async fn mentorship(&self, programme: Programme, learner_id: &str, min_position: u64) -> Result<Mentorship> {
        let request = GetMentorshipRequest {
            programme_id: programme.id().to_owned(),
            learner_id: learner_id.to_owned(),
            min_position,
            ..GetMentorshipRequest::default()
        };
        let told = self.mentorships(0).get_mentorship(request).await.map_err(failed)?.into_inner();
        Ok(told.mentorship.unwrap_or_default())
    }

    /// All mentorships of a programme.
    pub async fn all(&self, programme: Programme) -> Result<Vec<Mentorship>> {
        let min_position = self.log.head("mentorship").await?;
        let (mut all, mut page_token) = (vec![], String::new());
        loop {
            let request = ListMentorshipsRequest {
                programme_id: programme.id().to_owned(),
                page_size: PAGE,
                page_token,
                min_position,
                ..ListMentorshipsRequest::default()
            };
            let page = self.mentorships(0).list_mentorships(request).await.map_err(failed)?.into_inner();
            all.extend(page.mentorships);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}
