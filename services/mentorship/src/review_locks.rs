//! The slots of reviewers' desks that are taken: what each works on, and until when.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{ReviewLock, review_desk_event::Event};

row! {
    /// One slot of one reviewer.
    pub struct ReviewLockRow {
        key { mentor_id: String, review_id: String }
        slot: u32,
        until_ms: i64,
        locks_max: u32,
    }
}

/// Slots by reviewer and review.
pub struct ReviewLocks;

impl View for ReviewLocks {
    type Row = ReviewLockRow;
    const NAME: &'static str = "review_lock_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ReviewLockRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let mentor = event.id();
        match it {
            Event::ReviewSlotTaken(it) => {
                let mentor_id = mentor.to_owned();
                rows.row((mentor, it.review_id.clone().as_str()), move |row| {
                    let (slot, until_ms, locks_max) = (it.slot, it.until_ms, it.locks_max);
                    *row = Some(ReviewLockRow { mentor_id, review_id: it.review_id, slot, until_ms, locks_max });
                });
            }
            Event::ReviewSlotExtended(it) => rows.row((mentor, it.review_id.as_str()), move |row| {
                if let Some(row) = row {
                    row.until_ms = it.until_ms;
                }
            }),
            Event::ReviewSlotFreed(it) => rows.row((mentor, it.review_id.as_str()), |row| *row = None),
        }
    }
}

/// The locks that a reviewer holds at an instant.
pub async fn held(store: &Store, mentor_id: &str, at_ms: i64) -> Result<Vec<ReviewLock>, StoreError> {
    let sql = format!(
        "SELECT {} FROM review_lock_1 WHERE mentor_id = $1 AND until_ms > $2 ORDER BY review_id",
        ReviewLockRow::COLUMN_LIST
    );
    let rows: Vec<ReviewLockRow> = store.query(&sql, &[mentor_id.into(), at_ms.into()]).await?;
    let shown =
        |it: ReviewLockRow| ReviewLock { review_id: it.review_id, until_ms: it.until_ms, locks_max: it.locks_max };
    Ok(rows.into_iter().map(shown).collect())
}
