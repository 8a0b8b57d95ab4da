//! A stack: what a larger award demands of credentials, fixed once it is approved.

use studium_kit::{Asked, By, Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    Reason, StackApproved, StackDefined, StackRetired, StackState, stack_event::Event,
};

/// What can be asked of a stack.
#[derive(Debug, Clone)]
pub enum Command {
    /// To demand this.
    Define(Box<StackDefined>),
    /// To be open for learners from now on.
    Approve { approved_by: String },
    /// To be closed.
    Retire { reason: String },
}

/// A stack as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Stack {
    definition: Option<Box<StackDefined>>,
    state: StackState,
}

/// The id of a version of a stack.
pub fn id(stack_id: &str, version: u32) -> String {
    format!("{stack_id}~{version}")
}

impl Decider for Stack {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        if let Command::Define(it) = command {
            return self.define(by, it);
        }
        let Some(definition) = &self.definition else {
            return Reason::StackNotFound.because("no such stack is defined");
        };
        by.may_act_for(&definition.institution_id, Reason::NotYourInstitution)?;
        match (command, self.state) {
            (Command::Approve { .. }, StackState::Approved) | (Command::Retire { .. }, StackState::Retired) => {
                Ok(Vec::new())
            }
            (Command::Approve { .. }, StackState::Retired) => Reason::StackRetired.because("it is retired"),
            (Command::Approve { approved_by }, _) => Ok(vec![Event::StackApproved(StackApproved {
                approved_by: approved_by.clone(),
                institution_id: definition.institution_id.clone(),
            })]),
            (Command::Retire { reason }, _) if reason.trim().is_empty() => {
                Reason::Required.because("say why nobody may apply any more")
            }
            (Command::Retire { reason }, _) => Ok(vec![Event::StackRetired(StackRetired { reason: reason.clone() })]),
            (Command::Define(_), _) => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::StackDefined(it) => {
                self.definition = Some(Box::new(it.clone()));
                self.state = StackState::Draft;
            }
            Event::StackApproved(_) => self.state = StackState::Approved,
            Event::StackRetired(_) => self.state = StackState::Retired,
        }
    }
}

impl Stack {
    fn define(&self, by: &By, it: &StackDefined) -> Decision<Self> {
        if self.definition.as_deref() == Some(it) {
            return Ok(Vec::new());
        }
        if let Some(before) = &self.definition {
            by.may_act_for(&before.institution_id, Reason::NotYourInstitution)?;
        }
        by.may_act_for(&it.institution_id, Reason::NotYourInstitution)?;
        match self.state {
            StackState::Unspecified | StackState::Draft => Ok(vec![Event::StackDefined(it.clone())]),
            StackState::Approved => {
                Reason::StackApproved.because("it is approved and awards may rest on it; define the next version")
            }
            StackState::Retired => Reason::StackRetired.because("it is retired"),
        }
    }
}

#[cfg(test)]
mod tests;
