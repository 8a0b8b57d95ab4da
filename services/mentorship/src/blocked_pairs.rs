//! Who never meets whom again.

use crate::mentees::AT_ONCE;
use std::collections::{BTreeSet, HashMap};
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, Value, View, places, row};
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

/// Mentors whom each of these learners never meets again.
pub async fn of_learners(store: &Store, learners: &[String]) -> Result<HashMap<String, BTreeSet<String>>, StoreError> {
    let mut found: HashMap<String, BTreeSet<String>> = HashMap::new();
    for some in learners.chunks(AT_ONCE) {
        let places = places(1, some.len());
        let sql = format!("SELECT learner_id, mentor_id FROM blocked_pair_1 WHERE learner_id IN ({places})");
        let rows: Vec<(String, String)> = store.query(&sql, &some.iter().map(Value::from).collect::<Vec<_>>()).await?;
        for (learner, mentor) in rows {
            found.entry(learner).or_default().insert(mentor);
        }
    }
    Ok(found)
}

/// Mentors whom a learner never meets again.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<BTreeSet<String>, StoreError> {
    let learners = [learner_id.to_owned()];
    Ok(of_learners(store, &learners).await?.remove(learner_id).unwrap_or_default())
}
