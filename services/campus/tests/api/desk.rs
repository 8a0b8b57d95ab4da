//! A desk to test at: the service, other services that say what they are told to say, and callers of every sort.

use studium_kit::Running;
use studium_log::Log;
use studium_proto::campus::v1::{
    AddMemberRequest, AssignSeatsRequest, AssignSeatsResponse, EnrolBySeatRequest, EnrolBySeatResponse, GetPlanRequest,
    ListSeatUsesRequest, MemberClass, MemberDescribed, Plan, PlanKind, PlanProvisioned, PlanTermsSet,
    ProvisionPlanRequest, RegisterCampusRequest, SeatRow, SeatUse, SeatUseState, SignAgreementRequest,
    agreement_service_client::AgreementServiceClient, campus_service_client::CampusServiceClient, licence_plan_event,
    member_service_client::MemberServiceClient, plan_service_client::PlanServiceClient,
};
use studium_proto::catalogue::v1::{
    Authority, InstitutionAuthorised, RunScheduled, SelectionDefined, SelectionRevised, course_run_event,
    institution_event, selection_event,
};
use studium_proto::enrolment::v1::{CampusSeatAnswered, EnrolmentRequested, EnrolmentSource, enrolment_event};
use studium_testkit::{Caller, Elsewhere, House, Postgres};
use tonic::Status;

/// A day, milliseconds.
pub const DAY: i64 = 24 * 3_600_000;

/// The first instant of 2025, Unix milliseconds.
pub const YEAR_2025: i64 = 1_735_689_600_000;

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
        let running = house.start(studium_campus::service()).await.unwrap();
        Self { running, elsewhere: Elsewhere::new(log), house }
    }

    /// Somebody of the platform.
    pub async fn registrar(&self) -> Caller {
        self.house.registrar(&self.running).await.unwrap()
    }

    pub async fn caller(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> Caller {
        self.house.call(&self.running, subject, roles, institutions).await.unwrap()
    }

    pub async fn campuses(&self) -> CampusServiceClient<Caller> {
        CampusServiceClient::new(self.registrar().await)
    }

    pub async fn members(&self) -> MemberServiceClient<Caller> {
        MemberServiceClient::new(self.registrar().await)
    }

    /// Has the catalogue authorise an institution as a campus.
    pub async fn authorise(&self, institution: &str) -> u64 {
        let authority = Authority::Campus.into();
        let authorised = institution_event::Event::InstitutionAuthorised(InstitutionAuthorised { authority });
        self.elsewhere.say(institution, vec![authorised]).await
    }

    /// A registered campus.
    pub async fn campus(&self, campus: &str) {
        let catalogue_position = self.authorise(campus).await;
        let (campus_id, name) = (campus.into(), format!("Campus {campus}"));
        let request = RegisterCampusRequest { campus_id, name, catalogue_position, at_ms: 0 };
        self.campuses().await.register_campus(request).await.unwrap();
    }

    /// An agreement of a registered campus, from 2025 on.
    pub async fn agreement(&self, campus_id: &str, agreement_id: &str) -> u64 {
        let request = SignAgreementRequest {
            agreement_id: agreement_id.into(),
            campus_id: campus_id.into(),
            title: "Campus licence".into(),
            starts_at_ms: YEAR_2025,
            campus_position: self.head().await,
            ..SignAgreementRequest::default()
        };
        let mut agreements = AgreementServiceClient::new(self.registrar().await);
        agreements.sign_agreement(request).await.unwrap().into_inner().position
    }

    /// A plan of 20 seats below an agreement, EUR 5 each, for the year 2025; provisioned before it.
    pub async fn told_plan(&self, plan_id: &str, agreement_id: &str, campus_id: &str) -> u64 {
        let provisioned = PlanProvisioned {
            agreement_id: agreement_id.into(),
            campus_id: campus_id.into(),
            kind: PlanKind::Paid.into(),
            seats: 20,
            starts_at_ms: YEAR_2025,
            ends_at_ms: YEAR_2025 + 365 * DAY,
        };
        let terms = PlanTermsSet {
            title: "Data science".into(),
            selection_id: "ds".into(),
            fee_per_seat_minor: 500,
            currency: "EUR".into(),
            ..PlanTermsSet::default()
        };
        let events = vec![
            licence_plan_event::Event::PlanProvisioned(provisioned),
            licence_plan_event::Event::PlanTermsSet(terms),
        ];
        self.elsewhere.say_at(plan_id, YEAR_2025 - 30 * DAY, events).await
    }

    pub async fn head(&self) -> u64 {
        self.house.log().head("campus").await.unwrap()
    }
}

/// The reason that a refusal carries.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}

/// What follows is about plans: a campus with members, a selection, runs, and enrolment that answers as told.
impl Desk {
    pub async fn plans(&self) -> PlanServiceClient<Caller> {
        PlanServiceClient::new(self.registrar().await)
    }

    /// Has the catalogue tell of a selection of these courses, and of a run `<course>-1` for each.
    pub async fn offer(&self, selection: &str, courses: &[&str]) -> u64 {
        let revised = SelectionRevised {
            revision: 1,
            added_course_ids: courses.iter().map(|it| (*it).to_owned()).collect(),
            ..SelectionRevised::default()
        };
        let defined = selection_event::Event::SelectionDefined(SelectionDefined::default());
        let mut position =
            self.elsewhere.say(selection, vec![defined, selection_event::Event::SelectionRevised(revised)]).await;
        for course in courses {
            let run = RunScheduled { course_id: (*course).to_owned(), ..RunScheduled::default() };
            position =
                self.elsewhere.say(&format!("{course}-1"), vec![course_run_event::Event::RunScheduled(run)]).await;
        }
        position
    }

    /// Makes these learners students of a campus.
    pub async fn students(&self, campus: &str, learners: &[&str]) {
        for learner in learners {
            let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
            let (campus_id, learner_id) = (campus.to_owned(), (*learner).to_owned());
            let add = AddMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
            self.members().await.add_member(add).await.unwrap();
        }
    }

    /// A request for a plan of campus `ou` over selection `all`, from ten days ago for a year.
    pub fn asked_plan(&self, plan: &str, seats: u32) -> ProvisionPlanRequest {
        let now = self.house.now_ms();
        let terms = PlanTermsSet {
            title: "Plan".into(),
            selection_id: "all".into(),
            member_classes: vec![MemberClass::Student.into()],
            fee_per_seat_minor: 5_000,
            currency: "EUR".into(),
            credit_course_ids: vec!["rust".into()],
            self_service: true,
            ..PlanTermsSet::default()
        };
        ProvisionPlanRequest {
            plan_id: plan.into(),
            agreement_id: "agreement".into(),
            campus_id: "ou".into(),
            terms: Some(terms),
            seats,
            starts_at_ms: now - 10 * DAY,
            ends_at_ms: now + 355 * DAY,
            ..ProvisionPlanRequest::default()
        }
    }

    /// Campus `ou` with these students and plan `plan` of so many seats over the courses `rust` and `sql`.
    pub async fn with_plan(&self, seats: u32, students: &[&str]) {
        self.campus("ou").await;
        self.agreement("ou", "agreement").await;
        self.students("ou", students).await;
        let catalogue_position = self.offer("all", &["rust", "sql"]).await;
        let request = ProvisionPlanRequest { catalogue_position, ..self.asked_plan("plan", seats) };
        self.plans().await.provision_plan(request).await.unwrap();
    }

    /// The plan as its view shows it now.
    pub async fn plan(&self, plan: &str) -> Plan {
        let request =
            GetPlanRequest { plan_id: plan.into(), min_position: self.head().await, ..GetPlanRequest::default() };
        self.plans().await.get_plan(request).await.unwrap().into_inner().plan.unwrap()
    }

    /// Waits until a plan stands so.
    pub async fn plan_becomes(&self, plan: &str, is_so: impl Fn(&Plan) -> bool) -> Plan {
        let mut last = Plan::default();
        for _ in 0..400 {
            last = self.plan(plan).await;
            if is_so(&last) {
                return last;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the plan should have become something else: {last:?}");
    }

    /// Assigns seats; gives the rows.
    pub async fn assign(&self, plan: &str, learners: &[&str]) -> Vec<SeatRow> {
        let rows: Vec<_> = learners.iter().map(|it| assigning(plan, it)).collect();
        answers(self.plans().await, rows).await
    }

    /// Asks for an enrolment by seat in the run of a course.
    pub async fn use_seat(&self, learner: &str, course: &str) -> Result<EnrolBySeatResponse, Status> {
        let request = EnrolBySeatRequest {
            campus_id: "ou".into(),
            learner_id: learner.into(),
            run_id: format!("{course}-1"),
            min_position: self.head().await,
            ..EnrolBySeatRequest::default()
        };
        Ok(self.plans().await.enrol_by_seat(request).await?.into_inner())
    }

    /// Has enrolment answer the request of a learner for the run of a course.
    pub async fn enrolment_answers(&self, learner: &str, course: &str, seat_round: u32, reason: &str) {
        let answered = CampusSeatAnswered {
            plan_id: "plan".into(),
            seat_round,
            accepted: reason.is_empty(),
            reason: reason.into(),
            detail: "as told".into(),
        };
        let mut events = vec![enrolment_event::Event::CampusSeatAnswered(answered)];
        if reason.is_empty() {
            let requested = EnrolmentRequested {
                course_id: course.into(),
                source: EnrolmentSource::CampusSeat.into(),
                source_ref: "plan".into(),
                sponsor_institution_id: "ou".into(),
                ..EnrolmentRequested::default()
            };
            events.insert(0, enrolment_event::Event::EnrolmentRequested(requested));
        }
        self.elsewhere.say(&format!("{course}-1~{learner}"), events).await;
    }

    pub async fn seat_uses(&self, learner: &str) -> Vec<SeatUse> {
        let request = ListSeatUsesRequest {
            plan_id: "plan".into(),
            learner_id: learner.into(),
            min_position: self.head().await,
            ..ListSeatUsesRequest::default()
        };
        self.plans().await.list_seat_uses(request).await.unwrap().into_inner().uses
    }

    /// Waits until the only use of a learner's seat stands so.
    pub async fn use_becomes(&self, learner: &str, state: SeatUseState) -> SeatUse {
        let mut last = Vec::new();
        for _ in 0..400 {
            last = self.seat_uses(learner).await;
            if let [it] = last.as_slice()
                && it.state() == state
            {
                return it.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("the use of {learner}'s seat should have become {state:?}: {last:?}");
    }
}

/// A row of a bulk assignment.
pub fn assigning(plan: &str, learner: &str) -> AssignSeatsRequest {
    AssignSeatsRequest { plan_id: plan.into(), learner_id: learner.into(), ..AssignSeatsRequest::default() }
}

/// What a bulk assignment answers.
pub async fn answers(mut plans: PlanServiceClient<Caller>, rows: Vec<AssignSeatsRequest>) -> Vec<SeatRow> {
    let answers = plans.assign_seats(tokio_stream::iter(rows)).await.unwrap().into_inner();
    let answers: Vec<_> = futures::StreamExt::collect(answers).await;
    answers.into_iter().map(|it: Result<AssignSeatsResponse, Status>| it.unwrap().row.unwrap()).collect()
}
