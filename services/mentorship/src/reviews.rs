//! Where each review stands: who waits, who works on it until when, and what came of it.

use crate::wanted::Wanted;
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{
    Review, ReviewStanding, ReviewState, ReviewVerdict, ReviewWait, review_event::Event,
};

/// Reviews that a waiting time rests on, and the fewest that it can rest on.
const WAITS_MAX: i64 = 50;
const WAITS_MIN: usize = 5;

row! {
    /// One review.
    pub struct ReviewRow {
        key { review_id: String }
        programme_id: String,
        learner_id: String,
        institution_id: String,
        kind: i32,
        title: String,
        skills: Json<Vec<String>>,
        words: String,
        state: i32,
        round: u32,
        submitted_at_ms: i64,
        round_at_ms: i64,
        first_returned_at_ms: i64,
        reviewer_id: String,
        lock_until_ms: i64,
        last_reviewer_id: String,
        verdict: i32,
        feedback: u32,
        withdrawn_at_ms: i64,
        withdrawal: i32,
    }
}

/// Reviews by id.
pub struct Reviews;

impl View for Reviews {
    type Row = ReviewRow;
    const NAME: &'static str = "review_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id, programme_id)".to_owned(),
            "CREATE INDEX {table}_open ON {table} (round_at_ms, review_id) WHERE state = 1".to_owned(),
            "CREATE INDEX {table}_lock ON {table} (lock_until_ms) WHERE lock_until_ms > 0".to_owned(),
            "CREATE INDEX {table}_returned ON {table} (first_returned_at_ms) WHERE first_returned_at_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ReviewRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (review_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            if let Event::ReviewSubmitted(it) = it {
                let mut new = ReviewRow {
                    review_id,
                    programme_id: it.programme_id,
                    learner_id: it.learner_id,
                    institution_id: it.institution_id,
                    kind: it.kind,
                    submitted_at_ms: at,
                    ..ReviewRow::default()
                };
                new.begin(1, it.title, it.skills, at);
                *row = Some(new);
            } else if let Some(row) = row {
                row.take_in(it, at);
            }
        });
    }
}

impl ReviewRow {
    fn begin(&mut self, round: u32, title: String, skills: Vec<String>, at: i64) {
        (self.state, self.round, self.round_at_ms) = (ReviewState::Open as i32, round, at);
        self.words = searched(&title, &skills);
        (self.title, self.skills) = (title, Json(skills));
    }

    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::ReviewSubmitted(_) | Event::ReviewLockRefused(_) => {}
            Event::ReviewResubmitted(it) => self.begin(it.round, it.title, it.skills, at),
            Event::ReviewLocked(it) => (self.reviewer_id, self.lock_until_ms) = (it.reviewer_id, it.until_ms),
            Event::ReviewLockExtended(it) => self.lock_until_ms = it.until_ms,
            Event::ReviewLockEnded(_) => {
                self.reviewer_id.clear();
                self.lock_until_ms = 0;
            }
            Event::ReviewReturned(it) => {
                self.feedback += 1;
                if it.standing() != ReviewStanding::Counts {
                    return;
                }
                self.verdict = it.verdict;
                self.state = match it.verdict() {
                    ReviewVerdict::MeetsSpecifications => ReviewState::MeetsSpecifications,
                    _ => ReviewState::RequiresChanges,
                } as i32;
                if self.first_returned_at_ms == 0 {
                    self.first_returned_at_ms = at;
                }
                self.last_reviewer_id = it.reviewer_id;
            }
            Event::ReviewWithdrawn(it) => {
                self.state = ReviewState::Withdrawn as i32;
                (self.withdrawn_at_ms, self.withdrawal) = (at, it.cause);
            }
        }
    }

    /// As it is shown at an instant; a lock whose time is over binds nobody.
    pub fn shown(self, at_ms: i64) -> Review {
        let locked = self.lock_until_ms > at_ms;
        Review {
            review_id: self.review_id,
            programme_id: self.programme_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            kind: self.kind,
            title: self.title,
            skills: self.skills.0,
            state: self.state,
            round: self.round,
            submitted_at_ms: self.submitted_at_ms,
            round_at_ms: self.round_at_ms,
            reviewer_id: if locked { self.reviewer_id } else { String::new() },
            lock_until_ms: if locked { self.lock_until_ms } else { 0 },
            last_reviewer_id: self.last_reviewer_id,
            verdict: self.verdict,
            feedback: self.feedback,
            withdrawn_at_ms: self.withdrawn_at_ms,
            withdrawal: self.withdrawal,
        }
    }
}

/// Title and skills as they are searched: a title's words, and each skill whole between bars.
fn searched(title: &str, skills: &[String]) -> String {
    let skills = skills.iter().map(|it| format!("|{}|", plain(it)));
    format!("{} {}", plain(title), skills.collect::<Vec<_>>().concat())
}

/// A text without the characters that `LIKE` takes for a pattern, and without bars, in lower case.
pub fn plain(text: &str) -> String {
    text.to_lowercase().replace(['%', '_', '\\', '|'], " ")
}

/// One review.
pub async fn review(store: &Store, review_id: &str) -> Result<Option<ReviewRow>, StoreError> {
    let sql = format!("SELECT {} FROM review_1 WHERE review_id = $1", ReviewRow::COLUMN_LIST);
    Ok(store.query(&sql, &[review_id.into()]).await?.pop())
}

/// The reviews of one mentorship that wait for a verdict.
pub async fn open(store: &Store, programme: &str, learner: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT review_id FROM review_1 WHERE learner_id = $1 AND programme_id = $2 AND state = 1 \
               ORDER BY review_id";
    let rows: Vec<(String,)> = store.query(sql, &[learner.into(), programme.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// The reviews of a learner that a reviewer has locked.
pub async fn locked(store: &Store, reviewer: &str, learner: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT review_id FROM review_1 WHERE learner_id = $1 AND reviewer_id = $2 ORDER BY review_id";
    let rows: Vec<(String,)> = store.query(sql, &[learner.into(), reviewer.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// Open ones that a reviewer has claimed, or whose learner's mentor it is.
pub async fn waiting_for(store: &Store, mentor: &str) -> Result<Vec<ReviewRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM review_1 WHERE state = 1 AND (reviewer_id = $1 OR EXISTS (SELECT 1 FROM mentorship_1 m \
         WHERE m.mentor_id = $1 AND m.programme_id = review_1.programme_id AND m.learner_id = review_1.learner_id \
         AND NOT m.contact_barred)) ORDER BY round_at_ms, review_id",
        ReviewRow::COLUMN_LIST
    );
    store.query(&sql, &[mentor.into()]).await
}

/// What a list is narrowed to; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this programme.
    pub programme_id: String,
    /// Of this learner.
    pub learner_id: String,
    /// That this mentor works on or returned.
    pub mentor_id: String,
    /// Of programmes of this institution.
    pub institution_id: String,
    /// In this state.
    pub state: i32,
}

/// A page of reviews by id.
pub async fn reviews(store: &Store, only: &Only, page: &Page) -> Result<Vec<ReviewRow>, StoreError> {
    let mut wanted = Wanted::new("review_id > $1");
    wanted.args = vec![page.after.as_str().into()];
    wanted.text("programme_id = $", &only.programme_id);
    wanted.text("learner_id = $", &only.learner_id);
    wanted.text("institution_id = $", &only.institution_id);
    wanted.number("state = $", only.state.into());
    wanted.text(
        "(reviewer_id = $ OR review_id IN (SELECT f.review_id FROM review_feedback_1 f WHERE f.reviewer_id = $))",
        &only.mentor_id,
    );
    let (sql, args) = wanted.page("review_1", ReviewRow::COLUMN_LIST, "review_id", page.size);
    store.query(&sql, &args).await
}

/// How long learners waited for the first verdict, over the last ones who got one; no time is named from too few.
pub async fn wait(store: &Store) -> Result<ReviewWait, StoreError> {
    let sql = "SELECT first_returned_at_ms - submitted_at_ms FROM review_1 WHERE first_returned_at_ms > 0 \
               ORDER BY first_returned_at_ms DESC, review_id LIMIT $1";
    let rows: Vec<(i64,)> = store.query(sql, &[WAITS_MAX.into()]).await?;
    Ok(waited(rows.into_iter().map(|it| it.0).collect()))
}

fn waited(mut waits: Vec<i64>) -> ReviewWait {
    waits.sort_unstable();
    let count = waits.len();
    let middle = || i64::midpoint(waits[(count - 1) / 2], waits[count / 2]);
    ReviewWait { count: count as u32, median_ms: (count >= WAITS_MIN).then(middle) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn no_waiting_time_is_named_from_fewer_than_five() {
        assert_eq!(waited(vec![]), ReviewWait { count: 0, median_ms: None });
        assert_eq!(waited(vec![1, 2, 3, 4]), ReviewWait { count: 4, median_ms: None });
        assert_eq!(waited(vec![90, 10, 20, 30, 5]), ReviewWait { count: 5, median_ms: Some(20) });
        assert_eq!(waited(vec![10, 20, 30, 40, 50, 60]), ReviewWait { count: 6, median_ms: Some(35) });
    }

    #[test]
    fn what_is_searched_holds_no_pattern() {
        assert_eq!(searched("100 % Done", &["Rust".into(), "C_lang".into()]), "100   done |rust||c lang|");
    }
}
