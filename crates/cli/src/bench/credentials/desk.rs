//! What the bench issues at: an institution with a key, and an achievement of which staff says who reached it.

use crate::{
    client::{Channel, failed},
    platform::Platform,
};
use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::ops::Range;
use studium_broker::http;
use studium_proto::{
    catalogue::v1::{
        AuthoriseInstitutionRequest, Authority, ImportCoursesRequest, RegisterInstitutionRequest,
        import_service_client::ImportServiceClient, institution_service_client::InstitutionServiceClient,
    },
    credentials::v1::{
        AchievementDefined, AchievementSource, ApproveAchievementRequest, AwardScheme, AwardedCredit,
        CountCredentialsRequest, CreateIssuerKeyRequest, CredentialState, DefineAchievementRequest,
        DraftAchievementRequest, GetCredentialRequest, IssueCredentialRequest, PublishIssuerRequest,
        RevokeCredentialRequest, StatusReason, achievement_service_client::AchievementServiceClient,
        credential_service_client::CredentialServiceClient, issuer_service_client::IssuerServiceClient,
    },
};
use studium_vc::status;

/// Calls in flight.
const IN_FLIGHT: usize = 64;

/// The institution.
const INSTITUTION: &str = "bench-issuer";

/// Connections to the credentials service.
pub struct IssuingDesk {
    platform: Platform,
    channel: Channel,
    address: String,
    achievement_id: String,
}

/// A learner of the bench.
fn learner(n: u32) -> String {
    format!("bench-learner-{n:05}")
}

impl IssuingDesk {
    /// Connects.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let channel = platform.connect("credentials", &["registrar"]).await?;
        Ok(Self {
            platform: platform.clone(),
            channel,
            address: platform.address("credentials")?.to_owned(),
            achievement_id: String::new(),
        })
    }

    fn id(&self, n: u32) -> String {
        format!("{}~{}~1", self.achievement_id, learner(n))
    }

    fn credentials(&self) -> CredentialServiceClient<Channel> {
        CredentialServiceClient::new(self.channel.clone())
    }

    /// All that it takes to issue.
    pub async fn set_up(&mut self) -> Result<()> {
        let (institution_id, at_ms) = (INSTITUTION.to_owned(), 0);
        let catalogue = self.platform.connect("catalogue", &["registrar"]).await?;
        let mut institutions = InstitutionServiceClient::new(catalogue.clone());
        let register = RegisterInstitutionRequest {
            institution_id: institution_id.clone(),
            name: "Bench University".to_owned(),
            country: "IE".to_owned(),
            at_ms,
        };
        institutions.register_institution(register).await.map_err(failed)?;
        let (authority, id) = (Authority::Issuer.into(), institution_id.clone());
        let authorise = AuthoriseInstitutionRequest { institution_id: id, authority, at_ms };
        let catalogue_position =
            institutions.authorise_institution(authorise).await.map_err(failed)?.into_inner().position;
        let mut issuers = IssuerServiceClient::new(self.channel.clone());
        let publish = PublishIssuerRequest { institution_id: institution_id.clone(), catalogue_position, at_ms };
        issuers.publish_issuer(publish).await.map_err(failed)?;
        let key = CreateIssuerKeyRequest { institution_id: institution_id.clone(), at_ms };
        issuers.create_issuer_key(key).await.map_err(failed)?;
        let course = ImportCoursesRequest {
            row: 1,
            slug: "bench".to_owned(),
            title: "Bench".to_owned(),
            institution: "Bench University".to_owned(),
            institution_id: institution_id.clone(),
            ..ImportCoursesRequest::default()
        };
        let rows = ImportServiceClient::new(catalogue).import_courses(stream::iter([course])).await.map_err(failed)?;
        let row = rows.into_inner().message().await.map_err(failed)?.context("the import answers each row")?;
        ensure!(row.reason.is_empty(), "the bench's course was refused: {}", row.reason);
        let mut achievements = AchievementServiceClient::new(self.channel.clone());
        let draft = DraftAchievementRequest {
            institution_id: institution_id.clone(),
            source: AchievementSource::Course.into(),
            source_id: row.course_id.clone(),
            source_version: 1,
            catalogue_position: row.position.max(catalogue_position),
        };
        let draft = achievements.draft_achievement(draft).await.map_err(failed)?.into_inner().definition;
        let definition = AchievementDefined {
            description: "What the bench issues.".to_owned(),
            outcomes: vec!["Waits patiently.".to_owned(), "Counts.".to_owned(), "Divides.".to_owned()],
            study_minutes: 7_500,
            eqf_level: 6,
            credits: vec![AwardedCredit { scheme: AwardScheme::Ects.into(), credits_milli: 5_000 }],
            ..draft.context("a draft is a definition")?
        };
        let (id, definition) = (institution_id.clone(), Some(definition));
        let define = DefineAchievementRequest { institution_id: id, definition, at_ms };
        self.achievement_id = achievements.define_achievement(define).await.map_err(failed)?.into_inner().id;
        let achievement_id = self.achievement_id.clone();
        let approve = ApproveAchievementRequest { institution_id, achievement_id, at_ms };
        let approved = achievements.approve_achievement(approve).await.map_err(failed)?.into_inner().position;
        self.counted(approved).await.map(drop)
    }

    /// Issues to these learners.
    pub async fn issue(&self, learners: Range<u32>) -> Result<()> {
        let issue = |n: u32| {
            let request = IssueCredentialRequest {
                institution_id: INSTITUTION.to_owned(),
                achievement_id: self.achievement_id.clone(),
                learner_id: learner(n),
                override_reason: "the bench says so".to_owned(),
                ..IssueCredentialRequest::default()
            };
            let mut client = self.credentials();
            async move { client.issue_credential(request).await.map(drop).map_err(failed) }
        };
        stream::iter(learners).map(issue).buffer_unordered(IN_FLIGHT).try_collect::<()>().await
    }

    /// How many are signed.
    pub async fn signed(&self) -> Result<u64> {
        self.counted(0).await
    }

    async fn counted(&self, min_position: u64) -> Result<u64> {
        let request = CountCredentialsRequest { institution_id: INSTITUTION.to_owned(), min_position };
        let counts = self.credentials().count_credentials(request).await.map_err(failed)?.into_inner().counts;
        let signed = counts.iter().filter(|it| it.state() == CredentialState::Active);
        Ok(signed.map(|it| it.credentials).sum())
    }

    /// Where the bit of a learner's credential is.
    pub async fn bit(&self, n: u32) -> Result<(u32, u32)> {
        let request = GetCredentialRequest { credential_id: self.id(n), ..GetCredentialRequest::default() };
        let it = self.credentials().get_credential(request).await.map_err(failed)?.into_inner();
        let it = it.credential.context("the credential is there")?;
        Ok((it.list, it.index))
    }

    /// Revokes a learner's credential.
    pub async fn revoke(&self, n: u32) -> Result<()> {
        let request = RevokeCredentialRequest {
            institution_id: INSTITUTION.to_owned(),
            credential_id: self.id(n),
            reason: StatusReason::IssuedInError.into(),
            ..RevokeCredentialRequest::default()
        };
        self.credentials().revoke_credential(request).await.map(drop).map_err(failed)
    }

    /// Whether the status list that anyone reads says so.
    pub async fn is_revoked(&self, list: u32, index: u32) -> Result<bool> {
        let (_, text) = http::get(&self.address, &format!("/issuers/{INSTITUTION}/status/{list}")).await?;
        let list = serde_json::from_str(&text).context("a status list is JSON")?;
        Ok(status::read_list(&list)?.1.get(index as usize)?)
    }
}
