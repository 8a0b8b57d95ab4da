//! Where decisions are written: append, read, follow. The only crate that knows NATS; it has an in-memory twin.

pub mod address;
mod batch;
mod bucket;
mod commit;
mod decide;
mod durability;
mod error;
mod faults;
mod feed;
mod follow;
mod hex;
mod keys;
mod known;
mod master;
mod memory;
mod nats;
mod pack;
mod reader;
mod sealing;
mod slots;
mod tail;
mod together;

pub use commit::{Entry, Meta, Stored, commit_id, now_ms};
pub use decide::{Aggregates, Decided, Deciding, History};
pub use durability::Durability;
pub use error::{AppendError, DecideError, LogError};
pub use faults::{Delivery, Fault, Faults};
pub use feed::Document;
pub use follow::{Follow, Reading};
pub use hex::hex;
pub use keys::{Keys, key_name};
pub use master::MasterKey;
pub use nats::LogConfig;

use bucket::Bucket;
use memory::Memory;
use nats::Nats;
use std::{slice, sync::Arc};

/// The streams of all services, one stream per service, as one process sees them.
#[derive(Clone)]
pub struct Log {
    backend: Backend,
    faults: Arc<Faults>,
    keys: Keys,
}

/// One type with two insides: no generics through every signature, and no mocks in tests.
#[derive(Clone)]
enum Backend {
    Nats(Arc<Nats>),
    Memory(Arc<Memory>),
}

impl Log {
    /// The in-memory twin: it keeps every promise of the log but durability.
    pub fn memory() -> Self {
        let keys = Keys::new(MasterKey::random().ok().map(|it| (Bucket::memory(it.id()), it)));
        Self { backend: Backend::Memory(Arc::new(Memory::default())), faults: Arc::default(), keys }
    }

    /// An empty in-memory twin with the keys of this log: what is left when streams are lost and keys are not.
    pub fn emptied(&self) -> Self {
        let backend = Backend::Memory(Arc::new(Memory::default()));
        Self { backend, faults: Arc::default(), keys: self.keys.clone() }
    }

    /// Connects to NATS.
    ///
    /// # Errors
    /// When nobody answers at the address, or the server is older than 2.12.
    pub async fn connect(config: &LogConfig) -> Result<Self, LogError> {
        let nats = Arc::new(Nats::connect(config).await?);
        let keys = Keys::new(config.master_key.clone().map(|it| (Bucket::nats(&nats), it)));
        if keys.can_open() {
            keys.watch();
        }
        Ok(Self { backend: Backend::Nats(nats), faults: Arc::default(), keys })
    }

    /// Faults that a test scripts; nothing happens unless it does.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Keys of persons, with which what is personal is sealed and opened.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Makes sure that the service's stream exists and can neither forget nor be emptied.
    pub async fn open(&self, stream: &str) -> Result<(), LogError> {
        match &self.backend {
            Backend::Nats(it) => it.open(stream).await,
            Backend::Memory(_) => Ok(()),
        }
    }

    /// Appends one commit if the subject's last position is the expected one, and returns its position.
    pub async fn append(&self, entry: Entry) -> Result<u64, AppendError> {
        self.append_all(vec![entry]).await
    }

    /// Appends commits of one aggregate, each made to follow the one before, all or none of them, and returns the
    /// position of the last; the others stand right before it.
    pub(crate) async fn append_all(&self, group: Vec<Entry>) -> Result<u64, AppendError> {
        let subject = group.first().map_or("", |it| &it.stored.commit.subject);
        let fault = self.faults.next_append(subject).await;
        if fault == Some(Fault::LoseRequest) {
            return Err(AppendError::Unknown("the request was lost".to_owned()));
        }
        let position = match &self.backend {
            Backend::Nats(it) => it.append(group).await?,
            Backend::Memory(it) => it.append(&group)?,
        };
        match fault {
            Some(Fault::LoseAck) => Err(AppendError::Unknown("the acknowledgement was lost".to_owned())),
            _ => Ok(position),
        }
    }

    /// From how many commands on that wait for one aggregate a batch of their commits is faster than one append each.
    pub(crate) fn group_min(&self) -> usize {
        match &self.backend {
            Backend::Nats(it) => it.durability().group_min(),
            Backend::Memory(_) => 2,
        }
    }

    /// Last position of a stream; 0 when it is empty or there is none.
    pub async fn head(&self, stream: &str) -> Result<u64, LogError> {
        match &self.backend {
            Backend::Nats(it) => it.head(stream).await,
            Backend::Memory(it) => Ok(it.head(stream)),
        }
    }

    /// The same for whoever has just started the broker: on three nodes a leader is waited for, half a minute at most.
    pub async fn first_head(&self, stream: &str) -> Result<u64, LogError> {
        match &self.backend {
            Backend::Nats(it) => it.first_head(stream).await,
            Backend::Memory(it) => Ok(it.head(stream)),
        }
    }

    /// The commit at a position of a stream.
    pub async fn read(&self, stream: &str, position: u64) -> Result<Option<Stored>, LogError> {
        self.opened(self.read_stored(stream, position).await?).await
    }

    /// The same as it is stored: what is sealed stays sealed.
    pub async fn read_stored(&self, stream: &str, position: u64) -> Result<Option<Stored>, LogError> {
        match &self.backend {
            Backend::Nats(it) => it.read(stream, position).await,
            Backend::Memory(it) => Ok(it.read(stream, position)),
        }
    }

    async fn opened(&self, stored: Option<Stored>) -> Result<Option<Stored>, LogError> {
        let mut stored = stored;
        self.keys.open(stored.as_mut_slice()).await?;
        Ok(stored)
    }

    /// The last commit of a subject, as the stream's leader knows it.
    pub async fn last(&self, subject: &str) -> Result<Option<Stored>, LogError> {
        let stored = match &self.backend {
            Backend::Nats(it) => it.last(subject).await?,
            Backend::Memory(it) => it.last(subject),
        };
        self.opened(stored).await
    }

    /// Follows a stream after a position: what is there, then what comes, each commit once and in order.
    pub fn follow(&self, stream: &str, after: u64) -> Follow {
        Follow::new(self.clone(), stream, after)
    }

    /// Writes commits back verbatim into an empty stream, in order.
    ///
    /// # Errors
    /// When the stream is not where the first commit continues it, or a position comes out differently.
    pub async fn restore(&self, stream: &str, commits: &[Stored]) -> Result<(), LogError> {
        for stored in commits {
            let entry = Entry::verbatim(stored)?;
            let position = match &self.backend {
                Backend::Nats(it) => it.append_now(slice::from_ref(&entry)).await,
                Backend::Memory(it) => it.append(slice::from_ref(&entry)),
            }
            .map_err(|e| {
                LogError::Setup(format!("stream `{stream}` cannot be restored at {}: {e}", stored.position))
            })?;
            if position != stored.position {
                return Err(LogError::Setup(format!(
                    "stream `{stream}` is not empty: commit {} came to stand at {position}; restore into a new store directory",
                    stored.position
                )));
            }
        }
        Ok(())
    }

    /// Why nothing can be written at present, in a sentence that says what to do; `None` when the last append went well.
    pub fn trouble(&self) -> Option<String> {
        match &self.backend {
            Backend::Nats(it) => it.trouble(),
            Backend::Memory(_) => None,
        }
    }

    /// Whether the broker answers at present.
    pub fn is_connected(&self) -> bool {
        match &self.backend {
            Backend::Nats(it) => it.is_connected(),
            Backend::Memory(_) => true,
        }
    }
}
