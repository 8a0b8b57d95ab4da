//! A desk to test at: the service, other services that say what they are told to say, and callers of every sort.

use studium_kit::Running;
use studium_log::Log;
use studium_proto::campus::v1::{
    RegisterCampusRequest, campus_service_client::CampusServiceClient, member_service_client::MemberServiceClient,
};
use studium_proto::catalogue::v1::{Authority, InstitutionAuthorised, institution_event};
use studium_testkit::{Caller, Elsewhere, House, Postgres};
use tonic::Status;

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

    pub async fn head(&self) -> u64 {
        self.house.log().head("campus").await.unwrap()
    }
}

/// The reason that a refusal carries.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}
