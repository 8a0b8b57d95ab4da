//! Which presentations have tutor groups, who is in which, and when each learner's group began and ended.

use crate::import::oulad::{
    files::FinalResult,
    plan::{Act, Plan, Step},
};
use std::collections::HashMap;
use studium_proto::mentorship::v1::MentorshipEnd;

/// Learners of one tutor.
pub const GROUP: usize = 20;

/// How the groups come about, for whoever reads numbers that rest on them.
pub const RULE: &str = "Tutor groups were assigned by the import's rule: every second presentation in the order of courses \
                        (the first, the third, ...), its learners in order of registration and then of their numbers, 20 to a \
                        group, each with a synthetic tutor. They are not the real tutors, and nothing follows from them about \
                        tutoring: modules and years differ, which alone makes rates differ.";

/// One tutor with the learners of the group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Index of the run.
    pub run: u16,
    /// 1, 2, 3 … in the run.
    pub number: usize,
    /// In order.
    pub learners: Vec<Learner>,
}

/// A learner's time in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learner {
    /// Number of the student.
    pub student: u64,
    /// The learner registered then, Unix milliseconds.
    pub from_ms: i64,
    /// The learner's end in the run, if there is one, and which.
    pub ended: Option<(i64, MentorshipEnd)>,
}

/// Whether a presentation has tutor groups, by its place in courses.
pub fn has_groups(place: usize) -> bool {
    place.is_multiple_of(2)
}

/// The id of a tutor.
pub fn tutor_id(run: &str, number: usize) -> String {
    format!("{}{number}", tutors_of(run))
}

/// What the ids of a presentation's tutors begin with.
pub fn tutors_of(run: &str) -> String {
    format!("tutor-{run}-")
}

/// The groups of the presentations that are imported; `plan` still has its steps.
pub fn groups(plan: &Plan) -> Vec<Group> {
    let mut runs: HashMap<u16, HashMap<u32, Learner>> = HashMap::new();
    for it in plan.steps.iter().filter(|it| has_groups(it.run.into())) {
        take(plan, runs.entry(it.run).or_default(), it);
    }
    let mut groups = Vec::new();
    for run in 0..plan.files.runs.len() as u16 {
        let mut learners: Vec<_> = runs.remove(&run).unwrap_or_default().into_values().collect();
        learners.sort_unstable_by_key(|it| (it.from_ms, it.student));
        let of_run = learners.chunks(GROUP).zip(1..);
        groups.extend(of_run.map(|(learners, number)| Group { run, number, learners: learners.to_vec() }));
    }
    groups
}

fn take(plan: &Plan, learners: &mut HashMap<u32, Learner>, step: &Step) {
    if step.act == Act::Enrol {
        let student = plan.students[step.student as usize];
        learners.insert(step.student, Learner { student, from_ms: step.at_ms, ended: None });
        return;
    }
    let Some(learner) = learners.get_mut(&step.student) else { return };
    match step.act {
        Act::Withdraw { .. } => learner.ended = Some((step.at_ms, MentorshipEnd::Withdrawn)),
        // Who is back had the tutor all the while.
        Act::Reinstate => learner.ended = None,
        Act::Conclude(FinalResult::Pass | FinalResult::Distinction) => {
            learner.ended = Some((step.at_ms, MentorshipEnd::Completed));
        }
        Act::Conclude(FinalResult::Fail | FinalResult::Withdrawn) => {
            learner.ended = Some((step.at_ms, MentorshipEnd::Failed));
        }
        Act::Register | Act::Enrol | Act::Result { .. } => {}
    }
}
