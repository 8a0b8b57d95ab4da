//! Learners of a class for whom somebody should look, with what speaks for it.

use super::mean;
use crate::class_record::{ClassRecord, LearnerRecord};
use studium_proto::campus::v1::{ClassAttendance, ClassLearnerAtRisk};

/// One day, milliseconds.
const DAY: i64 = 24 * 3_600_000;

/// From when on somebody should look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// From so many missed meetings on.
    pub missed_meetings: u32,
    /// From so many overdue pieces of work on.
    pub overdue_work: u32,
    /// A mean of results below this, thousandths of a percent.
    pub mean_below_millipoints: u32,
    /// From so many days without activity on.
    pub inactive_days: u32,
}

impl Thresholds {
    /// The platform's defaults: two missed meetings, two overdue pieces of work, below the pass mark, a fortnight.
    pub fn usual(pass_mark: u32) -> Self {
        Self { missed_meetings: 2, overdue_work: 2, mean_below_millipoints: pass_mark, inactive_days: 14 }
    }
}

/// Those who meet any threshold at a time, most thresholds first.
pub fn at_risk(class: &ClassRecord, thresholds: Thresholds, now_ms: i64) -> Vec<ClassLearnerAtRisk> {
    let mut learners: Vec<_> = class.present().map(|it| judged(class, it, thresholds, now_ms)).collect();
    learners.retain(|it| it.reasons > 0);
    learners.sort_by(|a, b| (b.reasons, &a.learner_id).cmp(&(a.reasons, &b.learner_id)));
    learners
}

fn judged(class: &ClassRecord, it: &LearnerRecord, than: Thresholds, now_ms: i64) -> ClassLearnerAtRisk {
    let mut risk = ClassLearnerAtRisk {
        learner_id: it.learner.learner_id.clone(),
        last_activity_at_ms: it.last_activity_at_ms,
        ..ClassLearnerAtRisk::default()
    };
    let missed = it.attendance.iter().filter(|(_, it)| **it == ClassAttendance::Absent);
    let missed: Vec<_> = missed.map(|(meeting_id, _)| meeting_id.clone()).collect();
    if meets(missed.len(), than.missed_meetings) {
        (risk.missed_meeting_ids, risk.reasons) = (missed, risk.reasons + 1);
    }
    let overdue = class.work.iter().filter(|work| work.due_at_ms < now_ms && !it.work_done.contains_key(&work.work_id));
    let overdue: Vec<_> = overdue.map(|work| work.work_id.clone()).collect();
    if meets(overdue.len(), than.overdue_work) {
        (risk.overdue_work_ids, risk.reasons) = (overdue, risk.reasons + 1);
    }
    if let Some(mean) = mean(&it.scores()).filter(|mean| *mean < than.mean_below_millipoints) {
        let low = it.results.iter().filter(|it| !it.is_exercise);
        let low = low.filter(|it| it.score_millipoints.is_some_and(|score| score < than.mean_below_millipoints));
        risk.low_assessment_ids = low.map(|it| it.assessment_id.clone()).collect();
        (risk.results_mean_millipoints, risk.reasons) = (Some(mean), risk.reasons + 1);
    }
    let days = (now_ms - it.last_activity_at_ms.max(it.learner.since_ms)).max(0) / DAY;
    if meets(days as usize, than.inactive_days) {
        (risk.inactive_days, risk.reasons) = (Some(days as u32), risk.reasons + 1);
    }
    risk
}

/// Nothing at all meets no threshold, not even 0.
fn meets(count: usize, threshold: u32) -> bool {
    count > 0 && count >= threshold as usize
}
