//! How long each question waited, or waits: what answer times are counted from.

use crate::answer_times::Wait;
use studium_kit::{Changes, Dialect, MINUTE_MS, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::conversation_event::Event;

row! {
    /// One question of one conversation.
    pub struct QuestionRow {
        key { conversation_id: String, question: u32 }
        programme_id: String,
        institution_id: String,
        addressee_id: String,
        asked_at_ms: i64,
        promised_ms: i64,
        rested_ms: i64,
        held_from_ms: i64,
        answered: bool,
        waited_ms: i64,
        within_promise: bool,
        closed_at_ms: i64,
    }
}

/// Questions by conversation and number.
pub struct QuestionTimes;

impl View for QuestionTimes {
    type Row = QuestionRow;
    const NAME: &'static str = "question_time_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_programme ON {table} (programme_id, asked_at_ms)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<QuestionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (conversation, at) = (event.id(), event.at_ms());
        let mut change = |question: u32, change: Box<dyn FnOnce(&mut QuestionRow) + Send>| {
            rows.row((conversation, question), move |row| {
                if let Some(row) = row {
                    change(row);
                }
            });
        };
        match it {
            Event::QuestionAsked(it) => {
                let row = QuestionRow {
                    conversation_id: conversation.to_owned(),
                    question: it.question,
                    programme_id: it.programme_id,
                    institution_id: it.institution_id,
                    addressee_id: it.addressee_id,
                    asked_at_ms: at,
                    promised_ms: i64::from(it.answer_within_minutes) * MINUTE_MS,
                    ..QuestionRow::default()
                };
                rows.row((conversation, it.question), move |it| *it = Some(row));
            }
            Event::AnswerGiven(it) if it.first => {
                let (waited_ms, within_promise) = (it.waited_ms, it.within_promise);
                change(
                    it.question,
                    Box::new(move |row| {
                        (row.answered, row.waited_ms, row.within_promise) = (true, waited_ms, within_promise);
                    }),
                );
            }
            // Whoever was to answer last is who it counts for.
            Event::ConversationRerouted(it) => change(
                it.question,
                Box::new(move |row| {
                    if !row.answered {
                        row.addressee_id = it.to_id;
                    }
                }),
            ),
            Event::ClockHeld(it) => change(it.question, Box::new(move |row| row.held_from_ms = it.from_ms)),
            Event::ClockResumed(it) => {
                change(it.question, Box::new(move |row| (row.held_from_ms, row.rested_ms) = (0, it.rested_ms)));
            }
            Event::ConversationClosed(it) if it.unanswered => {
                change(it.question, Box::new(move |row| row.closed_at_ms = at));
            }
            _ => {}
        }
    }
}

impl QuestionRow {
    /// How long it waited as far as is known at a time, and what came of it.
    fn wait(&self, at_ms: i64) -> Wait {
        let until_ms = if self.closed_at_ms > 0 { self.closed_at_ms } else { at_ms };
        let from_ms = self.held_from_ms.max(self.asked_at_ms);
        let resting_ms = if self.held_from_ms > 0 { (until_ms - from_ms).max(0) } else { 0 };
        let waits_ms = (until_ms - self.asked_at_ms - self.rested_ms - resting_ms).max(0);
        Wait {
            programme_id: self.programme_id.clone(),
            mentor_id: self.addressee_id.clone(),
            promised_ms: self.promised_ms,
            waited_ms: if self.answered { self.waited_ms } else { waits_ms },
            answered: self.answered,
            within_promise: self.within_promise,
            closed: !self.answered && self.closed_at_ms > 0,
        }
    }
}

/// Which questions count; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Which {
    /// Of this programme.
    pub programme_id: String,
    /// That this mentor was to answer last.
    pub mentor_id: String,
    /// In programmes of this institution.
    pub institution_id: String,
    /// Asked then or later.
    pub from_ms: i64,
    /// Asked before.
    pub until_ms: i64,
}

const NARROWED: &str = "($1 = '' OR programme_id = $1) AND ($2 = '' OR institution_id = $2) AND asked_at_ms >= $3 \
                        AND ($4 = 0 OR asked_at_ms < $4)";

/// How long questions waited as is known now, or as it was known at a time (0 = now).
pub async fn waits(store: &Store, which: &Which, as_of_ms: i64, now_ms: i64) -> Result<Vec<Wait>, StoreError> {
    let args = [
        which.programme_id.as_str().into(),
        which.institution_id.as_str().into(),
        which.from_ms.into(),
        which.until_ms.into(),
    ];
    let rows: Vec<QuestionRow> = if as_of_ms == 0 {
        let sql = format!("SELECT {} FROM question_time_1 WHERE {NARROWED}", QuestionRow::COLUMN_LIST);
        store.query(&sql, &args).await?
    } else {
        // Nothing of a question changes when it was asked, and where: what is narrowed by that may be narrowed now.
        let sql = format!("SELECT DISTINCT conversation_id FROM question_time_1 WHERE {NARROWED}");
        let ids: Vec<(String,)> = store.query(&sql, &args).await?;
        let subjects: Vec<_> = ids.into_iter().map(|it| format!("mentorship.conversation.{}", it.0)).collect();
        let mut rows = store.as_of::<QuestionTimes>("mentorship", &subjects, as_of_ms).await?;
        let until_ms = if which.until_ms == 0 { i64::MAX } else { which.until_ms };
        rows.retain(|it| it.asked_at_ms >= which.from_ms && it.asked_at_ms < until_ms);
        rows
    };
    let at_ms = if as_of_ms == 0 { now_ms } else { as_of_ms };
    let wanted = |it: &QuestionRow| which.mentor_id.is_empty() || it.addressee_id == which.mentor_id;
    Ok(rows.iter().filter(|it| wanted(it)).map(|it| it.wait(at_ms)).collect())
}
