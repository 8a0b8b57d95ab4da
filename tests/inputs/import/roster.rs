//! Rosters in Studium's own columns and in OneRoster's.

#[path = "../../../crates/cli/src/import/roster/oneroster.rs"]
pub mod oneroster;
#[path = "../../../crates/cli/src/import/roster/source.rs"]
pub mod source;
