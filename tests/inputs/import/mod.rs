//! The readers of tables as the command line has them: the very files, so that a target needs no service to be built.
#![allow(dead_code, reason = "the import uses the rest")]

#[path = "../../../crates/cli/src/import/records.rs"]
pub mod records;
pub mod roster;
#[path = "../../../crates/cli/src/import/rows.rs"]
pub mod rows;
