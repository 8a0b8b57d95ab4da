//! Mentorships of one learner, mentor or programme, each found by an index: asked for at every enrolment.

use crate::mentorships::MentorshipRow;
use studium_kit::{Store, StoreError, Value};
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
