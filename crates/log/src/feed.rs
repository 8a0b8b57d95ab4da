//! Feeds: streams for outsiders, derived from a service's own. Each message is a document, and its place follows from
//! what it was derived of, so that a feed may be made anew and comes out the same.

use crate::{
    AppendError, Backend, Log, LogError, Stored,
    nats::{Nats, publish_all},
};
use async_nats::HeaderMap;
use bytes::Bytes;
use serde::Deserialize;
use std::sync::Arc;
use studium_proto::log::v1::Commit;

/// Documents in one atomic batch; the broker allows 1,000.
const BATCH_MAX: usize = 512;

/// The first byte of a document; no commit begins with it, for its field of that number would be a group.
const DOCUMENT: u8 = b'{';

/// One document on its way into a feed.
#[derive(Debug, Clone)]
pub struct Document {
    /// Unique in the feed, and the same whenever the document is derived again.
    pub id: String,
    /// Its subject in the broker; the first token is the feed's stream.
    pub subject: String,
    /// A CloudEvents 1.0 document in JSON (CloudEvents JSON event format § 3).
    pub bytes: Bytes,
}

/// What the log itself reads of a document.
#[derive(Deserialize)]
struct Head {
    id: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    subjectversion: u64,
}

pub(crate) fn is_document(bytes: &[u8]) -> bool {
    bytes.first() == Some(&DOCUMENT)
}

/// Reads a document back: of the envelope only what tells where it stands.
pub(crate) fn decode(position: u64, bytes: Bytes) -> Result<Stored, LogError> {
    let head: Head = serde_json::from_slice(&bytes)
        .map_err(|e| LogError::Damaged(format!("the document at position {position} cannot be read: {e}")))?;
    let commit = Commit { id: head.id, subject: head.subject, version: head.subjectversion, ..Commit::default() };
    Ok(Stored { position, commit: Arc::new(commit), bytes })
}

impl Log {
    /// Appends documents to a feed, right after a position and in this order, and returns the position of the last.
    /// Up to 512 come in together or not at all; of more, the first may be in when an error is returned.
    ///
    /// # Errors
    /// `Conflict` when the feed does not end at `after`; as for [`Log::append`] otherwise.
    pub async fn extend(&self, stream: &str, after: u64, documents: &[Document]) -> Result<u64, AppendError> {
        let mut end = after;
        for batch in documents.chunks(BATCH_MAX) {
            end = match &self.backend {
                Backend::Nats(it) => it.extend(end, batch).await?,
                Backend::Memory(it) => it.extend(stream, end, batch)?,
            };
        }
        Ok(end)
    }
}

impl Nats {
    async fn extend(&self, after: u64, batch: &[Document]) -> Result<u64, AppendError> {
        let messages = batch.iter().enumerate().map(|(index, it)| {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Msg-Id", it.id.as_str());
            headers.insert("Content-Type", "application/cloudevents+json; charset=utf-8");
            if index == 0 {
                headers.insert("Nats-Expected-Last-Sequence", after.to_string());
            }
            (it.subject.clone(), headers, it.bytes.clone())
        });
        publish_all(self.client(), messages).await
    }
}
