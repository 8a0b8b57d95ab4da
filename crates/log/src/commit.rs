//! The commit: one decision with its envelope, to bytes and back.

use crate::{LogError, bucket, feed, sealing::Outgoing};
use async_nats::{HeaderMap, HeaderName};
use bytes::Bytes;
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};
use studium_proto::log::v1::Commit;
use uuid::Uuid;

/// Namespace of commit ids; fixed for ever, since ids are derived with it.
const COMMIT_IDS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_636f_6d6d_6974);

/// Names of the headers, made once: those by which the broker checks, and those of CloudEvents 1.0.
const MSG_ID: HeaderName = HeaderName::from_static("Nats-Msg-Id");
const EXPECTED: HeaderName = HeaderName::from_static("Nats-Expected-Last-Subject-Sequence");
const CE_SPECVERSION: HeaderName = HeaderName::from_static("ce-specversion");
const CE_ID: HeaderName = HeaderName::from_static("ce-id");
const CE_SOURCE: HeaderName = HeaderName::from_static("ce-source");
const CE_SUBJECT: HeaderName = HeaderName::from_static("ce-subject");
const CE_TYPE: HeaderName = HeaderName::from_static("ce-type");
const CE_TIME: HeaderName = HeaderName::from_static("ce-time");

/// Version of the envelope that this build writes.
const SCHEMA_VERSION: u32 = 1;

/// Who decides, when, and in what story: everything of a commit that does not follow from the decision.
#[derive(Debug, Clone, Default)]
pub struct Meta {
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// The deciding subject, or `policy:<name>`.
    pub actor: String,
    /// For whom, when not for the actor itself.
    pub on_behalf_of: String,
    /// Idempotency key within the aggregate.
    pub request_id: String,
    /// One id from the first command to the last effect.
    pub correlation_id: String,
    /// The commit that this one follows from.
    pub causation_id: String,
    /// Whose data it is; empty with one tenant.
    pub tenant: String,
    /// W3C trace context.
    pub traceparent: String,
}

/// The present, Unix milliseconds: the one clock of the log.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else is told to use")]
pub fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |it| it.as_millis() as i64)
}

/// The id of the commit that a request leaves on a subject: the same request always yields the same id (RFC 9562, version 5).
pub fn commit_id(subject: &str, request_id: &str) -> Uuid {
    Uuid::new_v5(&COMMIT_IDS, format!("{subject}\n{request_id}").as_bytes())
}

/// A commit as it stands in its stream.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its stream sequence, 1 and up.
    pub position: u64,
    /// The decision and its envelope.
    pub commit: Arc<Commit>,
    /// Exactly the stored bytes: what the hash chain covers.
    pub bytes: Bytes,
}

impl Stored {
    /// Reads a stored message: a commit, or a document of a feed.
    pub fn decode(position: u64, bytes: Bytes) -> Result<Self, LogError> {
        if feed::is_document(&bytes) {
            return feed::decode(position, bytes);
        }
        let commit = Commit::decode(bytes.clone())
            .map_err(|e| LogError::Damaged(format!("the commit at position {position} cannot be read: {e}")))?;
        Ok(Self { position, commit: Arc::new(commit), bytes }.at(position))
    }

    /// The same commit where it came to stand.
    pub(crate) fn at(mut self, position: u64) -> Self {
        self.position = position;
        if self.commit.previous_is_before {
            Arc::make_mut(&mut self.commit).previous_position = position.saturating_sub(1);
        }
        self
    }

    /// The same commit with something in every personal field of its events, to see what depends on them.
    #[must_use]
    pub fn filled(&self) -> Self {
        let mut it = self.clone();
        if let Some(personal) = studium_proto::personal(self.aggregate()) {
            let events = self.commit.events.iter().map(|it| personal.filled(it, "\u{1}").into());
            Arc::make_mut(&mut it.commit).events = events.collect();
        }
        it
    }

    /// The kind of aggregate: `enrolment.enrolment`.
    pub fn aggregate(&self) -> &str {
        self.commit.subject.rsplit_once('.').map_or("", |(aggregate, _)| aggregate)
    }

    /// The aggregate's id: the last token of the subject.
    pub fn id(&self) -> &str {
        self.commit.subject.rsplit_once('.').map_or("", |(_, id)| id)
    }

    /// The stream: the first token of the subject.
    pub fn stream(&self) -> &str {
        self.commit.subject.split_once('.').map_or("", |(stream, _)| stream)
    }

    /// SHA-256 of the stored bytes, which the aggregate's next commit carries.
    pub fn hash(&self) -> [u8; 32] {
        hash(&self.bytes)
    }
}

/// SHA-256 of a commit's bytes.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Where an aggregate stands: what the next commit of it has to link to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tip {
    pub version: u64,
    /// Unknown, and 0, while the commit is in flight.
    pub position: u64,
    pub hash: Option<[u8; 32]>,
    /// The commit is to go out in one batch with its successor, right before it.
    pub is_in_flight: bool,
}

/// One commit on its way into the log.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(crate) stored: Stored,
    /// Last position of its subject; `None` behind a commit of the same aggregate in the same batch.
    pub(crate) expected: Option<u64>,
    /// Carries no headers but those by which the broker checks.
    is_bare: bool,
    /// Says that the value before it was taken away for good.
    is_mark: bool,
}

impl Entry {
    /// Puts the events of a decision, with what is personal sealed already, into an envelope that links to the
    /// aggregate's tip.
    pub(crate) fn new(subject: &str, id: String, tip: &Tip, meta: &Meta, out: Outgoing) -> Self {
        let commit = Commit {
            id,
            subject: subject.to_owned(),
            version: tip.version + 1,
            previous_position: tip.position,
            previous_hash: tip.hash.map(|it| Bytes::copy_from_slice(&it)).unwrap_or_default(),
            at_ms: meta.at_ms,
            recorded_at_ms: now_ms(),
            actor: meta.actor.clone(),
            on_behalf_of: meta.on_behalf_of.clone(),
            request_id: meta.request_id.clone(),
            correlation_id: meta.correlation_id.clone(),
            causation_id: meta.causation_id.clone(),
            tenant: meta.tenant.clone(),
            traceparent: meta.traceparent.clone(),
            schema_version: SCHEMA_VERSION,
            events: out.events,
            sealed: out.sealed,
            previous_is_before: tip.is_in_flight,
        };
        let bytes = Bytes::from(commit.encode_to_vec());
        let stored = Stored { position: 0, commit: Arc::new(commit), bytes };
        Self { stored, expected: (!tip.is_in_flight).then_some(tip.position), is_bare: false, is_mark: false }
    }

    /// An entry that puts a stored commit back as it was, sealed.
    pub(crate) fn verbatim(stored: &Stored) -> Result<Self, LogError> {
        let stored = Stored::decode(stored.position, stored.bytes.clone())?;
        let expected = Some(stored.commit.previous_position);
        Ok(Self { stored, expected, is_bare: false, is_mark: false })
    }

    /// An entry with events of any kind, linked to nothing and without CloudEvents headers:
    /// for the contract suite of the log, and as the bare append that the bench compares with.
    pub fn bare(subject: &str, expected: u64, request_id: &str, events: Vec<Bytes>) -> Self {
        let commit = Commit {
            id: commit_id(subject, request_id).to_string(),
            subject: subject.to_owned(),
            version: 1,
            previous_position: expected,
            request_id: request_id.to_owned(),
            events,
            ..Commit::default()
        };
        let bytes = Bytes::from(commit.encode_to_vec());
        let stored = Stored { position: 0, commit: Arc::new(commit), bytes };
        Self { stored, expected: Some(expected), is_bare: true, is_mark: false }
    }

    /// A value of a bucket, which is no commit, where there is none yet; or the mark that nothing may come there again.
    pub(crate) fn value(subject: String, value: Option<Bytes>) -> Self {
        let is_mark = value.is_none();
        let bytes = value.unwrap_or_default();
        let id = Uuid::new_v5(&COMMIT_IDS, &[subject.as_bytes(), &bytes].concat()).to_string();
        let commit = Arc::new(Commit { id, subject, ..Commit::default() });
        Self { stored: Stored { position: 0, commit, bytes }, expected: Some(0), is_bare: true, is_mark }
    }

    /// The headers that a router needs, in the form of CloudEvents 1.0 (NATS protocol binding, binary mode),
    /// and the two by which the broker checks.
    pub(crate) fn headers(&self) -> HeaderMap {
        let commit = &self.stored.commit;
        let mut headers = HeaderMap::new();
        headers.insert(MSG_ID, commit.id.as_str());
        if let Some(expected) = self.expected {
            headers.insert(EXPECTED, expected.to_string());
        }
        if self.is_mark {
            headers.insert(bucket::OPERATION, bucket::PURGE);
        }
        if self.is_bare {
            return headers;
        }
        headers.insert(CE_SPECVERSION, "1.0");
        headers.insert(CE_ID, commit.id.as_str());
        headers.insert(CE_SOURCE, self.stored.stream());
        headers.insert(CE_SUBJECT, self.stored.id());
        let aggregate = self.stored.aggregate();
        let first = commit.events.first().map_or("", |it| studium_proto::name_of_event(aggregate, it));
        headers.insert(CE_TYPE, format!("studium.{aggregate}.{first}"));
        if let Ok(time) = jiff::Timestamp::from_millisecond(commit.recorded_at_ms) {
            headers.insert(CE_TIME, time.to_string());
        }
        headers
    }
}
