//! Translates between gRPC and deciders and views; holds no rule.

mod calendars;
mod cohorts;
mod conversations;
mod desks;
mod mentors;
mod mentorships;
mod outcomes;
mod review_claims;
mod reviews;
mod sessions;

use studium_kit::status::no;
use studium_kit::{App, Fields, done};
use tonic::Status;

/// The longest name, skill or language, characters.
const NAME_MAX: usize = 320;

/// The longest free text, characters.
const TEXT_MAX: usize = 10_000;

/// Skills or languages that one person can name.
const NAMED_MAX: usize = 100;

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

/// Skills or languages of a person.
fn names(fields: &mut Fields, field: &str, values: &[String]) {
    fields.check(field, values.len() <= NAMED_MAX, "are more than 100");
    for it in values {
        fields.text(field, it, NAME_MAX);
    }
}

/// The IANA name of a time zone, if one is given.
fn time_zone(fields: &mut Fields, field: &str, value: &str) {
    let known = value.is_empty() || crate::matching::offset_minutes(value, 0).is_some();
    fields.check(field, known, "is no time zone of the IANA database");
}

/// What a handler answers.
type Reply<T> = Result<tonic::Response<T>, Status>;
