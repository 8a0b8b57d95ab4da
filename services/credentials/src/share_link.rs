//! A link by which a learner shows others a credential or a transcript, until it is withdrawn or ends.

use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::credentials::v1::{
    Reason, ShareLinkCreated, ShareLinkOpened, ShareLinkWithdrawn, share_link_event::Event,
};

/// A day, milliseconds.
const DAY_MS: i64 = 86_400_000;
/// A link for which nobody says an end has it then.
pub const USUAL_MS: i64 = 90 * DAY_MS;
/// No link lasts longer: who reads it then must be somebody whom the learner had in mind.
pub const LONGEST_MS: i64 = 366 * DAY_MS;
/// All looks within the same ten minutes count as one, so that nobody fills the log by looking.
pub const ONCE_MS: i64 = 600_000;

/// What can be asked of a link.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be there; `is_theirs` says whether the credential that it shows is signed and the learner's.
    Create { link: Box<ShareLinkCreated>, is_theirs: bool, now_ms: i64 },
    /// To show nothing any more.
    Withdraw { learner_id: String },
    /// To count that somebody looks.
    Open { now_ms: i64 },
}

/// A link as far as its rules need it. Its aggregate id is the SHA-256 of the secret in it.
#[derive(Debug, Clone, Default)]
pub struct ShareLink {
    learner_id: String,
    expires_ms: i64,
    is_withdrawn: bool,
}

impl Decider for ShareLink {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Create { link, is_theirs, now_ms } => self.create(link, *is_theirs, *now_ms),
            _ if self.learner_id.is_empty() => not_found(),
            Command::Withdraw { learner_id } if *learner_id != self.learner_id => not_found(),
            Command::Withdraw { .. } if self.is_withdrawn => Ok(Vec::new()),
            Command::Withdraw { .. } => Ok(vec![Event::ShareLinkWithdrawn(ShareLinkWithdrawn {})]),
            Command::Open { .. } if self.is_withdrawn => Reason::ShareLinkOver.because("the link was withdrawn"),
            Command::Open { now_ms } if *now_ms >= self.expires_ms => {
                Reason::ShareLinkOver.because("the link was good until a time that is past")
            }
            Command::Open { .. } => Ok(vec![Event::ShareLinkOpened(ShareLinkOpened {})]),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ShareLinkCreated(it) => {
                (self.learner_id, self.expires_ms) = (it.learner_id.clone(), it.expires_ms);
            }
            Event::ShareLinkWithdrawn(_) => self.is_withdrawn = true,
            Event::ShareLinkOpened(_) => {}
        }
    }
}

fn not_found<T>() -> Result<T, Rejection<Reason>> {
    Reason::ShareLinkNotFound.because("the learner has no such link")
}

impl ShareLink {
    fn create(&self, link: &ShareLinkCreated, is_theirs: bool, now_ms: i64) -> Decision<Self> {
        if !self.learner_id.is_empty() {
            return Ok(Vec::new());
        }
        if !is_theirs {
            return Reason::CredentialNotFound.because("the learner has no such credential that is signed");
        }
        if link.expires_ms <= now_ms || link.expires_ms > now_ms + LONGEST_MS {
            return Reason::ShareLinkEnd.because("a link ends in the future, and at most 366 days from now");
        }
        Ok(vec![Event::ShareLinkCreated(link.clone())])
    }
}

#[cfg(test)]
mod tests;
