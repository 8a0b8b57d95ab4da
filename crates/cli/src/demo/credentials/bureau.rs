//! The bureau of the university that issues: its connections, its key, and what the views say.

use crate::{
    client::{Channel, failed},
    demo::{
        desk::{Desk, answer, asked, settled},
        sample::{COURSES, PROCTORED},
    },
    token::Wanted,
    transport::Transport,
};
use anyhow::{Context as _, Result, ensure};
use studium_proto::credentials::v1::{
    CreateIssuerKeyRequest, Credential, CredentialState, GetCredentialRequest, GetIssuerRequest,
    ListCredentialsRequest, PublishIssuerRequest, achievement_service_client::AchievementServiceClient,
    credential_service_client::CredentialServiceClient, issuer_service_client::IssuerServiceClient,
};
use tonic::Code;

/// The course that becomes a microcredential: 125 hours at level 5.
pub const COURSE: usize = PROCTORED;

/// A course that is too short for one.
pub const TOO_SHORT: usize = 1;

/// Rows of one page.
const PAGE: u32 = 500;

/// The issuer.
pub fn issuer() -> &'static str {
    COURSES[COURSE].institution
}

/// Connections of the registrar, and where strangers ask.
pub struct Bureau<'a> {
    /// The desk of the whole demo.
    pub desk: &'a Desk,
    channel: Channel,
    address: String,
    transport: Transport,
}

impl<'a> Bureau<'a> {
    /// Connects.
    pub async fn open(desk: &'a Desk) -> Result<Self> {
        let who =
            Wanted { subject: "demo-registrar".to_owned(), roles: vec!["registrar".to_owned()], ..Wanted::default() };
        let channel = desk.platform.connect_as("credentials", &who).await?;
        Ok(Self {
            desk,
            channel,
            address: desk.platform.address("credentials")?.to_owned(),
            transport: Transport::of(&desk.platform.data)?,
        })
    }

    /// Issuers, as the registrar acts on them.
    pub fn issuers(&self) -> IssuerServiceClient<Channel> {
        IssuerServiceClient::new(self.channel.clone())
    }

    /// Achievements, as the registrar acts on them.
    pub fn achievements(&self) -> AchievementServiceClient<Channel> {
        AchievementServiceClient::new(self.channel.clone())
    }

    /// Credentials, as the registrar acts on them.
    pub fn credentials(&self) -> CredentialServiceClient<Channel> {
        CredentialServiceClient::new(self.channel.clone())
    }

    /// The university publishes itself as an issuer, and makes its first key.
    pub async fn publish_issuer(&self, catalogue_position: u64) -> Result<()> {
        let (institution_id, at_ms) = (issuer().to_owned(), 0);
        let publish = PublishIssuerRequest { institution_id, catalogue_position, at_ms };
        answer(self.issuers().publish_issuer(asked("publish-issuer", publish)).await)?;
        self.create_key("issuer-key").await
    }

    /// Signs with a new key from now on; strangers find it once this returns.
    pub async fn create_key(&self, key: &str) -> Result<()> {
        let institution_id = issuer().to_owned();
        let create = CreateIssuerKeyRequest { institution_id: institution_id.clone(), at_ms: 0 };
        let min_position = answer(self.issuers().create_issuer_key(asked(key, create)).await)?.position;
        // Who reads the keys before, and a status list after, would meet a key that is nobody's.
        answer(self.issuers().get_issuer(GetIssuerRequest { institution_id, min_position }).await).map(drop)
    }

    /// The issuer's credentials in a state.
    pub async fn in_state(&self, state: CredentialState) -> Result<Vec<Credential>> {
        let request = ListCredentialsRequest {
            institution_id: issuer().to_owned(),
            state: state.into(),
            page_size: PAGE,
            ..ListCredentialsRequest::default()
        };
        Ok(answer(self.credentials().list_credentials(request).await)?.credentials)
    }

    /// Waits until a credential, of which the views may not have heard yet, is in a state.
    pub async fn becomes(&self, id: &str, state: CredentialState) -> Result<Credential> {
        let look = async || {
            let request = GetCredentialRequest { credential_id: id.to_owned(), ..GetCredentialRequest::default() };
            match self.credentials().get_credential(request).await {
                Ok(it) => Ok(it.into_inner().credential.unwrap_or_default()),
                Err(none) if none.code() == Code::NotFound => Ok(Credential::default()),
                Err(no) => Err(failed(no)),
            }
        };
        settled(&format!("{id} is {state:?}"), look, |it| it.state() == state).await
    }

    /// What anyone finds at an address of the platform.
    pub async fn finds(&self, url: &str) -> Result<String> {
        let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| path);
        let path = path.with_context(|| format!("{url} has no path"))?;
        let (status, text) = self.transport.get(&self.address, &format!("/{path}")).await?;
        ensure!(status == 200, "{url} answers {status}: {text}");
        Ok(text)
    }
}
