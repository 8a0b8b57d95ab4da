//! A desk to test at: the service, other services that say what they are told to say, and callers of every sort.

use std::time::Duration;
use studium_kit::{Event, Running};
use studium_log::Log;
use studium_proto::catalogue::v1::{
    CourseSkillsSet, MentorshipPlanSet, ProgrammeComposed, ProgrammeCreated, ProgrammeDescribed, Skill, course_event,
    programme_event,
};
use studium_proto::enrolment::v1::{ProgrammeJoined, ProgrammePaymentRecorded, programme_enrolment_event};
use studium_proto::mentorship::v1::{
    AcceptProposalRequest, GetMentorshipRequest, GetTermsRequest, ListMentorsRequest, Mentor, MentorDescribed,
    Mentorship, RegisterMentorRequest, mentor_service_client::MentorServiceClient, mentorship_event,
    mentorship_service_client::MentorshipServiceClient,
};
use studium_testkit::{Caller, Elsewhere, House, Postgres};
use tonic::Status;

/// A day, milliseconds.
pub const DAY: i64 = 24 * 3_600_000;

/// Asks again while a view is late, as it can be on a busy machine; every other answer is taken as it is.
macro_rules! patiently {
    ($ask:expr) => {{
        let mut tries = 1;
        loop {
            match $ask.await {
                Err(late) if late.code() == tonic::Code::Unavailable && tries < 20 => tries += 1,
                answer => break answer.map(tonic::Response::into_inner),
            }
        }
    }};
}
pub(crate) use patiently;

pub struct Desk {
    pub house: House,
    pub running: Running,
    pub elsewhere: Elsewhere,
}

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        let log = Log::memory();
        let house = House::new(log.clone()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let running = house.start(studium_mentorship::service()).await.unwrap();
        Self { running, elsewhere: Elsewhere::new(log), house }
    }

    /// Somebody of the platform.
    pub async fn registrar(&self) -> Caller {
        self.house.registrar(&self.running).await.unwrap()
    }

    pub async fn caller(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> Caller {
        self.house.call(&self.running, subject, roles, institutions).await.unwrap()
    }

    pub async fn learner(&self, subject: &str) -> Caller {
        self.caller(subject, &["learner"], &[]).await
    }

    pub async fn mentor(&self, subject: &str) -> Caller {
        self.caller(subject, &["mentor"], &[]).await
    }

    pub async fn mentors(&self) -> MentorServiceClient<Caller> {
        MentorServiceClient::new(self.registrar().await)
    }

    pub async fn mentorships(&self) -> MentorshipServiceClient<Caller> {
        MentorshipServiceClient::new(self.registrar().await)
    }

    pub async fn head(&self) -> u64 {
        self.house.log().head("mentorship").await.unwrap()
    }

    /// A mentor for the whole platform who speaks English and knows `rust`.
    pub async fn with_mentor(&self, mentor: &str, capacity: u32) -> u64 {
        self.with_mentor_since(mentor, capacity, 0).await
    }

    /// The same, since a time; 0 = now.
    pub async fn with_mentor_since(&self, mentor: &str, capacity: u32, at_ms: i64) -> u64 {
        let profile = MentorDescribed {
            name: mentor.to_uppercase(),
            skills: vec!["rust".into()],
            languages: vec!["en".into()],
            time_zone: "Europe/Lisbon".into(),
            about: String::new(),
        };
        let (mentor_id, profile) = (mentor.to_owned(), Some(profile));
        let request = RegisterMentorRequest { mentor_id, profile, capacity, at_ms, ..RegisterMentorRequest::default() };
        self.mentors().await.register_mentor(request).await.unwrap().into_inner().position
    }

    /// Has the catalogue tell of a programme of institution `ou` in English whose one course `c` trains `rust`,
    /// with mentorship that answers within 4 hours.
    pub async fn with_programme(&self, programme: &str) {
        let skill = Skill { uri: String::new(), label: "Rust".into() };
        let skills = course_event::Event::CourseSkillsSet(CourseSkillsSet { skills: vec![skill] });
        self.elsewhere.say("c", vec![skills]).await;
        let plan = MentorshipPlanSet { included: true, answer_within_minutes: 240, ..MentorshipPlanSet::default() };
        let created = ProgrammeCreated { institution_id: "ou".into(), ..ProgrammeCreated::default() };
        let described = ProgrammeDescribed {
            title: "Rust engineer".into(),
            language: "en".into(),
            ..ProgrammeDescribed::default()
        };
        let composed = ProgrammeComposed { required_course_ids: vec!["c".into()], ..ProgrammeComposed::default() };
        let events = vec![
            programme_event::Event::ProgrammeCreated(created),
            programme_event::Event::ProgrammeDescribed(described),
            programme_event::Event::ProgrammeComposed(composed),
            programme_event::Event::MentorshipPlanSet(plan),
        ];
        self.elsewhere.say(programme, events).await;
        for _ in 0..500 {
            let request = GetTermsRequest { programme_id: programme.into(), min_position: 0 };
            let terms = self.mentorships().await.get_terms(request).await.unwrap().into_inner().terms.unwrap();
            if terms.first_answer_minutes == 240 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the programme was never heard of");
    }

    /// Has enrolment tell that a learner joined programme `p` of `ou`, which has mentorship; to be paid or not.
    pub async fn joins(&self, learner: &str, amount_due_minor: i64) {
        let joined = ProgrammeJoined {
            institution_id: "ou".into(),
            programme_version: 1,
            required_course_ids: vec!["c".into()],
            mentorship: true,
            round: 1,
            amount_due_minor,
            ..ProgrammeJoined::default()
        };
        self.programme_says(learner, programme_enrolment_event::Event::ProgrammeJoined(joined)).await;
    }

    pub async fn pays(&self, learner: &str) {
        let paid = ProgrammePaymentRecorded { settled: true, ..ProgrammePaymentRecorded::default() };
        self.programme_says(learner, programme_enrolment_event::Event::ProgrammePaymentRecorded(paid)).await;
    }

    /// Has enrolment tell something of a learner's place in programme `p`.
    pub async fn programme_says(&self, learner: &str, event: programme_enrolment_event::Event) {
        self.elsewhere.say(&format!("p~{learner}"), vec![event]).await;
    }

    /// The mentorship of a learner in programme `p` as its view shows it now; none if nobody asked for it.
    pub async fn mentorship(&self, learner: &str) -> Option<Mentorship> {
        let request = GetMentorshipRequest {
            programme_id: "p".into(),
            learner_id: learner.into(),
            min_position: self.head().await,
            ..GetMentorshipRequest::default()
        };
        match patiently!(self.mentorships().await.get_mentorship(request.clone())) {
            Ok(it) => it.mentorship,
            Err(e) if e.code() == tonic::Code::NotFound => None,
            Err(e) => panic!("{e}"),
        }
    }

    /// The mentorship once it is as expected; policies take their time.
    pub async fn becomes(&self, learner: &str, what: &str, expected: impl Fn(&Mentorship) -> bool) -> Mentorship {
        let mut seen = None;
        for _ in 0..500 {
            seen = self.mentorship(learner).await;
            if let Some(it) = seen.as_ref().filter(|it| expected(it)) {
                return it.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{learner}: never {what}: {seen:?}")
    }

    /// The mentor as its view shows it now.
    pub async fn shown_mentor(&self, mentor: &str) -> Mentor {
        let min_position = self.head().await;
        let request = ListMentorsRequest { min_position, ..ListMentorsRequest::default() };
        let all = patiently!(self.mentors().await.list_mentors(request.clone())).unwrap().mentors;
        all.into_iter().find(|it| it.mentor_id == mentor).unwrap()
    }

    /// Waits until these mentors have so many places taken.
    pub async fn loads(&self, expected: &[(&str, u32)]) {
        for (mentor, load) in expected {
            let mut seen = 0;
            for _ in 0..500 {
                seen = self.shown_mentor(mentor).await.load;
                if seen == *load {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert_eq!(seen, *load, "{mentor} has never so many places taken");
        }
    }

    /// Waits until so many events of this name have happened to the mentorship of a learner in programme `p`.
    pub async fn has_happened(&self, learner: &str, name: &str, times: usize) {
        self.has_happened_to::<mentorship_event::Event>(&format!("p~{learner}"), name, times).await;
    }

    /// The same for any aggregate.
    pub async fn has_happened_to<E: Event>(&self, id: &str, name: &str, times: usize) {
        let mut seen = Vec::new();
        for _ in 0..500 {
            seen = events::<E>(self.house.log(), id).await;
            if seen.iter().filter(|it| **it == name).count() >= times {
                self.caught_up().await;
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{name} never happened {times} times to {id}: {seen:?}")
    }

    /// How many events of this name have happened to the mentorship of a learner in programme `p`.
    pub async fn times(&self, learner: &str, name: &str) -> usize {
        let seen = events::<mentorship_event::Event>(self.house.log(), &format!("p~{learner}")).await;
        seen.iter().filter(|it| **it == name).count()
    }

    /// Waits until the views have seen what was written.
    pub async fn caught_up(&self) {
        let request = ListMentorsRequest { min_position: self.head().await, ..ListMentorsRequest::default() };
        patiently!(self.mentors().await.list_mentors(request.clone())).unwrap();
    }

    pub async fn accepts(&self, mentor: &str, learner: &str) -> Result<u64, Status> {
        let request = AcceptProposalRequest {
            programme_id: "p".into(),
            learner_id: learner.into(),
            mentor_id: mentor.into(),
            at_ms: 0,
        };
        let mut client = MentorshipServiceClient::new(self.mentor(mentor).await);
        client.accept_proposal(request).await.map(|it| it.into_inner().position)
    }

    /// Learner `learner` of programme `p` has mentor `mentor`, who must be the only one with a free place.
    pub async fn mentored(&self, learner: &str, mentor: &str) -> Mentorship {
        self.joins(learner, 0).await;
        self.becomes(learner, "open to an answer", |it| it.proposed_mentor_id == mentor && it.answer_by_ms > 0).await;
        self.accepts(mentor, learner).await.unwrap();
        self.becomes(learner, "mentored", |it| it.mentor_id == mentor).await
    }
}

/// Names of the events of an aggregate, in order.
async fn events<E: Event>(log: &Log, id: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    for position in 1..=log.head("mentorship").await.unwrap() {
        let stored = log.read("mentorship", position).await.unwrap().unwrap();
        if stored.aggregate() == E::AGGREGATE && stored.id() == id {
            let read = |it: &Vec<u8>| E::from_bytes(it).unwrap().unwrap().name();
            names.extend(stored.commit.events.iter().map(|it| read(&it.to_vec())));
        }
    }
    names
}

/// The reason that a refusal carries.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}
