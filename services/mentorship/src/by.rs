//! Who gives a command, when, and for which institution.

use studium_kit::{Reason as _, Rejection};
use studium_proto::mentorship::v1::Reason;

/// Who gives a command, when, and for which institution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// The business time of the act, Unix milliseconds.
    pub at_ms: i64,
    /// The institution that the person acts for; none for the platform, for learners and mentors in their own
    /// matters, and for what follows by itself.
    pub institution: Option<String>,
}

/// A command with the one who gives it.
#[derive(Debug, Clone)]
pub struct Asked<C> {
    /// Who gives it.
    pub by: By,
    /// What is asked.
    pub command: C,
}

/// What follows by itself gives a command.
pub fn by_itself<C>(at_ms: i64, command: C) -> Asked<C> {
    By::platform(at_ms).asks(command)
}

impl By {
    /// The platform, or what follows by itself.
    pub fn platform(at_ms: i64) -> Self {
        Self { at_ms, institution: None }
    }

    /// Gives a command.
    pub fn asks<C>(self, command: C) -> Asked<C> {
        Asked { by: self, command }
    }

    /// Lets pass who acts for nobody in particular or for the owner.
    pub(crate) fn may_act_for(&self, owner: &str) -> Result<(), Rejection<Reason>> {
        match &self.institution {
            Some(it) if it != owner => {
                Reason::NotYourInstitution.because(format!("it belongs to institution `{owner}`; you act for `{it}`"))
            }
            _ => Ok(()),
        }
    }
}
