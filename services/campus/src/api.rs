//! Translates between gRPC and deciders and views; holds no rule.

mod campus;
mod invites;
mod members;
mod roster_import;
mod rosters;

use studium_kit::{App, Rejection, status};
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

/// A refusal that no decider gives: what was asked about is not known here.
fn no(reason: Reason, detail: impl Into<String>, id: &str) -> Status {
    status::refused(&Rejection { reason, detail: detail.into() }, [("id", id)])
}

/// What a handler answers.
type Reply<T> = Result<tonic::Response<T>, Status>;

/// Makes a command's reply from its outcome.
macro_rules! done {
    ($response:ident, $outcome:expr $(, $field:ident: $value:expr)*) => {{
        let outcome = $outcome;
        Ok(tonic::Response::new($response {
            $($field: $value,)*
            id: outcome.id,
            position: outcome.position,
            already: outcome.already,
        }))
    }};
}
use done;
