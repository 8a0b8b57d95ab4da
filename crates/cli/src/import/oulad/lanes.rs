//! Who may go next: acts of one student one after the other, of different students side by side.

use super::plan::Step;
use std::collections::{HashMap, VecDeque};

/// Hands out the indices of steps in their order, each student's only when the one before it is done.
#[derive(Debug)]
pub struct Lanes {
    next: usize,
    /// By student: one of the student's steps is being done.
    busy: Vec<bool>,
    /// By student: steps whose turn has passed while another was being done.
    waiting: HashMap<u32, VecDeque<usize>>,
}

impl Lanes {
    /// Lanes for so many students.
    pub fn new(students: usize) -> Self {
        Self { next: 0, busy: vec![false; students], waiting: HashMap::new() }
    }

    /// The next step; `done` is the student whose step was done before. `None`: nothing is left that others do not do.
    pub fn next(&mut self, steps: &[Step], done: Option<u32>) -> Option<usize> {
        if let Some(student) = done {
            if let Some(queue) = self.waiting.get_mut(&student) {
                let step = queue.pop_front();
                if queue.is_empty() {
                    self.waiting.remove(&student);
                }
                return step;
            }
            self.busy[student as usize] = false;
        }
        while let Some(step) = steps.get(self.next) {
            let index = self.next;
            self.next += 1;
            let busy = &mut self.busy[step.student as usize];
            if !*busy {
                *busy = true;
                return Some(index);
            }
            self.waiting.entry(step.student).or_default().push_back(index);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::import::oulad::plan::Act;

    fn steps(students: &[u32]) -> Vec<Step> {
        students.iter().map(|it| Step { at_ms: 0, student: *it, line: 0, run: 0, act: Act::Enrol }).collect()
    }

    #[test]
    fn a_student_waits_for_the_own_step_before_and_nobody_else_does() {
        let steps = steps(&[0, 0, 1, 0, 1]);
        let mut lanes = Lanes::new(2);
        assert_eq!(lanes.next(&steps, None), Some(0));
        assert_eq!(lanes.next(&steps, None), Some(2), "step 1 waits for step 0");
        assert_eq!(lanes.next(&steps, None), None, "3 and 4 wait, too");
        assert_eq!(lanes.next(&steps, Some(1)), Some(4));
        assert_eq!(lanes.next(&steps, Some(0)), Some(1));
        assert_eq!(lanes.next(&steps, Some(0)), Some(3));
        assert_eq!(lanes.next(&steps, Some(0)), None);
        assert_eq!(lanes.next(&steps, Some(1)), None);
    }

    #[test]
    fn every_step_is_handed_out_once_and_in_order_of_each_student() {
        let steps = steps(&(0..1000).map(|it| it * it % 37).collect::<Vec<_>>());
        let mut lanes = Lanes::new(37);
        let mut doing: VecDeque<usize> = std::iter::from_fn(|| lanes.next(&steps, None)).take(8).collect();
        let mut done = vec![];
        while let Some(step) = doing.pop_front() {
            done.push(step);
            doing.extend(lanes.next(&steps, Some(steps[step].student)));
            while doing.len() < 8
                && let Some(step) = lanes.next(&steps, None)
            {
                doing.push_back(step);
            }
        }
        let mut sorted = done.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        for student in 0..37 {
            let own: Vec<_> = done.iter().filter(|it| steps[**it].student == student).collect();
            assert!(own.is_sorted(), "{own:?}");
        }
    }
}
