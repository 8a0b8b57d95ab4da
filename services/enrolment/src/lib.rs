//! Enrolment: who learns what, on what terms, and how it ended.

mod api;
pub mod consent;
mod consents;
mod course_offers;
pub mod enrolment;
mod enrolments;
pub mod external_id;
mod external_ids;
pub mod learner;
mod learners;
mod offers;
mod policies;
pub mod programme_enrolment;
mod programme_enrolments;
mod programme_offers;
mod results;
pub mod run_capacity;
mod run_offers;
mod statistics;
