//! Who needs somebody: learners without activity, with a failed or a missing assessment, with the evidence.

use crate::{enrolments::EnrolmentRow, run_offers::RunOfferRow};
use std::collections::HashMap;
use studium_kit::DAY_MS;
use studium_proto::enrolment::v1::Signal;

/// What counts as failed where the run has no pass mark, thousandths of a percent.
const PASS_MARK_MILLIPOINTS: u32 = 40_000;

/// Signals of learners of a run at a time, in the order of the rows; `best` has learner, assessment and best score.
pub fn signals(
    run: &RunOfferRow,
    rows: &[EnrolmentRow],
    best: &[(String, String, Option<u32>)],
    inactive_days: u32,
    now_ms: i64,
) -> Vec<Signal> {
    let pass_mark = if run.pass_mark_millipoints > 0 { run.pass_mark_millipoints } else { PASS_MARK_MILLIPOINTS };
    let due = || run.assessments.0.iter().filter(|it| it.weight > 0 && it.due_ms > 0 && it.due_ms <= now_ms);
    let mut by_learner: HashMap<&str, HashMap<&str, Option<u32>>> = HashMap::new();
    for (learner, assessment, score) in best {
        by_learner.entry(learner).or_default().insert(assessment, *score);
    }
    let signal = |row: &EnrolmentRow| {
        let scores = by_learner.get(row.learner_id.as_str());
        let has = |assessment: &str| scores.is_some_and(|it| it.contains_key(assessment));
        let mut failed: Vec<String> = scores
            .into_iter()
            .flatten()
            .filter(|(_, score)| score.is_some_and(|it| it < pass_mark))
            .map(|(assessment, _)| (*assessment).to_owned())
            .collect();
        failed.sort();
        // Before the run starts nobody can be late.
        let since = row.last_activity_at_ms.max(row.active_at_ms).max(run.starts_at_ms);
        let days = ((now_ms - since).max(0) / DAY_MS) as u32;
        Signal {
            learner_id: row.learner_id.clone(),
            inactive_days: days,
            inactive: days >= inactive_days,
            failed_assessment_ids: failed,
            missing_assessment_ids: due().filter(|it| !has(&it.id)).map(|it| it.id.clone()).collect(),
            last_activity_at_ms: row.last_activity_at_ms,
        }
    };
    let needs_somebody =
        |it: &Signal| it.inactive || !it.failed_assessment_ids.is_empty() || !it.missing_assessment_ids.is_empty();
    rows.iter().map(signal).filter(needs_somebody).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::run_offers::Assessment;
    use studium_kit::Json;

    fn assessment(id: &str, due_ms: i64) -> Assessment {
        Assessment { id: id.into(), weight: 50_000, exam: false, due_ms }
    }

    fn row(learner: &str, last_activity_at_ms: i64) -> EnrolmentRow {
        EnrolmentRow { learner_id: learner.into(), last_activity_at_ms, ..EnrolmentRow::default() }
    }

    #[test]
    fn signals_come_with_their_evidence() {
        let run = RunOfferRow {
            assessments: Json(vec![assessment("a", 5 * DAY_MS), assessment("b", 50 * DAY_MS), assessment("c", 0)]),
            ..RunOfferRow::default()
        };
        let rows = [row("fine", 9 * DAY_MS), row("idle", 2 * DAY_MS), row("late", 9 * DAY_MS), row("weak", 9 * DAY_MS)];
        let best = [
            ("fine".to_owned(), "a".to_owned(), Some(40_000)),
            ("idle".to_owned(), "a".to_owned(), Some(90_000)),
            ("weak".to_owned(), "a".to_owned(), Some(39_999)),
            ("weak".to_owned(), "c".to_owned(), None),
        ];
        let told = signals(&run, &rows, &best, 7, 10 * DAY_MS);
        let short: Vec<_> = told
            .iter()
            .map(|it| {
                (it.learner_id.as_str(), it.inactive, it.failed_assessment_ids.len(), it.missing_assessment_ids.len())
            })
            .collect();
        assert_eq!(short, [("idle", true, 0, 0), ("late", false, 0, 1), ("weak", false, 1, 0)]);
        assert_eq!(told[0].inactive_days, 8);
    }

    #[test]
    fn nobody_is_late_before_the_start() {
        let run = RunOfferRow { starts_at_ms: 100 * DAY_MS, ..RunOfferRow::default() };
        assert!(signals(&run, &[row("ada", 0)], &[], 7, 50 * DAY_MS).is_empty());
    }
}
