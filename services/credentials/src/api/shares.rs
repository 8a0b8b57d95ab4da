//! Calls that concern links and transcripts.

use super::{Api, NAME_MAX, Reply, no};
use crate::{
    credentials::{self, Credentials},
    key_store, public,
    share_link::{Command, ShareLink, USUAL_MS},
    share_links::{self, ShareLinkRow, ShareLinks},
    transcript::{self, Of},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use studium_kit::{Call, Fields, Page, done, fault};
use studium_proto::credentials::v1::{
    CreateShareLinkRequest, CreateShareLinkResponse, GetTranscriptRequest, GetTranscriptResponse,
    ListShareLinksRequest, ListShareLinksResponse, Reason, ShareLinkCreated, WithdrawShareLinkRequest,
    WithdrawShareLinkResponse, share_service_server::ShareService,
};
use tonic::{Request, Response, Status};

/// What nobody guesses: 256 bits, as they can stand in an address.
fn secret() -> Result<String, Status> {
    let halves = key_store::random().zip(key_store::random());
    let (a, b) = halves.ok_or_else(|| Status::unavailable("there is no randomness to be had; try again"))?;
    Ok(BASE64URL.encode([a.to_be_bytes(), b.to_be_bytes()].concat()))
}

#[tonic::async_trait]
impl ShareService for Api {
    async fn create_share_link(&self, request: Request<CreateShareLinkRequest>) -> Reply<CreateShareLinkResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        if !it.credential_id.is_empty() {
            fields.joined_id("credential_id", &it.credential_id);
        }
        fields.optional_text("name", &it.name, NAME_MAX);
        fields.optional_text("label", &it.label, NAME_MAX);
        fields.done()?;
        if self.settings()?.url.is_empty() {
            let why = "the service does not know where strangers reach it; set STUDIUM_CREDENTIALS_URL";
            return Err(no(Reason::IssuingNotConfigured, why, ""));
        }
        self.app.reached::<Credentials>(it.min_position).await?;
        let is_theirs = it.credential_id.is_empty() || {
            let row = credentials::credential(self.app.store(), &it.credential_id).await.map_err(fault)?;
            row.is_some_and(|row| row.is_signed() && row.learner_id == it.learner_id)
        };
        let (now_ms, secret) = (call.now_ms(), secret()?);
        let expires_ms = if it.expires_ms == 0 { now_ms + USUAL_MS } else { it.expires_ms };
        let link = ShareLinkCreated {
            learner_id: it.learner_id,
            credential_id: it.credential_id,
            institution_id: it.institution_id,
            name: it.name.trim().to_owned(),
            label: it.label,
            expires_ms,
        };
        let command = Command::Create { link: Box::new(link), is_theirs, now_ms };
        // A repetition makes another link: the secret of the first was told once and is nowhere to be found.
        let outcome = self.app.decide::<ShareLink>(&call, &public::link_id(&secret), &command).await?;
        done!(CreateShareLinkResponse, outcome, url: public::link_url(&self.app, &secret), expires_ms: expires_ms)
    }

    async fn withdraw_share_link(
        &self,
        request: Request<WithdrawShareLinkRequest>,
    ) -> Reply<WithdrawShareLinkResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.id("share_link_id", &it.share_link_id);
        fields.done()?;
        let command = Command::Withdraw { learner_id: it.learner_id };
        done!(WithdrawShareLinkResponse, self.app.decide::<ShareLink>(&call, &it.share_link_id, &command).await?)
    }

    async fn list_share_links(&self, request: Request<ListShareLinksRequest>) -> Reply<ListShareLinksResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<ShareLinks>(it.min_position).await?;
        let rows = share_links::links(self.app.store(), &it.learner_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.share_link_id.clone());
        let share_links = rows.into_iter().map(ShareLinkRow::shown).collect();
        Ok(Response::new(ListShareLinksResponse { share_links, next_page_token }))
    }

    async fn get_transcript(&self, request: Request<GetTranscriptRequest>) -> Reply<GetTranscriptResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("learner_id", &it.learner_id);
        fields.optional_id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Credentials>(it.min_position).await?;
        let of = Of { learner: &it.learner_id, institution: &it.institution_id, credential: "" };
        let found = transcript::transcript(&self.app, of, call.now_ms()).await.map_err(fault)?;
        let clr_jwt = if it.institution_id.is_empty() {
            None
        } else {
            transcript::record(&self.app, of, call.now_ms()).await.map_err(fault)?
        };
        Ok(Response::new(GetTranscriptResponse {
            entries: found.entries,
            credits: found.credits,
            study_minutes: found.study_minutes,
            clr_jwt: clr_jwt.unwrap_or_default(),
        }))
    }
}
