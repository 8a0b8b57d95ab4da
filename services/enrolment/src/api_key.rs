//! One key with which a program of an institution calls: what it may do, which secrets count, and until when.

use studium_kit::{DAY_MS, Decider, Decision, Reason as _};
use studium_proto::enrolment::v1::{ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, Reason, api_key_event::Event};

/// How long a secret counts unless somebody says otherwise.
pub const LIFETIME_USUAL_MS: i64 = 90 * DAY_MS;
/// How long a secret may count: one that is forgotten must end some day.
pub const LIFETIME_MAX_MS: i64 = 366 * DAY_MS;
/// How long the secret before counts after a rotation unless somebody says otherwise.
pub const OVERLAP_USUAL_MS: i64 = DAY_MS;
/// How long it may count then.
pub const OVERLAP_MAX_MS: i64 = 7 * DAY_MS;

/// What can be asked of a key. A secret is known here by its SHA-256 only.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be there, with a role.
    Create { role: String, secret_sha256: String, now_ms: i64, lifetime_ms: i64 },
    /// To have a new secret.
    Rotate { secret_sha256: String, now_ms: i64, lifetime_ms: i64, overlap_ms: i64 },
    /// To count no more.
    Revoke,
}

/// A key as far as its rules need it. Its aggregate id is `<institution>~<key>`.
#[derive(Debug, Clone, Default)]
pub struct ApiKey {
    role: String,
    /// Of the newest secret; empty = there is no key.
    secret_sha256: String,
    is_revoked: bool,
}

impl Decider for ApiKey {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Create { role, secret_sha256, now_ms, lifetime_ms } => {
                self.create(role, secret_sha256, *now_ms, *lifetime_ms)
            }
            _ if self.secret_sha256.is_empty() => Reason::ApiKeyNotFound.because("the institution has no such key"),
            Command::Revoke if self.is_revoked => Ok(Vec::new()),
            Command::Revoke => Ok(vec![Event::ApiKeyRevoked(ApiKeyRevoked {})]),
            Command::Rotate { .. } if self.is_revoked => Reason::ApiKeyRevokedBefore
                .because("the key was revoked, and counts no more for ever; make another one"),
            Command::Rotate { secret_sha256, now_ms, lifetime_ms, overlap_ms } => {
                self.rotate(secret_sha256, *now_ms, *lifetime_ms, *overlap_ms)
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ApiKeyCreated(it) => {
                self.role.clone_from(&it.role);
                self.secret_sha256.clone_from(&it.secret_sha256);
            }
            Event::ApiKeyRotated(it) => self.secret_sha256.clone_from(&it.secret_sha256),
            Event::ApiKeyRevoked(_) => self.is_revoked = true,
        }
    }
}

impl ApiKey {
    /// With which role it calls; empty = there is no key.
    pub fn role(&self) -> &str {
        &self.role
    }

    fn create(&self, role: &str, secret_sha256: &str, now_ms: i64, lifetime_ms: i64) -> Decision<Self> {
        if self.secret_sha256 == secret_sha256 {
            return Ok(Vec::new());
        }
        if !self.secret_sha256.is_empty() {
            return Reason::ApiKeyExists.because("there is or was a key of this id; choose another one, or rotate it");
        }
        let expires_at_ms = expiry(now_ms, lifetime_ms)?;
        let (role, secret_sha256) = (role.to_owned(), secret_sha256.to_owned());
        Ok(vec![Event::ApiKeyCreated(ApiKeyCreated { role, secret_sha256, expires_at_ms })])
    }

    fn rotate(&self, secret_sha256: &str, now_ms: i64, lifetime_ms: i64, overlap_ms: i64) -> Decision<Self> {
        if self.secret_sha256 == secret_sha256 {
            return Ok(Vec::new());
        }
        if overlap_ms > OVERLAP_MAX_MS {
            return Reason::ApiKeyOverlapTooLong.because("the secret before counts for 7 days at most");
        }
        let expires_at_ms = expiry(now_ms, lifetime_ms)?;
        let (secret_sha256, overlap_until_ms) = (secret_sha256.to_owned(), now_ms + overlap_ms.max(0));
        Ok(vec![Event::ApiKeyRotated(ApiKeyRotated { secret_sha256, expires_at_ms, overlap_until_ms })])
    }
}

fn expiry(now_ms: i64, lifetime_ms: i64) -> Result<i64, studium_kit::Rejection<Reason>> {
    if lifetime_ms > LIFETIME_MAX_MS {
        return Reason::ApiKeyLifetimeTooLong.because("a secret counts for 366 days at most");
    }
    Ok(now_ms + lifetime_ms)
}

#[cfg(test)]
mod tests;
