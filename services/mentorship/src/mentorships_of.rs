//! Mentorships of one learner, mentor or programme, each found by an index: asked for at every enrolment.

use crate::{mentees::AT_ONCE, mentorships::MentorshipRow};
use std::collections::HashSet;
use studium_kit::{Store, StoreError, Value, places};
use studium_proto::mentorship::v1::MentorshipState;

async fn found(store: &Store, condition: &str, args: &[Value]) -> Result<Vec<MentorshipRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentorship_1 WHERE {condition} ORDER BY programme_id, learner_id",
        MentorshipRow::COLUMN_LIST
    );
    store.query(&sql, args).await
}

/// All of a learner.
pub async fn learner(store: &Store, learner_id: &str) -> Result<Vec<MentorshipRow>, StoreError> {
    found(store, "learner_id = $1", &[learner_id.into()]).await
}

/// Who of these learners has one, in whatever state.
pub async fn mentored(store: &Store, learners: &[&str]) -> Result<HashSet<String>, StoreError> {
    let mut found = HashSet::new();
    for some in learners.chunks(AT_ONCE) {
        let sql =
            format!("SELECT DISTINCT learner_id FROM mentorship_1 WHERE learner_id IN ({})", places(1, some.len()));
        let rows: Vec<(String,)> = store.query(&sql, &some.iter().map(|it| (*it).into()).collect::<Vec<_>>()).await?;
        found.extend(rows.into_iter().map(|it| it.0));
    }
    Ok(found)
}

/// Those where it is the mentor, or is proposed.
pub async fn mentor(store: &Store, mentor_id: &str) -> Result<Vec<MentorshipRow>, StoreError> {
    let condition = "mentor_id = $1 OR (proposed_mentor_id = $1 AND proposed_mentor_id <> '')";
    found(store, condition, &[mentor_id.into()]).await
}

/// Those of a programme that have a mentor and do not rest.
pub async fn programme(store: &Store, programme_id: &str) -> Result<Vec<MentorshipRow>, StoreError> {
    let state = MentorshipState::Active as i32;
    found(store, "programme_id = $1 AND state = $2", &[programme_id.into(), state.into()]).await
}
