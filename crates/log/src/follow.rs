//! Following a stream: what is there, then what comes, each commit once and in order, across reconnects.

use crate::{Backend, Log, LogError, Stored, nats::Nats, tail::Tail};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures::{FutureExt as _, StreamExt as _};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// Commits handed over at once, at most.
pub(crate) const BATCH_MAX: usize = 1000;

/// Messages that the broker may send ahead.
const AHEAD_MAX: usize = 4000;

/// Two heartbeats missed and the consumer is made anew.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// A reader of one stream.
pub struct Follow {
    log: Log,
    stream: String,
    after: u64,
    tail: Option<Arc<Tail>>,
    /// Reads what the tail holds no more; none while the tail has it all.
    reader: Option<Reader>,
}

impl Follow {
    pub(crate) fn new(log: Log, stream: &str, after: u64) -> Self {
        Self { log, stream: stream.to_owned(), after, tail: None, reader: None }
    }

    /// Position of the last commit handed over.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// Waits for the next commits: 1 to 1,000, contiguous after the last.
    /// May be dropped at any await without losing anything.
    ///
    /// # Errors
    /// When the broker cannot be reached just now or a commit cannot be read; calling again goes on where it stopped.
    pub async fn next(&mut self) -> Result<Vec<Stored>, LogError> {
        let batch = match &self.log.backend {
            Backend::Memory(it) => it.after(&self.stream, self.after, BATCH_MAX).await,
            Backend::Nats(it) => {
                let nats = Arc::clone(it);
                self.next_from(&nats).await?
            }
        };
        if let Some(last) = batch.last() {
            self.after = last.position;
        }
        Ok(batch)
    }

    async fn next_from(&mut self, nats: &Arc<Nats>) -> Result<Vec<Stored>, LogError> {
        let tail = self.tail.get_or_insert_with(|| nats.tail(&self.stream));
        loop {
            match tail.after(self.after) {
                Some(batch) if batch.is_empty() => {
                    self.reader = None;
                    tail.grown(self.after).await;
                }
                Some(batch) => {
                    self.reader = None;
                    return Ok(batch);
                }
                None => {
                    let reader = self.reader.get_or_insert_with(|| Reader::new(&self.stream, self.after));
                    return reader.next(nats).await;
                }
            }
        }
    }
}

/// A consumer of the broker's, made anew whenever it may have missed something.
pub(crate) struct Reader {
    stream: String,
    after: u64,
    source: Option<Source>,
}

struct Source {
    messages: pull::Stream,
    epoch: watch::Receiver<u64>,
}

impl Reader {
    pub(crate) fn new(stream: &str, after: u64) -> Self {
        Self { stream: stream.to_owned(), after, source: None }
    }

    /// See [`Follow::next`].
    pub(crate) async fn next(&mut self, nats: &Nats) -> Result<Vec<Stored>, LogError> {
        loop {
            if self.source.is_none() {
                self.source = Some(open(nats, &self.stream, self.after).await?);
            }
            let Some(Source { messages, epoch }) = &mut self.source else { continue };
            let batch = tokio::select! {
                batch = gather(messages, self.after) => batch,
                // A broker that came back has forgotten its consumers.
                _ = epoch.changed() => Ok(Vec::new()),
            };
            match batch.as_deref().map(<[_]>::last) {
                Ok(Some(last)) => {
                    self.after = last.position;
                    return batch;
                }
                Ok(None) => self.source = None,
                Err(_) => {
                    self.source = None;
                    return batch;
                }
            }
        }
    }
}

async fn open(nats: &Nats, name: &str, after: u64) -> Result<Source, LogError> {
    let mut epoch = nats.epoch();
    epoch.mark_unchanged();
    let unreachable =
        |e: &dyn std::fmt::Display| LogError::Unreachable(format!("stream `{name}` cannot be followed: {e}"));
    let consumer = nats
        .stream(name)
        .await?
        .create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(30),
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await
        .map_err(|e| unreachable(&e))?;
    let messages = consumer
        .stream()
        .max_messages_per_batch(AHEAD_MAX)
        .heartbeat(HEARTBEAT)
        .expires(Duration::from_secs(30))
        .messages()
        .await
        .map_err(|e| unreachable(&e))?;
    Ok(Source { messages, epoch })
}

/// Takes what is there; an empty answer means that the source has to be made anew.
async fn gather(messages: &mut pull::Stream, after: u64) -> Result<Vec<Stored>, LogError> {
    let mut batch = Vec::new();
    let mut next = messages.next().await;
    loop {
        let Some(Ok(message)) = next else { break };
        let position = match message.info() {
            Ok(it) => it.stream_sequence,
            Err(e) => return Err(LogError::Damaged(format!("a delivery without a position: {e}"))),
        };
        // The streams have no holes, so a jump means that a delivery was lost on the way.
        if position != after + 1 + batch.len() as u64 {
            tracing::warn!(position, after, "a delivery was lost or repeated; reading on from the last good position");
            break;
        }
        batch.push(Stored::decode(position, message.message.payload)?);
        if batch.len() == BATCH_MAX {
            return Ok(batch);
        }
        match messages.next().now_or_never() {
            Some(it) => next = it,
            None => break,
        }
    }
    Ok(batch)
}
