//! The numbers that hold for a programme: how long a proposal is open, a question waits, a review is locked.

use studium_kit::{Asked, Decider, Decision};
use studium_proto::mentorship::v1::{Reason, TermsSet, terms_event::Event};

/// The id of the terms that hold where a programme has none of its own.
pub const PLATFORM: &str = "platform";

/// What can be asked of terms.
#[derive(Debug, Clone)]
pub enum Command {
    /// To hold from now on.
    Set(TermsSet),
}

/// The terms of one programme.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    set: TermsSet,
}

impl Decider for Terms {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let Command::Set(terms) = &asked.command;
        if *terms == self.set {
            return Ok(Vec::new());
        }
        Ok(vec![Event::TermsSet(terms.clone())])
    }

    fn evolve(&mut self, event: &Event) {
        let Event::TermsSet(it) = event;
        self.set = it.clone();
    }
}

#[cfg(test)]
mod tests;
