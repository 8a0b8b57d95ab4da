//! Who asks something of a class, and for whom they may.

use super::{Command, No};
use studium_kit::Reason as _;
use studium_proto::campus::v1::Reason;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A registrar or operator.
    Platform,
    /// A teacher or somebody of the staff of this campus.
    Campus(String),
    /// A learner, for nobody else.
    Learner(String),
}

/// A command with whoever gives it.
#[derive(Debug, Clone)]
pub struct Asked<C> {
    /// Who asks.
    pub who: Who,
    /// What is asked.
    pub command: C,
}

impl Who {
    /// Gives a command.
    pub fn asks<C>(self, command: C) -> Asked<C> {
        Asked { who: self, command }
    }

    /// Lets pass who acts for the platform or for this campus.
    pub(crate) fn may_act_for(&self, campus_id: &str) -> Result<(), No> {
        match self {
            Self::Platform => Ok(()),
            Self::Campus(it) if it == campus_id => Ok(()),
            Self::Campus(it) => Reason::NotYourCampus.because(format!("it belongs to {campus_id}; you act for {it}")),
            Self::Learner(_) => Reason::NotYourCampus.because("learners act for themselves only"),
        }
    }

    /// The same for a command: learners may say that their own work is done.
    pub(super) fn may_ask(&self, campus_id: &str, command: &Command) -> Result<(), No> {
        match (self, command) {
            (Self::Learner(me), Command::WorkDone { learner_ids, .. }) if learner_ids.iter().all(|it| it == me) => {
                Ok(())
            }
            (Self::Learner(_), Command::WorkDone { .. }) => {
                Reason::NotYourWork.because("a learner marks own work only")
            }
            _ => self.may_act_for(campus_id),
        }
    }
}
