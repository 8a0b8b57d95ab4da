//! What was handed in, round by round.

use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{ReviewRound, ReviewStanding, ReviewWork, review_event::Event};

row! {
    /// One round.
    pub struct ReviewRoundRow {
        key { review_id: String, round: u32 }
        title: String,
        body: String,
        url: String,
        sha256: String,
        skills: Json<Vec<String>>,
        submitted_at_ms: i64,
        returned_at_ms: i64,
        verdict: i32,
        reviewer_id: String,
    }
}

/// Rounds by review.
pub struct ReviewRounds;

impl View for ReviewRounds {
    type Row = ReviewRoundRow;
    const NAME: &'static str = "review_round_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ReviewRoundRow>) {
        let (review_id, at) = (event.id().to_owned(), event.at_ms());
        let row = match event.read::<Event>() {
            Some(Event::ReviewSubmitted(it)) => ReviewRoundRow {
                review_id,
                round: 1,
                title: it.title,
                body: it.text,
                url: it.url,
                sha256: it.sha256,
                skills: Json(it.skills),
                submitted_at_ms: at,
                ..ReviewRoundRow::default()
            },
            Some(Event::ReviewResubmitted(it)) => ReviewRoundRow {
                review_id,
                round: it.round,
                title: it.title,
                body: it.text,
                url: it.url,
                sha256: it.sha256,
                skills: Json(it.skills),
                submitted_at_ms: at,
                ..ReviewRoundRow::default()
            },
            Some(Event::ReviewReturned(it)) if it.standing() == ReviewStanding::Counts => {
                return rows.row((event.id(), it.round), move |row| {
                    if let Some(row) = row {
                        (row.returned_at_ms, row.verdict, row.reviewer_id) = (at, it.verdict, it.reviewer_id);
                    }
                });
            }
            _ => return,
        };
        rows.row((event.id(), row.round), move |it| *it = Some(row));
    }
}

/// The rounds of one review in order.
pub async fn of_review(store: &Store, review_id: &str) -> Result<Vec<ReviewRound>, StoreError> {
    let sql = format!("SELECT {} FROM review_round_1 WHERE review_id = $1 ORDER BY round", ReviewRoundRow::COLUMN_LIST);
    let rows: Vec<ReviewRoundRow> = store.query(&sql, &[review_id.into()]).await?;
    Ok(rows.into_iter().map(ReviewRoundRow::shown).collect())
}

impl ReviewRoundRow {
    fn shown(self) -> ReviewRound {
        let work = ReviewWork {
            title: self.title,
            text: self.body,
            url: self.url,
            sha256: self.sha256,
            skills: self.skills.0,
        };
        ReviewRound {
            round: self.round,
            work: Some(work),
            submitted_at_ms: self.submitted_at_ms,
            returned_at_ms: self.returned_at_ms,
            verdict: self.verdict,
            reviewer_id: self.reviewer_id,
        }
    }
}
