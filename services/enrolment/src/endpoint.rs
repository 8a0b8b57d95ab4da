//! One webhook of a partner: where its feed is sent to, which secrets sign, and why it rests.

use studium_kit::{DAY_MS, Decider, Decision, Reason as _, Rejection};
use studium_proto::enrolment::v1::{
    Reason, WebhookAdded, WebhookCause, WebhookChanged, WebhookDisabled, WebhookEnabled, WebhookRemoved,
    WebhookReplayed, WebhookSecretRotated, webhook_event::Event,
};

/// How long the secrets before stay in use unless somebody says otherwise.
pub const OVERLAP_USUAL_MS: i64 = DAY_MS;
/// How long they may stay in use: a secret that is to be replaced must end some day.
pub const OVERLAP_MAX_MS: i64 = 7 * DAY_MS;
/// Secrets in use at the same time: every one is a signature more in a header.
const SECRETS_MAX: usize = 4;

/// What can be asked of a webhook.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be there, and to begin after a position of a feed that ends at `feed_end`.
    Add { url: String, types: Vec<String>, after_position: u64, feed_end: u64 },
    /// To send elsewhere, or other types; none = as before.
    Change { url: Option<String>, types: Option<Vec<String>> },
    /// To send nothing.
    Disable,
    /// To send nothing since the address does not take it, if it is still enabled for the `number`th time.
    GiveUp { number: u32, cause: WebhookCause, detail: String },
    /// To send again.
    Enable,
    /// To sign with a new secret.
    Rotate { now_ms: i64, overlap_ms: i64 },
    /// To send again from a position of a feed that ends at `feed_end`.
    Replay { from_position: u64, feed_end: u64 },
    /// To be no more.
    Remove,
}

/// A webhook as far as its rules need it. Its aggregate id is `<institution>~<webhook>`.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    url: String,
    types: Vec<String>,
    is_there: bool,
    is_disabled: bool,
    /// How often it was enabled.
    enabled: u32,
    replays: u32,
    /// Number of the newest secret. It outlives a removal: no secret comes back.
    round: u32,
    /// Older secrets, and until when they are in use, Unix milliseconds.
    older: Vec<(u32, i64)>,
}

impl Decider for Endpoint {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Add { url, types, after_position, feed_end } => self.add(url, types, *after_position, *feed_end),
            Command::Remove if !self.is_there && self.round > 0 => Ok(Vec::new()),
            Command::GiveUp { .. } if !self.is_there => Ok(Vec::new()),
            _ if !self.is_there => Reason::WebhookNotFound.because("the institution has no such webhook"),
            Command::Change { url, types } => Ok(self.change(url.as_ref(), types.as_ref())),
            Command::Disable if self.is_disabled => Ok(Vec::new()),
            Command::Disable => Ok(vec![disabled(WebhookCause::Asked, "")]),
            Command::GiveUp { number, .. } if self.is_disabled || *number != self.enabled => Ok(Vec::new()),
            Command::GiveUp { cause, detail, .. } => Ok(vec![disabled(*cause, detail)]),
            Command::Enable if !self.is_disabled => Ok(Vec::new()),
            Command::Enable => Ok(vec![Event::WebhookEnabled(WebhookEnabled { number: self.enabled + 1 })]),
            Command::Rotate { now_ms, overlap_ms } => self.rotate(*now_ms, *overlap_ms),
            Command::Replay { from_position, feed_end } => self.replay(*from_position, *feed_end),
            Command::Remove => Ok(vec![Event::WebhookRemoved(WebhookRemoved {})]),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::WebhookAdded(it) => {
                *self = Self { url: it.url.clone(), types: it.types.clone(), round: it.round, ..Self::default() };
                (self.is_there, self.enabled) = (true, 1);
            }
            Event::WebhookChanged(it) => (self.url, self.types) = (it.url.clone(), it.types.clone()),
            Event::WebhookDisabled(_) => self.is_disabled = true,
            Event::WebhookEnabled(it) => (self.is_disabled, self.enabled) = (false, it.number),
            Event::WebhookSecretRotated(it) => {
                self.older = overlapping(&self.older, self.round, it.overlap_until_ms);
                self.round = it.round;
            }
            Event::WebhookReplayed(it) => self.replays = it.number,
            Event::WebhookRemoved(_) => self.is_there = false,
        }
    }
}

/// The older secrets once the newest is one of them: none outlives the overlap.
pub fn overlapping(older: &[(u32, i64)], newest: u32, overlap_until_ms: i64) -> Vec<(u32, i64)> {
    let older = older.iter().map(|(round, until_ms)| (*round, (*until_ms).min(overlap_until_ms)));
    older.chain([(newest, overlap_until_ms)]).collect()
}

fn disabled(cause: WebhookCause, detail: &str) -> Event {
    Event::WebhookDisabled(WebhookDisabled { cause: cause.into(), detail: detail.to_owned() })
}

fn beyond<T>(feed_end: u64) -> Result<T, Rejection<Reason>> {
    Reason::WebhookBeyondEnd.because(format!("the last event of the feed stands at position {feed_end}"))
}

impl Endpoint {
    fn add(&self, url: &str, types: &[String], after_position: u64, feed_end: u64) -> Decision<Self> {
        if self.is_there {
            if self.url == url && self.types == types {
                return Ok(Vec::new());
            }
            return Reason::WebhookExists
                .because("there is a webhook of this id with another address or other types; change that one");
        }
        if after_position > feed_end {
            return beyond(feed_end);
        }
        let (url, types) = (url.to_owned(), types.to_vec());
        Ok(vec![Event::WebhookAdded(WebhookAdded { url, types, after_position, round: self.round + 1 })])
    }

    fn change(&self, url: Option<&String>, types: Option<&Vec<String>>) -> Vec<Event> {
        let (url, types) = (url.unwrap_or(&self.url), types.unwrap_or(&self.types));
        if *url == self.url && *types == self.types {
            return Vec::new();
        }
        vec![Event::WebhookChanged(WebhookChanged { url: url.clone(), types: types.clone() })]
    }

    fn rotate(&self, now_ms: i64, overlap_ms: i64) -> Decision<Self> {
        if overlap_ms > OVERLAP_MAX_MS {
            return Reason::WebhookOverlapTooLong.because("the secrets before stay in use for 7 days at most");
        }
        let overlap_until_ms = now_ms + overlap_ms.max(0);
        let older = overlapping(&self.older, self.round, overlap_until_ms);
        let in_use = older.iter().filter(|(_, until_ms)| *until_ms > now_ms).count() + 1;
        if in_use > SECRETS_MAX {
            return Reason::WebhookSecretsInUse.because(format!(
                "{SECRETS_MAX} secrets are in use; wait until one of them ends, or rotate with a shorter overlap"
            ));
        }
        Ok(vec![Event::WebhookSecretRotated(WebhookSecretRotated { round: self.round + 1, overlap_until_ms })])
    }

    fn replay(&self, from_position: u64, feed_end: u64) -> Decision<Self> {
        if from_position > feed_end + 1 {
            return beyond(feed_end);
        }
        Ok(vec![Event::WebhookReplayed(WebhookReplayed { number: self.replays + 1, from_position })])
    }
}

#[cfg(test)]
mod tests;
