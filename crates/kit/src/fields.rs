//! Malformed fields of a request, collected so that the caller hears of all of them at once.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

/// The longest id, characters.
const ID_MAX: usize = 128;

/// Collects what is wrong with the fields of a request.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<FieldViolation>,
}

impl Fields {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// An id that a client gives: 1 to 128 characters of `A-Za-z0-9_-`.
    pub fn id(&mut self, field: &str, value: &str) {
        self.check(field, is_id(value), "is not 1 to 128 characters of A-Z a-z 0-9 _ -");
    }

    /// The same, or nothing.
    pub fn optional_id(&mut self, field: &str, value: &str) {
        if !value.is_empty() {
            self.id(field, value);
        }
    }

    /// An id that is derived from two or more: ids joined by `~`.
    pub fn joined_id(&mut self, field: &str, value: &str) {
        let ok = value.contains('~') && value.split('~').all(is_id);
        self.check(field, ok, "is not two ids joined by ~");
    }

    /// A text that must be there, at most `max` characters.
    pub fn text(&mut self, field: &str, value: &str, max: usize) {
        self.check(field, !value.trim().is_empty(), "is empty");
        self.optional_text(field, value, max);
    }

    /// A text that may be empty, at most `max` characters.
    pub fn optional_text(&mut self, field: &str, value: &str, max: usize) {
        if value.chars().nth(max).is_some() {
            self.check(field, false, &format!("is longer than {max} characters"));
        }
        // PostgreSQL stores no NUL, and neither database should differ.
        self.check(field, !value.contains('\0'), "holds a NUL character");
    }

    /// Anything else: `what` says what is wrong when not `ok`.
    pub fn check(&mut self, field: &str, ok: bool, what: &str) {
        if !ok {
            self.violations.push(FieldViolation::new(field, what));
        }
    }

    /// All fields have been looked at.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with `google.rpc.BadRequest` when anything is wrong.
    pub fn done(self) -> Result<(), Status> {
        if self.violations.is_empty() {
            return Ok(());
        }
        let sentences: Vec<_> = self.violations.iter().map(|it| format!("`{}` {}", it.field, it.description)).collect();
        let details = ErrorDetails::with_bad_request(self.violations);
        Err(Status::with_error_details(Code::InvalidArgument, sentences.join("; "), details))
    }
}

fn is_id(value: &str) -> bool {
    (1..=ID_MAX).contains(&value.len())
        && value.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_' || it == b'-')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn all_violations_are_told_at_once() {
        let mut fields = Fields::new();
        fields.id("run_id", "AAA-2013J");
        fields.joined_id("enrolment_id", "AAA-2013J~11391");
        fields.text("title", "Bread", 5);
        fields.optional_text("note", "", 5);
        assert!(fields.done().is_ok());

        let mut fields = Fields::new();
        fields.id("run_id", "a.b");
        fields.joined_id("enrolment_id", "a~");
        fields.text("title", " ", 5);
        fields.optional_text("note", "éééééé", 5);
        fields.check("seats", false, "is below 1");
        let status = fields.done().unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let told = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(
            told.iter().map(|it| it.field.as_str()).collect::<Vec<_>>(),
            ["run_id", "enrolment_id", "title", "note", "seats"]
        );
    }
}
