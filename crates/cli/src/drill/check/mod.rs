//! The checker: what must hold of the record and of the views after whatever happened, each rule judged from the
//! contract alone and not with the code that is checked.

mod acknowledged;
mod effects;
mod rules;
mod views;
mod whole;

use super::{load::Told, record::Record};
use crate::progress::count;
use serde::Serialize;

pub use views::{Fold, Tables, compare, fold_anew, open_log, tables};

/// Breaches that are spelled out; the rest is counted.
const SPELLED_OUT: usize = 20;

/// What one part of the check looked at, and what is wrong.
#[derive(Debug, Default, Serialize)]
pub struct Finding {
    /// What must hold.
    pub rule: &'static str,
    /// How many things were looked at.
    pub checked: u64,
    /// What is wrong, a sentence each; the first 20.
    pub breaches: Vec<String>,
    /// How many things are wrong.
    pub breach_count: u64,
}

impl Finding {
    /// Nothing looked at yet.
    pub fn of(rule: &'static str) -> Self {
        Self { rule, ..Self::default() }
    }

    /// Something is wrong.
    pub fn breach(&mut self, what: String) {
        self.breach_count += 1;
        if self.breaches.len() < SPELLED_OUT {
            self.breaches.push(what);
        }
    }

    /// One thing was looked at; it is wrong unless `holds`.
    pub fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.checked += 1;
        if !holds {
            self.breach(what());
        }
    }

    /// In a line for people.
    pub fn sentence(&self) -> String {
        let held = if self.breach_count == 0 { "holds" } else { "BROKEN" };
        let (rule, checked) = (self.rule, count(self.checked));
        match self.breach_count {
            0 => format!("  {held:<7} {rule} ({checked} checked)"),
            many => format!("  {held:<7} {rule} ({checked} checked, {} breaches)", count(many)),
        }
    }
}

/// Judges a record and what callers were told.
pub fn judge(record: &Record, told: &Told) -> Vec<Finding> {
    vec![
        whole::check(record),
        acknowledged::check(record, told),
        rules::check(record),
        effects::once(record),
        effects::follow(record),
    ]
}
