//! A campus on a running platform: set up, and asked over gRPC by whoever it concerns.

use crate::platform::World;
use futures::StreamExt as _;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};
use studium_cli::{client::Channel, platform::Platform, progress::Output, token::Wanted};
use studium_proto::campus::v1::{
    AddMemberRequest, AssignSeatsRequest, EnrolBySeatRequest, FallBack, GetPlanRequest, ListSeatUsesRequest,
    ListStuckSeatUsesRequest, MemberClass, MemberDescribed, PlanKind, PlanTermsSet, ProvisionCampusRequest,
    ProvisionPlanRequest, RevokeSeatRequest, SeatLedger, SeatUse, member_service_client::MemberServiceClient,
    plan_service_client::PlanServiceClient, provision_service_client::ProvisionServiceClient,
};
use studium_proto::catalogue::v1::{
    AuthoriseInstitutionRequest, Authority, DefineSelectionRequest, ImportCoursesRequest, OpenRunRequest, Pacing,
    ScheduleRunRequest, course_run_service_client::CourseRunServiceClient, import_service_client::ImportServiceClient,
    institution_service_client::InstitutionServiceClient, selection_service_client::SelectionServiceClient,
};
use studium_proto::enrolment::v1::{
    Enrolment, GetEnrolmentRequest, enrolment_query_service_client::EnrolmentQueryServiceClient,
};
use tonic::{Request, Status};

/// Learners, of whom each holds a seat.
pub const LEARNERS: usize = 60;

/// Calls that are under way at once.
const IN_FLIGHT: usize = 4;

const DAY: i64 = 24 * 3_600_000;

/// Who has been told that it is done.
pub type Told = Arc<Mutex<BTreeSet<usize>>>;

/// A learner's key.
pub fn learner(number: usize) -> String {
    format!("learner-{number:02}")
}

/// The registrar's connections to a platform. After a restart they are opened anew.
#[derive(Clone)]
pub struct Office {
    campus: Channel,
    enrolment: Channel,
    /// The catalogue's position with all that is offered.
    offered: u64,
}

/// The same request id whenever it is asked.
pub fn asked<T>(key: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-request-id", key.parse().unwrap());
    request
}

/// A registrar's connection to a service of the platform that runs.
pub async fn connect(world: &World, service: &str) -> Channel {
    connect_as(world, service, &Wanted::default().subject).await
}

/// The same, in the name of a registrar of one's choice.
pub async fn connect_as(world: &World, service: &str, subject: &str) -> Channel {
    let platform = Platform::running(&world.data(), Output::silent()).await.unwrap().expect("the platform runs");
    let (subject, roles) = (subject.to_owned(), vec!["registrar".to_owned()]);
    platform.connect_as(service, &Wanted { subject, roles, ..Wanted::default() }).await.unwrap()
}

/// Does something for the first so many who have not been told yet, until somebody is not answered.
pub async fn for_all<F: Future<Output = Result<(), Status>>>(first: usize, told: &Told, act: impl Fn(usize) -> F) {
    let waiting: Vec<_> = (0..first).filter(|it| !told.lock().unwrap().contains(it)).collect();
    let acts = futures::stream::iter(waiting).map(|number| {
        let asking = act(number);
        async move { asking.await.map(|()| number) }
    });
    let mut answers = std::pin::pin!(acts.buffer_unordered(IN_FLIGHT));
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(number) => drop(told.lock().unwrap().insert(number)),
            Err(status) => {
                use tonic::Code::{Aborted, Cancelled, DeadlineExceeded, Internal, Unavailable, Unknown};
                let faults = [Aborted, Cancelled, DeadlineExceeded, Internal, Unavailable, Unknown];
                let is_fault = faults.contains(&status.code());
                assert!(is_fault, "a rule said no: {status:?}");
                return;
            }
        }
    }
}

impl Office {
    pub async fn open(world: &World) -> Self {
        let (campus, enrolment) = (connect(world, "campus").await, connect(world, "enrolment").await);
        Self { campus, enrolment, offered: world.log().await.head("catalogue").await.unwrap() }
    }

    fn plans(&self) -> PlanServiceClient<Channel> {
        PlanServiceClient::new(self.campus.clone())
    }

    /// Campus `ou` with its members, a plan with a seat for each, and the run `bread-1` that all of them may enter.
    pub async fn set_up(&mut self, world: &World) {
        self.offered = offer(connect(world, "catalogue").await).await;
        let now = jiff::Timestamp::now().as_millisecond();
        let terms = PlanTermsSet {
            title: "Plan".into(),
            selection_id: "all".into(),
            member_classes: vec![MemberClass::Student.into()],
            revocation_cap_percent: 100,
            fall_back: FallBack::Audit.into(),
            ..PlanTermsSet::default()
        };
        let plan = ProvisionPlanRequest {
            plan_id: "plan".into(),
            kind: PlanKind::Paid.into(),
            terms: Some(terms),
            seats: u32::try_from(LEARNERS).unwrap(),
            starts_at_ms: now - DAY,
            ends_at_ms: now + 100 * DAY,
            ..ProvisionPlanRequest::default()
        };
        let provision = ProvisionCampusRequest {
            campus_id: "ou".into(),
            name: "Open University".into(),
            agreement_id: "agreement".into(),
            agreement_title: "Agreement".into(),
            agreement_starts_at_ms: now - DAY,
            catalogue_position: self.offered,
            plans: vec![plan],
            ..ProvisionCampusRequest::default()
        };
        let mut provisioning = ProvisionServiceClient::new(self.campus.clone());
        let told = provisioning.provision_campus(provision).await.unwrap().into_inner();
        assert!(!told.refused, "{told:?}");
        for number in 0..LEARNERS {
            let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
            let (campus_id, learner_id) = ("ou".into(), learner(number));
            let add = AddMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
            MemberServiceClient::new(self.campus.clone()).add_member(add).await.unwrap();
        }
        let row = |number| AssignSeatsRequest {
            plan_id: "plan".into(),
            learner_id: learner(number),
            ..AssignSeatsRequest::default()
        };
        let rows = futures::stream::iter((0..LEARNERS).map(row));
        let mut answers = self.plans().assign_seats(rows).await.unwrap().into_inner();
        while let Some(it) = answers.message().await.unwrap() {
            assert_eq!(it.row.unwrap().reason, "");
        }
    }

    /// The first so many learners use their seats, until the platform does not answer.
    pub async fn use_seats(self, first: usize, told: Told) {
        let act = |number| {
            let request = EnrolBySeatRequest {
                campus_id: "ou".into(),
                learner_id: learner(number),
                run_id: "bread-1".into(),
                catalogue_position: self.offered,
                ..EnrolBySeatRequest::default()
            };
            let mut plans = self.plans();
            async move { plans.enrol_by_seat(asked(&format!("use-{number}"), request)).await.map(drop) }
        };
        for_all(first, &told, act).await;
    }

    /// The first so many learners lose their seats, until the platform does not answer.
    pub async fn revoke_seats(self, first: usize, told: Told) {
        let act = |number| {
            let (plan_id, learner_id) = ("plan".into(), learner(number));
            let request =
                RevokeSeatRequest { plan_id, learner_id, reason: "left".into(), ..RevokeSeatRequest::default() };
            let mut plans = self.plans();
            async move { plans.revoke_seat(asked(&format!("revoke-{number}"), request)).await.map(drop) }
        };
        for_all(first, &told, act).await;
    }

    /// All uses of seats.
    pub async fn uses(&self) -> Vec<SeatUse> {
        let request = ListSeatUsesRequest { plan_id: "plan".into(), page_size: 500, ..ListSeatUsesRequest::default() };
        self.plans().list_seat_uses(request).await.unwrap().into_inner().uses
    }

    /// Uses that wait for enrolment's answer.
    pub async fn stuck(&self) -> Vec<SeatUse> {
        let request = ListStuckSeatUsesRequest { campus_id: "ou".into(), older_than_seconds: 1, min_position: 0 };
        self.plans().list_stuck_seat_uses(request).await.unwrap().into_inner().uses
    }

    pub async fn ledger(&self) -> SeatLedger {
        let request = GetPlanRequest { plan_id: "plan".into(), ..GetPlanRequest::default() };
        self.plans().get_plan(request).await.unwrap().into_inner().plan.unwrap().ledger.unwrap()
    }

    pub async fn enrolment(&self, number: usize) -> Enrolment {
        let (run_id, learner_id) = ("bread-1".into(), learner(number));
        let request = GetEnrolmentRequest { run_id, learner_id, ..GetEnrolmentRequest::default() };
        let answer = EnrolmentQueryServiceClient::new(self.enrolment.clone()).get_enrolment(request).await;
        answer.unwrap().into_inner().enrolment.unwrap()
    }
}

/// A course, a run of it that is open, a selection with it, and the authority of a campus.
async fn offer(catalogue: Channel) -> u64 {
    let row = ImportCoursesRequest {
        row: 1,
        slug: "bread".into(),
        title: "Bread".into(),
        institution: "Open University".into(),
        institution_id: "ou".into(),
        ..ImportCoursesRequest::default()
    };
    let answers = ImportServiceClient::new(catalogue.clone()).import_courses(futures::stream::iter([row])).await;
    let row = answers.unwrap().into_inner().message().await.unwrap().unwrap();
    assert_eq!(row.reason, "");
    let authorise = AuthoriseInstitutionRequest {
        institution_id: row.institution_id,
        authority: Authority::Campus.into(),
        at_ms: 0,
    };
    InstitutionServiceClient::new(catalogue.clone()).authorise_institution(authorise).await.unwrap();
    let now = jiff::Timestamp::now().as_millisecond();
    let schedule = ScheduleRunRequest {
        run_id: "bread-1".into(),
        course_id: row.course_id.clone(),
        title: "Now".into(),
        starts_at_ms: now - DAY,
        ends_at_ms: now + 100 * DAY,
        enrol_from_ms: now - DAY,
        enrol_until_ms: now + 100 * DAY,
        pacing: Pacing::Self_.into(),
        ..ScheduleRunRequest::default()
    };
    let mut runs = CourseRunServiceClient::new(catalogue.clone());
    runs.schedule_run(schedule).await.unwrap();
    let open = OpenRunRequest { run_id: "bread-1".into(), ..OpenRunRequest::default() };
    let opened = runs.open_run(open).await.unwrap().into_inner().position;
    let define = DefineSelectionRequest {
        selection_id: "all".into(),
        title: "All".into(),
        picked_course_ids: vec![row.course_id],
        min_position: opened,
        ..DefineSelectionRequest::default()
    };
    let defined = SelectionServiceClient::new(catalogue).define_selection(define).await.unwrap().into_inner();
    assert_eq!(defined.courses, 1);
    defined.position
}

/// Waits until so many have been told.
pub async fn told_of(told: &Told, many: usize) {
    for _ in 0..60_000 {
        if told.lock().unwrap().len() >= many {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("only {} of {many} were answered", told.lock().unwrap().len());
}

/// Waits for an effect that follows by itself.
pub async fn becomes<T: std::fmt::Debug>(ask: impl AsyncFn() -> T, is_so: impl Fn(&T) -> bool) -> T {
    for _ in 0..1_200 {
        let it = ask().await;
        if is_so(&it) {
            return it;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it should have become something else: {:?}", ask().await);
}
