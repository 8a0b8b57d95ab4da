//! Every result of every assessment: one row for each attempt.

use studium_kit::{Changes, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::enrolment::v1::enrolment_event::Event;

row! {
    /// One attempt at one assessment.
    pub struct ResultRow {
        key { run_id: String, learner_id: String, assessment_id: String, attempt: u32 }
        score_millipoints: Option<u32>,
        weight_millipoints: u32,
        identity_verified: bool,
        banked: bool,
        submitted_at_ms: i64,
        overridden: bool,
    }
}

/// Results by run, learner, assessment and attempt.
pub struct Results;

impl View for Results {
    type Row = ResultRow;
    const NAME: &'static str = "result_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ResultRow>) {
        let Some(Event::ResultRecorded(it)) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let result = ResultRow {
            run_id: run.to_owned(),
            learner_id: learner.to_owned(),
            assessment_id: it.assessment_id,
            attempt: it.attempt,
            score_millipoints: it.score_millipoints,
            weight_millipoints: it.weight_millipoints,
            identity_verified: it.identity_verified,
            banked: it.banked,
            submitted_at_ms: if it.submitted_at_ms > 0 { it.submitted_at_ms } else { event.at_ms() },
            overridden: !it.override_reason.is_empty(),
        };
        let key = (run, learner, result.assessment_id.clone(), result.attempt);
        rows.row(key, move |row| *row = Some(result));
    }
}

/// Results of one learner in one run, by assessment and attempt.
pub async fn of_enrolment(store: &Store, run: &str, learner: &str) -> Result<Vec<ResultRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM result_1 WHERE run_id = $1 AND learner_id = $2 ORDER BY assessment_id, attempt",
        ResultRow::COLUMN_LIST
    );
    store.query(&sql, &[run.into(), learner.into()]).await
}

/// Results under any of these ids of a learner, by run, assessment and attempt.
pub async fn of_learner(store: &Store, learners: &[String]) -> Result<Vec<ResultRow>, StoreError> {
    let columns = ResultRow::COLUMN_LIST.split(", ").map(|it| format!("r.{it}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns} FROM enrolment_1 e JOIN result_1 r ON r.run_id = e.run_id AND r.learner_id = e.learner_id \
         WHERE e.learner_id IN ({}) ORDER BY r.run_id, r.assessment_id, r.attempt",
        places(1, learners.len())
    );
    store.query(&sql, &learners.iter().map(Value::from).collect::<Vec<_>>()).await
}

/// Learner, assessment and best score in a run, for the learners from one to another inclusive, by learner.
pub async fn best_of_run(
    store: &Store,
    run: &str,
    from: &str,
    until: &str,
) -> Result<Vec<(String, String, Option<u32>)>, StoreError> {
    let sql = "SELECT learner_id, assessment_id, MAX(score_millipoints) FROM result_1 \
               WHERE run_id = $1 AND learner_id >= $2 AND learner_id <= $3 \
               GROUP BY learner_id, assessment_id ORDER BY learner_id, assessment_id";
    store.query(sql, &[run.into(), from.into(), until.into()]).await
}
