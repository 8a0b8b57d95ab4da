//! A consumer of the broker's: reads a stream from a position on, made anew whenever it may have missed something.

use crate::{Faults, LogError, Stored, nats::Nats};
use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use futures::{FutureExt as _, StreamExt as _};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{Interval, MissedTickBehavior, interval},
};

/// Commits handed over at once, at most.
pub(crate) const BATCH_MAX: usize = 1000;

/// Messages that the broker may send ahead.
const AHEAD_MAX: usize = 4000;

/// Two heartbeats missed and the consumer is made anew.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How often a reader that hears nothing asks whether there is more: a lost delivery may have no next one to show it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// One reader of one stream.
pub(crate) struct Reader {
    faults: Arc<Faults>,
    stream: String,
    after: u64,
    source: Option<Source>,
}

struct Source {
    deliveries: Deliveries,
    epoch: watch::Receiver<u64>,
    look: Interval,
}

struct Deliveries {
    messages: pull::Stream,
    faults: Arc<Faults>,
    late: Option<Message>,
}

impl Reader {
    pub(crate) fn new(faults: &Arc<Faults>, stream: &str, after: u64) -> Self {
        Self { faults: Arc::clone(faults), stream: stream.to_owned(), after, source: None }
    }

    /// Waits for the next commits: 1 to 1,000, contiguous after the last.
    pub(crate) async fn next(&mut self, nats: &Nats) -> Result<Vec<Stored>, LogError> {
        loop {
            if self.source.is_none() {
                self.source = Some(open(nats, &self.faults, &self.stream, self.after).await?);
            }
            let Some(Source { deliveries, epoch, look }) = &mut self.source else { continue };
            let gathered = tokio::select! {
                it = deliveries.gather(self.after) => it,
                // A broker that came back has forgotten its consumers.
                _ = epoch.changed() => Ok((Vec::new(), false)),
                () = has_more(nats, &self.stream, self.after, look) => Ok((Vec::new(), false)),
            };
            look.reset();
            if !matches!(gathered, Ok((_, true))) {
                self.source = None;
            }
            let (batch, _) = gathered?;
            if let Some(last) = batch.last() {
                self.after = last.position;
                return Ok(batch);
            }
        }
    }
}

/// Waits until the stream has more than was delivered. It looks only after a silence, so a delivery on its way is rare.
async fn has_more(nats: &Nats, stream: &str, after: u64, look: &mut Interval) {
    loop {
        look.tick().await;
        // A broker that does not answer just now is met by the deliveries, too.
        if nats.head(stream).await.is_ok_and(|it| it > after) {
            return;
        }
    }
}

async fn open(nats: &Nats, faults: &Arc<Faults>, name: &str, after: u64) -> Result<Source, LogError> {
    let mut epoch = nats.epoch();
    epoch.mark_unchanged();
    let unreachable =
        |e: &dyn std::fmt::Display| LogError::Unreachable(format!("stream `{name}` cannot be followed: {e}"));
    let consumer = nats
        .stream(name)
        .await?
        .create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(30),
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await
        .map_err(|e| unreachable(&e))?;
    let messages = consumer
        .stream()
        .max_messages_per_batch(AHEAD_MAX)
        .heartbeat(HEARTBEAT)
        .expires(Duration::from_secs(30))
        .messages()
        .await
        .map_err(|e| unreachable(&e))?;
    let deliveries = Deliveries { messages, faults: Arc::clone(faults), late: None };
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    look.reset();
    Ok(Source { deliveries, epoch, look })
}

impl Deliveries {
    /// Takes what is there, and says whether more may come from here or the source has to be made anew.
    async fn gather(&mut self, after: u64) -> Result<(Vec<Stored>, bool), LogError> {
        let mut batch = Vec::new();
        let mut next = self.messages.next().await;
        loop {
            let Some(Ok(message)) = next else { return Ok((batch, false)) };
            for message in self.faults.deliver(message, &mut self.late).into_iter().flatten() {
                let position = match message.info() {
                    Ok(it) => it.stream_sequence,
                    Err(e) => return Err(LogError::Damaged(format!("a delivery without a position: {e}"))),
                };
                // The streams have no holes, so a jump means that a delivery was lost on the way.
                if position != after + 1 + batch.len() as u64 {
                    tracing::warn!(
                        position,
                        after,
                        "a delivery was lost or repeated; reading on from the last good one"
                    );
                    return Ok((batch, false));
                }
                batch.push(Stored::decode(position, message.message.payload)?);
            }
            if batch.len() >= BATCH_MAX {
                return Ok((batch, true));
            }
            match self.messages.next().now_or_never() {
                Some(it) => next = it,
                None => return Ok((batch, true)),
            }
        }
    }
}
