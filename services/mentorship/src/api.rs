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

use crate::by::By;
use studium_kit::{App, Call, Fields, Rejection, status};
use studium_proto::mentorship::v1::Reason;
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

fn acts_for_all(call: &Call) -> bool {
    ["registrar", "operator", "service"].iter().any(|it| call.caller.has(it))
}

/// Who calls: the platform, the person whom it is about, or staff for an institution.
fn by(call: &Call, persons: &[&str], institution: &str) -> By {
    let is_own = persons.contains(&call.caller.subject.as_str());
    let institution = (!acts_for_all(call) && !is_own).then(|| institution.to_owned());
    By { at_ms: call.now_ms(), institution }
}

/// A refusal that no decider gives: what was asked about is not known here.
fn no(reason: Reason, detail: impl Into<String>, id: &str) -> Status {
    status::refused(&Rejection { reason, detail: detail.into() }, [("id", id)])
}

fn optional_id(fields: &mut Fields, field: &str, value: &str) {
    if !value.is_empty() {
        fields.id(field, value);
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
