//! Calls that concern credentials.

use super::{Api, Reply, TEXT_MAX, awards, no};
use crate::{
    completions::Completions,
    credential::{Command, Credential},
    credentials::{self, CredentialRow, Credentials, Wanted},
    issuing::Wish,
    signing,
};
use studium_kit::{By, Call, Fields, Page, done, fault};
use studium_proto::credentials::v1::{
    AwardRow, CountCredentialsRequest, CountCredentialsResponse, GetCredentialRequest, GetCredentialResponse,
    IssueCause, IssueCredentialRequest, IssueCredentialResponse, ListCredentialsRequest, ListCredentialsResponse,
    Reason, ReawardCredentialRequest, ReawardCredentialResponse, ReinstateCredentialRequest,
    ReinstateCredentialResponse, RevokeCredentialRequest, RevokeCredentialResponse, SuspendCredentialRequest,
    SuspendCredentialResponse, credential_service_server::CredentialService,
};
use tonic::{Request, Response, Status};

impl Api {
    /// One credential, if the caller may see it.
    async fn credential_for(&self, id: &str, learner_id: &str, institution_id: &str) -> Result<CredentialRow, Status> {
        let row = credentials::credential(self.app.store(), id).await.map_err(fault)?;
        let may = |it: &CredentialRow| {
            (learner_id.is_empty() || it.learner_id == learner_id)
                && (institution_id.is_empty() || it.institution_id == institution_id)
        };
        row.filter(may).ok_or_else(|| no(Reason::CredentialNotFound, "no such credential was issued", id))
    }

    /// Changes the status of a credential.
    async fn change(
        &self,
        call: &Call,
        institution_id: &str,
        credential_id: &str,
        note: &str,
        command: Command,
    ) -> Result<studium_kit::Outcome<studium_proto::credentials::v1::credential_event::Event>, Status> {
        let mut fields = Fields::new();
        fields.joined_id("credential_id", credential_id);
        fields.optional_text("note", note, TEXT_MAX);
        fields.done()?;
        let command = By::caller(call, &[], institution_id).asks(command);
        self.app.decide::<Credential>(call, credential_id, &command).await
    }
}

#[tonic::async_trait]
impl CredentialService for Api {
    async fn issue_credential(&self, request: Request<IssueCredentialRequest>) -> Reply<IssueCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("achievement_id", &it.achievement_id);
        let row = AwardRow { learner_id: it.learner_id, attempt: it.attempt, override_reason: it.override_reason };
        awards::check_row(&mut fields, &row);
        fields.done()?;
        self.app.reached_stream::<Completions>("enrolment", it.enrolment_position).await?;
        let call = call.at(it.at_ms)?;
        let basis = self.basis(&call, &it.achievement_id, &it.institution_id).await?;
        let award = self.award(&call, &basis, &awards::wish(&it.achievement_id, &row), &it.institution_id).await?;
        done!(IssueCredentialResponse, self.app.decide::<Credential>(&call, &award.id, &award.command).await?)
    }

    async fn suspend_credential(&self, request: Request<SuspendCredentialRequest>) -> Reply<SuspendCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let (call, reason) = (call.at(it.at_ms)?, it.reason());
        let command = Command::Suspend { reason, note: it.note.clone() };
        done!(
            SuspendCredentialResponse,
            self.change(&call, &it.institution_id, &it.credential_id, &it.note, command).await?
        )
    }

    async fn reinstate_credential(
        &self,
        request: Request<ReinstateCredentialRequest>,
    ) -> Reply<ReinstateCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let (call, reason) = (call.at(it.at_ms)?, it.reason());
        let command = Command::Reinstate { reason, note: it.note.clone() };
        done!(
            ReinstateCredentialResponse,
            self.change(&call, &it.institution_id, &it.credential_id, &it.note, command).await?
        )
    }

    async fn revoke_credential(&self, request: Request<RevokeCredentialRequest>) -> Reply<RevokeCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let (call, reason) = (call.at(it.at_ms)?, it.reason());
        let command = Command::Revoke { reason, note: it.note.clone() };
        done!(
            RevokeCredentialResponse,
            self.change(&call, &it.institution_id, &it.credential_id, &it.note, command).await?
        )
    }

    async fn reaward_credential(&self, request: Request<ReawardCredentialRequest>) -> Reply<ReawardCredentialResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("credential_id", &it.credential_id);
        if !it.achievement_id.is_empty() {
            fields.joined_id("achievement_id", &it.achievement_id);
        }
        let mark = it.grade_millipoints.unwrap_or_default();
        fields.check("grade_millipoints", mark <= 100_000, "is above 100 points");
        fields.text("reason", &it.reason, TEXT_MAX);
        fields.done()?;
        let call = call.at(it.at_ms)?;
        let before = self.credential_for(&it.credential_id, "", "").await?;
        let achievement_id =
            if it.achievement_id.is_empty() { before.achievement_id.clone() } else { it.achievement_id };
        let basis = self.basis(&call, &achievement_id, &it.institution_id).await?;
        let wish = Wish {
            achievement_id: &achievement_id,
            learner_id: &before.learner_id,
            attempt: before.attempt + 1,
            cause: IssueCause::Reaward,
            reason: &it.reason,
            supersedes: Some(&before),
            grade_millipoints: it.grade_millipoints,
            components: &[],
        };
        let award = self.award(&call, &basis, &wish, &it.institution_id).await?;
        done!(ReawardCredentialResponse, self.app.decide::<Credential>(&call, &award.id, &award.command).await?)
    }

    async fn get_credential(&self, request: Request<GetCredentialRequest>) -> Reply<GetCredentialResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.joined_id("credential_id", &it.credential_id);
        fields.done()?;
        self.app.reached::<Credentials>(it.min_position).await?;
        let row = self.credential_for(&it.credential_id, &it.learner_id, &it.institution_id).await?;
        let (json, jwt) = if row.is_signed() {
            let it = signing::again(&self.app, &row).await.map_err(fault)?;
            (it.json, it.jwt)
        } else {
            (String::new(), String::new())
        };
        Ok(Response::new(GetCredentialResponse { credential: Some(row.shown()), json, jwt }))
    }

    async fn list_credentials(&self, request: Request<ListCredentialsRequest>) -> Reply<ListCredentialsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.optional_id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Credentials>(it.min_position).await?;
        let wanted = Wanted {
            learner_id: &it.learner_id,
            institution_id: &it.institution_id,
            achievement_id: &it.achievement_id,
            state: it.state(),
        };
        let rows = credentials::credentials(self.app.store(), &wanted, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.credential_id.clone());
        let credentials = rows.into_iter().map(CredentialRow::shown).collect();
        Ok(Response::new(ListCredentialsResponse { credentials, next_page_token }))
    }
    async fn count_credentials(&self, request: Request<CountCredentialsRequest>) -> Reply<CountCredentialsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Credentials>(it.min_position).await?;
        let counts = credentials::counts(self.app.store(), &it.institution_id).await.map_err(fault)?;
        Ok(Response::new(CountCredentialsResponse { counts }))
    }
}
