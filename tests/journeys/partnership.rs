//! A school with a partner: a course whose learners it tells of, and a partner that reads in three ways.

use crate::{
    office::{asked, becomes, connect, connect_as},
    platform::World,
};
use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, pull},
};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use futures::{StreamExt as _, stream};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use studium_cli::client::Channel;
use studium_enrolment::Tree;
use studium_log::address;
use studium_proto::catalogue::v1::{
    ImportCoursesRequest, OpenRunRequest, Pacing, ScheduleRunRequest,
    course_run_service_client::CourseRunServiceClient, import_service_client::ImportServiceClient,
};
use studium_proto::enrolment::v1::{
    BulkEnrolRequest, ConsentScope, ExternalId, GetRunOfferRequest, GiveConsentRequest, RegisterLearnerRequest,
    RowOutcome, WithdrawConsentRequest, enrolment_query_service_client::EnrolmentQueryServiceClient,
    enrolment_service_client::EnrolmentServiceClient, learner_service_client::LearnerServiceClient,
};
use studium_proto::partner::v1::{
    AddWebhookRequest, FeedStatus, GetFeedRequest, SubscribeRequest, SubscribeResponse,
    partner_feed_service_client::PartnerFeedServiceClient, webhook_service_client::WebhookServiceClient,
};
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{Code, Status, Streaming};

/// So many enrol while the partner is away.
pub const CROWD: u64 = 10_000;

const DAY: i64 = 24 * 3_600_000;

/// The registrar's connections.
#[derive(Clone)]
pub struct School {
    catalogue: Channel,
    enrolment: Channel,
}

impl School {
    pub async fn open(world: &World) -> Self {
        Self { catalogue: connect(world, "catalogue").await, enrolment: connect_as(world, "enrolment", "office").await }
    }

    /// A course of `ou` with a run, and twenty learners in it who let the partner see their names and addresses.
    pub async fn set_up(&self) {
        let course = ImportCoursesRequest {
            row: 1,
            slug: "course".into(),
            title: "Course".into(),
            institution: "OU".into(),
            hours: 10.0,
            ..ImportCoursesRequest::default()
        };
        let mut imports = ImportServiceClient::new(self.catalogue.clone());
        let mut answers = imports.import_courses(stream::iter([course])).await.unwrap().into_inner();
        while let Some(it) = answers.message().await.unwrap() {
            assert_eq!(it.reason, "", "{it:?}");
        }
        let now = studium_log::now_ms();
        let mut runs = CourseRunServiceClient::new(self.catalogue.clone());
        let schedule = ScheduleRunRequest {
            run_id: "run".into(),
            course_id: "course".into(),
            starts_at_ms: now - DAY,
            ends_at_ms: now + 100 * DAY,
            pacing: Pacing::Self_.into(),
            ..ScheduleRunRequest::default()
        };
        runs.schedule_run(schedule).await.unwrap();
        let open = OpenRunRequest { run_id: "run".into(), ..OpenRunRequest::default() };
        let catalogue_position = runs.open_run(open).await.unwrap().into_inner().position;
        let offer = GetRunOfferRequest { run_id: "run".into(), catalogue_position };
        EnrolmentQueryServiceClient::new(self.enrolment.clone()).get_run_offer(offer).await.unwrap();
        let mut people = LearnerServiceClient::new(self.enrolment.clone());
        for number in 0..20 {
            let learner_id = format!("learner-{number}");
            let external_id = ExternalId { institution_id: "ou".into(), external_id: format!("s{number}") };
            let register = RegisterLearnerRequest {
                learner_id: learner_id.clone(),
                name: format!("Learner {number}"),
                email: format!("{number}@example.org"),
                external_ids: vec![external_id],
                ..RegisterLearnerRequest::default()
            };
            people.register_learner(register).await.unwrap();
            let consent = GiveConsentRequest {
                learner_id,
                institution_id: "ou".into(),
                scopes: vec![ConsentScope::Name.into(), ConsentScope::Email.into()],
                ..GiveConsentRequest::default()
            };
            people.give_consent(consent).await.unwrap();
        }
        self.enrol((0..20).map(|it| format!("learner-{it}")), "first").await.unwrap();
    }

    /// Takes a consent back.
    pub async fn takes_back(&self, learner: &str, scope: ConsentScope) {
        let request = WithdrawConsentRequest {
            learner_id: learner.into(),
            institution_id: "ou".into(),
            scopes: vec![scope.into()],
            ..WithdrawConsentRequest::default()
        };
        LearnerServiceClient::new(self.enrolment.clone()).withdraw_consent(request).await.unwrap();
    }

    /// Enrols the crowd; asked again after a break, nobody is enrolled twice.
    pub async fn enrols_many(self) -> Result<(), Status> {
        self.enrol((0..CROWD).map(|it| format!("crowd-{it}")), "crowd").await
    }

    async fn enrol(&self, learners: impl Iterator<Item = String>, request_id: &str) -> Result<(), Status> {
        let row = |learner_id| BulkEnrolRequest { run_id: "run".into(), learner_id, ..BulkEnrolRequest::default() };
        let rows: Vec<_> = learners.map(row).collect();
        let all = rows.len();
        let mut client = EnrolmentServiceClient::new(self.enrolment.clone());
        let mut answers = client.bulk_enrol(asked(request_id, stream::iter(rows))).await?.into_inner();
        let mut done = 0;
        while let Some(it) = answers.message().await? {
            assert!(matches!(it.outcome(), RowOutcome::Ok | RowOutcome::Already), "{it:?}");
            done += 1;
        }
        assert_eq!(done, all);
        Ok(())
    }

    pub async fn head(&self, world: &World) -> u64 {
        world.log().await.head("enrolment").await.unwrap()
    }

    fn feeds(&self) -> PartnerFeedServiceClient<Channel> {
        PartnerFeedServiceClient::new(self.enrolment.clone())
    }

    /// Waits until the feed has been told of all that there is; its last position.
    pub async fn told(&self) -> u64 {
        let feed = async || {
            let request = GetFeedRequest { institution_id: "ou".into(), min_position: 0 };
            match self.feeds().get_feed(request).await {
                Ok(it) => it.into_inner().feed,
                Err(e) if e.code() == Code::NotFound => None,
                Err(e) => panic!("{e}"),
            }
        };
        let is_told = |it: &FeedStatus| it.source_lag == 0 && it.written_position > 0;
        becomes(feed, |it| it.as_ref().is_some_and(is_told)).await.unwrap().written_position
    }

    pub async fn subscribe(&self, after_position: u64) -> Streaming<SubscribeResponse> {
        let request = SubscribeRequest { institution_id: "ou".into(), after_position, ..SubscribeRequest::default() };
        self.feeds().subscribe(request).await.unwrap().into_inner()
    }

    /// Reads on over gRPC from where the copy is.
    pub async fn read(&self, copy: &mut Copy, until: u64) {
        let mut events = self.subscribe(copy.position).await;
        while copy.position < until {
            copy.take(&events.message().await.unwrap().unwrap().event);
        }
    }

    /// Has the feed sent to a receiver from the beginning.
    pub async fn send_to(&self, receiver: &Receiver) {
        let request = AddWebhookRequest {
            institution_id: "ou".into(),
            webhook_id: "sis".into(),
            url: format!("http://{}/events", receiver.at),
            types: Vec::new(),
            after_position: Some(0),
        };
        WebhookServiceClient::new(self.enrolment.clone()).add_webhook(request).await.unwrap();
    }
}

/// A copy that a partner makes of what it is told.
#[derive(Clone, Default)]
pub struct Copy {
    /// Everything up to here was taken in.
    pub position: u64,
    pub tree: Tree,
    pub records: BTreeMap<String, Value>,
    /// What came before its turn: over HTTP only events of one subject keep their order.
    early: BTreeMap<u64, Value>,
}

impl Copy {
    /// Takes in the next event; it must be the next.
    pub fn take(&mut self, event: &str) {
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!(position(&event), self.position + 1);
        self.put(&event);
    }

    /// Takes in an event that may come again, or before others of other subjects.
    fn take_any(&mut self, event: Value) {
        if position(&event) > self.position {
            self.early.insert(position(&event), event);
        }
        while let Some(event) = self.early.remove(&(self.position + 1)) {
            self.put(&event);
        }
    }

    fn put(&mut self, event: &Value) {
        self.position = position(event);
        self.tree.take(event);
        let Some(id) = event["data"]["enrolmentId"].as_str() else { return };
        match event["data"].get("enrolment") {
            Some(record) => self.records.insert(id.to_owned(), record.clone()),
            None => self.records.remove(id),
        };
    }
}

fn position(event: &Value) -> u64 {
    event["sequence"].as_str().unwrap().parse().unwrap()
}

/// A partner's connection to NATS.
pub struct Reader {
    stream: jetstream::stream::Stream,
}

impl Reader {
    /// Signs in with the key that `studium partners nats add` printed, wherever the platform runs by now.
    pub async fn open(world: &World, access: &Value) -> Self {
        let listed = world.result(&["status"])["nats"].as_str().unwrap().to_owned();
        let (servers, options) = address::connection(&address::without_user(&listed)).unwrap();
        let client = options.nkey(access["seed"].as_str().unwrap().to_owned()).connect(servers).await.unwrap();
        Self { stream: jetstream::new(client).get_stream("enrolments").await.unwrap() }
    }

    /// Reads on from where the consumer stopped.
    pub async fn read(&self, copy: &mut Copy, until: u64) {
        let config = pull::Config {
            durable_name: Some("copy".into()),
            ack_policy: AckPolicy::Explicit,
            ..pull::Config::default()
        };
        let consumer = self.stream.get_or_create_consumer("copy", config).await.unwrap();
        while copy.position < until {
            let mut batch = consumer.fetch().max_messages(500).messages().await.unwrap();
            while let Some(message) = batch.next().await {
                let message = message.unwrap();
                // What was taken in just before hanging up may come again: its acknowledgement was lost.
                if message.info().unwrap().stream_sequence > copy.position {
                    copy.take(std::str::from_utf8(&message.payload).unwrap());
                }
                message.double_ack().await.unwrap();
            }
        }
    }
}

/// A partner's receiver of webhooks.
pub struct Receiver {
    pub at: SocketAddr,
    inner: Arc<Received>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Received {
    copy: Mutex<Copy>,
    fails: AtomicBool,
    refused: AtomicU64,
}

impl Receiver {
    pub async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let inner = Arc::<Received>::default();
        let routes = Router::new().route("/events", post(receive)).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { at, inner, task }
    }

    /// Answers with errors from now on, or no longer.
    pub fn fails(&self, fails: bool) {
        self.inner.fails.store(fails, Ordering::SeqCst);
    }

    /// How many were answered with an error.
    pub fn refused(&self) -> u64 {
        self.inner.refused.load(Ordering::SeqCst)
    }

    pub fn copy(&self) -> Copy {
        self.inner.copy.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(inner): State<Arc<Received>>, body: Bytes) -> StatusCode {
    if inner.fails.load(Ordering::SeqCst) {
        inner.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    inner.copy.lock().unwrap().take_any(serde_json::from_slice(&body).unwrap());
    StatusCode::NO_CONTENT
}
