//! Who gives a command, and for which institution.

use studium_kit::{Reason as _, Rejection};
use studium_proto::catalogue::v1::Reason;

/// Who gives a command, and for which institution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// The person: the token's subject.
    pub actor: String,
    /// The institution that the person acts for; none for registrars and operators, who act for the platform.
    pub institution: Option<String>,
}

/// A command with the person who gives it.
#[derive(Debug, Clone)]
pub struct Asked<C> {
    /// Who gives it.
    pub by: By,
    /// What is asked.
    pub command: C,
}

impl By {
    /// A registrar or operator.
    pub fn platform(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), institution: None }
    }

    /// Somebody of an institution.
    pub fn of(actor: impl Into<String>, institution: impl Into<String>) -> Self {
        Self { actor: actor.into(), institution: Some(institution.into()) }
    }

    /// Gives a command.
    pub fn asks<C>(self, command: C) -> Asked<C> {
        Asked { by: self, command }
    }

    /// Lets pass who acts for the platform or for the owner.
    pub(crate) fn may_change(&self, owner: &str) -> Result<(), Rejection<Reason>> {
        match &self.institution {
            Some(it) if it != owner => {
                let whose = if owner.is_empty() { "the platform itself" } else { owner };
                Reason::NotYourInstitution.because(format!("it belongs to {whose}; you act for {it}"))
            }
            _ => Ok(()),
        }
    }
}
