//! Packing: commits that wait together go in one atomic batch, because a batch costs one sync.

use crate::{
    AppendError, Entry, LogError,
    nats::{messages, publish_all},
};
use async_nats::Client;
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc, oneshot};

/// Commits in one batch at most; the broker allows 1,000.
const BATCH_MAX: usize = 512;

/// Batches in flight; while they are synced the next one gathers.
const IN_FLIGHT_MAX: usize = 2;

/// Commits that may wait for a batch before appenders wait to be let in.
const WAITING_MAX: usize = 8192;

/// Commits of one aggregate that go together, and who waits for the position of the last.
type Job = (Vec<Entry>, oneshot::Sender<Result<u64, AppendError>>);

/// Gathers the commits of one stream.
#[derive(Clone)]
pub(crate) struct Packer {
    jobs: mpsc::Sender<Job>,
}

impl Packer {
    pub(crate) fn start(client: Client) -> Self {
        let (jobs, waiting) = mpsc::channel(WAITING_MAX);
        // Ends by itself when the log and with it the last sender is dropped.
        tokio::spawn(gather(client, waiting));
        Self { jobs }
    }

    pub(crate) async fn append(&self, group: Vec<Entry>) -> Result<u64, AppendError> {
        let (sender, answer) = oneshot::channel();
        let gone = || AppendError::Failed(LogError::Unreachable("the log is shutting down".to_owned()));
        self.jobs.send((group, sender)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| AppendError::Unknown("the log is shutting down".to_owned()))?
    }
}

async fn gather(client: Client, mut waiting: mpsc::Receiver<Job>) {
    let slots = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    while let Ok(slot) = Arc::clone(&slots).acquire_owned().await {
        let mut jobs = Vec::with_capacity(64);
        if waiting.recv_many(&mut jobs, BATCH_MAX).await == 0 {
            return;
        }
        let client = client.clone();
        tokio::spawn(async move {
            while !jobs.is_empty() {
                let rest = jobs.split_off(fitting(&jobs));
                send(&client, jobs).await;
                jobs = rest;
            }
            drop(slot);
        });
    }
}

/// How many jobs go into one batch: at least one.
fn fitting(jobs: &[Job]) -> usize {
    let ends = jobs.iter().scan(0, |end, (group, _)| {
        *end += group.len();
        Some(*end)
    });
    ends.take_while(|it| *it <= BATCH_MAX).count().max(1)
}

async fn send(client: &Client, mut jobs: Vec<Job>) {
    if jobs.len() > 1 && has_distinct_subjects(&jobs) {
        let all: Vec<_> = jobs.iter().flat_map(|(group, _)| messages(group)).collect();
        let count = all.len() as u64;
        match publish_all(client, all.into_iter()).await {
            Ok(last) => {
                let mut position = last - count;
                for (group, answer) in jobs {
                    position += group.len() as u64;
                    let _ = answer.send(Ok(position));
                }
                return;
            }
            // One conflict or duplicate refuses a whole batch: a refusal costs time, never correctness. Its half is
            // refused again; the other goes as a batch, and each sync saved is one less.
            Err(AppendError::Conflict) => {
                tracing::debug!(commits = count, "batch refused; its halves go apart");
                let rest = jobs.split_off(jobs.len() / 2);
                Box::pin(async { tokio::join!(send(client, jobs), send(client, rest)) }).await;
                return;
            }
            // What was stored all the same answers as a conflict, each by itself.
            Err(e) => {
                tracing::debug!(error = %e, commits = count, "outcome of a batch unknown; each aggregate's commits go apart");
            }
        }
    }
    let answers = jobs.into_iter().map(|(group, answer)| async move {
        let _ = answer.send(publish_all(client, messages(&group)).await);
    });
    futures::future::join_all(answers).await;
}

/// A batch may hold each aggregate once; an orphaned append of a caller that left may share one with its successor.
fn has_distinct_subjects(jobs: &[Job]) -> bool {
    let mut subjects: Vec<_> =
        jobs.iter().filter_map(|(it, _)| it.first()).map(|it| &it.stored.commit.subject).collect();
    subjects.sort_unstable();
    subjects.windows(2).all(|it| it[0] != it[1])
}
