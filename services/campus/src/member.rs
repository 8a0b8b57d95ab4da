//! One person's belonging to one campus: in what capacity, under which number, since when.

use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    MemberAdded, MemberDescribed, MemberRemoved, MemberSource, Reason, member_event::Event,
};

/// What can be asked of a membership.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, with this record; an existing one with another record is a refusal.
    Add { record: MemberDescribed, source: MemberSource, source_ref: String },
    /// To have this record, whether it exists or not.
    Put { record: MemberDescribed, source: MemberSource, source_ref: String },
    /// To exist no longer.
    Remove { source_ref: String, reason: String },
}

/// A membership as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Member {
    record: Option<MemberDescribed>,
}

impl Member {
    /// What the campus says of the person; none if the person is no member.
    pub fn record(&self) -> Option<&MemberDescribed> {
        self.record.as_ref()
    }
}

impl Decider for Member {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match (command, &self.record) {
            (Command::Add { record, .. } | Command::Put { record, .. }, Some(it)) if record == it => Ok(Vec::new()),
            (Command::Add { .. }, Some(_)) => {
                Reason::MemberExists.because("the learner is a member already, with another record; change that")
            }
            (Command::Add { record, source, source_ref } | Command::Put { record, source, source_ref }, None) => {
                let (source, source_ref) = (*source as i32, source_ref.clone());
                let added = MemberAdded { source, source_ref };
                Ok(vec![Event::MemberAdded(added), Event::MemberDescribed(record.clone())])
            }
            (Command::Put { record, .. }, Some(_)) => Ok(vec![Event::MemberDescribed(record.clone())]),
            (Command::Remove { .. }, None) => Ok(Vec::new()),
            (Command::Remove { source_ref, reason }, Some(_)) => {
                let (source_ref, reason) = (source_ref.clone(), reason.clone());
                Ok(vec![Event::MemberRemoved(MemberRemoved { source_ref, reason })])
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            // Its description follows.
            Event::MemberAdded(_) => {}
            Event::MemberDescribed(it) => self.record = Some(it.clone()),
            Event::MemberRemoved(_) => self.record = None,
        }
    }
}

#[cfg(test)]
mod tests;
