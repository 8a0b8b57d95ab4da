//! A desk to test at: the service, other services that say what they are told to say, and callers of every sort.

use studium_kit::Running;
use studium_log::Log;
use studium_proto::campus::v1::{
    PlanKind, PlanProvisioned, PlanTermsSet, RegisterCampusRequest, SignAgreementRequest,
    agreement_service_client::AgreementServiceClient, campus_service_client::CampusServiceClient, licence_plan_event,
    member_service_client::MemberServiceClient,
};
use studium_proto::catalogue::v1::{Authority, InstitutionAuthorised, institution_event};
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
    pub async fn plan(&self, plan_id: &str, agreement_id: &str, campus_id: &str) -> u64 {
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
