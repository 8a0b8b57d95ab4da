//! Translates between gRPC and deciders and views; holds no rule.

mod agreements;
mod campus;
mod class_acts;
mod class_checks;
mod class_queries;
mod classes;
mod coverage;
mod dashboard;
mod invites;
mod lms;
mod members;
mod plans;
mod provision;
mod reports;
mod roster_import;
mod rosters;
mod seats;
mod statements;

use crate::by::By;
use studium_kit::status::no;
use studium_kit::{App, Call, DecideError, done, fault, status};
use studium_proto::campus::v1::Reason;
use tonic::Status;

/// The longest title or name, characters.
const NAME_MAX: usize = 320;

/// The longest free text, characters.
const TEXT_MAX: usize = 2_000;

/// What all handlers hold.
#[derive(Clone)]
pub struct Api {
    app: App,
}

impl Api {
    /// Handlers over a running service.
    pub fn new(app: App) -> Self {
        Self { app }
    }
}

/// Who calls: the platform, or somebody for a campus.
fn by(call: &Call, campus: &str) -> By {
    By { at_ms: call.now_ms(), campus: (!call.caller.acts_for_all()).then(|| campus.to_owned()) }
}

/// Who calls for a member of a campus: whoever it is, only plans of this campus are meant.
fn by_member(call: &Call, campus: &str) -> By {
    By { at_ms: call.now_ms(), campus: Some(campus.to_owned()) }
}

/// A decision that came to nothing, as a status.
fn failed(e: DecideError<Reason>, id: &str) -> Status {
    match e {
        DecideError::Refused(it) => status::refused(&it, [("id", id)]),
        DecideError::Busy => status::busy(),
        DecideError::Outdated => status::outdated(),
        DecideError::Fault(e) => fault(e),
    }
}

/// What a handler answers.
type Reply<T> = Result<tonic::Response<T>, Status>;
