//! What one learner notes on one run: whoever was ever in the run may write.

use crate::v1::{NoteWritten, Reason, note_event::Event};
use studium_kit::{Decider, Decision, Reason as _};

/// What can be asked of a note.
#[derive(Debug, Clone)]
pub enum Command {
    /// To say this from now on. What must be known of the run comes with it, from a view.
    Write { is_enrolled: bool, text: String },
}

/// The note.
#[derive(Debug, Clone, Default)]
pub struct Note {
    text: String,
}

impl Decider for Note {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        let Command::Write { is_enrolled, text } = command;
        if !is_enrolled {
            return Reason::NotEnrolled.because("only who was ever in the run may write a note on it");
        }
        if *text == self.text {
            return Ok(Vec::new());
        }
        Ok(vec![Event::NoteWritten(NoteWritten { text: text.clone() })])
    }

    fn evolve(&mut self, event: &Event) {
        let Event::NoteWritten(it) = event;
        self.text.clone_from(&it.text);
    }
}

#[cfg(test)]
mod tests;
