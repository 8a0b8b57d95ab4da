//! A desk to test at: the service, a catalogue that says what it is told to say, and callers of every sort.

use std::time::Duration;
use studium_kit::Running;
use studium_log::Log;
use studium_proto::catalogue::v1::{
    Assessment, AssessmentPart, AssessmentSchemeSet, RunCapacitySet, RunOpened, RunScheduled, course_event,
    course_run_event, programme_event,
};
use studium_proto::enrolment::v1::{
    EnrolRequest, EnrolResponse, Enrolment, EnrolmentSource, EnrolmentState, GetEnrolmentRequest,
    enrolment_query_service_client::EnrolmentQueryServiceClient, enrolment_service_client::EnrolmentServiceClient,
    learner_service_client::LearnerServiceClient, programme_enrolment_service_client::ProgrammeEnrolmentServiceClient,
};
use studium_testkit::{Caller, Elsewhere, House, Postgres};
use tonic::{Code, Request, Status};

pub const DAY: i64 = 24 * 3_600_000;

pub struct Desk {
    pub house: House,
    pub running: Running,
    elsewhere: Elsewhere,
    pub now: i64,
}

pub type Acts = EnrolmentServiceClient<Caller>;
pub type Queries = EnrolmentQueryServiceClient<Caller>;
pub type People = LearnerServiceClient<Caller>;
pub type Places = ProgrammeEnrolmentServiceClient<Caller>;

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        Self::over(Log::memory(), postgres).await
    }

    /// The same over a log.
    pub async fn over(log: Log, postgres: Option<Postgres>) -> Self {
        let house = House::new(log.clone()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let running = house.start(service()).await.unwrap();
        Self { now: house.now_ms(), running, elsewhere: Elsewhere::new(log), house }
    }

    /// The service has stopped, lost its store and been started again.
    pub async fn without_its_store(self) -> Self {
        self.running.stop().await.unwrap();
        let running = self.house.start(service()).await.unwrap();
        Self { running, ..self }
    }

    /// Has the catalogue say something of a run; gives the position.
    pub async fn run_says(&self, run: &str, events: Vec<course_run_event::Event>) -> u64 {
        self.elsewhere.say_at(run, self.now, events).await
    }

    /// Has the catalogue say something of a course.
    pub async fn course_says(&self, course: &str, events: Vec<course_event::Event>) -> u64 {
        self.elsewhere.say_at(course, self.now, events).await
    }

    /// Has the catalogue say something of a programme.
    pub async fn programme_says(&self, programme: &str, events: Vec<programme_event::Event>) -> u64 {
        self.elsewhere.say_at(programme, self.now, events).await
    }

    /// A run of `ou` that is open, from 300 days ago to in 100 days; 0 seats = unlimited, and then without a line.
    pub async fn open_run(&self, run: &str, course: &str, capacity: u32, waiting_list: bool) -> u64 {
        let scheduled = self.scheduled(course, capacity, waiting_list);
        let opened = course_run_event::Event::RunOpened(RunOpened { course_version: 1 });
        self.run_says(run, vec![scheduled, opened]).await
    }

    pub fn scheduled(&self, course: &str, capacity: u32, waiting_list: bool) -> course_run_event::Event {
        course_run_event::Event::RunScheduled(RunScheduled {
            course_id: course.into(),
            institution_id: "ou".into(),
            starts_at_ms: self.now - 300 * DAY,
            ends_at_ms: self.now + 100 * DAY,
            enrol_from_ms: self.now - 300 * DAY,
            enrol_until_ms: self.now + 50 * DAY,
            capacity,
            waiting_list,
            ..RunScheduled::default()
        })
    }

    /// A scheme of one piece of coursework and an examination, half of the mark each; 40 % passes, 85 % with distinction.
    pub fn scheme(&self) -> course_run_event::Event {
        let assessment = |id: &str, part: AssessmentPart, due_at_ms| Assessment {
            assessment_id: id.into(),
            part: part.into(),
            weight_millipoints: 100_000,
            due_at_ms,
            ..Assessment::default()
        };
        course_run_event::Event::AssessmentSchemeSet(AssessmentSchemeSet {
            assessments: vec![
                assessment("tma", AssessmentPart::Coursework, self.now - DAY),
                assessment("exam", AssessmentPart::Exam, self.now + 90 * DAY),
            ],
            pass_mark_millipoints: 40_000,
            coursework_share_millipoints: 50_000,
            distinction_mark_millipoints: 85_000,
        })
    }

    pub fn seats(capacity: u32, waiting_list: bool) -> course_run_event::Event {
        course_run_event::Event::RunCapacitySet(RunCapacitySet { capacity, waiting_list })
    }

    pub async fn acts(&self) -> Acts {
        EnrolmentServiceClient::new(self.house.registrar(&self.running).await.unwrap())
    }

    pub async fn acts_as(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> Acts {
        EnrolmentServiceClient::new(self.house.call(&self.running, subject, roles, institutions).await.unwrap())
    }

    pub async fn queries(&self) -> Queries {
        EnrolmentQueryServiceClient::new(self.house.registrar(&self.running).await.unwrap())
    }

    pub async fn queries_as(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> Queries {
        EnrolmentQueryServiceClient::new(self.house.call(&self.running, subject, roles, institutions).await.unwrap())
    }

    pub async fn people(&self) -> People {
        LearnerServiceClient::new(self.house.registrar(&self.running).await.unwrap())
    }

    pub async fn places(&self) -> Places {
        ProgrammeEnrolmentServiceClient::new(self.house.registrar(&self.running).await.unwrap())
    }

    /// Enrols by a registrar, as staff.
    pub async fn enrol(&self, run: &str, learner: &str) -> Result<EnrolResponse, Status> {
        self.enrol_at(run, learner, 0).await
    }

    /// The same at a time.
    pub async fn enrol_at(&self, run: &str, learner: &str, at_ms: i64) -> Result<EnrolResponse, Status> {
        let head = self.house.log().head("catalogue").await.unwrap();
        let request = EnrolRequest { at_ms, catalogue_position: head, ..asking(run, learner) };
        Ok(self.acts().await.enrol(request).await?.into_inner())
    }

    /// The enrolment as the views show it once they have seen a position.
    pub async fn enrolment(&self, run: &str, learner: &str, min_position: u64) -> Enrolment {
        self.look(run, learner, min_position).await.unwrap()
    }

    async fn look(&self, run: &str, learner: &str, min_position: u64) -> Result<Enrolment, Status> {
        let request = GetEnrolmentRequest {
            run_id: run.into(),
            learner_id: learner.into(),
            min_position,
            ..GetEnrolmentRequest::default()
        };
        Ok(self.queries().await.get_enrolment(request).await?.into_inner().enrolment.unwrap())
    }

    /// Waits until an enrolment stands so; it may still have to come.
    pub async fn becomes(&self, run: &str, learner: &str, state: EnrolmentState) -> Enrolment {
        let mut last = Enrolment::default();
        for _ in 0..400 {
            let head = self.house.log().head("enrolment").await.unwrap();
            match self.look(run, learner, head).await {
                Ok(it) if it.state() == state => return it,
                Ok(it) => last = it,
                Err(status) => assert_eq!(status.code(), Code::NotFound, "{status}"),
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{learner} in {run} should have become {state:?}, but stands so: {last:?}");
    }

    pub async fn head(&self) -> u64 {
        self.house.log().head("enrolment").await.unwrap()
    }
}

/// The service with a key for partners.
pub fn service() -> studium_kit::Service {
    studium_enrolment::service_with(Some(partner_key()))
}

/// The key that everybody knows.
pub fn partner_key() -> studium_enrolment::PartnerKey {
    studium_enrolment::PartnerKey::read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

/// A request to enrol somebody as staff.
pub fn asking(run: &str, learner: &str) -> EnrolRequest {
    EnrolRequest {
        run_id: run.into(),
        learner_id: learner.into(),
        source: EnrolmentSource::Staff.into(),
        ..EnrolRequest::default()
    }
}

/// A request with an id of its own choice.
pub fn named<T>(request_id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-request-id", request_id.parse().unwrap());
    request
}

/// The reason that a refusal carries.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}
