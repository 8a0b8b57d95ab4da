//! Journeys across running processes: a registry imported, checked, proved, and nothing lost when processes are killed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod faults;
mod imports;
mod platform;
mod regions;
mod registry;
mod story;
