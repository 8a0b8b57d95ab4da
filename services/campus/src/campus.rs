//! A campus: an institution that licenses content for its members, with the people who act for it.

use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    AdministratorAdded, AdministratorRemoved, CampusRegistered, Reason, SsoDomainsSet, TeacherAdded, TeacherRemoved,
    TrialStarted, campus_event::Event,
};

/// What can be asked of a campus.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be known; `authorised` is what the catalogue says of the institution.
    Register { name: String, authorised: bool },
    /// To take in whoever signs in with an address of these domains.
    SetSsoDomains { domains: BTreeSet<String> },
    /// To let somebody act for it.
    AddAdministrator { person_id: String },
    /// To let somebody act for it no longer.
    RemoveAdministrator { person_id: String },
    /// To let somebody open classes.
    AddTeacher { person_id: String },
    /// To let somebody open classes no longer.
    RemoveTeacher { person_id: String },
    /// To try the platform.
    StartTrial(TrialStarted),
}

/// A campus as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Campus {
    name: Option<String>,
    sso_domains: BTreeSet<String>,
    administrators: BTreeSet<String>,
    teachers: BTreeSet<String>,
    trial: Option<TrialStarted>,
}

impl Decider for Campus {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        if let Command::Register { name, authorised } = command {
            return self.register(name, *authorised);
        }
        if self.name.is_none() {
            return Reason::CampusNotFound.because("no such campus is registered");
        }
        Ok(match command {
            Command::SetSsoDomains { domains } if *domains == self.sso_domains => Vec::new(),
            Command::SetSsoDomains { domains } => {
                vec![Event::SsoDomainsSet(SsoDomainsSet { domains: domains.iter().cloned().collect() })]
            }
            Command::AddAdministrator { person_id } if self.administrators.contains(person_id) => Vec::new(),
            Command::AddAdministrator { person_id } => {
                vec![Event::AdministratorAdded(AdministratorAdded { person_id: person_id.clone() })]
            }
            Command::RemoveAdministrator { person_id } if self.administrators.contains(person_id) => {
                vec![Event::AdministratorRemoved(AdministratorRemoved { person_id: person_id.clone() })]
            }
            Command::AddTeacher { person_id } if self.teachers.contains(person_id) => Vec::new(),
            Command::AddTeacher { person_id } => {
                vec![Event::TeacherAdded(TeacherAdded { person_id: person_id.clone() })]
            }
            Command::RemoveTeacher { person_id } if self.teachers.contains(person_id) => {
                vec![Event::TeacherRemoved(TeacherRemoved { person_id: person_id.clone() })]
            }
            Command::StartTrial(trial) => return self.start_trial(trial),
            Command::RemoveAdministrator { .. } | Command::RemoveTeacher { .. } | Command::Register { .. } => {
                Vec::new()
            }
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::CampusRegistered(it) => self.name = Some(it.name.clone()),
            Event::SsoDomainsSet(it) => self.sso_domains = it.domains.iter().cloned().collect(),
            Event::AdministratorAdded(it) => drop(self.administrators.insert(it.person_id.clone())),
            Event::AdministratorRemoved(it) => drop(self.administrators.remove(&it.person_id)),
            Event::TeacherAdded(it) => drop(self.teachers.insert(it.person_id.clone())),
            Event::TeacherRemoved(it) => drop(self.teachers.remove(&it.person_id)),
            Event::TrialStarted(it) => self.trial = Some(it.clone()),
        }
    }
}

impl Campus {
    fn register(&self, name: &str, authorised: bool) -> Decision<Self> {
        match &self.name {
            Some(it) if it == name => Ok(Vec::new()),
            Some(it) => Reason::CampusExists.because(format!("this id is the campus \"{it}\" already")),
            None if !authorised => Reason::CampusNotAuthorised
                .because("the catalogue authorises no institution with this id as a campus; do that first"),
            None => Ok(vec![Event::CampusRegistered(CampusRegistered { name: name.to_owned() })]),
        }
    }

    fn start_trial(&self, trial: &TrialStarted) -> Decision<Self> {
        match &self.trial {
            Some(it) if it == trial => Ok(Vec::new()),
            Some(it) => Reason::TrialUsed.because(format!("the campus tried the platform with plan `{}`", it.plan_id)),
            None => Ok(vec![Event::TrialStarted(trial.clone())]),
        }
    }
}

#[cfg(test)]
mod tests;
