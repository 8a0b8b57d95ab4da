//! Following a stream: what is there, then what comes, each commit once and in order, across reconnects.

use crate::{
    Backend, Log, LogError, Stored,
    nats::Nats,
    reader::{BATCH_MAX, Reader},
    tail::{self, Tail},
};
use futures::future::BoxFuture;
use std::{mem, sync::Arc, time::Duration};

/// The pause before a stream is asked again that had nothing.
const PAUSE: Duration = Duration::from_millis(20);

/// A read that is under way, and who reads. Kept until it is done: begun anew at each turn, it would ask the broker
/// again and again for what it drops.
pub type Reading = BoxFuture<'static, (Follow, Result<Vec<Stored>, LogError>)>;

/// A reader of one stream.
pub struct Follow {
    log: Log,
    stream: String,
    after: u64,
    tail: Option<Arc<Tail>>,
    /// Reads what the tail holds no more; none while the tail has it all.
    reader: Option<Reader>,
    /// Asks for what the tail holds no more instead, a batch at a time.
    asks: bool,
    /// Hands over what is sealed as it is.
    is_raw: bool,
    /// What was read and is to be opened.
    read: Vec<Stored>,
    /// How many keys had been forgotten when the last commits were opened.
    generation: u64,
}

impl Follow {
    pub(crate) fn new(log: Log, stream: &str, after: u64) -> Self {
        Self {
            log,
            stream: stream.to_owned(),
            after,
            tail: None,
            reader: None,
            asks: false,
            is_raw: false,
            read: Vec::new(),
            generation: 0,
        }
    }

    /// For one of many who follow: while it rests it holds nothing in the broker, and no more than a batch here.
    /// It reads the past more slowly than one who reads alone.
    #[must_use]
    pub fn among_many(self) -> Self {
        Self { asks: true, ..self }
    }

    /// For one who looks at stored bytes only: what is sealed stays sealed.
    #[must_use]
    pub fn as_stored(self) -> Self {
        Self { is_raw: true, ..self }
    }

    /// Position of the last commit handed over.
    pub fn position(&self) -> u64 {
        self.after
    }

    /// How many keys had been forgotten when the last commits that were handed over were about to be opened.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads the next commits, as [`Follow::next`], as a whole that can be waited for in turns.
    pub fn reading(mut self) -> Reading {
        Box::pin(async move {
            let read = self.next().await;
            (self, read)
        })
    }

    /// Waits for the next commits: 1 to 1,000, contiguous after the last.
    /// May be dropped at any await without losing anything.
    ///
    /// # Errors
    /// When the broker cannot be reached just now or a commit cannot be read; calling again goes on where it stopped.
    pub async fn next(&mut self) -> Result<Vec<Stored>, LogError> {
        if self.read.is_empty() {
            self.log.faults.may_read(&self.stream).await;
            self.read = match &self.log.backend {
                Backend::Memory(it) => it.after(&self.stream, self.after, BATCH_MAX).await,
                Backend::Nats(it) => {
                    let nats = Arc::clone(it);
                    self.next_from(&nats).await?
                }
            };
        }
        self.generation = self.log.keys.generation();
        if !self.is_raw {
            self.log.keys.open(&mut self.read).await?;
        }
        let batch = mem::take(&mut self.read);
        if let Some(last) = batch.last() {
            self.after = last.position;
        }
        Ok(batch)
    }

    async fn next_from(&mut self, nats: &Arc<Nats>) -> Result<Vec<Stored>, LogError> {
        let kept_max = if self.asks { tail::OF_FEED } else { tail::OF_SERVICE };
        let tail = self.tail.get_or_insert_with(|| nats.tail(&self.log.faults, &self.stream, kept_max));
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
                None if self.asks => {
                    let batch = nats.batch(&self.stream, self.after).await?;
                    if !batch.is_empty() {
                        return Ok(batch);
                    }
                    // Only a tail that has just begun knows less than the stream holds.
                    tokio::time::sleep(PAUSE).await;
                }
                None => {
                    let reader =
                        self.reader.get_or_insert_with(|| Reader::new(&self.log.faults, &self.stream, self.after));
                    return reader.next(nats).await;
                }
            }
        }
    }
}
