//! A desk to test at: the service with a key, a partner whose feed holds what it is told to, and retries that come soon.

use crate::receiver::Receiver;
use bytes::Bytes;
use serde_json::json;
use std::time::Duration;
use studium_enrolment::{PartnerKey, WebhookSettings, service_with};
use studium_kit::{Running, Service};
use studium_log::{Document, Log};
use studium_proto::partner::v1::{
    AddWebhookRequest, AddWebhookResponse, CloseFeedRequest, EnableWebhookRequest, GetWebhookRequest, OpenFeedRequest,
    Webhook, partner_feed_service_client::PartnerFeedServiceClient, webhook_service_client::WebhookServiceClient,
};
use studium_testkit::{Caller, House, Postgres};
use tonic::Status;

/// 32 bytes in base64.
const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

pub type Hooks = WebhookServiceClient<Caller>;

pub struct Desk {
    pub house: House,
    pub running: Running,
    store: String,
}

/// The service whose webhooks may send to this machine, and try again so soon.
pub fn service(retry: &str) -> Service {
    let key = PartnerKey::read(KEY).unwrap();
    service_with(Some(key)).with(WebhookSettings::read("127.0.0.0/8", retry).unwrap())
}

/// Seven retries, as many as the usual schedule has.
pub const SOON: &str = "50ms,50ms,50ms,50ms,50ms,50ms,50ms";

impl Desk {
    pub async fn open(postgres: Option<Postgres>) -> Self {
        let house = House::new(Log::memory()).unwrap();
        let house = match postgres {
            Some(server) => house.on_postgres(server),
            None => house,
        };
        let store = house.store_url("enrolment").await.unwrap();
        let running = house.start_on(service(SOON), &store).await.unwrap();
        let desk = Self { house, running, store };
        desk.has_feed("ou").await;
        desk
    }

    /// Opens a partner's feed, and closes it, so that nobody writes there but the test.
    pub async fn has_feed(&self, institution: &str) {
        let mut feeds = PartnerFeedServiceClient::new(self.house.registrar(&self.running).await.unwrap());
        let institution_id = institution.to_owned();
        feeds.open_feed(OpenFeedRequest { institution_id, ..OpenFeedRequest::default() }).await.unwrap();
        let institution_id = institution.to_owned();
        feeds.close_feed(CloseFeedRequest { institution_id, ..CloseFeedRequest::default() }).await.unwrap();
    }

    /// Ends the service and starts it again, with other settings if they are given.
    pub async fn restarts(self, service: Service) -> Self {
        let Self { house, running, store } = self;
        running.stop().await.unwrap();
        let running = house.start_on(service, &store).await.unwrap();
        Self { house, running, store }
    }

    /// Writes an event for each subject into the feed of `ou`; gives the position of the last.
    pub async fn tells(&self, subjects: &[&str]) -> u64 {
        let events: Vec<_> = subjects.iter().map(|it| (*it, "org.studium.partner.enrolment.enrolled.v1")).collect();
        self.tells_of("ou", &events).await
    }

    /// Writes events of these subjects and types into a feed.
    pub async fn tells_of(&self, institution: &str, events: &[(&str, &str)]) -> u64 {
        let stream = format!("partner_{institution}");
        let head = self.house.log().head(&stream).await.unwrap();
        let documents: Vec<Document> = (head + 1..)
            .zip(events)
            .map(|(position, (subject, kind))| {
                let id = format!("{institution}-{position}");
                let event = json!({
                    "specversion": "1.0", "id": id, "source": "urn:studium:feed:ou", "type": kind,
                    "subject": subject, "time": "2026-09-01T08:00:00Z",
                    "recordedtime": format!("2026-09-01T08:{:02}:{:02}Z", position / 60, position % 60),
                    "datacontenttype": "application/json", "sequence": format!("{position:020}"),
                    "subjectversion": 1, "correlationid": "c", "data": { "runId": subject },
                });
                let subject = format!("{stream}.enrolment.{subject}");
                Document { id, subject, bytes: Bytes::from(event.to_string()) }
            })
            .collect();
        self.house.log().extend(&stream, head, &documents).await.unwrap()
    }

    pub async fn hooks(&self) -> Hooks {
        self.hooks_as("partner", &["ou"]).await
    }

    pub async fn hooks_as(&self, role: &str, institutions: &[&str]) -> Hooks {
        WebhookServiceClient::new(self.house.call(&self.running, "pat", &[role], institutions).await.unwrap())
    }

    /// Adds a webhook of `ou` that begins at the beginning.
    pub async fn adds(&self, webhook: &str, receiver: &Receiver) -> AddWebhookResponse {
        let request = AddWebhookRequest { after_position: Some(0), ..adding(webhook, &receiver.url()) };
        self.hooks().await.add_webhook(request).await.unwrap().into_inner()
    }

    pub async fn enables(&self, webhook: &str) {
        let (institution_id, webhook_id) = ("ou".into(), webhook.into());
        self.hooks().await.enable_webhook(EnableWebhookRequest { institution_id, webhook_id }).await.unwrap();
    }

    /// A webhook as it stands.
    pub async fn webhook(&self, webhook: &str) -> Webhook {
        let min_position = self.house.log().head("enrolment").await.unwrap();
        let request = GetWebhookRequest { institution_id: "ou".into(), webhook_id: webhook.into(), min_position };
        let answer: Result<_, Status> = self.hooks().await.get_webhook(request).await;
        answer.unwrap().into_inner().webhook.unwrap()
    }

    /// Waits until a webhook stands so.
    pub async fn becomes(&self, webhook: &str, what: &str, is_so: impl Fn(&Webhook) -> bool) -> Webhook {
        let mut last = Webhook::default();
        for _ in 0..1_200 {
            last = self.webhook(webhook).await;
            if is_so(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{webhook} should have become {what}, but stands so: {last:?}");
    }

    /// Waits until everything is acknowledged.
    pub async fn is_done(&self, webhook: &str) -> Webhook {
        self.becomes(webhook, "done", |it| it.lag == 0 && it.outstanding == 0).await
    }
}

/// A request to add a webhook of `ou`.
pub fn adding(webhook: &str, url: &str) -> AddWebhookRequest {
    AddWebhookRequest {
        institution_id: "ou".into(),
        webhook_id: webhook.into(),
        url: url.into(),
        ..AddWebhookRequest::default()
    }
}

/// The reason that a refusal carries.
pub fn reason(status: &Status) -> String {
    use tonic_types::StatusExt as _;
    status.get_details_error_info().map(|it| it.reason).unwrap_or_default()
}
