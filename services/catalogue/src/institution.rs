//! An institution: who offers courses, awards credentials, or studies as a campus.

use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::catalogue::v1::{
    Authority, InstitutionAuthorisationWithdrawn, InstitutionAuthorised, InstitutionCountrySet, InstitutionRegistered,
    InstitutionRenamed, Reason, institution_event::Event,
};

/// What can be asked of an institution.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be known.
    Register { name: String, country: String },
    /// To be known under a name that a listing gives; a name that it has or had is its own.
    RegisterListed { name: String },
    /// To have another name.
    Rename { name: String },
    /// To be in a country.
    SetCountry { country: String },
    /// To act in a further capacity.
    Authorise { authority: Authority },
    /// To act in a capacity no longer.
    WithdrawAuthorisation { authority: Authority, reason: String },
}

/// An institution as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Institution {
    registered: Option<InstitutionRegistered>,
    name: String,
    /// All names that it has or had.
    names: BTreeSet<String>,
    country: String,
    authorities: BTreeSet<i32>,
}

impl Decider for Institution {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Register { name, country } => return self.register(name, country),
            Command::RegisterListed { name } => return self.register_listed(name),
            _ => {}
        }
        if !self.is_registered() {
            return Reason::InstitutionNotFound.because("no such institution is registered");
        }
        Ok(match command {
            Command::Rename { name } => self.rename(name),
            Command::SetCountry { country } => self.set_country(country),
            Command::Authorise { authority } => self.authorise(*authority),
            Command::WithdrawAuthorisation { authority, reason } => self.withdraw(*authority, reason),
            Command::Register { .. } | Command::RegisterListed { .. } => Vec::new(),
        })
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::InstitutionRegistered(it) => {
                self.registered = Some(it.clone());
                self.be_called(&it.name);
                self.country.clone_from(&it.country);
            }
            Event::InstitutionRenamed(it) => self.be_called(&it.name),
            Event::InstitutionCountrySet(it) => self.country.clone_from(&it.country),
            Event::InstitutionAuthorised(it) => drop(self.authorities.insert(it.authority)),
            Event::InstitutionAuthorisationWithdrawn(it) => drop(self.authorities.remove(&it.authority)),
        }
    }
}

impl Institution {
    /// It is known to the platform.
    pub fn is_registered(&self) -> bool {
        self.registered.is_some()
    }

    /// It may license content for its own members.
    pub fn is_campus(&self) -> bool {
        self.authorities.contains(&(Authority::Campus as i32))
    }

    fn be_called(&mut self, name: &str) {
        name.clone_into(&mut self.name);
        self.names.insert(name.to_owned());
    }

    fn register(&self, name: &str, country: &str) -> Decision<Self> {
        let asked = InstitutionRegistered { name: name.to_owned(), country: country.to_owned() };
        match &self.registered {
            None => Ok(vec![Event::InstitutionRegistered(asked)]),
            Some(it) if *it == asked || (self.name == name && self.country == country) => Ok(Vec::new()),
            Some(_) => Reason::InstitutionExists.because(format!("this id is \"{}\" already", self.name)),
        }
    }

    fn register_listed(&self, name: &str) -> Decision<Self> {
        if self.names.contains(name) {
            return Ok(Vec::new());
        }
        self.register(name, "")
    }

    fn rename(&self, name: &str) -> Vec<Event> {
        if self.name == name {
            return Vec::new();
        }
        vec![Event::InstitutionRenamed(InstitutionRenamed { name: name.to_owned() })]
    }

    fn set_country(&self, country: &str) -> Vec<Event> {
        if self.country == country {
            return Vec::new();
        }
        vec![Event::InstitutionCountrySet(InstitutionCountrySet { country: country.to_owned() })]
    }

    fn authorise(&self, authority: Authority) -> Vec<Event> {
        let authority = authority.into();
        if self.authorities.contains(&authority) {
            return Vec::new();
        }
        vec![Event::InstitutionAuthorised(InstitutionAuthorised { authority })]
    }

    fn withdraw(&self, authority: Authority, reason: &str) -> Vec<Event> {
        let authority = authority.into();
        if !self.authorities.contains(&authority) {
            return Vec::new();
        }
        let reason = reason.to_owned();
        vec![Event::InstitutionAuthorisationWithdrawn(InstitutionAuthorisationWithdrawn { authority, reason })]
    }
}

#[cfg(test)]
mod tests;
