//! What a reviewer may claim now and in which order, and where a review stands in the queue.

use crate::{
    blocked_pairs,
    mentors::{self, MentorRow},
    mentorships,
    review::About,
    review_rights::Rights,
    reviews::{ReviewRow, plain},
};
use studium_kit::{FromRow, Page, Store, StoreError, Value};
use studium_proto::mentorship::v1::{MentorState, ReviewQueueLine};

/// The learner's mentor, if there is one who is here and may be met, as SQL.
/// `m` is the mentorship and `pm` its mentor; [`rights`] says the same of one review.
const PRESENT: &str = "CASE WHEN pm.state = 1 AND NOT m.contact_barred THEN pm.mentor_id ELSE '' END";

const JOINED: &str = "review_1 r \
    LEFT JOIN mentorship_1 m ON m.programme_id = r.programme_id AND m.learner_id = r.learner_id \
    LEFT JOIN mentor_1 pm ON pm.mentor_id = m.mentor_id";

/// What is known of a reviewer, and of the learner whose work it is.
pub async fn rights(store: &Store, review: About, reviewer_id: &str) -> Result<Rights, StoreError> {
    let reviewer = mentors::mentor(store, reviewer_id).await?;
    let mentorship = mentorships::mentorship(store, &review.programme_id, &review.learner_id).await?;
    let mentor = match mentorship.filter(|it| !it.contact_barred && !it.mentor_id.is_empty()) {
        Some(it) => mentors::mentor(store, &it.mentor_id).await?,
        None => None,
    };
    let present = mentor.filter(|it| it.state == MentorState::Active as i32);
    let blocked = blocked_pairs::of_learner(store, &review.learner_id).await?;
    Ok(Rights {
        reviewer: reviewer.as_ref().and_then(|it| MentorState::try_from(it.state).ok()).unwrap_or_default(),
        works_for: reviewer.map(|it| it.institution_id).unwrap_or_default(),
        learner_id: review.learner_id,
        institution_id: review.institution_id,
        present_mentor_id: present.map(|it| it.mentor_id).unwrap_or_default(),
        last_reviewer_id: review.last_reviewer_id,
        is_blocked: blocked.contains(reviewer_id),
        reviewer_id: reviewer_id.to_owned(),
    })
}

/// What of the queue is wanted; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Of this sort.
    pub kind: i32,
    /// With this skill.
    pub skill: String,
    /// With these words.
    pub text: String,
}

/// A line of the queue as it is read: the review, whether others come first, and when it is due.
struct Line(ReviewRow, i64, i64);

impl FromRow for Line {
    fn from_row(mut row: Vec<Value>) -> Result<Self, StoreError> {
        let mut tail = row.split_off(row.len().saturating_sub(2)).into_iter();
        let number = |it: Option<Value>| if let Some(Value::Int(it)) = it { it } else { 0 };
        let (others, due) = (number(tail.next()), number(tail.next()));
        Ok(Self(ReviewRow::from_row(row)?, others, due))
    }
}

/// A page of what a reviewer may claim at an instant, with the token of the next.
/// Own first: reviews of mentees, and those of which the reviewer returned the round before; then who waits longest.
pub async fn queue(
    store: &Store,
    mentor: &MentorRow,
    wanted: &Wanted,
    page: &Page,
    at_ms: i64,
) -> Result<(Vec<ReviewQueueLine>, String), StoreError> {
    if mentor.state != MentorState::Active as i32 {
        return Ok((Vec::new(), String::new()));
    }
    let (others, since, after) = place(&page.after);
    let mut args: Vec<Value> = vec![
        mentor.mentor_id.as_str().into(),
        mentor.institution_id.as_str().into(),
        at_ms.into(),
        wanted.kind.into(),
        others.into(),
        since.into(),
        after.into(),
        page.size.into(),
    ];
    let mut also = String::new();
    let words = plain(&wanted.text);
    let skill = (!wanted.skill.is_empty()).then(|| format!("%|{}|%", plain(&wanted.skill)));
    for pattern in words.split_whitespace().map(|it| format!("%{it}%")).chain(skill) {
        args.push(pattern.into());
        also = format!("{also} AND r.words LIKE ${}", args.len());
    }
    let columns = ReviewRow::COLUMN_LIST.split(", ").map(|it| format!("r.{it}")).collect::<Vec<_>>().join(", ");
    let all = ReviewRow::COLUMN_LIST;
    let sql = format!(
        "SELECT {all}, others, due_ms FROM (SELECT {columns}, \
         CAST(CASE WHEN {PRESENT} = $1 OR r.last_reviewer_id = $1 THEN 0 ELSE 1 END AS BIGINT) AS others, \
         CASE WHEN p.answer_within_minutes > 0 THEN r.round_at_ms + p.answer_within_minutes * 60000 ELSE 0 END \
         AS due_ms, {PRESENT} AS present FROM {JOINED} \
         LEFT JOIN mentoring_programme_1 p ON p.programme_id = r.programme_id \
         WHERE r.state = 1 AND r.lock_until_ms <= $3 AND r.learner_id <> $1 AND ($4 = 0 OR r.kind = $4) \
         AND NOT EXISTS (SELECT 1 FROM blocked_pair_1 b WHERE b.mentor_id = $1 AND b.learner_id = r.learner_id){also}\
         ) AS claimable WHERE (others = 0 OR (present = '' AND ($2 = '' OR institution_id = $2))) \
         AND (others > $5 OR (others = $5 AND (round_at_ms > $6 OR (round_at_ms = $6 AND review_id > $7)))) \
         ORDER BY others, round_at_ms, review_id LIMIT $8"
    );
    let lines: Vec<Line> = store.query(&sql, &args).await?;
    let next = page.next(&lines, |Line(it, others, _)| format!("{others}~{}~{}", it.round_at_ms, it.review_id));
    let shown =
        |Line(row, others, due_ms): Line| ReviewQueueLine { review: Some(row.shown(at_ms)), own: others == 0, due_ms };
    Ok((lines.into_iter().map(shown).collect(), next))
}

/// Where a page begins: behind this rank, time and id.
fn place(token: &str) -> (i64, i64, &str) {
    let mut parts = token.splitn(3, '~');
    let mut number = || parts.next().and_then(|it| it.parse().ok()).unwrap_or(-1);
    let (others, since) = (number(), number());
    (others, since, parts.next().unwrap_or_default())
}

/// The place of a review among those that wait for the same reviewers at an instant: its present mentor's, or, where
/// there is none, those of the institution. From 1; 0 = it does not wait.
pub async fn position(store: &Store, row: &ReviewRow, at_ms: i64) -> Result<u32, StoreError> {
    let sql = format!(
        "SELECT COUNT(*) FROM {JOINED} WHERE r.state = 1 AND r.lock_until_ms <= $1 \
         AND (r.round_at_ms < $2 OR (r.round_at_ms = $2 AND r.review_id <= $3)) \
         AND {PRESENT} = (SELECT {PRESENT} FROM {JOINED} WHERE r.review_id = $3) \
         AND ({PRESENT} <> '' OR r.institution_id = $4)"
    );
    if row.state != 1 || row.lock_until_ms > at_ms {
        return Ok(0);
    }
    let args =
        [at_ms.into(), row.round_at_ms.into(), row.review_id.as_str().into(), row.institution_id.as_str().into()];
    let rows: Vec<(i64,)> = store.query(&sql, &args).await?;
    Ok(rows.first().map_or(0, |it| it.0 as u32))
}
