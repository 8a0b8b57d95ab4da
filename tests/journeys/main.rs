//! Journeys across running processes: a registry imported, seats used, learners mentored, all of it proved, and nothing
//! lost when processes are killed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod campus;
mod erasure;
mod faults;
mod imports;
mod mentor_record;
mod mentoring;
mod mentors;
mod microcredential;
mod microcredentials;
mod office;
mod partners;
mod partnership;
mod passes;
mod platform;
mod regions;
mod registry;
mod tutors;
