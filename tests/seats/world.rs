//! Campus and enrolment over one log, each killed and started at will; the catalogue says what a test has it say.

use std::{net::SocketAddr, sync::Arc, time::Duration};
use studium_kit::Service;
use studium_log::Log;
use studium_proto::campus::v1::{
    AddMemberRequest, AssignSeatsRequest, EnrolBySeatRequest, FallBack, GetPlanRequest, ListSeatUsesRequest,
    MemberClass, MemberDescribed, PlanTermsSet, ProvisionPlanRequest, RegisterCampusRequest, RevokeSeatRequest,
    SeatLedger, SeatUse, SeatUseState, SignAgreementRequest, agreement_service_client::AgreementServiceClient,
    campus_service_client::CampusServiceClient, member_service_client::MemberServiceClient,
    plan_service_client::PlanServiceClient,
};
use studium_proto::catalogue::v1::{
    Authority, InstitutionAuthorised, RunClosed, RunOpened, RunScheduled, SelectionDefined, SelectionRevised,
    course_run_event, institution_event, selection_event,
};
use studium_proto::enrolment::v1::{
    Enrolment, GetEnrolmentRequest, enrolment_query_service_client::EnrolmentQueryServiceClient,
};
use studium_testkit::{Caller, Elsewhere, House};

const DAY: i64 = 24 * 3_600_000;

pub struct World {
    pub house: Arc<House>,
    campus: Option<Process>,
    enrolment: Option<Process>,
    stores: [String; 2],
    elsewhere: Elsewhere,
}

impl World {
    /// Campus `ou` with students Ada and Bob and a plan of so many seats for a year; run `rust-1` is open.
    pub async fn open(seats: u32, fall_back: FallBack) -> Self {
        Self::open_until(seats, fall_back, 365 * DAY).await
    }

    /// The same for so many milliseconds.
    pub async fn open_until(seats: u32, fall_back: FallBack, left_ms: i64) -> Self {
        let log = Log::memory();
        let house = Arc::new(House::new(log.clone()).unwrap());
        let stores = [house.store_url("campus").await.unwrap(), house.store_url("enrolment").await.unwrap()];
        let elsewhere = Elsewhere::new(log);
        let mut world = Self { house, campus: None, enrolment: None, stores, elsewhere };
        world.start_campus().await;
        world.start_enrolment().await;
        let catalogue_position = world.offer().await;
        let (campus_id, name) = ("ou".to_owned(), "Open University".to_owned());
        let register = RegisterCampusRequest { campus_id: campus_id.clone(), name, catalogue_position, at_ms: 0 };
        CampusServiceClient::new(world.campus().await).register_campus(register).await.unwrap();
        let sign = SignAgreementRequest {
            agreement_id: "agreement".into(),
            campus_id: campus_id.clone(),
            title: "Agreement".into(),
            starts_at_ms: world.house.now_ms() - DAY,
            campus_position: world.house.log().head("campus").await.unwrap(),
            ..SignAgreementRequest::default()
        };
        AgreementServiceClient::new(world.campus().await).sign_agreement(sign).await.unwrap();
        for learner in ["ada", "bob"] {
            let record = MemberDescribed { class: MemberClass::Student.into(), ..MemberDescribed::default() };
            let (campus_id, learner_id) = (campus_id.clone(), learner.to_owned());
            let add = AddMemberRequest { campus_id, learner_id, record: Some(record), at_ms: 0 };
            MemberServiceClient::new(world.campus().await).add_member(add).await.unwrap();
        }
        world.provision(seats, fall_back, left_ms, catalogue_position).await;
        world
    }

    async fn offer(&self) -> u64 {
        let authority = Authority::Campus.into();
        let authorised = institution_event::Event::InstitutionAuthorised(InstitutionAuthorised { authority });
        self.elsewhere.say("ou", vec![authorised]).await;
        let now = self.house.now_ms();
        let scheduled = RunScheduled {
            course_id: "rust".into(),
            institution_id: "mit".into(),
            starts_at_ms: now - DAY,
            ends_at_ms: now + 100 * DAY,
            ..RunScheduled::default()
        };
        let opened = course_run_event::Event::RunOpened(RunOpened { course_version: 1 });
        self.elsewhere.say("rust-1", vec![course_run_event::Event::RunScheduled(scheduled), opened]).await;
        let added_course_ids = vec!["rust".to_owned()];
        let revised = SelectionRevised { revision: 1, added_course_ids, ..SelectionRevised::default() };
        let defined = selection_event::Event::SelectionDefined(SelectionDefined::default());
        self.elsewhere.say("all", vec![defined, selection_event::Event::SelectionRevised(revised)]).await
    }

    async fn provision(&self, seats: u32, fall_back: FallBack, left_ms: i64, catalogue_position: u64) {
        let now = self.house.now_ms();
        let terms = PlanTermsSet {
            title: "Plan".into(),
            selection_id: "all".into(),
            member_classes: vec![MemberClass::Student.into()],
            revocation_cap_percent: 100,
            fall_back: fall_back.into(),
            self_service: true,
            ..PlanTermsSet::default()
        };
        let plan = ProvisionPlanRequest {
            plan_id: "plan".into(),
            agreement_id: "agreement".into(),
            campus_id: "ou".into(),
            terms: Some(terms),
            seats,
            starts_at_ms: now - DAY,
            ends_at_ms: now + left_ms,
            catalogue_position,
            ..ProvisionPlanRequest::default()
        };
        self.plans().await.provision_plan(plan).await.unwrap();
    }

    pub async fn start_campus(&mut self) {
        self.campus = Some(Process::start(&self.house, studium_campus::service, &self.stores[0]).await);
    }

    pub async fn start_enrolment(&mut self) {
        self.enrolment = Some(Process::start(&self.house, studium_enrolment::service, &self.stores[1]).await);
    }

    /// Ends the campus at once, whatever it is at.
    pub fn kill_campus(&mut self) {
        self.campus = None;
    }

    /// Ends enrolment at once, whatever it is at.
    pub fn kill_enrolment(&mut self) {
        self.enrolment = None;
    }

    async fn campus(&self) -> Caller {
        self.house.registrar_at(self.campus.as_ref().unwrap().address).await.unwrap()
    }

    async fn plans(&self) -> PlanServiceClient<Caller> {
        PlanServiceClient::new(self.campus().await)
    }

    pub async fn close_run(&self) {
        self.elsewhere.say("rust-1", vec![course_run_event::Event::RunClosed(RunClosed::default())]).await;
    }

    pub async fn use_seat(&self, learner: &str) {
        let request = EnrolBySeatRequest {
            plan_id: "plan".into(),
            campus_id: "ou".into(),
            learner_id: learner.into(),
            run_id: "rust-1".into(),
            catalogue_position: self.house.log().head("catalogue").await.unwrap(),
            ..EnrolBySeatRequest::default()
        };
        self.plans().await.enrol_by_seat(request).await.unwrap();
    }

    pub async fn assign(&self, learner: &str) {
        let (plan_id, learner_id) = ("plan".into(), learner.into());
        let row = AssignSeatsRequest { plan_id, learner_id, ..AssignSeatsRequest::default() };
        let answers = self.plans().await.assign_seats(tokio_stream::iter([row])).await.unwrap();
        let told = answers.into_inner().message().await.unwrap().unwrap().row.unwrap();
        assert_eq!(told.reason, "");
    }

    pub async fn revoke(&self, learner: &str) {
        let (plan_id, learner_id, reason) = ("plan".into(), learner.into(), "left".into());
        let revoke = RevokeSeatRequest { plan_id, learner_id, reason, ..RevokeSeatRequest::default() };
        self.plans().await.revoke_seat(revoke).await.unwrap();
    }

    /// Waits until a learner's use of the seat stands so.
    pub async fn use_becomes(&self, learner: &str, state: SeatUseState) -> SeatUse {
        let ask = async || {
            let request = ListSeatUsesRequest {
                plan_id: "plan".into(),
                learner_id: learner.into(),
                ..ListSeatUsesRequest::default()
            };
            let uses = self.plans().await.list_seat_uses(request).await.map(tonic::Response::into_inner);
            uses.map(|it| it.uses.into_iter().next().unwrap_or_default()).unwrap_or_default()
        };
        becomes(ask, |it| it.state() == state).await
    }

    /// Waits until the ledger of the plan stands so.
    pub async fn ledger_becomes(&self, is_so: impl Fn(&SeatLedger) -> bool) -> SeatLedger {
        let ask = async || {
            let request = GetPlanRequest { plan_id: "plan".into(), ..GetPlanRequest::default() };
            let plan = self.plans().await.get_plan(request).await.unwrap().into_inner().plan;
            plan.and_then(|it| it.ledger).unwrap_or_default()
        };
        becomes(ask, is_so).await
    }

    /// Waits until a learner's enrolment in `rust-1` stands so.
    pub async fn enrolment_becomes(&self, learner: &str, is_so: impl Fn(&Enrolment) -> bool) -> Enrolment {
        let ask = async || {
            let caller = self.house.registrar_at(self.enrolment.as_ref().unwrap().address).await.unwrap();
            let (run_id, learner_id) = ("rust-1".into(), learner.into());
            let request = GetEnrolmentRequest { run_id, learner_id, ..GetEnrolmentRequest::default() };
            let answer = EnrolmentQueryServiceClient::new(caller).get_enrolment(request).await;
            answer.ok().and_then(|it| it.into_inner().enrolment).unwrap_or_default()
        };
        becomes(ask, is_so).await
    }

    /// How many commits of an aggregate there are.
    pub async fn commits_of(&self, subject: &str) -> u64 {
        self.house.log().last(subject).await.unwrap().map_or(0, |it| it.commit.version)
    }
}

/// A service with threads of its own, which end with it: nothing of it finishes what it is at.
struct Process {
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Process {
    async fn start(house: &Arc<House>, service: fn() -> Service, store: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (house, store) = (Arc::clone(house), store.to_owned());
        let start = async move {
            // The dead one's store is free once its threads are gone.
            for _ in 0..400 {
                match house.start_on(service(), &store).await {
                    Ok(running) => {
                        let address = running.address;
                        tokio::spawn(running.until(tokio_util::sync::CancellationToken::new()));
                        return address;
                    }
                    Err(_) => tokio::time::sleep(Duration::from_millis(25)).await,
                }
            }
            panic!("the service does not start");
        };
        let address = runtime.spawn(start).await.unwrap();
        Self { address, runtime: Some(runtime) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn becomes<T: std::fmt::Debug>(ask: impl AsyncFn() -> T, is_so: impl Fn(&T) -> bool) -> T {
    for _ in 0..600 {
        let it = ask().await;
        if is_so(&it) {
            return it;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it should have become something else: {:?}", ask().await);
}
