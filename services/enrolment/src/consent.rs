//! What one learner lets one institution see: nothing unless said, and taken back at any time.

use std::collections::BTreeSet;
use studium_kit::{Decider, Decision};
use studium_proto::enrolment::v1::{ConsentGiven, ConsentScope, ConsentWithdrawn, Reason, consent_event::Event};

/// What can be asked of a consent.
#[derive(Debug, Clone)]
pub enum Command {
    /// To let the institution see these as well.
    Give { scopes: Vec<ConsentScope>, wording: String },
    /// To let it see these no longer; none named = nothing any more.
    Withdraw { scopes: Vec<ConsentScope> },
}

/// What the institution may see.
#[derive(Debug, Clone, Default)]
pub struct Consent {
    scopes: BTreeSet<i32>,
}

impl Decider for Consent {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        // Consent is the learner's alone: there is no rule that says no.
        Ok(match command {
            Command::Give { scopes, wording } => self.give(scopes, wording),
            Command::Withdraw { scopes } => self.withdraw(scopes),
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ConsentGiven(it) => self.scopes.extend(&it.scopes),
            Event::ConsentWithdrawn(it) => self.scopes.retain(|scope| !it.scopes.contains(scope)),
        }
    }
}

impl Consent {
    fn give(&self, scopes: &[ConsentScope], wording: &str) -> Vec<Event> {
        let new: BTreeSet<i32> =
            scopes.iter().map(|it| *it as i32).filter(|it| *it != 0 && !self.scopes.contains(it)).collect();
        if new.is_empty() {
            return Vec::new();
        }
        let scopes = new.into_iter().collect();
        vec![Event::ConsentGiven(ConsentGiven { scopes, wording: wording.to_owned() })]
    }

    fn withdraw(&self, scopes: &[ConsentScope]) -> Vec<Event> {
        let meant = |it: &&i32| scopes.is_empty() || scopes.iter().any(|scope| *scope as i32 == **it);
        let scopes: Vec<i32> = self.scopes.iter().filter(meant).copied().collect();
        if scopes.is_empty() { Vec::new() } else { vec![Event::ConsentWithdrawn(ConsentWithdrawn { scopes })] }
    }
}

#[cfg(test)]
mod tests;
