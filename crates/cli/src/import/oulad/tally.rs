//! What became of the rows: done, already so, or refused and why.

use super::plan::{Act, Plan, Step};
use crate::client::{explain, reason};
use serde::Serialize;
use std::collections::{BTreeMap, btree_map::Entry};
use tonic::Status;

/// How many places are named for each sort of refusal.
const EXAMPLES_MAX: usize = 3;

/// What a service said to an act.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// Position of the commit.
    pub position: u64,
    /// It was already so.
    pub already: bool,
}

/// Counts by sort of act.
#[derive(Debug, Default)]
pub struct Tally {
    counts: [Count; KINDS.len()],
    refusals: BTreeMap<(usize, String), Refusal>,
    /// The highest position that was written.
    pub position: u64,
}

/// The sorts of acts as people know them.
const KINDS: [&str; 6] = ["learners", "registrations", "results", "withdrawals", "reinstatements", "final results"];

fn kind(act: Act) -> usize {
    match act {
        Act::Register => 0,
        Act::Enrol => 1,
        Act::Result { .. } => 2,
        Act::Withdraw { .. } => 3,
        Act::Reinstate => 4,
        Act::Conclude(_) => 5,
    }
}

/// What became of the acts of one sort.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The sort.
    pub what: &'static str,
    /// Newly written.
    pub done: u64,
    /// Were already so.
    pub already: u64,
    /// The service said no.
    pub refused: u64,
}

impl Count {
    /// An act was answered.
    pub fn take(&mut self, answer: Answer) {
        if answer.already {
            self.already += 1;
        } else {
            self.done += 1;
        }
    }
}

/// Rows that were refused for one reason.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The sort of act.
    pub what: &'static str,
    /// The reason as the contract names it.
    pub reason: String,
    /// A sentence.
    pub detail: String,
    /// How many.
    pub count: u64,
    /// Where, for example.
    pub examples: Vec<String>,
}

impl Tally {
    /// An act was answered.
    pub fn answered_with(&mut self, act: Act, answer: Answer) {
        self.counts[kind(act)].take(answer);
        self.position = self.position.max(answer.position);
    }

    /// An act was refused.
    pub fn refused_with(&mut self, plan: &Plan, step: &Step, status: &Status) {
        let kind = kind(step.act);
        self.counts[kind].refused += 1;
        let reason = reason(status).filter(|it| !it.is_empty()).unwrap_or_else(|| format!("{:?}", status.code()));
        let refusal = self.refusals.entry((kind, reason.clone())).or_insert_with(|| Refusal {
            what: KINDS[kind],
            reason,
            detail: explain(status),
            ..Refusal::default()
        });
        refusal.count += 1;
        if refusal.examples.len() < EXAMPLES_MAX {
            let student = plan.students[step.student as usize];
            refusal.examples.push(format!("{} line {}, student {student}", step.act.table(), step.line));
        }
    }

    /// Adds what another part of the import counted.
    pub fn add(&mut self, other: Self) {
        for (own, it) in self.counts.iter_mut().zip(&other.counts) {
            own.done += it.done;
            own.already += it.already;
            own.refused += it.refused;
        }
        for (key, it) in other.refusals {
            match self.refusals.entry(key) {
                Entry::Vacant(new) => drop(new.insert(it)),
                Entry::Occupied(mut own) => {
                    let own = own.get_mut();
                    own.count += it.count;
                    own.examples.extend(it.examples);
                    own.examples.truncate(EXAMPLES_MAX);
                }
            }
        }
        self.position = self.position.max(other.position);
    }

    /// How many acts were answered.
    pub fn answered(&self) -> u64 {
        self.counts.iter().map(|it| it.done + it.already + it.refused).sum()
    }

    /// How many acts were newly written.
    pub fn done(&self) -> u64 {
        self.counts.iter().map(|it| it.done).sum()
    }

    /// Counts by sort.
    pub fn counts(&self) -> Vec<Count> {
        KINDS.iter().zip(&self.counts).map(|(what, it)| Count { what, ..it.clone() }).collect()
    }

    /// Refusals by sort and reason.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.refusals.values().cloned().collect()
    }
}
