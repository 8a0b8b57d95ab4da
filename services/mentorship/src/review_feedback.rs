//! All that reviewers returned, whether its verdict counts or not.

use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{ReviewFeedback, ReviewScore, review_event::Event};

row! {
    /// What one reviewer said of one round.
    pub struct ReviewFeedbackRow {
        key { review_id: String, round: u32, reviewer_id: String }
        standing: i32,
        verdict: i32,
        scores: Json<Vec<Score>>,
        in_words: String,
        returned_at_ms: i64,
    }
}

/// The score for one criterion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    criterion_id: String,
    label: String,
    points: u32,
    max: u32,
    comment: String,
}

impl From<ReviewScore> for Score {
    fn from(it: ReviewScore) -> Self {
        Self { criterion_id: it.criterion_id, label: it.label, points: it.score, max: it.max, comment: it.comment }
    }
}

impl From<Score> for ReviewScore {
    fn from(it: Score) -> Self {
        Self { criterion_id: it.criterion_id, label: it.label, score: it.points, max: it.max, comment: it.comment }
    }
}

/// Feedback by review, round and reviewer.
pub struct ReviewFeedbacks;

impl View for ReviewFeedbacks {
    type Row = ReviewFeedbackRow;
    const NAME: &'static str = "review_feedback_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_reviewer ON {table} (reviewer_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ReviewFeedbackRow>) {
        let Some(Event::ReviewReturned(it)) = event.read() else { return };
        let (review_id, returned_at_ms, reviewer) = (event.id().to_owned(), event.at_ms(), it.reviewer_id.clone());
        rows.row((event.id(), it.round, reviewer.as_str()), move |row| {
            *row = Some(ReviewFeedbackRow {
                review_id,
                round: it.round,
                reviewer_id: it.reviewer_id,
                standing: it.standing,
                verdict: it.verdict,
                scores: Json(it.scores.into_iter().map(Score::from).collect()),
                in_words: it.comment,
                returned_at_ms,
            });
        });
    }
}

/// All feedback on one review, by round and time.
pub async fn of_review(store: &Store, review_id: &str) -> Result<Vec<ReviewFeedback>, StoreError> {
    let sql = format!(
        "SELECT {} FROM review_feedback_1 WHERE review_id = $1 ORDER BY round, returned_at_ms, reviewer_id",
        ReviewFeedbackRow::COLUMN_LIST
    );
    let rows: Vec<ReviewFeedbackRow> = store.query(&sql, &[review_id.into()]).await?;
    Ok(rows.into_iter().map(ReviewFeedbackRow::shown).collect())
}

impl ReviewFeedbackRow {
    fn shown(self) -> ReviewFeedback {
        ReviewFeedback {
            round: self.round,
            reviewer_id: self.reviewer_id,
            standing: self.standing,
            verdict: self.verdict,
            scores: self.scores.0.into_iter().map(ReviewScore::from).collect(),
            comment: self.in_words,
            returned_at_ms: self.returned_at_ms,
        }
    }
}
