//! One feed as it grows: where it stands, and what an event looks like in it.

use super::{AT_ONCE, checkpoints};
use crate::{App, hex};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Serialize;
use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    time::Duration,
};
use studium_log::{Document, LogError, Stored};
use studium_store::StoreError;
use tokio::time::Instant;
use uuid::Uuid;

/// Namespace of the ids of what is told; fixed for ever.
const NOTICES: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6665_6564_6e6f);

/// Subjects whose last event is remembered; the feed itself knows the others.
const REMEMBERED_MAX: usize = 50_000;

/// How long a feed that was told nothing may go without its position being kept.
const KEEP_EVERY: Duration = Duration::from_secs(1);

/// What one feed is told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Id of the feed.
    pub feed: String,
    /// The sort of subject: the second token of the message's subject in the broker.
    pub sort: &'static str,
    /// What it is about; its events form a sequence of their own.
    pub subject: String,
    /// What happened, for example `org.studium.partner.enrolment.enrolled.v1`.
    pub kind: &'static str,
    /// The event's data: canonical JSON of a message of the contract.
    pub data: serde_json::Value,
}

impl Notice {
    /// The notice with what it takes from the commit that it tells about. A commit tells a feed once about a subject,
    /// so the id needs nothing else: above all nothing of what other feeds are told.
    pub(super) fn of(self, commit: &Stored) -> Told {
        let name = format!("{}\n{}\n{}\n{}", commit.commit.id, self.feed, self.sort, self.subject);
        Told {
            id: Uuid::new_v5(&NOTICES, name.as_bytes()).to_string(),
            at_ms: commit.commit.at_ms,
            recorded_at_ms: commit.commit.recorded_at_ms,
            correlation_id: commit.commit.correlation_id.clone(),
            notice: self,
        }
    }
}

/// A notice that knows what it is told of.
pub(super) struct Told {
    id: String,
    at_ms: i64,
    recorded_at_ms: i64,
    correlation_id: String,
    notice: Notice,
}

/// CloudEvents 1.0 § 3.1 in JSON, with the extensions `sequence` and `recordedtime` of its own list, and ours: the
/// event's number on its subject, and the hash of the event on the same subject before.
#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    time: String,
    recordedtime: String,
    datacontenttype: &'a str,
    /// Position in the feed, with zeros before it, so that its order as text is the order.
    sequence: String,
    subjectversion: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    previoushash: &'a str,
    correlationid: &'a str,
    data: &'a serde_json::Value,
}

/// The last event of a subject.
#[derive(Clone, Default)]
struct Tip {
    version: u64,
    hash: String,
}

/// Why a feed was not told.
pub(super) enum NotTold {
    /// The log or the store does not answer just now.
    Failed(String),
    /// It holds something else than the log says.
    Damaged(String),
}

fn failed(e: impl fmt::Display) -> NotTold {
    NotTold::Failed(e.to_string())
}

/// One feed as it grows.
pub(super) struct Lane {
    /// Its stream.
    pub stream: String,
    /// Position of the service's stream that it was told of.
    pub source: u64,
    /// Its own position then.
    pub head: u64,
    /// Where its stream ends: ahead of `head` after a crash, or when the store was made anew.
    end: u64,
    tips: HashMap<String, Tip>,
    /// Every subject that the feed has is in `tips`.
    knows_all: bool,
    kept: Kept,
}

impl Lane {
    /// Opens a feed's stream; returns which position of the service's stream it was told of.
    pub(super) async fn open(app: &App, stream: &str) -> Result<(u64, Self), StoreError> {
        let unreachable = |e: LogError| StoreError::Unavailable(e.to_string());
        app.log().open(stream).await.map_err(unreachable)?;
        let end = app.log().head(stream).await.map_err(unreachable)?;
        let (mut source, mut head) = checkpoints::of(app.store(), stream).await?;
        if head > end {
            // The stream was lost: it is told again from the beginning.
            (source, head) = (0, 0);
        }
        let lane = Self {
            stream: stream.to_owned(),
            source,
            head,
            end,
            tips: HashMap::new(),
            knows_all: end == 0,
            kept: Kept { source, head, at: Instant::now() },
        };
        Ok((source, lane))
    }

    /// Tells the feed what happened up to a position of the service's stream. What it was told already must be the same.
    pub(super) async fn tell(&mut self, app: &App, source: u64, told: Vec<Told>) -> Result<(), NotTold> {
        // Only between batches: what one holds of a subject is nowhere else yet.
        if self.tips.len() >= REMEMBERED_MAX {
            self.tips.clear();
            self.knows_all = false;
        }
        let mut told = told.into_iter();
        while self.head < self.end {
            let Some(it) = told.next() else { break };
            self.head += 1;
            let stored = app.log().read(&self.stream, self.head).await.map_err(failed)?;
            if stored.as_ref().is_none_or(|stored| stored.commit.id != it.id) {
                let why = format!("event {} of feed `{}` is not what the log says", self.head, self.stream);
                return Err(NotTold::Damaged(why));
            }
        }
        let told: Vec<Told> = told.collect();
        self.recall(app, &told).await?;
        let documents = (self.head + 1..).zip(&told).map(|(position, it)| self.document(position, it));
        let documents = documents.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        if !documents.is_empty() {
            let end = app.log().extend(&self.stream, self.head, &documents).await.map_err(failed)?;
            (self.head, self.end) = (end, end);
        }
        self.source = source;
        Ok(())
    }

    /// Looks up what the feed has of each subject that is not remembered, many at once.
    async fn recall(&mut self, app: &App, told: &[Told]) -> Result<(), NotTold> {
        if self.knows_all {
            return Ok(());
        }
        let subjects: BTreeSet<String> = told.iter().map(|it| self.subject(it)).collect();
        let unknown: Vec<_> =
            subjects.into_iter().filter(|it| !self.tips.contains_key(it)).map(|it| last(app, it)).collect();
        let found = stream::iter(unknown).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await;
        self.tips.extend(found.map_err(failed)?);
        Ok(())
    }

    fn subject(&self, told: &Told) -> String {
        format!("{}.{}.{}", self.stream, told.notice.sort, told.notice.subject)
    }

    fn document(&mut self, position: u64, told: &Told) -> Result<Document, serde_json::Error> {
        let Told { id, notice, correlation_id, .. } = told;
        let subject = self.subject(told);
        let tip = self.tips.get(&subject).cloned().unwrap_or_default();
        let event = CloudEvent {
            specversion: "1.0",
            id,
            source: &format!("urn:studium:feed:{}", notice.feed),
            kind: notice.kind,
            subject: &notice.subject,
            time: time(told.at_ms),
            recordedtime: time(told.recorded_at_ms),
            datacontenttype: "application/json",
            sequence: format!("{position:020}"),
            subjectversion: tip.version + 1,
            previoushash: &tip.hash,
            correlationid: correlation_id,
            data: &notice.data,
        };
        let bytes = Bytes::from(serde_json::to_vec(&event)?);
        self.tips.insert(subject.clone(), Tip { version: tip.version + 1, hash: hash(&bytes) });
        Ok(Document { id: id.clone(), subject, bytes })
    }

    /// It has come further than the store knows.
    pub(super) fn has_moved(&self) -> bool {
        self.source > self.kept.source
    }

    /// So much that it is not to be looked at again: it was told something, or a second has gone by.
    pub(super) fn is_to_be_kept(&self) -> bool {
        self.head > self.kept.head || (self.has_moved() && self.kept.at.elapsed() >= KEEP_EVERY)
    }

    pub(super) fn kept(&mut self) {
        self.kept = Kept { source: self.source, head: self.head, at: Instant::now() };
    }
}

/// What the store knows of a feed, and since when.
struct Kept {
    source: u64,
    head: u64,
    at: Instant,
}

/// The last event of a subject, as the feed has it.
async fn last(app: &App, subject: String) -> Result<(String, Tip), LogError> {
    let last = app.log().last(&subject).await?;
    let tip = last.map(|it| Tip { version: it.commit.version, hash: hash(&it.bytes) });
    Ok((subject, tip.unwrap_or_default()))
}

/// RFC 3339, UTC.
fn time(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map(|it| it.to_string()).unwrap_or_default()
}

fn hash(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}
