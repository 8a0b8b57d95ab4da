//! The step `--tutor-groups`: tutor groups of 20 learners as mentorships, for half of the presentations.

mod check;
mod groups;
mod play;
#[cfg(test)]
mod tests;

pub use check::{Comparison, compare, shown, verdict};
pub use groups::{Group, groups};
pub use play::play;

use super::tally::Count;
use serde::Serialize;

/// What the tutor groups' part of an import did.
#[derive(Debug, Default, Serialize)]
pub struct Done {
    /// Tutors, mentorships, and their ends.
    pub acts: Vec<Count>,
    /// Time for it, seconds.
    pub seconds: f64,
    /// Files and views, and how the groups came about.
    #[serde(flatten)]
    pub comparison: Comparison,
}

impl Done {
    /// How much was newly written.
    pub fn written(&self) -> u64 {
        self.acts.iter().map(|it| it.done).sum()
    }
}
