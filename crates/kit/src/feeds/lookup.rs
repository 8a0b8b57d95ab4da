//! Looking into a feed: one event of it, and where it stood at a time.

use super::{Feed, stream_of};
use crate::{App, status};
use jiff::Timestamp;
use serde::Deserialize;
use std::time::Duration;
use studium_log::{LogError, Stored};
use tokio::time::Instant;
use tonic::Status;

/// How long it is waited for a feed, and how often it is looked.
const REACHED_WITHIN: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What of an event says when it was written.
#[derive(Deserialize)]
struct Times {
    recordedtime: String,
}

impl App {
    /// One event of a feed.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn feed_event<F: Feed>(&self, id: &str, position: u64) -> Result<Option<Stored>, Status> {
        self.log().read(&stream_of(F::NAME, id), position).await.map_err(crate::fault)
    }

    /// How far a feed is, in the service's stream and in itself, once it is so far in both; it is waited for, 2 s at most.
    ///
    /// # Errors
    /// UNAVAILABLE when it is not so far by then.
    pub async fn feed_reaches<F: Feed>(&self, id: &str, source: u64, head: u64) -> Result<(u64, u64), Status> {
        let until = Instant::now() + REACHED_WITHIN;
        loop {
            let at = self.feed_reached::<F>(id).await.map_err(crate::fault)?;
            if at.0 >= source && at.1 >= head {
                return Ok(at);
            }
            if Instant::now() >= until {
                let (told, end) = at;
                return Err(status::late(format!(
                    "the feed was told up to {told} and ends at {end} by now; ask again"
                )));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Position of the first event of a feed that was recorded at a time or later; one after the last if none was.
    ///
    /// # Errors
    /// When the log does not answer, or an event does not say when it was recorded.
    pub async fn feed_position_at<F: Feed>(&self, id: &str, at_ms: i64) -> Result<u64, Status> {
        // Events stand in the order in which they were recorded, so the place is found by halving.
        let (mut from, mut until) = (1, self.feed_head::<F>(id).await? + 1);
        while from < until {
            let middle = from + (until - from) / 2;
            let event = self.feed_event::<F>(id, middle).await?;
            let recorded_ms = match event {
                Some(it) => recorded(&it).map_err(crate::fault)?,
                None => i64::MAX,
            };
            if recorded_ms < at_ms { from = middle + 1 } else { until = middle }
        }
        Ok(from)
    }
}

fn recorded(event: &Stored) -> Result<i64, LogError> {
    let times = serde_json::from_slice::<Times>(&event.bytes).map_err(|e| e.to_string());
    let at = times.and_then(|it| it.recordedtime.parse::<Timestamp>().map_err(|e| e.to_string()));
    let unfit = |e| LogError::Damaged(format!("event {} does not say when it was recorded: {e}", event.position));
    at.map(Timestamp::as_millisecond).map_err(unfit)
}
