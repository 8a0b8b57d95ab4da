//! JetStream behind the verbs of the log.

use crate::{
    AppendError, Durability, Entry, Faults, LogError, MasterKey, Stored, address, batch, pack::Packer, tail::Tail,
};
use async_nats::{
    Client, Event, HeaderMap, Request,
    client::RequestErrorKind,
    connection::State,
    jetstream::{
        self, Context,
        context::GetStreamErrorKind,
        stream::{self, LastRawMessageErrorKind},
    },
};
use bytes::Bytes;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    sync::{Semaphore, watch},
    time::{Instant, sleep},
};

/// The oldest server whose streams check expectations inside atomic batches.
const OLDEST_SERVER: (u64, u64) = (2, 12);

/// How long one publish may take before its outcome counts as unknown.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a refusal to store is held against the broker: then somebody must be let in to see whether it is over.
const TROUBLE: Duration = Duration::from_secs(30);

/// What to do about a broker that stores nothing: one whose disk was full gives no answer until it is started again.
const IF_FULL: &str = "if its disk is full, free space there and start nats-server again";

/// How long the election of a stream's leader may take: 4 to 9 seconds on healthy nodes.
const ELECTION: Duration = Duration::from_secs(30);

/// JetStream error codes that the log understands (nats-server `errors.json`).
mod code {
    pub const WRONG_LAST_SEQUENCE: u64 = 10071;
    pub const PROPOSAL_IN_FLIGHT: u64 = 10164;
    pub const DUPLICATE_IN_BATCH: u64 = 10201;
    pub const TOO_MANY_BATCHES: u64 = 10210;
    pub const BATCH_INCOMPLETE: u64 = 10176;
    pub const STREAM_NOT_FOUND: u64 = 10059;
}

/// Where the log is and what it promises.
#[derive(Debug, Clone, Default)]
pub struct LogConfig {
    /// One address or several with commas: `nats://127.0.0.1:4222`.
    pub url: String,
    /// The profile; the servers must be configured for it (`studium up` does both).
    pub durability: Durability,
    /// What wraps the keys of persons. Without it commits are read as they are stored, and nothing personal is written.
    pub master_key: Option<MasterKey>,
}

/// A connection to JetStream.
pub(crate) struct Nats {
    client: Client,
    jetstream: Context,
    durability: Durability,
    /// Counts connections, so that followers know when to start over.
    epoch: watch::Receiver<u64>,
    packers: Mutex<HashMap<String, Packer>>,
    tails: Mutex<HashMap<String, Weak<Tail>>>,
    /// Turns at getting a batch.
    pub(crate) batches: Semaphore,
    /// When and why an append was last not stored, if none has been stored since on the same connection.
    refused: Mutex<Option<(Instant, u64, String)>>,
}

#[derive(Deserialize)]
struct Ack {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    error: Option<AckError>,
}

#[derive(Deserialize)]
struct AckError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

impl Nats {
    pub(crate) async fn connect(config: &LogConfig) -> Result<Self, LogError> {
        let (servers, options) = address::connection(&config.url)?;
        let url = &address::without_user(&config.url);
        let (sender, epoch) = watch::channel(0);
        let client = options
            .connection_timeout(Duration::from_secs(3))
            .ping_interval(Duration::from_secs(5))
            .request_timeout(Some(ACK_TIMEOUT))
            .client_capacity(65_536)
            .subscription_capacity(65_536)
            .reconnect_delay_callback(|attempts| Duration::from_millis((50 << attempts.min(4)) as u64))
            .event_callback(move |event| {
                if matches!(event, Event::Connected) {
                    sender.send_modify(|it| *it += 1);
                }
                async {}
            })
            .connect(servers)
            .await
            .map_err(|e| {
                LogError::Unreachable(format!(
                    "nobody answers at {url} ({e}); start nats-server there, or name another with --nats (STUDIUM_NATS_URL)"
                ))
            })?;
        let version = client.server_info().version;
        if !is_new_enough(&version) {
            return Err(LogError::Setup(format!(
                "nats-server at {url} is version {version}; Studium needs 2.12 or later: upgrade it, or name another with --nats (STUDIUM_NATS_URL)"
            )));
        }
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(ACK_TIMEOUT);
        let (packers, tails, refused) = Default::default();
        let batches = Semaphore::new(batch::AT_ONCE);
        Ok(Self { client, jetstream, durability: config.durability, epoch, packers, tails, batches, refused })
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.client.connection_state() == State::Connected
    }

    /// Why the broker stores nothing at present.
    pub(crate) fn trouble(&self) -> Option<String> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, epoch, why) = refused.as_ref()?;
        // A broker that was started again deserves another try.
        let is_recent = at.elapsed() < TROUBLE && *epoch == *self.epoch.borrow();
        is_recent.then(|| format!("the broker stores nothing: {why}"))
    }

    fn note(&self, appended: &Result<u64, AppendError>) {
        let why = match appended {
            Err(AppendError::Unknown(why) | AppendError::Failed(LogError::Unreachable(why))) => Some(why),
            _ => None,
        };
        // Other answers, for example of a leader that steps down, pass within seconds.
        let why = why.filter(|it| it.contains(IF_FULL));
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) =
            why.map(|why| (Instant::now(), *self.epoch.borrow(), why.clone()));
    }

    pub(crate) fn epoch(&self) -> watch::Receiver<u64> {
        self.epoch.clone()
    }

    /// The tail of a stream, which is shared as long as somebody follows it.
    pub(crate) fn tail(self: &Arc<Self>, faults: &Arc<Faults>, stream: &str, kept_max: usize) -> Arc<Tail> {
        let mut tails = self.tails.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(it) = tails.get(stream).and_then(Weak::upgrade) {
            return it;
        }
        let tail = Tail::start(Arc::clone(self), Arc::clone(faults), stream, kept_max);
        tails.insert(stream.to_owned(), Arc::downgrade(&tail));
        tail
    }

    pub(crate) async fn open(&self, name: &str) -> Result<(), LogError> {
        let config = stream::Config {
            name: name.to_owned(),
            description: Some(format!("Commits of the service {name}; never trimmed, never deleted.")),
            subjects: vec![format!("{name}.>")],
            storage: stream::StorageType::File,
            num_replicas: self.replicas(),
            allow_direct: true,
            allow_atomic_publish: true,
            deny_delete: true,
            deny_purge: true,
            duplicate_window: Duration::from_mins(2),
            ..stream::Config::default()
        };
        let found = self.open_stream(&config).await?;
        if !found.deny_delete || !found.deny_purge || !found.max_age.is_zero() || !found.allow_atomic_publish {
            return Err(LogError::Setup(format!(
                "stream `{name}` was made by somebody else and may forget: it must deny delete and purge, have no age limit and allow atomic publish"
            )));
        }
        Ok(())
    }

    /// How many nodes keep a stream.
    pub(crate) fn replicas(&self) -> usize {
        if self.durability == Durability::Replicated { 3 } else { 1 }
    }

    /// Makes a stream if there is none; returns how it is configured.
    pub(crate) async fn open_stream(&self, config: &stream::Config) -> Result<stream::Config, LogError> {
        let opened = self.once_elected(|| self.jetstream.get_or_create_stream(config)).await;
        opened.map(|it| it.cached_info().config.clone()).map_err(|e| {
            LogError::Unreachable(format!(
                "stream `{}` cannot be opened ({e}); start nats-server with JetStream (-js), and with room on its disk",
                config.name
            ))
        })
    }

    /// Asks until somebody answers: a cluster that has just started has no leader for the stream yet.
    async fn once_elected<T, E, F: Future<Output = Result<T, E>>>(&self, ask: impl Fn() -> F) -> Result<T, E> {
        let deadline = Instant::now() + ELECTION;
        loop {
            match ask().await {
                Err(_) if self.durability == Durability::Replicated && Instant::now() < deadline => {
                    sleep(Duration::from_millis(200)).await;
                }
                answer => return answer,
            }
        }
    }

    pub(crate) async fn append(&self, group: Vec<Entry>) -> Result<u64, AppendError> {
        // Packing pays only where every publish pays a sync of its own.
        let appended = if self.durability == Durability::Disk {
            let packer = {
                let mut packers = self.packers.lock().unwrap_or_else(PoisonError::into_inner);
                packers
                    .entry(group.first().map_or("", |it| it.stored.stream()).to_owned())
                    .or_insert_with(|| Packer::start(self.client.clone()))
                    .clone()
            };
            packer.append(group).await
        } else {
            self.append_now(&group).await
        };
        self.note(&appended);
        appended
    }

    /// The same without packing.
    pub(crate) async fn append_now(&self, group: &[Entry]) -> Result<u64, AppendError> {
        publish_all(&self.client, messages(group)).await
    }

    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) async fn head(&self, name: &str) -> Result<u64, LogError> {
        match self.jetstream.get_stream(name).await {
            Ok(it) => Ok(it.cached_info().state.last_sequence),
            Err(e) if is_no_stream(&e.kind()) => Ok(0),
            Err(e) => Err(LogError::Unreachable(format!("stream `{name}`: {e}"))),
        }
    }

    pub(crate) async fn first_head(&self, name: &str) -> Result<u64, LogError> {
        self.once_elected(|| self.head(name)).await
    }

    /// What a stream is, as its leader knows it.
    pub(crate) async fn info(&self, name: &str) -> Result<stream::Info, LogError> {
        let stream = self.jetstream.get_stream(name).await;
        stream.map(|it| it.cached_info().clone()).map_err(|e| LogError::Unreachable(format!("stream `{name}`: {e}")))
    }

    pub(crate) async fn read(&self, stream: &str, position: u64) -> Result<Option<Stored>, LogError> {
        let stream = self.stream(stream).await?;
        match stream.get_raw_message(position).await {
            Ok(it) => Stored::decode(it.sequence, it.payload).map(Some),
            Err(e) if e.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(e) => Err(LogError::Unreachable(e.to_string())),
        }
    }

    pub(crate) async fn last(&self, subject: &str) -> Result<Option<Stored>, LogError> {
        let stream = self.stream(subject.split('.').next().unwrap_or_default()).await?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(it) => Stored::decode(it.sequence, it.payload).map(Some),
            Err(e) if e.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(e) => Err(LogError::Unreachable(e.to_string())),
        }
    }

    /// A handle without asking the server for the stream's state.
    pub(crate) async fn stream(&self, name: &str) -> Result<stream::Stream<()>, LogError> {
        self.jetstream.get_stream_no_info(name).await.map_err(|e| LogError::Unreachable(e.to_string()))
    }
}

/// Publishes one message and reads the broker's word.
async fn publish(client: &Client, subject: String, headers: HeaderMap, payload: Bytes) -> Result<u64, AppendError> {
    let request = Request::new().headers(headers).payload(payload).timeout(Some(ACK_TIMEOUT));
    let reply = client.send_request(subject, request).await.map_err(|e| match e.kind() {
        RequestErrorKind::InvalidSubject => AppendError::Failed(LogError::Setup(e.to_string())),
        // Nobody listened just now, or nobody answered: a leader may have stored it all the same.
        _ => AppendError::Unknown(format!("it gives no answer ({e}); {IF_FULL}")),
    })?;
    read_ack(&reply.payload)
}

/// Commits of one aggregate as messages.
pub(crate) fn messages(group: &[Entry]) -> impl ExactSizeIterator<Item = (String, HeaderMap, Bytes)> {
    group.iter().map(|it| (it.stored.commit.subject.clone(), it.headers(), it.stored.bytes.clone()))
}

/// Publishes messages in order as one atomic batch (ADR-50), all or none of them, and returns the position of the last.
/// A message alone needs no batch.
pub(crate) async fn publish_all(
    client: &Client,
    messages: impl ExactSizeIterator<Item = (String, HeaderMap, Bytes)>,
) -> Result<u64, AppendError> {
    let last = messages.len();
    let batch = (last > 1).then(|| client.new_inbox().replace('.', ""));
    for ((subject, mut headers, payload), number) in messages.zip(1..) {
        if let Some(batch) = &batch {
            headers.insert("Nats-Batch-Id", batch.as_str());
            headers.insert("Nats-Batch-Sequence", number.to_string());
        }
        if number == last {
            if batch.is_some() {
                headers.insert("Nats-Batch-Commit", "1");
            }
            return publish(client, subject, headers, payload).await;
        }
        let sent = client.publish_with_headers(subject, headers, payload).await;
        sent.map_err(|e| AppendError::Unknown(e.to_string()))?;
    }
    Err(AppendError::Unknown("an empty batch".to_owned()))
}

fn read_ack(payload: &Bytes) -> Result<u64, AppendError> {
    let ack: Ack =
        serde_json::from_slice(payload).map_err(|e| AppendError::Unknown(format!("unreadable answer: {e}")))?;
    match ack {
        // The id is in the stream already; whether it is this very commit, the reload will tell.
        Ack { duplicate: true, .. } => Err(AppendError::Conflict),
        Ack { error: Some(e), .. } => Err(match e.err_code {
            code::WRONG_LAST_SEQUENCE => AppendError::Conflict,
            code::PROPOSAL_IN_FLIGHT
            | code::DUPLICATE_IN_BATCH
            | code::TOO_MANY_BATCHES
            | code::BATCH_INCOMPLETE
            | code::STREAM_NOT_FOUND => AppendError::Unknown(e.description),
            _ => AppendError::Failed(LogError::Unreachable(format!("{} ({}); {IF_FULL}", e.description, e.err_code))),
        }),
        Ack { seq: Some(seq), .. } => Ok(seq),
        Ack { .. } => Err(AppendError::Unknown("an answer without a position".to_owned())),
    }
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split('.').map(|it| it.parse::<u64>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST_SERVER
}

fn is_no_stream(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(e) if e.error_code().0 == code::STREAM_NOT_FOUND)
}
