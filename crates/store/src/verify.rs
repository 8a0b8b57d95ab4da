//! Verify: compares stream and journal and checks every hash chain.

use crate::{Store, StoreError};
use std::{collections::HashMap, time::Duration};
use studium_log::{Follow, Log, LogError, Stored};
use uuid::Uuid;

/// Problems that are spelled out; the rest is counted.
const PROBLEMS_MAX: usize = 100;

/// How long the stream may be silent before the very position that comes next is asked for.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// How far the check is and what it found.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Commits checked so far.
    pub checked: u64,
    /// Commits to check.
    pub total: u64,
    /// Aggregates seen so far.
    pub aggregates: u64,
    /// What is wrong, a sentence each; at most 100 are listed.
    pub problems: Vec<String>,
    /// How many problems there are.
    pub problem_count: u64,
}

impl Verified {
    /// Nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.problem_count == 0
    }

    fn problem(&mut self, what: String) {
        self.problem_count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what);
        }
    }
}

/// Where an aggregate stands. Its key is a hash of the subject, which keeps memory near 100 bytes each.
struct Link {
    version: u64,
    position: u64,
    hash: [u8; 32],
}

/// Checks that the stream is contiguous, that the journal holds the same bytes, and that the commits of every
/// aggregate link to each other: versions 1, 2, 3 …, previous position, hash of the previous bytes.
/// Commits that arrive meanwhile are left for the next time.
///
/// # Errors
/// When log or store do not answer; what is wrong with the record is no error but a problem in the result.
pub async fn verify(
    log: &Log,
    store: &Store,
    service: &str,
    mut progress: impl FnMut(&Verified) + Send,
) -> Result<Verified, StoreError> {
    store.refresh().await?;
    let journal = store.journal();
    let (kept, head) = (journal.position(), log.head(service).await?);
    let mut verified = Verified { total: head, ..Verified::default() };
    if kept > head {
        verified.problem(format!("the journal has {kept} commits, but the stream ends at {head}: it has lost some"));
    }
    let mut chains: HashMap<Uuid, Link> = HashMap::new();
    let mut source = Source { log, service, follow: log.follow(service, 0).as_stored(), at: 0 };
    let mut copies = Vec::new().into_iter().peekable();
    while source.at < head {
        for stored in source.next(head, &mut verified).await? {
            // The journal's copies come in the same order, so both are read along.
            if stored.position <= kept {
                if copies.peek().is_none() {
                    copies = journal.raw_range(stored.position - 1).await?.into_iter().peekable();
                }
                let copy = copies.next_if(|(position, _)| *position == stored.position);
                compare(&stored, copy.as_ref().map(|(_, bytes)| bytes.as_slice()), &mut verified);
            }
            link(&mut chains, &stored, &mut verified);
            verified.checked += 1;
        }
        verified.aggregates = chains.len() as u64;
        progress(&verified);
    }
    Ok(verified)
}

fn compare(stored: &Stored, copy: Option<&[u8]>, verified: &mut Verified) {
    let position = stored.position;
    match copy {
        None => verified.problem(format!("position {position}: the journal has no commit there")),
        Some(bytes) if bytes != stored.bytes => {
            verified.problem(format!("position {position}: the journal holds other bytes than the stream"));
        }
        Some(_) => {}
    }
}

/// Checks that a commit follows from the aggregate's last one.
fn link(chains: &mut HashMap<Uuid, Link>, stored: &Stored, verified: &mut Verified) {
    let commit = &stored.commit;
    let (position, subject) = (stored.position, &commit.subject);
    let chain = chains.entry(Uuid::new_v5(&Uuid::NAMESPACE_OID, subject.as_bytes()));
    let link = chain.or_insert(Link { version: 0, position: 0, hash: [0; 32] });
    let expected_hash: &[u8] = if link.version == 0 && link.position == 0 { &[] } else { &link.hash };
    if commit.version != link.version + 1 {
        verified.problem(format!(
            "position {position}: `{subject}` goes from version {} to {}",
            link.version, commit.version
        ));
    }
    if commit.previous_position != link.position {
        verified.problem(format!(
            "position {position}: `{subject}` names position {} as the previous one, which is {}",
            commit.previous_position, link.position
        ));
    }
    if commit.previous_hash != expected_hash {
        verified.problem(format!(
            "position {position}: the hash chain of `{subject}` is broken: its commit at position {} was changed",
            link.position
        ));
    }
    *link = Link { version: commit.version, position, hash: stored.hash() };
}

/// The stream in order, where a hole is found and not waited for.
struct Source<'a> {
    log: &'a Log,
    service: &'a str,
    follow: Follow,
    at: u64,
}

impl Source<'_> {
    async fn next(&mut self, head: u64, verified: &mut Verified) -> Result<Vec<Stored>, StoreError> {
        let next = self.at + 1;
        match tokio::time::timeout(SILENCE_MAX, self.follow.next()).await {
            Ok(Ok(mut batch)) => {
                batch.retain(|it| it.position <= head);
                self.at = batch.last().map_or(head, |it| it.position);
                Ok(batch)
            }
            // Silence, or bytes that cannot be read: ask for the one position and go on behind it.
            Err(_) | Ok(Err(LogError::Damaged(_))) => {
                let stored = match self.log.read(self.service, next).await {
                    Err(LogError::Damaged(why)) => {
                        verified.problem(why);
                        None
                    }
                    Ok(None) => {
                        verified.problem(format!("position {next}: the stream has no commit there"));
                        None
                    }
                    other => other?,
                };
                self.at = next;
                self.follow = self.log.follow(self.service, next).as_stored();
                Ok(stored.into_iter().collect())
            }
            Ok(Err(e)) => Err(e.into()),
        }
    }
}
