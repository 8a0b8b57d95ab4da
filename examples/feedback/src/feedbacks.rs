//! What learners said of runs, from the service's own events.

use crate::v1::feedback_event::Event;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, Value, View, row};

/// Comments that one answer shows.
const COMMENTS: i64 = 50;

row! {
    /// One learner's feedback on one run.
    pub struct FeedbackRow {
        key { run_id: String, learner_id: String }
        course_id: String,
        course_version: u32,
        rating: u32,
        comment: String,
        is_hidden: bool,
        left_at_ms: i64,
    }
}

/// Feedback by run and learner.
pub struct Feedbacks;

impl View for Feedbacks {
    type Row = FeedbackRow;
    const NAME: &'static str = "feedback_1";
    const STREAMS: &'static [&'static str] = &["feedback"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_course ON {table} (course_id, left_at_ms)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<FeedbackRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (run_id, learner_id, left_at_ms) = (run.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((run, learner), move |row| {
            let row = row.get_or_insert_with(|| FeedbackRow { run_id, learner_id, ..FeedbackRow::default() });
            match it {
                Event::FeedbackLeft(it) => {
                    (row.course_id, row.course_version) = (it.course_id, it.course_version);
                    (row.rating, row.comment, row.left_at_ms) = (it.rating, it.comment, left_at_ms);
                }
                Event::FeedbackHidden(_) => row.is_hidden = true,
                Event::FeedbackShown(_) => row.is_hidden = false,
            }
        });
    }
}

/// Which feedback is meant: of a course, a version of it (0 = all), a run (empty = all).
const MEANT: &str = "course_id = $1 AND ($2 = 0 OR course_version = $2) AND ($3 = '' OR run_id = $3)";

/// How many gave each rating that was given.
pub async fn counts(store: &Store, meant: &[Value; 3]) -> Result<Vec<(u32, i64)>, StoreError> {
    store.query(&format!("SELECT rating, COUNT(*) FROM feedback_1 WHERE {MEANT} GROUP BY rating"), meant).await
}

/// The latest comments that are not hidden.
pub async fn comments(store: &Store, meant: &[Value; 3]) -> Result<Vec<(String,)>, StoreError> {
    let sql = format!(
        "SELECT comment FROM feedback_1 WHERE {MEANT} AND NOT is_hidden AND comment <> '' \
         ORDER BY left_at_ms DESC, run_id, learner_id LIMIT {COMMENTS}"
    );
    store.query(&sql, meant).await
}
