//! Services on a real nats-server: each does what it declares, and all else is refused by the server or reaches nothing.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_nats::{
    Client, ConnectOptions,
    jetstream::{self, Context, stream},
};
use bytes::Bytes;
use futures::{TryStreamExt as _, future};
use std::{collections::BTreeMap, path::Path, time::Duration};
use studium_broker::{
    NatsServer, binary,
    services::{self, ServiceAccess},
};
use studium_log::{AppendError, Document, Durability, Entry, Log, LogConfig, address};
use tempfile::TempDir;
use tokio::{sync::mpsc, time::timeout};

const KEYS: &str = "KV_personal_keys";

/// How long the server may take for a word.
const PATIENCE: Duration = Duration::from_secs(20);

fn access(name: &str, writes: &[&str], reads: &[&str], feeds: &[&str]) -> ServiceAccess {
    let [writes, reads, feeds] = [writes, reads, feeds].map(|it| it.iter().map(|it| (*it).to_owned()).collect());
    ServiceAccess { name: name.to_owned(), writes, reads, feeds, ..ServiceAccess::default() }
}

fn declared() -> [ServiceAccess; 3] {
    [
        access("campus", &["campus.plan"], &["enrolment"], &[]),
        access("credentials", &["credentials.credential"], &[], &[]),
        access("enrolment", &["enrolment.enrolment", "enrolment.learner"], &["campus"], &["enrolment", "digest"]),
    ]
}

/// A broker with three services that have a stream each, and the stream of persons' keys.
struct Desk {
    server: NatsServer,
    durability: Durability,
    operator: Context,
    _folder: TempDir,
}

impl Desk {
    async fn open(durability: Durability) -> Self {
        let folder = tempfile::tempdir().unwrap();
        services::declare(folder.path(), &declared()).unwrap();
        let executable = binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path;
        let server = NatsServer::start(&executable, durability, folder.path(), None).await.unwrap();
        let (servers, options) = address::connection(&server.url()).unwrap();
        let operator = jetstream::new(options.connect(servers).await.unwrap());
        let desk = Self { server, durability, operator, _folder: folder };
        for it in declared() {
            desk.log(&it.name).await.open(&it.name).await.unwrap();
        }
        desk
    }

    async fn log(&self, service: &str) -> Log {
        let config =
            LogConfig { url: self.server.url_of(service).unwrap(), durability: self.durability, master_key: None };
        Log::connect(&config).await.unwrap()
    }

    async fn as_service(&self, service: &str) -> Service {
        let (servers, options) = address::connection(&self.server.url_of(service).unwrap()).unwrap();
        Service::connect(servers, options).await
    }

    /// The key of a person, as every service may make it: once, and nobody writes over it.
    async fn keys(&self, made_by: &Client) {
        let config = stream::Config {
            name: KEYS.to_owned(),
            subjects: vec!["$KV.personal_keys.>".to_owned()],
            max_messages_per_subject: 1,
            discard: stream::DiscardPolicy::New,
            discard_new_per_subject: true,
            deny_purge: true,
            allow_direct: true,
            ..stream::Config::default()
        };
        jetstream::new(made_by.clone()).get_or_create_stream(config).await.unwrap();
    }

    /// Every stream with its messages, subjects, and how it was made.
    async fn streams(&self) -> BTreeMap<String, (u64, u64, String)> {
        let all: Vec<_> = self.operator.streams().try_collect().await.unwrap();
        let shown = all.into_iter().map(|it| {
            let made = format!("{:?}", it.config);
            (it.config.name, (it.state.messages, it.state.last_sequence, made))
        });
        shown.collect()
    }
}

/// A service's connection, and what the server refuses on it.
struct Service {
    client: Client,
    refusals: mpsc::Receiver<String>,
}

impl Service {
    async fn connect(servers: Vec<async_nats::ServerAddr>, options: ConnectOptions) -> Self {
        let (tell, refusals) = mpsc::channel(4096);
        let options = options.event_callback(move |event| {
            let _ = tell.try_send(event.to_string());
            async {}
        });
        Self { client: options.connect(servers).await.unwrap(), refusals }
    }

    /// Waits until the server refuses this.
    async fn is_refused(&mut self, kind: &str, subject: &str) {
        let wanted = format!("permissions violation for {kind} to \"{subject}\"").to_lowercase();
        let refused = async { while !self.refusals.recv().await.unwrap().to_lowercase().contains(&wanted) {} };
        timeout(PATIENCE, refused).await.unwrap_or_else(|_| panic!("{kind} to {subject} was not refused"));
    }

    async fn may_not_publish(&mut self, subject: &str) {
        self.client.publish(subject.to_owned(), Bytes::new()).await.unwrap();
        self.is_refused("publish", subject).await;
    }

    async fn may_not_subscribe(&mut self, subject: &str) {
        let _heard = self.client.subscribe(subject.to_owned()).await.unwrap();
        self.is_refused("subscription", subject).await;
    }
}

fn commit(subject: &str) -> Entry {
    Entry::bare(subject, 0, "r", vec![Bytes::from_static(b"x")])
}

fn document(number: u64) -> Document {
    let subject = format!("partner_ou.enrolment.run~{number}");
    let bytes = format!("{{\"id\":\"{number}\",\"subject\":\"run~{number}\",\"subjectversion\":1}}");
    Document { id: number.to_string(), subject, bytes: bytes.into() }
}

async fn works(durability: Durability) {
    let mut desk = Desk::open(durability).await;
    let (campus, enrolment) = (desk.log("campus").await, desk.log("enrolment").await);
    // So many at once that they are packed into batches.
    let subjects: Vec<_> = (0..40).map(|it| format!("enrolment.learner.l{it}")).collect();
    let told = future::try_join_all(subjects.iter().map(|it| enrolment.append(commit(it)))).await.unwrap();
    assert_eq!(told.len(), 40);
    enrolment.append(commit("enrolment.enrolment.r~l")).await.unwrap();
    campus.append(commit("campus.plan.p")).await.unwrap();
    let again = campus.append(commit("campus.plan.p")).await;
    assert!(matches!(again, Err(AppendError::Conflict)), "{again:?}");

    for reader in [&campus, &enrolment] {
        let mut follow = reader.follow("enrolment", 0);
        while follow.position() < 41 {
            timeout(PATIENCE, follow.next()).await.expect("commits in time").unwrap();
        }
    }
    let mut live = campus.follow("enrolment", 41);
    let (heard, _) =
        future::join(timeout(PATIENCE, live.next()), enrolment.append(commit("enrolment.learner.new"))).await;
    assert_eq!(heard.unwrap().unwrap()[0].commit.subject, "enrolment.learner.new");
    assert_eq!(campus.head("enrolment").await.unwrap(), 42);
    assert!(campus.read("enrolment", 3).await.unwrap().is_some());
    assert!(enrolment.last("campus.plan.p").await.unwrap().is_some());

    enrolment.open("partner_ou").await.unwrap();
    let documents: Vec<_> = (1..=20).map(document).collect();
    assert_eq!(enrolment.extend("partner_ou", 0, &documents).await.unwrap(), 20);
    let mut feed = enrolment.follow("partner_ou", 0).among_many();
    while feed.position() < 20 {
        timeout(PATIENCE, feed.next()).await.expect("documents in time").unwrap();
    }
    assert!(matches!(
        campus.append(commit("campus.other.x")).await,
        Err(AppendError::Unknown(_) | AppendError::Failed(_))
    ));
    desk.server.stop().await;
}

#[tokio::test]
async fn a_service_does_what_it_declares() {
    works(Durability::Disk).await;
}

#[tokio::test]
async fn a_service_does_what_it_declares_in_a_cluster() {
    works(Durability::Replicated).await;
}

#[tokio::test]
async fn whatever_a_service_does_not_declare_is_refused_by_the_server() {
    let mut desk = Desk::open(Durability::Process).await;
    desk.keys(&desk.as_service("campus").await.client).await;
    desk.log("enrolment").await.open("partner_ou").await.unwrap();
    let before = desk.streams().await;
    let everything = ["campus", "credentials", "enrolment", "partner_ou", KEYS];
    for service in declared() {
        let name = &service.name;
        let mut user = desk.as_service(name).await;
        for stream in everything {
            for api in ["STREAM.DELETE", "STREAM.UPDATE", "STREAM.PURGE", "STREAM.SNAPSHOT", "STREAM.RESTORE"] {
                user.may_not_publish(&format!("$JS.API.{api}.{stream}")).await;
            }
            for api in ["DELETE", "PAUSE", "UNPIN"] {
                user.may_not_publish(&format!("$JS.API.CONSUMER.{api}.{stream}.theirs")).await;
            }
            if !(stream == KEYS && name == "enrolment") {
                user.may_not_publish(&format!("$JS.API.STREAM.MSG.DELETE.{stream}")).await;
            }
            user.may_not_publish(&format!("$JS.ACK.{stream}.theirs.1.1.1.1.0")).await;
        }
        for other in declared().iter().filter(|it| it.name != *name) {
            for subject in
                other.writes.iter().map(|it| format!("{it}.x")).chain([format!("{}.enrolment.x", other.name)])
            {
                user.may_not_publish(&subject).await;
            }
            user.may_not_publish(&format!("$JS.API.STREAM.CREATE.{}", other.name)).await;
            if !service.reads.contains(&other.name) {
                for api in
                    ["CONSUMER.CREATE.{}.mine", "CONSUMER.MSG.NEXT.{}.theirs", "DIRECT.GET.{}", "STREAM.MSG.GET.{}"]
                {
                    user.may_not_publish(&format!("$JS.API.{}", api.replace("{}", &other.name))).await;
                }
            }
        }
        for subject in ["$SYS.REQ.SERVER.PING", "$JS.API.ACCOUNT.PURGE.PLATFORM", "_INBOX.somebody", "_R_.answer"] {
            user.may_not_publish(subject).await;
        }
        for subject in [">", "campus.>", "$JS.>", "$KV.>", "_R_.>", "partner_ou.>"] {
            user.may_not_subscribe(subject).await;
        }
    }
    assert_eq!(desk.streams().await, before, "nothing has changed");
    desk.server.stop().await;
}

/// An empty answer to `$JS.API.STREAM.DELETE.x` would delete the stream `x`, whoever asked, if there were such a subject
/// where the answer goes.
#[tokio::test]
async fn answers_reach_nothing_but_their_own_service() {
    let mut desk = Desk::open(Durability::Process).await;
    desk.log("campus").await.append(commit("campus.plan.p")).await.unwrap();
    desk.keys(&desk.as_service("campus").await.client).await;
    let before = desk.streams().await;
    let (campus, credentials) = (desk.as_service("campus").await.client, desk.as_service("credentials").await.client);
    let mut others = credentials.subscribe("_INBOX.>").await.unwrap();
    credentials.flush().await.unwrap();
    let asked = [
        ("$JS.API.DIRECT.GET.campus", r#"{"seq":99}"#),
        ("$JS.API.DIRECT.GET.campus", r#"{"seq":1,"batch":9,"next_by_subj":">"}"#),
        ("$JS.API.STREAM.MSG.GET.campus", r#"{"seq":99}"#),
        ("$JS.API.STREAM.INFO.enrolment", ""),
    ];
    for (subject, question) in asked {
        for answer in ["$JS.API.STREAM.DELETE.credentials", "$JS.API.STREAM.PURGE.campus", "credentials.credential.x"] {
            campus.publish_with_reply(subject, answer, question.into()).await.unwrap();
        }
        let answered = campus.request(subject, question.into()).await;
        answered.unwrap_or_else(|e| panic!("{subject} {question}: {e}"));
    }
    // A consumer that the broker itself would have deliver there: it finds nobody to deliver to.
    let deliver = r#"{"stream_name":"campus","action":"","config":{"name":"NAME","deliver_subject":"TO","ack_policy":"none",
        "deliver_policy":"all","replay_policy":"instant","idle_heartbeat":100000000}}"#;
    for (name, to) in [("one", "$JS.API.STREAM.DELETE.credentials"), ("two", "credentials.credential.x")] {
        let question = deliver.replace("NAME", name).replace("TO", to);
        let made = campus.request(format!("$JS.API.CONSUMER.CREATE.campus.{name}"), question.into()).await.unwrap();
        assert!(!made.payload.windows(7).any(|it| it == b"\"error\""), "{made:?}");
    }
    let ends = Entry::bare("campus.plan.q", 0, "r", vec![]);
    desk.log("campus").await.append(ends).await.unwrap();
    let mut after = desk.streams().await;
    assert_eq!(after.get("campus").unwrap().0, 2);
    after.insert("campus".to_owned(), before["campus"].clone());
    assert_eq!(after, before, "all streams are there, and hold what they held");
    credentials.flush().await.unwrap();
    assert!(
        future::poll_immediate(futures::StreamExt::next(&mut others)).await.is_none(),
        "another's answers are seen"
    );
    desk.server.stop().await;
}

#[tokio::test]
async fn keys_are_made_once_by_all_and_destroyed_by_one() {
    let mut desk = Desk::open(Durability::Process).await;
    let mut users = BTreeMap::new();
    for it in declared() {
        users.insert(it.name.clone(), desk.as_service(&it.name).await);
    }
    desk.keys(&users["credentials"].client).await;
    let stored = |client: &Client, person: &str| {
        let (subject, keys) = (format!("$KV.personal_keys.{person}"), jetstream::new(client.clone()));
        async move { keys.publish(subject, "key".into()).await.unwrap().await }
    };
    for (name, user) in &users {
        stored(&user.client, name).await.unwrap();
        let read = jetstream::new(user.client.clone()).get_stream(KEYS).await.unwrap();
        assert_eq!(read.direct_get_last_for_subject(format!("$KV.personal_keys.{name}")).await.unwrap().payload, "key");
        assert!(stored(&user.client, "campus").await.is_err(), "nobody writes over a key");
    }
    for name in ["campus", "credentials"] {
        let user = users.get_mut(name).unwrap();
        user.may_not_publish(&format!("$JS.API.STREAM.MSG.DELETE.{KEYS}")).await;
    }
    let keys = jetstream::new(users["enrolment"].client.clone()).get_stream(KEYS).await.unwrap();
    let of_campus = keys.direct_get_last_for_subject("$KV.personal_keys.campus").await.unwrap().sequence;
    assert!(keys.delete_message(of_campus).await.unwrap());
    assert!(desk.operator.get_stream(KEYS).await.unwrap().purge().await.is_err(), "nobody empties the bucket");
    desk.server.stop().await;
}
