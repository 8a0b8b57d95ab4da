//! Who learnt a course in classes, and who did not: what the comparison of both is worked out from.

use crate::dashboard::comparison::{Enrolled, Membership};
use studium_kit::{Store, StoreError};
use studium_proto::enrolment::v1::EnrolmentMode;

/// The enrolments of a course, without those who only listen in.
pub async fn enrolled(store: &Store, course_id: &str) -> Result<Vec<Enrolled>, StoreError> {
    let sql = "SELECT learner_id, state, requested_at_ms, ended_at_ms FROM campus_enrolment_1 \
               WHERE course_id = $1 AND mode <> $2";
    let args = [course_id.into(), (EnrolmentMode::Audit as i32).into()];
    let rows: Vec<(String, i32, i64, i64)> = store.query(sql, &args).await?;
    let shown = |(learner_id, state, requested_at_ms, ended_at_ms)| Enrolled {
        learner_id,
        state,
        requested_at_ms,
        ended_at_ms,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// Who is or was in classes for a course, whatever the campus.
pub async fn memberships(store: &Store, course_id: &str) -> Result<Vec<Membership>, StoreError> {
    let sql = "SELECT l.learner_id, c.campus_id, l.since_ms, l.left_at_ms FROM class_course_1 o \
               JOIN class_1 c ON c.class_id = o.class_id JOIN class_learner_1 l ON l.class_id = o.class_id \
               WHERE o.course_id = $1";
    let rows: Vec<(String, String, i64, i64)> = store.query(sql, &[course_id.into()]).await?;
    let shown =
        |(learner_id, campus_id, since_ms, left_at_ms)| Membership { learner_id, campus_id, since_ms, left_at_ms };
    Ok(rows.into_iter().map(shown).collect())
}
