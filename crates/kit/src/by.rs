//! Who gives a command, when, and for which institution: what rules about belonging need to know.

use crate::Call;
use studium_core::{Reason, Rejection};

/// Who gives a command, when, and for which institution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct By {
    /// The business time of the act, Unix milliseconds.
    pub at_ms: i64,
    /// The institution that the person acts for; none for the platform, for persons in their own matters, and for
    /// what follows by itself.
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

    /// Who calls: the platform, one of the persons whom it is about, or staff for an institution.
    pub fn caller(call: &Call, persons: &[&str], institution: &str) -> Self {
        let is_own = persons.contains(&call.caller.subject.as_str());
        let institution = (!call.caller.acts_for_all() && !is_own).then(|| institution.to_owned());
        Self { at_ms: call.now_ms(), institution }
    }

    /// Gives a command.
    pub fn asks<C>(self, command: C) -> Asked<C> {
        Asked { by: self, command }
    }

    /// Lets pass who acts for nobody in particular or for the owner.
    ///
    /// # Errors
    /// With `reason` for whoever acts for somebody else.
    pub fn may_act_for<R: Reason>(&self, owner: &str, reason: R) -> Result<(), Rejection<R>> {
        match &self.institution {
            Some(it) if !self.acts_for(owner) => {
                reason.because(format!("it belongs to institution `{owner}`; you act for `{it}`"))
            }
            _ => Ok(()),
        }
    }

    /// Whether this is nobody in particular, or acts for the owner.
    pub fn acts_for(&self, owner: &str) -> bool {
        self.institution.as_ref().is_none_or(|it| it == owner)
    }
}
