//! Who never meets whom again.

use std::collections::BTreeSet;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::mentor_event::Event;

row! {
    /// One mentor and one learner.
    pub struct BlockedPairRow {
        key { mentor_id: String, learner_id: String }
        by: i32,
        at_ms: i64,
    }
}

/// Blocked pairs by mentor and learner.
pub struct BlockedPairs;

impl View for BlockedPairs {
    type Row = BlockedPairRow;
    const NAME: &'static str = "blocked_pair_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<BlockedPairRow>) {
        let Some(Event::PairBlocked(it)) = event.read() else { return };
        let (mentor_id, at_ms, learner_id) = (event.id().to_owned(), event.at_ms(), it.learner_id.clone());
        rows.row((event.id(), it.learner_id.as_str()), move |row| {
            *row = Some(BlockedPairRow { mentor_id, learner_id, by: it.by, at_ms });
        });
    }
}

/// Mentors whom a learner never meets again.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<BTreeSet<String>, StoreError> {
    let sql = "SELECT mentor_id FROM blocked_pair_1 WHERE learner_id = $1";
    let rows: Vec<(String,)> = store.query(sql, &[learner_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}
