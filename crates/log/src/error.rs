//! What can go wrong in the log, by what the caller can do about it.

use studium_core::{DecodeError, Rejection};

/// The log could not answer.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The broker does not answer; trying again later may help.
    #[error("the log cannot be reached: {0}")]
    Unreachable(String),
    /// Something about the set-up is wrong; the sentence says what to do.
    #[error("{0}")]
    Setup(String),
    /// What is stored cannot be read or does not fit together.
    #[error("the log is damaged: {0}")]
    Damaged(String),
    /// The store that remembers the past did not answer.
    #[error("the journal cannot be read: {0}")]
    History(String),
}

impl From<DecodeError> for LogError {
    fn from(e: DecodeError) -> Self {
        Self::Damaged(e.to_string())
    }
}

/// An append that did not come back with a position.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// Another commit came first, or this very one is stored already. Nothing was written now.
    #[error("the aggregate moved on")]
    Conflict,
    /// It may or may not have been stored: reload and look.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// It was certainly not stored.
    #[error(transparent)]
    Failed(#[from] LogError),
}

/// A command that came to no outcome.
#[derive(Debug, thiserror::Error)]
pub enum DecideError<R: studium_core::Reason> {
    /// The rule says no.
    #[error(transparent)]
    Refused(Rejection<R>),
    /// Others were faster four times in a row, or too many wait for this aggregate already.
    #[error("too many commands for one aggregate at once")]
    Busy,
    /// The aggregate holds an event that this build does not know, so it must not judge.
    #[error("the aggregate was written by a newer version of this service")]
    Outdated,
    /// The log or the journal did not answer.
    #[error(transparent)]
    Fault(#[from] LogError),
}
