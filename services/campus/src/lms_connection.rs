//! A connection of a campus's learning platform (LTI 1.3): what the platform says of itself, and the keys it is shown.

use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    LmsConnectionDisabled, LmsPlatformDescribed, LmsPlatformRegistered, Reason, ToolKeyAdded, ToolKeyPromoted,
    lms_connection_event::Event,
};

/// Members of a JWK that belong to a private key (RFC 7518, 6.2.2, 6.3.2 and 6.4.1).
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What can be asked of a connection.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist; `campus_known` is whether the campus is registered.
    Register { campus_id: String, platform: LmsPlatformDescribed, campus_known: bool },
    /// To have this description of the platform; only its own campus may say so.
    Describe { campus_id: String, platform: LmsPlatformDescribed },
    /// To show the platform another public key, with the names of the JWK's members.
    AddKey { key_id: String, public_jwk: String, members: BTreeSet<String> },
    /// To sign with the next key; the one before is shown until then, Unix milliseconds.
    Promote { key_id: String, retired_until_ms: i64 },
    /// To end; only its own campus may say so, or whoever names none.
    Disable { campus_id: String, reason: String },
}

/// A connection as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct LmsConnection {
    campus_id: Option<String>,
    platform: LmsPlatformDescribed,
    current: Option<String>,
    next: Option<(String, String)>,
    /// Ids of all keys that there ever were.
    used: BTreeSet<String>,
    is_disabled: bool,
}

impl Decider for LmsConnection {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        if let Command::Register { campus_id, platform, campus_known } = command {
            return self.register(campus_id, platform, *campus_known);
        }
        let Some(own) = &self.campus_id else {
            return Reason::LmsConnectionNotFound.because("no such connection was registered");
        };
        if let Command::Describe { campus_id, .. } | Command::Disable { campus_id, .. } = command
            && !campus_id.is_empty()
            && campus_id != own
        {
            return Reason::LmsConnectionNotFound.because("the campus has no such connection");
        }
        match command {
            Command::Disable { .. } if self.is_disabled => Ok(Vec::new()),
            _ if self.is_disabled => Reason::LmsConnectionDisabled.because("the connection was disabled for good"),
            Command::Disable { reason, .. } if reason.trim().is_empty() => {
                Reason::ExplanationRequired.because("say why the connection ends")
            }
            Command::Disable { reason, .. } => {
                Ok(vec![Event::LmsConnectionDisabled(LmsConnectionDisabled { reason: reason.clone() })])
            }
            Command::Describe { platform, .. } if *platform == self.platform => Ok(Vec::new()),
            Command::Describe { platform, .. } => Ok(vec![Event::LmsPlatformDescribed(platform.clone())]),
            Command::AddKey { key_id, public_jwk, members } => self.add_key(key_id, public_jwk, members),
            Command::Promote { key_id, retired_until_ms } => self.promote(key_id, *retired_until_ms),
            Command::Register { .. } => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::LmsPlatformRegistered(it) => self.campus_id = Some(it.campus_id.clone()),
            Event::LmsPlatformDescribed(it) => self.platform = it.clone(),
            Event::ToolKeyAdded(it) => {
                self.next = Some((it.key_id.clone(), it.public_jwk.clone()));
                self.used.insert(it.key_id.clone());
            }
            Event::ToolKeyPromoted(it) => {
                self.current = Some(it.key_id.clone());
                self.next = None;
            }
            Event::LmsConnectionDisabled(_) => self.is_disabled = true,
        }
    }
}

impl LmsConnection {
    fn register(&self, campus_id: &str, platform: &LmsPlatformDescribed, campus_known: bool) -> Decision<Self> {
        match &self.campus_id {
            Some(it) if it == campus_id && *platform == self.platform => Ok(Vec::new()),
            Some(_) => Reason::LmsConnectionExists.because("this id is a connection already, with another description"),
            None if !campus_known => Reason::CampusNotFound.because("no such campus is registered; do that first"),
            None => Ok(vec![
                Event::LmsPlatformRegistered(LmsPlatformRegistered { campus_id: campus_id.to_owned() }),
                Event::LmsPlatformDescribed(platform.clone()),
            ]),
        }
    }

    fn add_key(&self, key_id: &str, public_jwk: &str, members: &BTreeSet<String>) -> Decision<Self> {
        // Before all else: what is secret must not even be compared with what is stored.
        if members.iter().any(|it| PRIVATE.contains(&it.as_str())) {
            return Reason::PrivateKeyGiven.because("the JWK holds a private key; give its public part, and renew it");
        }
        match &self.next {
            Some((id, jwk)) if id == key_id && jwk == public_jwk => Ok(Vec::new()),
            _ if self.used.contains(key_id) => {
                Reason::ToolKeyUsed.because(format!("there was a key `{key_id}` before; give another id"))
            }
            Some((id, _)) => Reason::NextToolKeyExists.because(format!("key `{id}` is to sign next; promote it first")),
            None => {
                let (key_id, public_jwk) = (key_id.to_owned(), public_jwk.to_owned());
                Ok(vec![Event::ToolKeyAdded(ToolKeyAdded { key_id, public_jwk })])
            }
        }
    }

    fn promote(&self, key_id: &str, retired_until_ms: i64) -> Decision<Self> {
        if self.current.as_deref() == Some(key_id) {
            return Ok(Vec::new());
        }
        if self.next.as_ref().is_none_or(|(it, _)| it != key_id) {
            return Reason::ToolKeyNotNext.because(format!("key `{key_id}` is not the next one; add it first"));
        }
        let retired_key_id = self.current.clone().unwrap_or_default();
        let retired_until_ms = if retired_key_id.is_empty() { 0 } else { retired_until_ms };
        let key_id = key_id.to_owned();
        Ok(vec![Event::ToolKeyPromoted(ToolKeyPromoted { key_id, retired_key_id, retired_until_ms })])
    }
}

#[cfg(test)]
mod tests;
