//! A programme with mentorship on a running platform: set up, joined, mentored and completed over gRPC.

use crate::{
    office::{Told, asked, connect, connect_as, for_all, learner},
    platform::World,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use studium_cli::client::Channel;
use studium_log::Log;
use studium_proto::catalogue::v1::{
    ApproveProgrammeRequest, ComposeProgrammeRequest, CreateProgrammeRequest, DescribeProgrammeRequest,
    ImportCoursesRequest, MentorshipPlanSet, OpenRunRequest, Pacing, ProgrammeComposed, ProgrammeDescribed,
    ProgrammeKind, PublishProgrammeRequest, ScheduleRunRequest, SetMentorshipPlanRequest, SubmitProgrammeRequest,
    course_run_service_client::CourseRunServiceClient, import_service_client::ImportServiceClient,
    programme_service_client::ProgrammeServiceClient,
};
use studium_proto::enrolment::v1::{
    CompleteRequest, EnrolRequest, EnrolmentSource, JoinProgrammeRequest, Outcome, RecordProgrammePaymentRequest,
    enrolment_service_client::EnrolmentServiceClient,
    programme_enrolment_service_client::ProgrammeEnrolmentServiceClient,
};
use studium_proto::mentorship::v1::{
    AcceptProposalRequest, GetMentorshipRequest, GetMentorshipResponse, ListMentorsRequest, ListMentorshipsRequest,
    Mentor, MentorDescribed, Mentorship, RegisterMentorRequest, RequestHandOverRequest,
    mentor_service_client::MentorServiceClient, mentorship_service_client::MentorshipServiceClient,
};
use tonic::{Code, Status};

/// Learners, mentors, and places of each mentor: a few more than are needed.
pub const LEARNERS: usize = 40;
pub const MENTORS: usize = 8;
pub const PLACES: usize = 6;

/// The programme and its courses, whose runs have the same names.
const PROGRAMME: &str = "baker";
const COURSES: [&str; 2] = ["bread", "cake"];

/// What it costs, in cents.
const PRICE: i64 = 29_900;

const DAY: i64 = 24 * 3_600_000;

/// What learners do one after the other.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// They join the programme and pay.
    JoinAndPay,
    /// The mentor who is proposed accepts.
    FindMentor,
    /// They ask for another mentor, who accepts.
    HandOver,
    /// They enrol in all courses and complete them.
    PassCourses,
}

/// The registrar's connections to a platform, and which commands were acknowledged at which position of which stream.
#[derive(Clone)]
pub struct Desk {
    enrolment: Channel,
    mentorship: Channel,
    offered: u64,
    acknowledged: Arc<Mutex<BTreeMap<String, (&'static str, u64)>>>,
}

impl Desk {
    pub async fn open(world: &World) -> Self {
        Self {
            enrolment: connect(world, "enrolment").await,
            mentorship: connect(world, "mentorship").await,
            offered: world.log().await.head("catalogue").await.unwrap(),
            acknowledged: Arc::default(),
        }
    }

    /// The same after a restart.
    pub async fn reopened(self, world: &World) -> Self {
        Self { acknowledged: self.acknowledged, ..Self::open(world).await }
    }

    fn mentorships(&self) -> MentorshipServiceClient<Channel> {
        MentorshipServiceClient::new(self.mentorship.clone())
    }

    /// The programme, and mentors who have places for all of it and a few more.
    pub async fn set_up(&mut self, world: &World) {
        self.offered = publish(world).await;
        for number in 0..MENTORS {
            let profile = MentorDescribed {
                name: format!("Mentor {number}"),
                skills: vec!["baking".into()],
                languages: vec!["en".into()],
                time_zone: "Europe/Paris".into(),
                about: String::new(),
            };
            let register = RegisterMentorRequest {
                mentor_id: format!("mentor-{number}"),
                profile: Some(profile),
                capacity: u32::try_from(PLACES).unwrap(),
                ..RegisterMentorRequest::default()
            };
            MentorServiceClient::new(self.mentorship.clone()).register_mentor(register).await.unwrap();
        }
    }

    /// The first so many learners do something, until the platform does not answer.
    pub async fn play(self, act: Act, first: usize, told: Told) {
        for_all(first, &told, |number| self.clone().one(act, number)).await;
    }

    async fn one(self, act: Act, number: usize) -> Result<(), Status> {
        match act {
            Act::JoinAndPay => self.join_and_pay(number).await,
            Act::FindMentor => self.accept(number, 1).await,
            Act::HandOver => self.hand_over(number).await,
            Act::PassCourses => self.pass_courses(number).await,
        }
    }

    /// Notes that a command was acknowledged.
    fn note(&self, key: &str, stream: &'static str, position: u64) {
        self.acknowledged.lock().unwrap().insert(key.to_owned(), (stream, position));
    }

    async fn join_and_pay(&self, number: usize) -> Result<(), Status> {
        let mut client = ProgrammeEnrolmentServiceClient::new(self.enrolment.clone());
        let join = JoinProgrammeRequest {
            programme_id: PROGRAMME.into(),
            learner_id: learner(number),
            source: EnrolmentSource::SelfPaid.into(),
            catalogue_position: self.offered,
            ..JoinProgrammeRequest::default()
        };
        let key = format!("join-{number}");
        let position = client.join_programme(asked(&key, join)).await?.into_inner().position;
        self.note(&key, "enrolment", position);
        let pay = RecordProgrammePaymentRequest {
            programme_id: PROGRAMME.into(),
            learner_id: learner(number),
            payment_id: format!("payment-{number}"),
            amount_minor: PRICE,
            currency: "EUR".into(),
            ..RecordProgrammePaymentRequest::default()
        };
        let key = format!("pay-{number}");
        let position = client.record_programme_payment(asked(&key, pay)).await?.into_inner().position;
        self.note(&key, "enrolment", position);
        Ok(())
    }

    /// Waits until the learner has had so many mentors; whoever is proposed accepts.
    async fn accept(&self, number: usize, mentors: usize) -> Result<(), Status> {
        for _ in 0..1_200 {
            let seen = self.seen(number).await?;
            if seen.terms.len() >= mentors {
                return Ok(());
            }
            let open = seen.mentorship.filter(|it| it.answer_by_ms > 0);
            if let Some(it) = open {
                let accept = AcceptProposalRequest {
                    programme_id: PROGRAMME.into(),
                    learner_id: learner(number),
                    mentor_id: it.proposed_mentor_id.clone(),
                    at_ms: 0,
                };
                let key = format!("accept-{number}-{}", it.proposed_mentor_id);
                let position = self.mentorships().accept_proposal(asked(&key, accept)).await?.into_inner().position;
                self.note(&key, "mentorship", position);
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} has not had {mentors} mentors: {:?}", learner(number), self.seen(number).await);
    }

    async fn hand_over(&self, number: usize) -> Result<(), Status> {
        let ask = RequestHandOverRequest {
            programme_id: PROGRAMME.into(),
            learner_id: learner(number),
            ..RequestHandOverRequest::default()
        };
        let key = format!("hand-over-{number}");
        let position = self.mentorships().request_hand_over(asked(&key, ask)).await?.into_inner().position;
        self.note(&key, "mentorship", position);
        self.accept(number, 2).await
    }

    async fn pass_courses(&self, number: usize) -> Result<(), Status> {
        let mut client = EnrolmentServiceClient::new(self.enrolment.clone());
        for course in COURSES {
            let enrol = EnrolRequest {
                run_id: course.into(),
                learner_id: learner(number),
                source: EnrolmentSource::Programme.into(),
                source_ref: PROGRAMME.into(),
                catalogue_position: self.offered,
                ..EnrolRequest::default()
            };
            let key = format!("enrol-{course}-{number}");
            let position = client.enrol(asked(&key, enrol)).await?.into_inner().position;
            self.note(&key, "enrolment", position);
            let complete = CompleteRequest {
                run_id: course.into(),
                learner_id: learner(number),
                outcome: Outcome::Passed.into(),
                ..CompleteRequest::default()
            };
            let key = format!("complete-{course}-{number}");
            let position = client.complete(asked(&key, complete)).await?.into_inner().position;
            self.note(&key, "enrolment", position);
        }
        Ok(())
    }

    /// A learner's mentorship and mentors so far.
    async fn seen(&self, number: usize) -> Result<GetMentorshipResponse, Status> {
        let request = GetMentorshipRequest {
            programme_id: PROGRAMME.into(),
            learner_id: learner(number),
            ..GetMentorshipRequest::default()
        };
        match self.mentorships().get_mentorship(request).await {
            Err(e) if e.code() == Code::NotFound => Ok(GetMentorshipResponse::default()),
            answer => answer.map(tonic::Response::into_inner),
        }
    }

    /// All mentorships.
    pub async fn all(&self) -> Vec<Mentorship> {
        let request = ListMentorshipsRequest { page_size: 500, ..ListMentorshipsRequest::default() };
        self.mentorships().list_mentorships(request).await.unwrap().into_inner().mentorships
    }

    /// All mentors.
    pub async fn mentors(&self) -> Vec<Mentor> {
        let request = ListMentorsRequest { page_size: 500, ..ListMentorsRequest::default() };
        let mut client = MentorServiceClient::new(self.mentorship.clone());
        client.list_mentors(request).await.unwrap().into_inner().mentors
    }

    /// Everything that the views show.
    pub async fn shown(&self) -> (Vec<Mentor>, Vec<GetMentorshipResponse>) {
        let mut learners = vec![];
        for number in 0..LEARNERS {
            learners.push(self.seen(number).await.unwrap());
        }
        (self.mentors().await, learners)
    }

    /// Each acknowledged command is in its stream once, where its answer said.
    pub async fn acknowledged_once(&self, log: &Log) {
        let acknowledged = self.acknowledged.lock().unwrap().clone();
        let commands = LEARNERS * (2 + 2 * COURSES.len());
        assert!(acknowledged.len() >= commands, "{} of at least {commands}", acknowledged.len());
        let mut stands: BTreeMap<String, Vec<(&str, u64)>> = BTreeMap::new();
        for stream in ["enrolment", "mentorship"] {
            for position in 1..=log.head(stream).await.unwrap() {
                let request = log.read(stream, position).await.unwrap().unwrap().commit.request_id.clone();
                stands.entry(request).or_default().push((stream, position));
            }
        }
        for (key, place) in acknowledged {
            assert_eq!(stands.get(&key), Some(&vec![place]), "{key}");
        }
    }
}

/// Courses with a run each, and the programme with mentorship that they make.
async fn publish(world: &World) -> u64 {
    let catalogue = connect(world, "catalogue").await;
    let mut required_course_ids = vec![];
    for slug in COURSES {
        required_course_ids.push(course(catalogue.clone(), slug).await);
    }
    let programme_id = PROGRAMME.to_owned();
    let mut author = ProgrammeServiceClient::new(catalogue);
    let mut reviewer = ProgrammeServiceClient::new(connect_as(world, "catalogue", "reviewer").await);
    let create = CreateProgrammeRequest {
        programme_id: programme_id.clone(),
        institution_id: "ou".into(),
        kind: ProgrammeKind::Nanodegree.into(),
        title: "Baker".into(),
        at_ms: 0,
    };
    author.create_programme(create).await.unwrap();
    let description = ProgrammeDescribed {
        title: "Baker".into(),
        language: "en".into(),
        price_minor: PRICE,
        currency: "EUR".into(),
        ..ProgrammeDescribed::default()
    };
    let describe = DescribeProgrammeRequest {
        programme_id: programme_id.clone(),
        description: Some(description),
        ..DescribeProgrammeRequest::default()
    };
    author.describe_programme(describe).await.unwrap();
    let compose = ComposeProgrammeRequest {
        programme_id: programme_id.clone(),
        composition: Some(ProgrammeComposed { required_course_ids, ..ProgrammeComposed::default() }),
        ..ComposeProgrammeRequest::default()
    };
    author.compose_programme(compose).await.unwrap();
    let plan = Some(MentorshipPlanSet { included: true, ..MentorshipPlanSet::default() });
    let mentorship =
        SetMentorshipPlanRequest { programme_id: programme_id.clone(), plan, ..SetMentorshipPlanRequest::default() };
    author.set_mentorship_plan(mentorship).await.unwrap();
    let submit = SubmitProgrammeRequest { programme_id: programme_id.clone(), ..SubmitProgrammeRequest::default() };
    author.submit_programme(submit).await.unwrap();
    let approve = ApproveProgrammeRequest { programme_id: programme_id.clone(), ..ApproveProgrammeRequest::default() };
    reviewer.approve_programme(approve).await.unwrap();
    let publish = PublishProgrammeRequest { programme_id, ..PublishProgrammeRequest::default() };
    author.publish_programme(publish).await.unwrap().into_inner().position
}

/// A course, and a run of it that is open.
async fn course(catalogue: Channel, slug: &str) -> String {
    let row = ImportCoursesRequest {
        row: 1,
        slug: slug.into(),
        title: slug.into(),
        institution: "Open University".into(),
        institution_id: "ou".into(),
        ..ImportCoursesRequest::default()
    };
    let answers = ImportServiceClient::new(catalogue.clone()).import_courses(futures::stream::iter([row])).await;
    let row = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    assert_eq!(row.reason, "");
    let now = jiff::Timestamp::now().as_millisecond();
    let schedule = ScheduleRunRequest {
        run_id: slug.into(),
        course_id: row.course_id.clone(),
        title: "Now".into(),
        starts_at_ms: now - DAY,
        ends_at_ms: now + 100 * DAY,
        enrol_from_ms: now - DAY,
        enrol_until_ms: now + 100 * DAY,
        pacing: Pacing::Self_.into(),
        ..ScheduleRunRequest::default()
    };
    let mut runs = CourseRunServiceClient::new(catalogue);
    runs.schedule_run(schedule).await.unwrap();
    runs.open_run(OpenRunRequest { run_id: slug.into(), ..OpenRunRequest::default() }).await.unwrap();
    row.course_id
}
