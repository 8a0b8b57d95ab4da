//! What one learner says of one run: whoever finished it may leave one feedback and change it.

use crate::v1::{FeedbackHidden, FeedbackLeft, FeedbackShown, Reason, feedback_event::Event};
use studium_kit::{Asked, Decider, Decision, Reason as _};

/// What can be asked of a feedback.
#[derive(Debug, Clone)]
pub enum Command {
    /// To say this from now on. What must be known of the run comes with it, from a view.
    Leave { is_finished: bool, feedback: FeedbackLeft },
    /// To keep the comment from others.
    Hide { reason: String },
    /// To let others see it again.
    Show,
}

/// The feedback.
#[derive(Debug, Clone, Default)]
pub struct Feedback {
    left: Option<FeedbackLeft>,
    is_hidden: bool,
}

impl Decider for Feedback {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        if let Command::Leave { is_finished, feedback } = &asked.command {
            if !is_finished {
                return Reason::NotFinished.because("only who finished the run may leave feedback on it");
            }
            let is_so = self.left.as_ref() == Some(feedback);
            return Ok(if is_so { Vec::new() } else { vec![Event::FeedbackLeft(feedback.clone())] });
        }
        let Some(left) = &self.left else {
            return Reason::FeedbackNotFound.because("the learner left no feedback on this run");
        };
        asked.by.may_act_for(&left.institution_id, Reason::NotYourInstitution)?;
        Ok(match &asked.command {
            Command::Hide { reason } if !self.is_hidden => {
                vec![Event::FeedbackHidden(FeedbackHidden { reason: reason.clone() })]
            }
            Command::Show if self.is_hidden => vec![Event::FeedbackShown(FeedbackShown {})],
            _ => Vec::new(),
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::FeedbackLeft(it) => self.left = Some(it.clone()),
            Event::FeedbackHidden(_) => self.is_hidden = true,
            Event::FeedbackShown(_) => self.is_hidden = false,
        }
    }
}

#[cfg(test)]
mod tests;
