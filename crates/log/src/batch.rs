//! Batched direct gets: some messages of a stream from a position on, without a consumer in the broker.

use crate::{LogError, Stored, nats::Nats};
use async_nats::Message;
use futures::StreamExt as _;
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// Messages in one batch, at most, and their bytes.
const MESSAGES_MAX: usize = 256;
const BYTES_MAX: usize = 512 * 1024;

/// Batches that are under way at once in one process: so many are in memory, however many ask.
pub(crate) const AT_ONCE: usize = 16;

/// What the broker says with a message, after the last one, and when there is none.
const OK: u16 = 200;
const END: u16 = 204;
const NOTHING: u16 = 404;

/// How long a message of a batch may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Nats {
    /// The next messages after a position, contiguous; none if there are none.
    pub(crate) async fn batch(&self, stream: &str, after: u64) -> Result<Vec<Stored>, LogError> {
        let unreachable = |e: &dyn std::fmt::Display| LogError::Unreachable(format!("stream `{stream}`: {e}"));
        let _turn = self.batches.acquire().await.map_err(|e| unreachable(&e))?;
        let inbox = self.client().new_inbox();
        let mut answers = self.client().subscribe(inbox.clone()).await.map_err(|e| unreachable(&e))?;
        let request = json!({"seq": after + 1, "batch": MESSAGES_MAX, "max_bytes": BYTES_MAX, "next_by_subj": ">"});
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        let sent = self.client().publish_with_reply(subject, inbox, request.to_string().into()).await;
        sent.map_err(|e| unreachable(&e))?;
        let mut batch = Vec::new();
        loop {
            let answer = timeout(PATIENCE, answers.next()).await.map_err(|e| unreachable(&e))?;
            let Some(answer) = answer else { return Err(unreachable(&"the connection was closed")) };
            match answer.status.map_or(OK, |it| it.as_u16()) {
                OK => {}
                END | NOTHING => return Ok(batch),
                status => return Err(unreachable(&status)),
            }
            // A copy that lacks some yet, or had one taken out: what comes before it stands.
            if position(&answer) != Some(after + 1 + batch.len() as u64) {
                return Ok(batch);
            }
            batch.push(Stored::decode(after + 1 + batch.len() as u64, answer.payload)?);
        }
    }
}

fn position(message: &Message) -> Option<u64> {
    message.headers.as_ref()?.get("Nats-Sequence")?.as_str().parse().ok()
}
