//! Answer times as numbers: counts, the share within the promise, percentiles and a histogram; who waits counts, too.

use crate::survival::{Curve, Observed};
use std::collections::BTreeMap;
use studium_kit::MINUTE_MS;
use studium_proto::mentorship::v1::{AnswerTimeBucket, AnswerTimes};

/// Upper bounds of the histogram, minutes.
const BUCKETS: [u32; 6] = [15, 60, 120, 240, 480, 1_440];

/// How long one question waited, or waits.
#[derive(Debug, Clone, Default)]
pub struct Wait {
    /// The programme.
    pub programme_id: String,
    /// Who was to answer last; empty if staff.
    pub mentor_id: String,
    /// What was promised.
    pub promised_ms: i64,
    /// Until the first answer, or so far.
    pub waited_ms: i64,
    /// There is an answer.
    pub answered: bool,
    /// It came within the promise.
    pub within_promise: bool,
    /// Closed without an answer.
    pub closed: bool,
}

/// Counts questions.
pub fn times(waits: &[Wait]) -> AnswerTimes {
    let count = |of: &dyn Fn(&Wait) -> bool| waits.iter().filter(|it| of(it)).count() as u64;
    let is_over = |it: &Wait| !it.answered && it.waited_ms > it.promised_ms;
    let within = count(&|it| it.within_promise);
    let late = count(&|it| is_over(it) || (it.answered && !it.within_promise));
    // Who still waits has waited at least so long, which is all that is known.
    let observed = waits.iter().map(|it| Observed { lasted_ms: it.waited_ms, ended: it.answered });
    let curve = Curve::of(observed.collect());
    AnswerTimes {
        programme_id: String::new(),
        mentor_id: String::new(),
        questions: waits.len() as u64,
        answered: count(&|it| it.answered),
        within_promise: within,
        late,
        waiting: count(&|it| !it.answered && !it.closed),
        overdue: count(&|it| is_over(it) && !it.closed),
        closed_unanswered: count(&|it| it.closed),
        share: (within + late > 0).then(|| within as f64 / (within + late) as f64),
        p50_ms: curve.ended_by(0.5),
        p90_ms: curve.ended_by(0.9),
        p99_ms: curve.ended_by(0.99),
        histogram: histogram(waits),
    }
}

/// The same by programme.
pub fn by_programme(waits: &[Wait]) -> Vec<AnswerTimes> {
    let grouped = grouped(waits, |it| &it.programme_id);
    grouped.into_iter().map(|(programme_id, it)| AnswerTimes { programme_id, ..times(&it) }).collect()
}

/// The same by whom was to answer last.
pub fn by_mentor(waits: &[Wait]) -> Vec<AnswerTimes> {
    grouped(waits, |it| &it.mentor_id)
        .into_iter()
        .map(|(mentor_id, it)| AnswerTimes { mentor_id, ..times(&it) })
        .collect()
}

fn grouped(waits: &[Wait], of: impl Fn(&Wait) -> &String) -> BTreeMap<String, Vec<Wait>> {
    let mut groups = BTreeMap::<String, Vec<Wait>>::new();
    for it in waits {
        groups.entry(of(it).clone()).or_default().push(it.clone());
    }
    groups
}

fn histogram(waits: &[Wait]) -> Vec<AnswerTimeBucket> {
    // Behind the bounds come "later" and "not answered".
    let mut counts = [0; BUCKETS.len() + 2];
    for it in waits {
        let place = BUCKETS.iter().position(|bound| it.waited_ms <= i64::from(*bound) * MINUTE_MS);
        let place = if it.answered { place.unwrap_or(BUCKETS.len()) } else { BUCKETS.len() + 1 };
        counts[place] += 1;
    }
    let bounds = BUCKETS.into_iter().chain([0, 0]);
    let buckets = bounds.zip(counts).enumerate();
    buckets
        .map(|(n, (up_to_minutes, questions))| AnswerTimeBucket {
            up_to_minutes,
            unanswered: n > BUCKETS.len(),
            questions,
        })
        .collect()
}

#[cfg(test)]
mod tests;
