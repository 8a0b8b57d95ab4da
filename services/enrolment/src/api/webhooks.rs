//! Partners' webhooks: asked for, tested, watched.

use super::Api;
use crate::{
    endpoint::{Command, Endpoint, OVERLAP_USUAL_MS},
    endpoints::{self, EndpointRow, Endpoints},
    event_types,
    partner_feed::PartnerFeed,
    partner_key::PartnerKey,
    webhook_lane,
    webhook_progress::{self as progress, FailureRow},
    webhook_settings::WebhookSettings,
    webhook_signing::Secret,
};
use serde_json::json;
use studium_kit::{Call, Fields, Outcome, Page, done, fault, now_ms, status};
use studium_proto::enrolment::v1::{Reason, WebhookCause, webhook_event::Event};
use studium_proto::partner::v1::{
    AddWebhookRequest, AddWebhookResponse, ChangeWebhookRequest, ChangeWebhookResponse, DisableWebhookRequest,
    DisableWebhookResponse, EnableWebhookRequest, EnableWebhookResponse, GetWebhookRequest, GetWebhookResponse,
    ListWebhookFailuresRequest, ListWebhookFailuresResponse, ListWebhooksRequest, ListWebhooksResponse,
    RemoveWebhookRequest, RemoveWebhookResponse, ReplayWebhookRequest, ReplayWebhookResponse,
    RotateWebhookSecretRequest, RotateWebhookSecretResponse, TestWebhookRequest, TestWebhookResponse, Webhook,
    WebhookFailure, WebhookSecret, webhook_service_server::WebhookService,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Webhooks of one institution.
const WEBHOOKS_MAX: usize = 20;

/// Failures that are shown with a webhook.
const FAILURES_SHOWN: i64 = 5;

/// Type of the event that is no event of the feed.
const TEST: &str = "org.studium.partner.webhook.test.v1";

/// Namespace of the ids of test events; fixed for ever.
const TESTS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_7765_6274_6573);

#[tonic::async_trait]
impl WebhookService for Api {
    async fn add_webhook(&self, request: Request<AddWebhookRequest>) -> Result<Response<AddWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.webhook_id);
        event_types::check(&mut fields, &it.types);
        fields.done()?;
        let (id, key) = (id(&it.institution_id, &it.webhook_id), self.key()?);
        self.may_be_sent_to(&it.url, &id)?;
        let there = endpoints::of(self.app.store(), &it.institution_id).await.map_err(fault)?;
        if there.len() >= WEBHOOKS_MAX && there.iter().all(|row| row.endpoint != id) {
            let why = format!("an institution has {WEBHOOKS_MAX} webhooks at most; remove one");
            return Err(status::no(Reason::WebhooksTooMany, why, &id));
        }
        let feed_end = self.written(&it.institution_id).await?;
        let after_position = it.after_position.unwrap_or(feed_end);
        let command = Command::Add { url: it.url, types: it.types, after_position, feed_end };
        let outcome = self.app.decide::<Endpoint>(&call, &id, &command).await?;
        let added = outcome.events.iter().find_map(|it| match it {
            Event::WebhookAdded(it) => Some(Secret::derive(key, &id, it.round)),
            _ => None,
        });
        let (secret, public_key) = told(added.as_ref());
        done!(AddWebhookResponse, outcome, secret: secret, public_key: public_key)
    }

    async fn change_webhook(
        &self,
        request: Request<ChangeWebhookRequest>,
    ) -> Result<Response<ChangeWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.webhook_id);
        event_types::check(&mut fields, &it.types);
        fields.check("all_types", !it.all_types || it.types.is_empty(), "goes without `types`");
        fields.done()?;
        let id = id(&it.institution_id, &it.webhook_id);
        if !it.url.is_empty() {
            self.may_be_sent_to(&it.url, &id)?;
        }
        let url = Some(it.url).filter(|it| !it.is_empty());
        let types = (it.all_types || !it.types.is_empty()).then_some(it.types);
        done!(ChangeWebhookResponse, self.decided(&call, &id, Command::Change { url, types }).await?)
    }

    async fn enable_webhook(
        &self,
        request: Request<EnableWebhookRequest>,
    ) -> Result<Response<EnableWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        named(&it.institution_id, &it.webhook_id).done()?;
        self.key()?;
        let id = id(&it.institution_id, &it.webhook_id);
        done!(EnableWebhookResponse, self.decided(&call, &id, Command::Enable).await?)
    }

    async fn disable_webhook(
        &self,
        request: Request<DisableWebhookRequest>,
    ) -> Result<Response<DisableWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        named(&it.institution_id, &it.webhook_id).done()?;
        let id = id(&it.institution_id, &it.webhook_id);
        done!(DisableWebhookResponse, self.decided(&call, &id, Command::Disable).await?)
    }

    async fn remove_webhook(
        &self,
        request: Request<RemoveWebhookRequest>,
    ) -> Result<Response<RemoveWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        named(&it.institution_id, &it.webhook_id).done()?;
        let id = id(&it.institution_id, &it.webhook_id);
        done!(RemoveWebhookResponse, self.decided(&call, &id, Command::Remove).await?)
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<RotateWebhookSecretRequest>,
    ) -> Result<Response<RotateWebhookSecretResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.webhook_id);
        fields.check("overlap_ms", it.overlap_ms.is_none_or(|it| it >= 0), "is negative");
        fields.done()?;
        let (id, key) = (id(&it.institution_id, &it.webhook_id), self.key()?);
        let command = Command::Rotate { now_ms: call.now_ms(), overlap_ms: it.overlap_ms.unwrap_or(OVERLAP_USUAL_MS) };
        let outcome = self.decided(&call, &id, command).await?;
        let rotated = outcome.events.iter().find_map(|it| match it {
            Event::WebhookSecretRotated(it) => Some((Secret::derive(key, &id, it.round), it.overlap_until_ms)),
            _ => None,
        });
        let (secret, public_key) = told(rotated.as_ref().map(|it| &it.0));
        let until_ms = rotated.map_or(0, |it| it.1);
        done!(
            RotateWebhookSecretResponse,
            outcome,
            secret: secret,
            public_key: public_key,
            overlap_until_ms: until_ms
        )
    }

    async fn test_webhook(
        &self,
        request: Request<TestWebhookRequest>,
    ) -> Result<Response<TestWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        named(&it.institution_id, &it.webhook_id).done()?;
        self.key()?;
        let row = self.webhook(&id(&it.institution_id, &it.webhook_id), it.min_position).await?;
        let event_id = Uuid::new_v5(&TESTS, call.meta.request_id.as_bytes()).to_string();
        let event = json!({
            "specversion": "1.0",
            "id": event_id,
            "source": format!("urn:studium:feed:{}", it.institution_id),
            "type": TEST,
            "subject": it.webhook_id,
            "datacontenttype": "application/json",
            "correlationid": call.meta.correlation_id,
            "data": { "webhookId": it.webhook_id },
        });
        let answer = webhook_lane::post(&self.app, &row, &event_id, event.to_string().into_bytes()).await;
        let answer = answer.map_err(Status::failed_precondition)?;
        Ok(Response::new(TestWebhookResponse {
            delivered: answer.is_delivered(),
            status: answer.status.into(),
            took_ms: answer.took_ms as u32,
            failure: answer.failure,
            event_id,
        }))
    }

    async fn replay_webhook(
        &self,
        request: Request<ReplayWebhookRequest>,
    ) -> Result<Response<ReplayWebhookResponse>, Status> {
        let (call, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.webhook_id);
        fields.check("from_ms", it.from_ms >= 0, "is Unix milliseconds and not negative");
        let is_one = (it.from_position == 0) != (it.from_ms == 0);
        fields.check("from_position", is_one, "goes without `from_ms`, and one of the two must be there");
        fields.done()?;
        let feed_end = self.written(&it.institution_id).await?;
        let from_position = match it.from_position {
            0 => self.app.feed_position_at::<PartnerFeed>(&it.institution_id, it.from_ms).await?,
            position => position,
        };
        let id = id(&it.institution_id, &it.webhook_id);
        let outcome = self.decided(&call, &id, Command::Replay { from_position, feed_end }).await?;
        let replayed = outcome.events.iter().find_map(|it| match it {
            Event::WebhookReplayed(it) => Some(it.from_position),
            _ => None,
        });
        let from_position = replayed.unwrap_or(from_position);
        done!(ReplayWebhookResponse, outcome, from_position: from_position)
    }

    async fn get_webhook(&self, request: Request<GetWebhookRequest>) -> Result<Response<GetWebhookResponse>, Status> {
        let (_, it) = Call::open(request)?;
        named(&it.institution_id, &it.webhook_id).done()?;
        let row = self.webhook(&id(&it.institution_id, &it.webhook_id), it.min_position).await?;
        let written = self.written(&it.institution_id).await?;
        Ok(Response::new(GetWebhookResponse { webhook: Some(self.shown(row, written).await?) }))
    }

    async fn list_webhooks(
        &self,
        request: Request<ListWebhooksRequest>,
    ) -> Result<Response<ListWebhooksResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("institution_id", &it.institution_id);
        fields.done()?;
        self.app.reached::<Endpoints>(it.min_position).await?;
        let written = self.written(&it.institution_id).await?;
        let mut webhooks = Vec::new();
        for row in endpoints::of(self.app.store(), &it.institution_id).await.map_err(fault)? {
            webhooks.push(self.shown(row, written).await?);
        }
        Ok(Response::new(ListWebhooksResponse { webhooks }))
    }

    async fn list_webhook_failures(
        &self,
        request: Request<ListWebhookFailuresRequest>,
    ) -> Result<Response<ListWebhookFailuresResponse>, Status> {
        let (_, it) = Call::open(request)?;
        let mut fields = named(&it.institution_id, &it.webhook_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        let is_ours = it.page_token.is_empty() || it.page_token.parse::<i64>().is_ok();
        fields.check("page_token", is_ours, "is no token of ours");
        fields.done()?;
        let row = self.webhook(&id(&it.institution_id, &it.webhook_id), 0).await?;
        let rows = progress::failures(self.app.store(), &row, &page).await.map_err(fault)?;
        let next_page_token = page.next(&rows, |it| it.number.to_string());
        let failures = rows.into_iter().map(failure).collect();
        Ok(Response::new(ListWebhookFailuresResponse { failures, next_page_token }))
    }
}

impl Api {
    /// The platform's key, without which nothing can be signed.
    fn key(&self) -> Result<&PartnerKey, Status> {
        self.app.belonging::<PartnerKey>().ok_or_else(|| {
            let why = "the platform has no key for partners; its operator sets STUDIUM_ENROLMENT_PARTNER_KEY_FILE";
            status::no(Reason::PartnerKeyMissing, why, "")
        })
    }

    fn may_be_sent_to(&self, url: &str, id: &str) -> Result<(), Status> {
        let settings = self.app.belonging::<WebhookSettings>();
        let settings = settings.ok_or_else(|| Status::failed_precondition("this service sends to nobody"))?;
        let unfit = |why| status::no(Reason::WebhookAddressNotAllowed, why, id);
        settings.sender.check(url).map_err(unfit)
    }

    async fn decided(&self, call: &Call, id: &str, command: Command) -> Result<Outcome<Event>, Status> {
        self.app.decide::<Endpoint>(call, id, &command).await
    }

    async fn webhook(&self, id: &str, min_position: u64) -> Result<EndpointRow, Status> {
        self.app.reached::<Endpoints>(min_position).await?;
        let row = endpoints::one(self.app.store(), id).await.map_err(fault)?;
        row.ok_or_else(|| status::no(Reason::WebhookNotFound, "the institution has no such webhook", id))
    }

    /// A webhook as it is shown, with the end of its feed.
    async fn shown(&self, row: EndpointRow, written: u64) -> Result<Webhook, Status> {
        let store = self.app.store();
        let far = progress::progress(store, &row).await.map_err(fault)?;
        let last = Page { after: String::new(), size: FAILURES_SHOWN };
        let failures = progress::failures(store, &row, &last).await.map_err(fault)?;
        let key = self.app.belonging::<PartnerKey>();
        let newest = key.map(|it| Secret::derive(it, &row.endpoint, row.newest_round));
        let secrets = row.rounds(now_ms()).into_iter().map(|(round, until_ms)| WebhookSecret { round, until_ms });
        Ok(Webhook {
            institution_id: row.institution_id().to_owned(),
            webhook_id: row.webhook_id().to_owned(),
            secrets: secrets.collect(),
            url: row.url,
            types: row.types.0,
            enabled: row.enabled,
            cause: WebhookCause::try_from(row.cause).unwrap_or_default().into(),
            detail: row.detail,
            added_ms: row.added_ms,
            disabled_ms: row.disabled_ms,
            acknowledged_position: far.acknowledged,
            written_position: written,
            lag: written.saturating_sub(far.acknowledged),
            outstanding: far.waiting,
            next_try_ms: if row.enabled { far.next_try_ms } else { 0 },
            public_key: newest.map(|it| it.public_key()).unwrap_or_default(),
            failures: failures.into_iter().map(failure).collect(),
        })
    }
}

fn id(institution: &str, webhook: &str) -> String {
    format!("{institution}~{webhook}")
}

fn named(institution: &str, webhook: &str) -> Fields {
    let mut fields = Fields::new();
    fields.id("institution_id", institution);
    fields.id("webhook_id", webhook);
    fields
}

fn told(secret: Option<&Secret>) -> (String, String) {
    secret.map(|it| (it.secret(), it.public_key())).unwrap_or_default()
}

fn failure(it: FailureRow) -> WebhookFailure {
    WebhookFailure {
        position: it.position,
        event_id: it.event_id,
        subject: it.subject,
        attempt: it.attempt,
        tried_ms: it.tried_ms,
        status: it.status,
        failure: it.failure,
        next_try_ms: it.next_try_ms,
    }
}
