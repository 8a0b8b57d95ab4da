//! The in-memory twin of the broker: the same answers, no durability.

use crate::{AppendError, Document, Entry, Stored};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

#[derive(Default)]
pub(crate) struct Memory {
    streams: Mutex<HashMap<String, Stream>>,
}

struct Stream {
    commits: Vec<Stored>,
    last: HashMap<String, u64>,
    head: watch::Sender<u64>,
}

impl Default for Stream {
    fn default() -> Self {
        Self { commits: Vec::new(), last: HashMap::new(), head: watch::Sender::new(0) }
    }
}

impl Memory {
    fn streams(&self) -> MutexGuard<'_, HashMap<String, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn append(&self, group: &[Entry]) -> Result<u64, AppendError> {
        let mut streams = self.streams();
        let Some(first) = group.first() else { return Err(AppendError::Unknown("an empty batch".to_owned())) };
        let stream = streams.entry(first.stored.stream().to_owned()).or_default();
        let subject = first.stored.commit.subject.as_str();
        if first.expected.is_some_and(|it| it != stream.last.get(subject).copied().unwrap_or(0)) {
            return Err(AppendError::Conflict);
        }
        for entry in group {
            let position = stream.commits.len() as u64 + 1;
            stream.commits.push(entry.stored.clone().at(position));
        }
        let head = stream.commits.len() as u64;
        stream.last.insert(subject.to_owned(), head);
        stream.head.send_replace(head);
        Ok(head)
    }

    pub(crate) fn extend(&self, stream: &str, after: u64, batch: &[Document]) -> Result<u64, AppendError> {
        let mut streams = self.streams();
        let stream = streams.entry(stream.to_owned()).or_default();
        if stream.commits.len() as u64 != after {
            return Err(AppendError::Conflict);
        }
        for document in batch {
            let position = stream.commits.len() as u64 + 1;
            stream.commits.push(Stored::decode(position, document.bytes.clone())?);
            stream.last.insert(document.subject.clone(), position);
        }
        let head = stream.commits.len() as u64;
        stream.head.send_replace(head);
        Ok(head)
    }

    pub(crate) fn head(&self, stream: &str) -> u64 {
        self.streams().get(stream).map_or(0, |it| it.commits.len() as u64)
    }

    pub(crate) fn read(&self, stream: &str, position: u64) -> Option<Stored> {
        self.streams().get(stream)?.commits.get(position.checked_sub(1)? as usize).cloned()
    }

    pub(crate) fn last(&self, subject: &str) -> Option<Stored> {
        let (stream, _) = subject.split_once('.')?;
        let streams = self.streams();
        let stream = streams.get(stream)?;
        let position = *stream.last.get(subject)?;
        stream.commits.get(position as usize - 1).cloned()
    }

    /// What comes after a position, at most `most`; waits while there is nothing.
    pub(crate) async fn after(&self, stream: &str, after: u64, most: usize) -> Vec<Stored> {
        loop {
            let mut head = {
                let mut streams = self.streams();
                let stream = streams.entry(stream.to_owned()).or_default();
                let next: Vec<_> = stream.commits.iter().skip(after as usize).take(most).cloned().collect();
                if !next.is_empty() {
                    return next;
                }
                stream.head.subscribe()
            };
            // The sender lives as long as the log, which the caller holds.
            let _ = head.wait_for(|it| *it > after).await;
        }
    }
}
