//! A desk to test at: the service, catalogue and enrolment that say what they are told to say, and strangers.

use base64::Engine as _;
use std::time::Duration;
use studium_credentials::{KeyStore, Settings};
use studium_kit::{Log, Running};
use studium_proto::catalogue::v1::{
    Authority, CourseCreated, CoursePublished, InstitutionAuthorised, InstitutionRegistered, ProgrammeCreated,
    ProgrammePublished, course_event::Event as CourseEvent, institution_event::Event as InstitutionEvent,
    programme_event::Event as ProgrammeEvent,
};
use studium_proto::credentials::v1::{
    AchievementDefined, AchievementSource, ApproveAchievementRequest, CreateIssuerKeyRequest, Credential,
    CredentialState, DefineAchievementRequest, DraftAchievementRequest, GetCredentialRequest, GetCredentialResponse,
    PublishIssuerRequest, achievement_service_client::AchievementServiceClient,
    award_service_client::AwardServiceClient, credential_service_client::CredentialServiceClient,
    issuer_service_client::IssuerServiceClient,
};
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentCompleted, EnrolmentMode, Outcome, ResultRecorded,
    enrolment_event::Event as EnrolmentEvent,
};
use studium_testkit::{Caller, Elsewhere, House, Postgres};
use tonic::Status;

/// Where strangers are told to look; the tests ask the port itself.
pub const URL: &str = "https://credentials.example";

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

/// Settings of a service that can sign.
pub fn settings() -> Settings {
    let key = base64::engine::general_purpose::STANDARD.encode([7; 32]);
    Settings { url: URL.into(), keys: Some(KeyStore::read(&key).unwrap()), vc_api: false }
}

pub struct Desk {
    pub house: House,
    pub running: Running,
    pub elsewhere: Elsewhere,
    store: String,
}

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        let log = Log::memory();
        let house = House::new(log.clone()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let store = house.store_url("credentials").await.unwrap();
        let running = house.start_on(studium_credentials::service_with(settings()), &store).await.unwrap();
        Self { running, elsewhere: Elsewhere::new(log), house, store }
    }

    /// Stops the service and starts it on a store that is empty.
    pub async fn start_anew(mut self) -> Self {
        self.running.stop().await.unwrap();
        self.store = self.house.store_url("credentials").await.unwrap();
        self.running = self.house.start_on(studium_credentials::service_with(settings()), &self.store).await.unwrap();
        self
    }

    /// Stops the service and starts it on the same store with other settings.
    pub async fn start_with(mut self, settings: Settings) -> Self {
        self.running.stop().await.unwrap();
        self.running = self.house.start_on(studium_credentials::service_with(settings), &self.store).await.unwrap();
        self
    }

    /// Somebody of the platform.
    pub async fn registrar(&self) -> Caller {
        self.house.registrar(&self.running).await.unwrap()
    }

    pub async fn issuers(&self) -> IssuerServiceClient<Caller> {
        IssuerServiceClient::new(self.registrar().await)
    }

    pub async fn achievements(&self) -> AchievementServiceClient<Caller> {
        AchievementServiceClient::new(self.registrar().await)
    }

    pub async fn awards(&self) -> AwardServiceClient<Caller> {
        AwardServiceClient::new(self.registrar().await)
    }

    pub async fn credentials(&self) -> CredentialServiceClient<Caller> {
        CredentialServiceClient::new(self.registrar().await)
    }

    pub async fn head(&self) -> u64 {
        self.house.log().head("credentials").await.unwrap()
    }

    /// The catalogue authorises an institution, which is published but has no key yet.
    pub async fn with_issuer(&self, institution: &str) {
        let registered = InstitutionRegistered { name: "The Open University".into(), country: "GB".into() };
        let authorised = InstitutionAuthorised { authority: Authority::Issuer as i32 };
        let events = vec![
            InstitutionEvent::InstitutionRegistered(registered),
            InstitutionEvent::InstitutionAuthorised(authorised),
        ];
        let catalogue_position = self.elsewhere.say(institution, events).await;
        let request = PublishIssuerRequest { institution_id: institution.into(), catalogue_position, at_ms: 0 };
        let mut issuers = self.issuers().await;
        patiently!(issuers.publish_issuer(request.clone())).unwrap();
    }

    pub async fn with_key(&self, institution: &str) {
        let request = CreateIssuerKeyRequest { institution_id: institution.into(), at_ms: 0 };
        self.issuers().await.create_issuer_key(request).await.unwrap();
    }

    /// Version 1 of course `AAA` of institution `ou` with 5 ECTS.
    pub fn course() -> AchievementDefined {
        AchievementDefined {
            source: AchievementSource::Course as i32,
            source_id: "AAA".into(),
            source_version: 1,
            institution_id: "ou".into(),
            name: "Algebra".into(),
            description: "Groups and rings.".into(),
            criteria: "Pass the examination.".into(),
            ..AchievementDefined::default()
        }
    }

    /// The catalogue publishes what a definition is about, and the service has heard of it.
    pub async fn published(&self, it: &AchievementDefined) {
        let (institution_id, version) = (it.institution_id.clone(), it.source_version);
        let catalogue_position = match it.source() {
            AchievementSource::Course => {
                let created = CourseCreated { institution_id, title: it.name.clone(), ..CourseCreated::default() };
                let published = CoursePublished { version, imported: false };
                let events = vec![CourseEvent::CourseCreated(created), CourseEvent::CoursePublished(published)];
                self.elsewhere.say(&it.source_id, events).await
            }
            AchievementSource::Programme => {
                let created =
                    ProgrammeCreated { institution_id, title: it.name.clone(), ..ProgrammeCreated::default() };
                let published = ProgrammePublished { version };
                let events =
                    vec![ProgrammeEvent::ProgrammeCreated(created), ProgrammeEvent::ProgrammePublished(published)];
                self.elsewhere.say(&it.source_id, events).await
            }
            AchievementSource::Unspecified | AchievementSource::Stack => return,
        };
        let heard = DraftAchievementRequest {
            source: it.source,
            source_id: it.source_id.clone(),
            catalogue_position,
            ..DraftAchievementRequest::default()
        };
        let mut achievements = self.achievements().await;
        patiently!(achievements.draft_achievement(heard.clone())).unwrap();
    }

    /// It is defined as an achievement, of a version that the catalogue has published.
    pub async fn defines(&self, definition: AchievementDefined) -> Result<String, Status> {
        self.published(&definition).await;
        let institution_id = definition.institution_id.clone();
        let request = DefineAchievementRequest { institution_id, definition: Some(definition), at_ms: 0 };
        let done = self.achievements().await.define_achievement(request).await?.into_inner();
        self.awaits(async |it| it.caught_up().await).await;
        Ok(done.id)
    }

    /// It is approved.
    pub async fn approve(&self, achievement_id: &str) -> Result<(), Status> {
        let achievement_id = achievement_id.to_owned();
        let request = ApproveAchievementRequest { achievement_id, ..ApproveAchievementRequest::default() };
        self.achievements().await.approve_achievement(request).await?;
        Ok(())
    }

    /// Credentials are issued for it from now on.
    pub async fn approves(&self, definition: AchievementDefined) -> Result<String, Status> {
        let id = self.defines(definition).await?;
        self.approve(&id).await?;
        Ok(id)
    }

    /// All that it takes that completions of `AAA` are followed by credentials.
    pub async fn that_issues(&self) -> String {
        self.with_issuer("ou").await;
        self.with_key("ou").await;
        let id = self.approves(Self::course()).await.unwrap();
        self.awaits(async |it| it.caught_up().await).await;
        id
    }

    async fn caught_up(&self) -> bool {
        self.running.is_caught_up().await.unwrap()
    }

    /// Waits until something is so.
    pub async fn awaits(&self, is_so: impl AsyncFn(&Self) -> bool) {
        for _ in 0..1_500 {
            if is_so(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("it never came to be so");
    }

    /// A learner passes course `AAA` with 78 points, identified at the assessment.
    pub async fn passes(&self, learner: &str) {
        self.completes(learner, |_| {}).await;
    }

    pub async fn completes(&self, learner: &str, change: impl FnOnce(&mut EnrolmentCompleted)) {
        let result = ResultRecorded {
            assessment_id: "exam".into(),
            attempt: 1,
            score_millipoints: Some(78_000),
            weight_millipoints: 100_000,
            identity_verified: true,
            ..ResultRecorded::default()
        };
        let mut completed = EnrolmentCompleted {
            outcome: Outcome::Passed as i32,
            grade_millipoints: Some(78_000),
            course_id: "AAA".into(),
            institution_id: "ou".into(),
            mode: EnrolmentMode::Credit as i32,
            identity_verified: true,
            course_version: 1,
            ..EnrolmentCompleted::default()
        };
        change(&mut completed);
        let id = format!("AAA-2026~{learner}");
        let activated = EnrolmentActivated { round: 1, seat_held: false };
        self.elsewhere.say(&id, vec![EnrolmentEvent::EnrolmentActivated(activated)]).await;
        self.elsewhere.say(&id, vec![EnrolmentEvent::ResultRecorded(result)]).await;
        self.elsewhere.say(&id, vec![EnrolmentEvent::EnrolmentCompleted(completed)]).await;
    }

    pub async fn get(&self, credential_id: &str) -> Result<GetCredentialResponse, Status> {
        let min_position = self.head().await;
        let request = GetCredentialRequest {
            credential_id: credential_id.into(),
            min_position,
            ..GetCredentialRequest::default()
        };
        let mut credentials = self.credentials().await;
        patiently!(credentials.get_credential(request.clone()))
    }

    /// Waits until a credential is in a state.
    pub async fn becomes(&self, credential_id: &str, state: CredentialState) -> Credential {
        let mut last = None;
        for _ in 0..1_500 {
            last = self.get(credential_id).await.ok().and_then(|it| it.credential);
            match &last {
                Some(it) if it.state() == state => return it.clone(),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        panic!("{credential_id} is never {state:?}: {last:?}");
    }

    /// What a stranger finds at an address of the service: status, headers, text.
    pub async fn finds(&self, url: &str, headers: &[(&str, &str)]) -> (u16, reqwest::header::HeaderMap, String) {
        let path = url.strip_prefix(URL).unwrap_or(url);
        let mut request = reqwest::Client::new().get(format!("http://{}{path}", self.running.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }
}

/// Why a call was refused, as the contract names it.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}
