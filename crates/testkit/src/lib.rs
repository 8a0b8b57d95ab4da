//! How we check: rules as given/when/then sentences, and laws on random histories.

pub(crate) mod given;
pub mod laws;

pub use given::{Given, When, given};
