//! When each mentorship was asked for, began, rested and ended: every turn with its time, so that any date can be told.

use crate::joinings::Scope;
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{RequestSource, mentorship_event::Event};

row! {
    /// One learner in one programme.
    pub struct MentorshipTimesRow {
        key { programme_id: String, learner_id: String }
        institution_id: String,
        turns: Json<Vec<(i64, Turn)>>,
    }
}

/// What can happen to a mentorship, as far as time is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Turn {
    /// A mentor was asked for; by whom.
    #[serde(rename = "q")]
    Asked(i32),
    /// The first mentor came.
    #[serde(rename = "m")]
    Mentored,
    /// The learner rests.
    #[serde(rename = "r")]
    Rests,
    /// The learner is back.
    #[serde(rename = "b")]
    Back,
    /// It ended.
    #[serde(rename = "e")]
    Ended,
}

/// One time from asking for a mentor to the end, as it was at a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// 1, 2, 3 …
    pub number: u32,
    /// Who asked.
    pub source: RequestSource,
    /// A mentor was asked for then.
    pub asked_ms: i64,
    /// The first one came.
    pub mentored_ms: Option<i64>,
    /// It ended.
    pub ended_ms: Option<i64>,
    /// Rests in it, from until; the last one may not be over.
    pub rests: Vec<(i64, Option<i64>)>,
}

/// Mentorships by programme and learner.
pub struct MentorshipTimes;

impl View for MentorshipTimes {
    type Row = MentorshipTimesRow;
    const NAME: &'static str = "mentorship_times_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorshipTimesRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (turn, institution) = match it {
            Event::MentorshipAnnounced(it) => (None, Some(it.institution_id)),
            Event::MentorshipRequested(it) => (Some(Turn::Asked(it.source)), Some(it.institution_id)),
            Event::MentorAssigned(it) if it.previous_mentor_id.is_empty() => (Some(Turn::Mentored), None),
            Event::MentorshipPaused(_) => (Some(Turn::Rests), None),
            Event::MentorshipResumed(_) => (Some(Turn::Back), None),
            Event::MentorshipEnded(_) => (Some(Turn::Ended), None),
            _ => return,
        };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((programme, learner), move |row| {
            let row = row.get_or_insert_with(|| MentorshipTimesRow { programme_id, learner_id, ..Default::default() });
            if let Some(it) = institution {
                row.institution_id = it;
            }
            row.turns.0.extend(turn.map(|it| (at, it)));
        });
    }
}

impl MentorshipTimesRow {
    /// The rounds of the mentorship as they were at a date, in order.
    pub fn rounds(&self, as_of_ms: i64) -> Vec<Round> {
        let (mut rounds, mut resting): (Vec<Round>, bool) = (Vec::new(), false);
        for (at, turn) in self.turns.0.iter().filter(|it| it.0 <= as_of_ms).copied() {
            match turn {
                Turn::Rests => resting = true,
                Turn::Back | Turn::Ended => resting = false,
                _ => {}
            }
            if let Turn::Asked(source) = turn {
                rounds.push(Round {
                    number: rounds.len() as u32 + 1,
                    source: RequestSource::try_from(source).unwrap_or_default(),
                    asked_ms: at,
                    mentored_ms: None,
                    ended_ms: None,
                    // Who rested before it was paid rests on.
                    rests: if resting { vec![(at, None)] } else { Vec::new() },
                });
                continue;
            }
            let Some(round) = rounds.last_mut().filter(|it| it.ended_ms.is_none()) else { continue };
            match turn {
                Turn::Asked(_) => {}
                Turn::Mentored => drop(round.mentored_ms.get_or_insert(at)),
                Turn::Rests => round.rests.push((at, None)),
                Turn::Back => round.wake(at),
                Turn::Ended => {
                    round.wake(at);
                    round.ended_ms = Some(at);
                }
            }
        }
        rounds
    }
}

impl Round {
    fn wake(&mut self, at: i64) {
        if let Some((_, until @ None)) = self.rests.last_mut() {
            *until = Some(at);
        }
    }

    /// How much of a time is not spent resting, milliseconds.
    pub fn awake_ms(&self, from_ms: i64, until_ms: i64) -> i64 {
        let rested: i64 = self
            .rests
            .iter()
            .map(|(from, until)| (until.unwrap_or(until_ms).min(until_ms) - from.max(&from_ms)).max(0))
            .sum();
        (until_ms - from_ms - rested).max(0)
    }
}

/// The mentorships of learners in a scope.
pub async fn of_scope(store: &Store, scope: &Scope) -> Result<Vec<MentorshipTimesRow>, StoreError> {
    let (condition, args) = scope.mentorships();
    let sql = format!("SELECT {} FROM mentorship_times_1 t WHERE {condition}", MentorshipTimesRow::COLUMN_LIST);
    store.query(&sql, &args).await
}

/// The mentorships of a programme, or (empty) of all of an institution, or (empty) of all; by programme and learner.
pub async fn of_programme(
    store: &Store,
    programme_id: &str,
    institution_id: &str,
) -> Result<Vec<MentorshipTimesRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentorship_times_1 WHERE ($1 = '' OR programme_id = $1) AND ($2 = '' OR institution_id = $2) \
         ORDER BY programme_id, learner_id",
        MentorshipTimesRow::COLUMN_LIST
    );
    store.query(&sql, &[programme_id.into(), institution_id.into()]).await
}

#[cfg(test)]
mod tests;
