//! One person's belonging to one campus: in what capacity, under which number, since when.

use std::fmt;
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
    /// To exist; who is a member already stays as is.
    Admit { record: MemberDescribed, source: MemberSource, source_ref: String },
    /// To exist since somebody signed in with an address of `domain`; `domains` are those that the campus takes in.
    AdmitBySso { record: MemberDescribed, domain: String, domains: Vec<String> },
    /// To be as a roster says.
    Reconcile(Reconcile),
    /// To exist no longer.
    Remove { source_ref: String, reason: String },
}

/// What a roster says of somebody, and what it found before. If somebody else had a word since, that word stays.
#[derive(Clone)]
pub struct Reconcile {
    /// The import.
    pub import_id: String,
    /// Number of the row; 0 if the person is in none.
    pub row: u32,
    /// What was said when the roster was compared; `None` if the person was no member.
    pub was: Option<MemberDescribed>,
    /// What the roster says; `None` if the person leaves.
    pub becomes: Option<MemberDescribed>,
}

/// Without what is said of the person: the command may be shown where it failed.
impl fmt::Debug for Reconcile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { import_id, row, was, becomes } = self;
        write!(f, "row {row} of {import_id}: member {} -> {}", was.is_some(), becomes.is_some())
    }
}

/// A membership as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Member {
    record: Option<MemberDescribed>,
    source: i32,
}

/// Whether a roster may end a membership that came about in this way: only what a roster gave, a roster takes.
pub fn ends_by_roster(source: i32) -> bool {
    source == MemberSource::Roster as i32
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
            (
                Command::Add { record, source, source_ref }
                | Command::Put { record, source, source_ref }
                | Command::Admit { record, source, source_ref },
                None,
            ) => Ok(added(record, *source, source_ref)),
            (Command::Put { record, .. }, Some(_)) => Ok(vec![Event::MemberDescribed(record.clone())]),
            (Command::Admit { .. } | Command::AdmitBySso { .. }, Some(_)) | (Command::Remove { .. }, None) => {
                Ok(Vec::new())
            }
            (Command::AdmitBySso { record, domain, domains }, None) if domains.contains(domain) => {
                Ok(added(record, MemberSource::Sso, domain))
            }
            (Command::AdmitBySso { domain, .. }, None) => Reason::NotAnSsoDomain
                .because(format!("`{domain}` is none of the domains from which the campus takes people in")),
            (Command::Reconcile(it), _) => self.reconcile(it),
            (Command::Remove { source_ref, reason }, Some(_)) => {
                let (source_ref, reason) = (source_ref.clone(), reason.clone());
                Ok(vec![Event::MemberRemoved(MemberRemoved { source_ref, reason })])
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            // Its description follows.
            Event::MemberAdded(it) => self.source = it.source,
            Event::MemberDescribed(it) => self.record = Some(it.clone()),
            Event::MemberRemoved(_) => *self = Self::default(),
        }
    }
}

impl Member {
    fn reconcile(&self, it: &Reconcile) -> Decision<Self> {
        if self.record == it.becomes {
            return Ok(Vec::new());
        }
        if self.record != it.was {
            return Reason::MemberChangedSince
                .because(format!("the member was changed after import `{}` was compared; that stays", it.import_id));
        }
        match (&it.becomes, &it.was) {
            (Some(record), None) => Ok(added(record, MemberSource::Roster, &it.import_id)),
            // How the person came to be a member stays, and with it who may end the membership.
            (Some(record), Some(_)) => Ok(vec![Event::MemberDescribed(record.clone())]),
            (None, _) if ends_by_roster(self.source) => {
                let (source_ref, reason) = (it.import_id.clone(), String::new());
                Ok(vec![Event::MemberRemoved(MemberRemoved { source_ref, reason })])
            }
            (None, _) => Reason::MemberNotFromRoster
                .because("the member did not come from a roster; an administrator may end the membership"),
        }
    }
}

fn added(record: &MemberDescribed, source: MemberSource, source_ref: &str) -> Vec<Event> {
    let added = MemberAdded { source: source.into(), source_ref: source_ref.to_owned() };
    vec![Event::MemberAdded(added), Event::MemberDescribed(record.clone())]
}

#[cfg(test)]
mod tests;
