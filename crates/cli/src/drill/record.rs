//! A copy of the whole record, as the broker holds it: what the checker judges, and what a test may damage first.

use anyhow::{Context as _, Result, bail};
use std::{collections::BTreeMap, time::Duration};
use studium_kit::Event;
use studium_log::{Log, Stored};
use tokio::time::{Instant, sleep, timeout_at};

/// How long a stream may be silent before its head is reached.
const SILENCE_MAX: Duration = Duration::from_mins(1);

/// The streams of all services, each in order.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Commits by stream. What is personal is sealed.
    pub streams: BTreeMap<String, Vec<Stored>>,
}

/// Last position of a stream, once nodes that were just started have chosen who leads it.
async fn head(log: &Log, stream: &str) -> Result<u64> {
    let deadline = Instant::now() + SILENCE_MAX;
    loop {
        match log.head(stream).await {
            Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(200)).await,
            answer => return Ok(answer?),
        }
    }
}

/// A stream up to its head. Nodes that were just started may refuse for a moment, and then go on.
async fn read_stream(log: &Log, stream: &str) -> Result<Vec<Stored>> {
    let head = head(log, stream).await?;
    let mut follow = log.follow(stream, 0).as_stored();
    let (mut commits, mut deadline) = (Vec::new(), Instant::now() + SILENCE_MAX);
    while follow.position() < head {
        let answer = timeout_at(deadline, follow.next()).await;
        let position = follow.position();
        match answer {
            Ok(Ok(batch)) => {
                commits.extend(batch);
                deadline = Instant::now() + SILENCE_MAX;
            }
            Ok(Err(_)) if Instant::now() < deadline => sleep(Duration::from_millis(200)).await,
            Ok(Err(e)) => {
                return Err(e).with_context(|| format!("the stream of {stream} cannot be read beyond {position}"));
            }
            Err(_) => bail!("the stream of {stream} ends at {position} and not at {head}"),
        }
    }
    Ok(commits)
}

impl Record {
    /// Reads the streams to their heads.
    ///
    /// # Errors
    /// When the broker does not hand them over.
    pub async fn read(log: &Log, services: &[&str]) -> Result<Self> {
        let mut streams = BTreeMap::new();
        for service in services {
            streams.insert((*service).to_owned(), read_stream(log, service).await?);
        }
        Ok(Self { streams })
    }

    /// Commits of one stream.
    pub fn of(&self, stream: &str) -> &[Stored] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }

    /// All commits.
    pub fn all(&self) -> impl Iterator<Item = &Stored> {
        self.streams.values().flatten()
    }

    /// How many commits there are.
    pub fn len(&self) -> u64 {
        self.all().count() as u64
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Last position of a stream.
    pub fn head(&self, stream: &str) -> u64 {
        self.of(stream).last().map_or(0, |it| it.position)
    }

    /// By how much the clocks of services went back between two commits of one stream at most, milliseconds.
    pub fn longest_step_back_ms(&self) -> u64 {
        let times = |commits: &[Stored]| commits.iter().map(|it| it.commit.recorded_at_ms).collect::<Vec<_>>();
        let steps =
            self.streams.values().flat_map(|it| times(it).windows(2).map(|it| it[0] - it[1]).collect::<Vec<_>>());
        steps.max().map_or(0, |it| it.max(0) as u64)
    }

    /// Events of one kind of aggregate in order, each with the aggregate's id.
    pub fn events<E: Event>(&self) -> Vec<(&str, E)> {
        let stream = E::AGGREGATE.split('.').next().unwrap_or_default();
        let of_kind = self.of(stream).iter().filter(|it| it.aggregate() == E::AGGREGATE);
        let events = of_kind.flat_map(|it| it.commit.events.iter().map(move |event| (it.id(), event)));
        events.filter_map(|(id, event)| Some((id, E::from_bytes(event).ok().flatten()?))).collect()
    }
}
