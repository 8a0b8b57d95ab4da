//! A reason: how a rule says no.

use std::fmt;

/// One value of a service's `Reason` enum. Implemented by `studium_proto::reasons!` from the contract.
pub trait Reason: Copy + Eq + fmt::Debug + Send + Sync + 'static {
    /// Who says so, for `google.rpc.ErrorInfo.domain`: `enrolment.studium`.
    const DOMAIN: &'static str;

    /// The name in the contract: `RUN_FULL`.
    fn name(self) -> &'static str;

    /// What sort of refusal it is; the edge turns it into a gRPC status code.
    fn kind(self) -> Kind;

    /// Refuses, with a sentence for the person who asked: `Reason::RunFull.because("all 30 seats are taken")`.
    fn because<T>(self, detail: impl Into<String>) -> Result<T, Rejection<Self>> {
        Err(Rejection { reason: self, detail: detail.into() })
    }
}

/// The sorts of refusal, each one gRPC status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command makes no sense whatever the state (`INVALID_ARGUMENT`).
    InvalidArgument,
    /// What it speaks of does not exist (`NOT_FOUND`).
    NotFound,
    /// It exists already, and differently (`ALREADY_EXISTS`).
    AlreadyExists,
    /// This caller may not (`PERMISSION_DENIED`).
    PermissionDenied,
    /// Not in this state of the world (`FAILED_PRECONDITION`).
    FailedPrecondition,
}

/// A refusal: a reason, and a sentence that says what the world looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection<R> {
    /// The value of the contract's `Reason` enum.
    pub reason: R,
    /// A sentence for the person who asked; holds no personal data and no internals.
    pub detail: String,
}

impl<R: Reason> fmt::Display for Rejection<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.name(), self.detail)
    }
}

impl<R: Reason> std::error::Error for Rejection<R> {}
