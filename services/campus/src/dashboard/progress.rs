//! How each learner of a class comes along, and the class as a whole.

use super::{mean, rate};
use crate::class_record::{ClassRecord, LearnerRecord};
use studium_proto::campus::v1::{ClassAttendance, ClassLearnerProgress, ClassTotals};

/// Those who are in the class, as they stand at a time.
pub fn learners(class: &ClassRecord, now_ms: i64) -> Vec<ClassLearnerProgress> {
    class.present().map(|it| learner(class, it, now_ms)).collect()
}

fn learner(class: &ClassRecord, it: &LearnerRecord, now_ms: i64) -> ClassLearnerProgress {
    let count = |what: ClassAttendance| it.attendance.values().filter(|it| **it == what).count() as u32;
    let (present, absent) = (count(ClassAttendance::Present), count(ClassAttendance::Absent));
    let scores = it.scores();
    let exercises: Vec<_> = it.results.iter().filter(|it| it.is_exercise).collect();
    let exercise_scores: Vec<_> = exercises.iter().filter_map(|it| it.score_millipoints).collect();
    let contents = class.contents.iter().filter(|content| it.completed.contains(&content.id));
    let mut progress = ClassLearnerProgress {
        learner_id: it.learner.learner_id.clone(),
        present,
        absent,
        excused: count(ClassAttendance::Excused),
        attendance_millipoints: rate(present, present + absent),
        modules_completed: contents.count() as u32,
        results: scores.len() as u32,
        results_mean_millipoints: mean(&scores),
        exercises: exercises.len() as u32,
        exercises_mean_millipoints: mean(&exercise_scores),
        last_activity_at_ms: it.last_activity_at_ms,
        credit_decided: it.learner.credit_decided_at_ms > 0,
        credit_granted: it.learner.credit_granted,
        ..ClassLearnerProgress::default()
    };
    for work in &class.work {
        match it.work_done.get(&work.work_id) {
            Some(done) if *done <= work.due_at_ms => progress.work_on_time += 1,
            Some(_) => progress.work_late += 1,
            None => {
                progress.work_open += 1;
                progress.work_overdue += u32::from(work.due_at_ms < now_ms);
            }
        }
    }
    progress
}

/// All of them together.
pub fn totals(class: &ClassRecord, learners: &[ClassLearnerProgress]) -> ClassTotals {
    let sum = |what: fn(&ClassLearnerProgress) -> u32| learners.iter().map(what).sum();
    let (present, absent): (u32, u32) = (sum(|it| it.present), sum(|it| it.absent));
    let scores: Vec<_> = class.present().flat_map(LearnerRecord::scores).collect();
    ClassTotals {
        learners: learners.len() as u32,
        meetings: class.meetings.len() as u32,
        work: class.work.len() as u32,
        modules: class.contents.len() as u32,
        attendance_millipoints: rate(present, present + absent),
        work_on_time: sum(|it| it.work_on_time),
        work_late: sum(|it| it.work_late),
        work_open: sum(|it| it.work_open),
        work_overdue: sum(|it| it.work_overdue),
        modules_completed: sum(|it| it.modules_completed),
        results_mean_millipoints: mean(&scores),
        credit_decided: sum(|it| u32::from(it.credit_decided)),
        credit_granted: sum(|it| u32::from(it.credit_granted)),
    }
}
