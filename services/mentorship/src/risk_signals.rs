//! Signals of risk with what speaks for them: one row for each that was ever raised.

use crate::wanted::Wanted;
use std::collections::BTreeMap;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::mentorship::v1::{RiskSignal, RiskSignalled, risk_event::Event};

row! {
    /// One signal.
    pub struct RiskSignalRow {
        key { programme_id: String, learner_id: String, signal: u32 }
        institution_id: String,
        kind: i32,
        run_id: String,
        course_id: String,
        assessment_id: String,
        days: u32,
        last_activity_at_ms: i64,
        silent_since_ms: i64,
        attempt: u32,
        score_millipoints: u32,
        pass_mark_millipoints: u32,
        due_at_ms: i64,
        evidence_position: u64,
        raised_at_ms: i64,
        cleared_at_ms: i64,
        clearance: i32,
        acknowledged_at_ms: i64,
        acknowledged_by_mentor_id: String,
        note: String,
    }
}

/// Signals by mentorship and number.
pub struct RiskSignals;

impl View for RiskSignals {
    type Row = RiskSignalRow;
    const NAME: &'static str = "risk_signal_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_open ON {table} (institution_id) WHERE cleared_at_ms = 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RiskSignalRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let at = event.at_ms();
        match it {
            Event::RiskSignalled(it) => {
                let row = RiskSignalRow::new(programme, learner, it, at);
                rows.row((programme, learner, row.signal), move |it| *it = Some(row));
            }
            Event::RiskCleared(it) => rows.row((programme, learner, it.signal), move |row| {
                if let Some(row) = row {
                    (row.cleared_at_ms, row.clearance) = (at, it.clearance);
                }
            }),
            Event::RiskAcknowledged(it) => rows.row((programme, learner, it.signal), move |row| {
                if let Some(row) = row {
                    row.acknowledged_at_ms = at;
                    (row.acknowledged_by_mentor_id, row.note) = (it.mentor_id, it.note);
                }
            }),
            Event::RiskWatchBegan(_) | Event::RiskWatchEnded(_) => {}
        }
    }
}

impl RiskSignalRow {
    fn new(programme: &str, learner: &str, it: RiskSignalled, raised_at_ms: i64) -> Self {
        Self {
            programme_id: programme.to_owned(),
            learner_id: learner.to_owned(),
            signal: it.signal,
            institution_id: it.institution_id,
            kind: it.kind,
            run_id: it.run_id,
            course_id: it.course_id,
            assessment_id: it.assessment_id,
            days: it.days,
            last_activity_at_ms: it.last_activity_at_ms,
            silent_since_ms: it.silent_since_ms,
            attempt: it.attempt,
            score_millipoints: it.score_millipoints,
            pass_mark_millipoints: it.pass_mark_millipoints,
            due_at_ms: it.due_at_ms,
            evidence_position: it.evidence_position,
            raised_at_ms,
            ..Self::default()
        }
    }

    /// The aggregate's id and the number: the token of a page.
    pub fn token(&self) -> String {
        format!("{}~{}~{}", self.programme_id, self.learner_id, self.signal)
    }

    /// As it is shown; the note is for those who mentor.
    pub fn shown(self, mentor_id: &str, with_note: bool) -> RiskSignal {
        let evidence = RiskSignalled {
            signal: self.signal,
            kind: self.kind,
            run_id: self.run_id,
            course_id: self.course_id,
            assessment_id: self.assessment_id,
            days: self.days,
            last_activity_at_ms: self.last_activity_at_ms,
            silent_since_ms: self.silent_since_ms,
            attempt: self.attempt,
            score_millipoints: self.score_millipoints,
            pass_mark_millipoints: self.pass_mark_millipoints,
            due_at_ms: self.due_at_ms,
            evidence_position: self.evidence_position,
            institution_id: self.institution_id.clone(),
        };
        RiskSignal {
            programme_id: self.programme_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            mentor_id: mentor_id.to_owned(),
            raised_at_ms: self.raised_at_ms,
            evidence: Some(evidence),
            cleared_at_ms: self.cleared_at_ms,
            clearance: self.clearance,
            acknowledged_at_ms: self.acknowledged_at_ms,
            acknowledged_by_mentor_id: self.acknowledged_by_mentor_id,
            note: if with_note { self.note } else { String::new() },
        }
    }
}

/// What a list is narrowed to; empty and false = no matter.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this programme.
    pub programme_id: String,
    /// Of this learner.
    pub learner_id: String,
    /// Of those whose mentor this is.
    pub mentor_id: String,
    /// Of programmes of this institution.
    pub institution_id: String,
    /// Not cleared.
    pub open: bool,
}

/// A page of signals by programme, learner and number.
pub async fn signals(store: &Store, only: &Only, page: &Page) -> Result<Vec<RiskSignalRow>, StoreError> {
    let mut after = page.after.splitn(3, '~');
    let (programme, learner) = (after.next().unwrap_or_default(), after.next().unwrap_or_default());
    let signal: i64 = after.next().and_then(|it| it.parse().ok()).unwrap_or_default();
    let mut wanted = Wanted::new(
        "(programme_id > $1 OR (programme_id = $1 AND (learner_id > $2 OR (learner_id = $2 AND signal > $3))))",
    );
    wanted.args = vec![programme.into(), learner.into(), signal.into()];
    wanted.text("programme_id = $", &only.programme_id);
    wanted.text("learner_id = $", &only.learner_id);
    wanted.text("institution_id = $", &only.institution_id);
    wanted.only_if("cleared_at_ms = 0", only.open);
    wanted.text(
        "EXISTS (SELECT 1 FROM mentorship_1 m WHERE m.programme_id = risk_signal_1.programme_id \
         AND m.learner_id = risk_signal_1.learner_id AND m.mentor_id = $)",
        &only.mentor_id,
    );
    let order = "programme_id, learner_id, signal";
    let (sql, args) = wanted.page("risk_signal_1", RiskSignalRow::COLUMN_LIST, order, page.size);
    store.query(&sql, &args).await
}

/// What is not cleared of a mentor's mentees, the oldest first.
pub async fn open_of_mentor(store: &Store, mentor_id: &str) -> Result<Vec<RiskSignalRow>, StoreError> {
    let columns = RiskSignalRow::COLUMN_LIST.split(", ").map(|it| format!("s.{it}")).collect::<Vec<_>>().join(", ");
    let sql = format!(
        "SELECT {columns} FROM mentorship_1 m JOIN risk_signal_1 s ON s.programme_id = m.programme_id \
         AND s.learner_id = m.learner_id WHERE m.mentor_id = $1 AND s.cleared_at_ms = 0 \
         ORDER BY s.raised_at_ms, s.programme_id, s.learner_id, s.signal"
    );
    store.query(&sql, &[mentor_id.into()]).await
}

/// All signals of a learner, by programme and number.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<Vec<RiskSignalRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM risk_signal_1 WHERE learner_id = $1 ORDER BY programme_id, signal",
        RiskSignalRow::COLUMN_LIST
    );
    store.query(&sql, &[learner_id.into()]).await
}

/// Who mentors whom now, by programme and learner, for the learners of these signals.
pub async fn mentors(
    store: &Store,
    signals: &[RiskSignalRow],
) -> Result<BTreeMap<(String, String), String>, StoreError> {
    let mut learners: Vec<_> = signals.iter().map(|it| it.learner_id.as_str()).collect();
    learners.sort_unstable();
    learners.dedup();
    if learners.is_empty() {
        return Ok(BTreeMap::new());
    }
    let places = places(1, learners.len());
    let sql = format!("SELECT programme_id, learner_id, mentor_id FROM mentorship_1 WHERE learner_id IN ({places})");
    let args: Vec<_> = learners.into_iter().map(Value::from).collect();
    let rows: Vec<(String, String, String)> = store.query(&sql, &args).await?;
    Ok(rows.into_iter().map(|(programme, learner, mentor)| ((programme, learner), mentor)).collect())
}
