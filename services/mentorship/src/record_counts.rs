//! How many sessions, reviews and conversations one mentorship has had: the sum of a mentoring record.

use studium_kit::{Store, StoreError};

/// How many there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecordCounts {
    /// Sessions that took place, and that are to come.
    pub sessions: (u32, u32),
    /// Works handed in, and of them those under way.
    pub reviews: (u32, u32),
    /// Conversations, and of them those that wait for an answer.
    pub conversations: (u32, u32),
}

/// Counts for one mentorship.
pub async fn of_mentorship(store: &Store, programme: &str, learner: &str) -> Result<RecordCounts, StoreError> {
    let count = async |table: &str, counted: &str, open: &str| -> Result<(u32, u32), StoreError> {
        let sql = format!(
            "SELECT COUNT(*) FILTER (WHERE {counted}), COUNT(*) FILTER (WHERE {open}) FROM {table} \
             WHERE learner_id = $1 AND programme_id = $2"
        );
        Ok(store.query(&sql, &[learner.into(), programme.into()]).await?.pop().unwrap_or_default())
    };
    Ok(RecordCounts {
        sessions: count("mentoring_session_1", "state = 4", "state IN (1, 2)").await?,
        reviews: count("review_1", "state > 0", "state IN (1, 2)").await?,
        conversations: count("conversation_1", "state > 0", "state = 1").await?,
    })
}
