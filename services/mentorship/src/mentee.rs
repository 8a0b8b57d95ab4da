//! What a learner wants of any mentor.

use studium_kit::{Asked, Decider, Decision};
use studium_proto::mentorship::v1::{MenteeDescribed, Reason, mentee_event::Event};

/// What can be asked of a mentee.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be described anew.
    Describe(MenteeDescribed),
}

/// A learner as a mentee.
#[derive(Debug, Clone, Default)]
pub struct Mentee {
    profile: MenteeDescribed,
}

impl Decider for Mentee {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let Command::Describe(profile) = &asked.command;
        if *profile == self.profile {
            return Ok(Vec::new());
        }
        Ok(vec![Event::MenteeDescribed(profile.clone())])
    }

    fn evolve(&mut self, event: &Event) {
        let Event::MenteeDescribed(it) = event;
        self.profile = it.clone();
    }
}

#[cfg(test)]
mod tests;
