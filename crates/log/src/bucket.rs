//! The bucket of wrapped keys: a JetStream key-value bucket that keeps one value for each name, and its in-memory twin.
//! What was destroyed leaves a mark, so that nothing comes to stand under its name again.

use crate::{AppendError, Entry, LogError, nats::Nats};
use async_nats::{
    HeaderMap,
    jetstream::{
        Message,
        consumer::{DeliverPolicy, pull},
        message::StreamMessage,
        stream::{self, LastRawMessageErrorKind},
    },
};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{OnceCell, watch};

/// The bucket, and the stream behind it (ADR-8).
const STREAM: &str = "KV_personal_keys";
const SUBJECTS: &str = "$KV.personal_keys.";

/// How a bucket says that a value was taken away for good.
pub(crate) const OPERATION: &str = "KV-Operation";
pub(crate) const PURGE: &str = "PURGE";

/// Changes handed over at once, at most.
const BATCH_MAX: usize = 1000;

/// What is under a name.
pub(crate) enum Slot {
    Wrapped(Bytes),
    Destroyed,
}

#[derive(Clone)]
pub(crate) enum Bucket {
    Nats(Arc<NatsBucket>),
    Memory(Arc<MemoryBucket>),
}

impl Bucket {
    pub(crate) fn nats(nats: &Arc<Nats>) -> Self {
        Self::Nats(Arc::new(NatsBucket { nats: Arc::clone(nats), stream: OnceCell::new() }))
    }

    pub(crate) fn memory(id: String) -> Self {
        let (slots, changed) = (Mutex::default(), watch::Sender::default());
        Self::Memory(Arc::new(MemoryBucket { id, slots, changed }))
    }

    /// What is under a name, as the leader knows it.
    pub(crate) async fn get(&self, name: &str) -> Result<Option<Slot>, LogError> {
        match self {
            Self::Nats(it) => Ok(it.get(name).await?.map(|it| slot(Some(&it.headers), &it.payload))),
            Self::Memory(it) => Ok(it.slots().names.get(name).map(|(_, value)| match value {
                Some(it) => Slot::Wrapped(it.clone()),
                None => Slot::Destroyed,
            })),
        }
    }

    /// Puts something under a name; false if there is or was something.
    pub(crate) async fn create(&self, name: &str, wrapped: Vec<u8>) -> Result<bool, LogError> {
        match self {
            Self::Nats(it) => it.create(name, wrapped).await,
            Self::Memory(it) => Ok(it.create(name, wrapped)),
        }
    }

    /// Erases what is under a name and leaves the mark.
    pub(crate) async fn destroy(&self, name: &str) -> Result<(), LogError> {
        match self {
            Self::Nats(it) => it.destroy(name).await,
            Self::Memory(it) => {
                it.destroy(name);
                Ok(())
            }
        }
    }

    /// Revision of the last change, and what tells this bucket from one that was there before.
    pub(crate) async fn revision(&self) -> Result<(u64, String), LogError> {
        match self {
            Self::Nats(it) => it.revision().await,
            Self::Memory(it) => Ok((it.slots().revision, it.id.clone())),
        }
    }

    /// Names that were destroyed after a revision, if any, and the revision reached.
    pub(crate) async fn destroyed_since(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        match self {
            Self::Nats(it) => it.destroyed_since(revision).await,
            Self::Memory(it) => Ok(it.destroyed_since(revision)),
        }
    }

    /// Names that were destroyed after a revision, and the revision reached; waits until there is one.
    pub(crate) async fn destroyed_after(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        match self {
            Self::Nats(it) => it.destroyed_after(revision).await,
            Self::Memory(it) => Ok(it.destroyed_after(revision).await),
        }
    }

    /// What changes after a revision: keys as they are made, and names as they are destroyed.
    pub(crate) async fn changes(&self, revision: u64) -> Result<Changes, LogError> {
        match self {
            Self::Nats(it) => Ok(Changes::Nats(Box::new(it.read(revision, false).await?.0))),
            Self::Memory(it) => Ok(Changes::Memory(Arc::clone(it), revision)),
        }
    }

    /// All that is there, by name.
    pub(crate) async fn all(&self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        match self {
            Self::Nats(it) => it.all().await,
            Self::Memory(it) => {
                let slots = it.slots();
                let there =
                    slots.names.iter().filter_map(|(name, (_, it))| Some((name.clone(), it.as_ref()?.to_vec())));
                Ok(there.collect())
            }
        }
    }
}

/// A reader of what changes.
pub(crate) enum Changes {
    Nats(Box<pull::Ordered>),
    /// The twin, and the revision up to which its changes were read. Of keys that are made it says nothing: whoever asks
    /// for one there has it at once.
    Memory(Arc<MemoryBucket>, u64),
}

impl Changes {
    /// Waits for the next changes, in order.
    pub(crate) async fn next(&mut self) -> Result<Vec<(String, Slot)>, LogError> {
        match self {
            Self::Nats(messages) => Ok(gather(messages).await?.into_iter().filter_map(|it| it.change).collect()),
            Self::Memory(it, revision) => {
                let (names, reached) = it.destroyed_after(*revision).await;
                *revision = reached;
                Ok(names.into_iter().map(|it| (it, Slot::Destroyed)).collect())
            }
        }
    }
}

fn slot(headers: Option<&HeaderMap>, payload: &Bytes) -> Slot {
    if headers.is_some_and(is_mark) { Slot::Destroyed } else { Slot::Wrapped(payload.clone()) }
}

fn is_mark(headers: &HeaderMap) -> bool {
    headers.get(OPERATION).is_some_and(|it| it.as_str() == PURGE)
}

pub(crate) struct NatsBucket {
    nats: Arc<Nats>,
    stream: OnceCell<stream::Stream<()>>,
}

impl NatsBucket {
    /// The stream behind the bucket, which is made when there is none.
    async fn stream(&self) -> Result<&stream::Stream<()>, LogError> {
        let open = || async {
            let config = stream::Config {
                name: STREAM.to_owned(),
                description: Some("Wrapped keys of persons; a key that is destroyed leaves a mark.".to_owned()),
                subjects: vec![format!("{SUBJECTS}>")],
                storage: stream::StorageType::File,
                num_replicas: self.nats.replicas(),
                max_messages_per_subject: 1,
                // The server itself keeps what is under a name from being overwritten: it has to be deleted first.
                discard: stream::DiscardPolicy::New,
                discard_new_per_subject: true,
                allow_direct: true,
                allow_atomic_publish: true,
                // What is destroyed is overwritten on the disk, which the bucket's own commands do not do.
                deny_delete: false,
                deny_purge: true,
                duplicate_window: Duration::from_mins(2),
                ..stream::Config::default()
            };
            self.nats.open_stream(&config).await?;
            self.nats.stream(STREAM).await
        };
        self.stream.get_or_try_init(open).await
    }

    async fn get(&self, name: &str) -> Result<Option<StreamMessage>, LogError> {
        match self.stream().await?.get_last_raw_message_by_subject(&format!("{SUBJECTS}{name}")).await {
            Ok(it) => Ok(Some(it)),
            Err(e) if e.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(e) => Err(unreachable(&e)),
        }
    }

    async fn create(&self, name: &str, wrapped: Vec<u8>) -> Result<bool, LogError> {
        self.stream().await?;
        match self.nats.append(vec![Entry::value(format!("{SUBJECTS}{name}"), Some(wrapped.into()))]).await {
            Ok(_) => Ok(true),
            // Whether it was stored or not, looking at it again tells.
            Err(AppendError::Conflict | AppendError::Unknown(_)) => Ok(false),
            Err(AppendError::Failed(e)) => Err(e),
        }
    }

    async fn destroy(&self, name: &str) -> Result<(), LogError> {
        let stream = self.stream().await?;
        loop {
            match self.get(name).await? {
                Some(it) if is_mark(&it.headers) => return Ok(()),
                // First overwritten where it lies: what only gives way to a newer value stays on the disk for a while.
                Some(it) => {
                    stream.delete_message(it.sequence).await.map_err(|e| unreachable(&e))?;
                }
                None => {}
            }
            match self.nats.append(vec![Entry::value(format!("{SUBJECTS}{name}"), None)]).await {
                // Somebody may have made a key between the two.
                Ok(_) | Err(AppendError::Conflict | AppendError::Unknown(_)) => {}
                Err(AppendError::Failed(e)) => return Err(e),
            }
        }
    }

    async fn revision(&self) -> Result<(u64, String), LogError> {
        self.stream().await?;
        let info = self.nats.info(STREAM).await?;
        Ok((info.state.last_sequence, info.created.unix_timestamp_nanos().to_string()))
    }

    /// Reads on after a revision, with the values or without; says how many messages there are by now.
    async fn read(&self, revision: u64, headers_only: bool) -> Result<(pull::Ordered, u64), LogError> {
        let config = pull::OrderedConfig {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: revision + 1 },
            headers_only,
            ..pull::OrderedConfig::default()
        };
        let consumer = self.stream().await?.create_consumer(config).await.map_err(|e| unreachable(&e))?;
        let pending = consumer.cached_info().num_pending;
        Ok((consumer.messages().await.map_err(|e| unreachable(&e))?, pending))
    }

    /// What changed after a revision until now.
    async fn until_now(&self, revision: u64, headers_only: bool) -> Result<Vec<Seen>, LogError> {
        let (mut messages, mut left) = self.read(revision, headers_only).await?;
        let mut all = Vec::new();
        while left > 0 {
            let seen = seen(messages.next().await)?;
            left = seen.left;
            all.push(seen);
        }
        Ok(all)
    }

    async fn destroyed_since(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        let seen = self.until_now(revision, true).await?;
        let reached = seen.last().map_or(revision, |it| it.revision);
        Ok((seen.into_iter().filter_map(Seen::destroyed).collect(), reached))
    }

    async fn destroyed_after(&self, revision: u64) -> Result<(Vec<String>, u64), LogError> {
        let (mut messages, _) = self.read(revision, true).await?;
        let (mut names, mut reached) = (Vec::new(), revision);
        while names.is_empty() {
            for seen in gather(&mut messages).await? {
                reached = seen.revision;
                names.extend(seen.destroyed());
            }
        }
        Ok((names, reached))
    }

    async fn all(&self) -> Result<Vec<(String, Vec<u8>)>, LogError> {
        let there = |it: Seen| match it.change? {
            (name, Slot::Wrapped(it)) => Some((name, it.to_vec())),
            (_, Slot::Destroyed) => None,
        };
        Ok(self.until_now(0, false).await?.into_iter().filter_map(there).collect())
    }
}

/// A change as it was seen.
struct Seen {
    revision: u64,
    /// How many there are behind it.
    left: u64,
    /// The name, and what is under it.
    change: Option<(String, Slot)>,
}

impl Seen {
    /// The name, if it was destroyed.
    fn destroyed(self) -> Option<String> {
        self.change.and_then(|(name, slot)| matches!(slot, Slot::Destroyed).then_some(name))
    }
}

fn seen(next: Option<Result<Message, impl std::fmt::Display>>) -> Result<Seen, LogError> {
    let message = next.ok_or_else(|| unreachable(&"the consumer ended"))?.map_err(|e| unreachable(&e))?;
    let (revision, left) = message.info().map(|it| (it.stream_sequence, it.pending)).map_err(|e| unreachable(&e))?;
    let slot = slot(message.headers.as_ref(), &message.payload);
    let change = message.subject.strip_prefix(SUBJECTS).map(|name| (name.to_owned(), slot));
    Ok(Seen { revision, left, change })
}

/// Waits for the next changes and takes those that are there with them.
async fn gather(messages: &mut pull::Ordered) -> Result<Vec<Seen>, LogError> {
    let mut all = vec![seen(messages.next().await)?];
    while all.len() < BATCH_MAX
        && let Some(next) = messages.next().now_or_never()
    {
        all.push(seen(next)?);
    }
    Ok(all)
}

fn unreachable(e: &dyn std::fmt::Display) -> LogError {
    LogError::Unreachable(format!("the keys of persons: {e}"))
}

pub(crate) struct MemoryBucket {
    id: String,
    slots: Mutex<Slots>,
    changed: watch::Sender<u64>,
}

#[derive(Default)]
struct Slots {
    revision: u64,
    /// The revision of each, and what it is; nothing where there was something.
    names: BTreeMap<String, (u64, Option<Bytes>)>,
}

impl MemoryBucket {
    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create(&self, name: &str, wrapped: Vec<u8>) -> bool {
        let slots = &mut *self.slots();
        if slots.names.contains_key(name) {
            return false;
        }
        slots.revision += 1;
        slots.names.insert(name.to_owned(), (slots.revision, Some(wrapped.into())));
        true
    }

    fn destroy(&self, name: &str) {
        let slots = &mut *self.slots();
        if !matches!(slots.names.get(name), Some((_, None))) {
            slots.revision += 1;
            slots.names.insert(name.to_owned(), (slots.revision, None));
            self.changed.send_replace(slots.revision);
        }
    }

    fn destroyed_since(&self, revision: u64) -> (Vec<String>, u64) {
        let slots = self.slots();
        let is_news = |it: &&(u64, Option<Bytes>)| it.1.is_none() && it.0 > revision;
        let names = slots.names.iter().filter(|(_, it)| is_news(it)).map(|(name, _)| name.clone());
        (names.collect(), slots.revision)
    }

    async fn destroyed_after(&self, revision: u64) -> (Vec<String>, u64) {
        let mut changed = self.changed.subscribe();
        loop {
            let (names, reached) = self.destroyed_since(revision);
            if !names.is_empty() {
                return (names, reached);
            }
            // The sender lives as long as the bucket, which the caller holds.
            let _ = changed.changed().await;
        }
    }
}
