//! Translates between gRPC and deciders and views; holds no rule.

mod accounts;
mod achievements;
mod awards;
mod credentials;
mod issuers;
mod recognitions;
mod shares;
mod stacks;

use studium_kit::{App, status::no};
use tonic::Status;

/// The longest name or title, characters.
const NAME_MAX: usize = 500;

/// The longest free text, characters.
const TEXT_MAX: usize = 10_000;

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

/// What a handler answers.
type Reply<T> = Result<tonic::Response<T>, Status>;
