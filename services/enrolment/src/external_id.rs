//! One id of an institution's own for a learner: it is nobody's or exactly one learner's.

use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::enrolment::v1::{ExternalIdClaimed, ExternalIdReleased, Reason, external_id_event::Event};

/// What can be asked of an external id.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be this learner's.
    Claim { learner_id: String },
    /// To be this learner's no longer.
    Release { learner_id: String },
}

/// Whose the external id is.
#[derive(Debug, Clone, Default)]
pub struct ExternalId {
    learner_id: Option<String>,
}

impl ExternalId {
    /// Whose it is, if it is anybody's.
    pub fn learner_id(&self) -> Option<&str> {
        self.learner_id.as_deref()
    }
}

impl Decider for ExternalId {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Claim { learner_id } => self.claim(learner_id),
            Command::Release { learner_id } => Ok(self.release(learner_id)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::ExternalIdClaimed(it) => self.learner_id = Some(it.learner_id.clone()),
            Event::ExternalIdReleased(_) => self.learner_id = None,
        }
    }
}

impl ExternalId {
    fn claim(&self, learner_id: &str) -> Decision<Self> {
        match &self.learner_id {
            Some(it) if it == learner_id => Ok(Vec::new()),
            Some(_) => Reason::ExternalIdTaken.because("the institution uses this external id for another learner"),
            None => Ok(vec![Event::ExternalIdClaimed(ExternalIdClaimed { learner_id: learner_id.to_owned() })]),
        }
    }

    fn release(&self, learner_id: &str) -> Vec<Event> {
        if self.learner_id.as_deref() != Some(learner_id) {
            return Vec::new();
        }
        vec![Event::ExternalIdReleased(ExternalIdReleased { learner_id: learner_id.to_owned() })]
    }
}

#[cfg(test)]
mod tests;
