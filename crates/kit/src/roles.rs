//! The roles that a token can carry, and what each of them may call its own.

/// Roles that act for the platform: for every institution and every person.
pub(crate) const PLATFORM: [&str; 3] = ["registrar", "operator", "service"];

/// Roles that own what bears one of their institutions; a campus is an institution.
/// `staff` is the office of an institution with all that the others of it may do.
pub(crate) const OF_INSTITUTION: [&str; 7] =
    ["staff", "campus_administrator", "credential_officer", "course_author", "reviewer", "teacher", "partner"];

/// Roles that own what bears their own subject.
pub(crate) const OF_SUBJECT: [&str; 2] = ["mentor", "learner"];

/// Roles that may say that something happened at another time than now.
pub(crate) const OFFICE: [&str; 5] = ["registrar", "operator", "staff", "campus_administrator", "credential_officer"];

/// Every role there is.
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    PLATFORM.into_iter().chain(OF_INSTITUTION).chain(OF_SUBJECT)
}
