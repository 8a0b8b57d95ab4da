//! Sessions as people see them: when, what for, where they stand, and what came of them.

use crate::wanted::Wanted;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{ActionItem, Session, SessionState, session_event::Event};

row! {
    /// One session.
    pub struct SessionRow {
        key { session_id: String }
        programme_id: String,
        learner_id: String,
        mentor_id: String,
        institution_id: String,
        state: i32,
        kind: i32,
        start_ms: i64,
        minutes: u32,
        topic: String,
        pending_start_ms: i64,
        pending_minutes: u32,
        refusal: i32,
        refused_by: i32,
        cancel_cause: i32,
        absent: i32,
        notes: String,
        sequence: u32,
        requested_at_ms: i64,
        changed_at_ms: i64,
    }
}

/// Sessions by id.
pub struct Sessions;

impl View for Sessions {
    type Row = SessionRow;
    const NAME: &'static str = "mentoring_session_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id, start_ms)".to_owned(),
            "CREATE INDEX {table}_mentor ON {table} (mentor_id, start_ms)".to_owned(),
            "CREATE INDEX {table}_time ON {table} (start_ms, session_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SessionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (session_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| SessionRow { session_id, ..SessionRow::default() });
            row.changed_at_ms = at;
            row.take_in(it);
        });
    }
}

impl SessionRow {
    fn take_in(&mut self, event: Event) {
        match event {
            Event::SessionRequested(it) => {
                (self.programme_id, self.institution_id) = (it.programme_id, it.institution_id);
                (self.learner_id, self.mentor_id) = (it.learner_id, it.mentor_id);
                (self.kind, self.topic) = (it.kind, it.topic);
                (self.start_ms, self.minutes) = (it.start_ms, it.minutes);
                self.requested_at_ms = self.changed_at_ms;
                self.is(SessionState::Requested);
            }
            Event::MentorTimeHeld(_) | Event::ActionItemDone(_) => {}
            Event::SessionRefused(it) => {
                (self.refusal, self.refused_by) = (it.refusal, it.refused_by);
                self.is(SessionState::Refused);
            }
            Event::SessionScheduled(_) => self.is(SessionState::Scheduled),
            Event::RescheduleRequested(it) => {
                (self.pending_start_ms, self.pending_minutes) = (it.start_ms, it.minutes);
                (self.refusal, self.refused_by) = (0, 0);
            }
            Event::RescheduleRefused(it) => {
                (self.pending_start_ms, self.pending_minutes) = (0, 0);
                (self.refusal, self.refused_by) = (it.refusal, it.refused_by);
            }
            Event::SessionRescheduled(it) => {
                (self.start_ms, self.minutes) = (it.start_ms, it.minutes);
                (self.pending_start_ms, self.pending_minutes) = (0, 0);
                self.sequence += 1;
            }
            Event::SessionHeld(it) => {
                self.notes = it.notes;
                self.is(SessionState::Held);
            }
            Event::SessionCancelled(it) => {
                (self.pending_start_ms, self.pending_minutes) = (0, 0);
                self.cancel_cause = it.cause;
                self.sequence += 1;
                self.is(SessionState::Cancelled);
            }
            Event::SessionNoShow(it) => {
                self.absent = it.absent;
                self.is(SessionState::NoShow);
            }
        }
    }

    fn is(&mut self, state: SessionState) {
        self.state = state as i32;
    }

    /// Its place in a list by time.
    pub fn token(&self) -> String {
        format!("{}~{}", self.start_ms, self.session_id)
    }

    /// As it is shown.
    pub fn shown(self, action_items: Vec<ActionItem>) -> Session {
        Session {
            session_id: self.session_id,
            programme_id: self.programme_id,
            learner_id: self.learner_id,
            mentor_id: self.mentor_id,
            institution_id: self.institution_id,
            state: self.state,
            kind: self.kind,
            start_ms: self.start_ms,
            minutes: self.minutes,
            topic: self.topic,
            pending_start_ms: self.pending_start_ms,
            pending_minutes: self.pending_minutes,
            refusal: self.refusal,
            refused_by: self.refused_by,
            cancel_cause: self.cancel_cause,
            absent: self.absent,
            notes: self.notes,
            action_items,
            sequence: self.sequence,
            requested_at_ms: self.requested_at_ms,
            changed_at_ms: self.changed_at_ms,
        }
    }
}

/// One session.
pub async fn session(store: &Store, session_id: &str) -> Result<Option<SessionRow>, StoreError> {
    let sql = format!("SELECT {} FROM mentoring_session_1 WHERE session_id = $1", SessionRow::COLUMN_LIST);
    Ok(store.query(&sql, &[session_id.into()]).await?.pop())
}

/// What a list is narrowed to; empty and 0 = no matter.
#[derive(Debug, Clone, Default)]
pub struct Only {
    /// Of this learner.
    pub learner_id: String,
    /// With this mentor.
    pub mentor_id: String,
    /// Of this person, on either side.
    pub person_id: String,
    /// Of programmes of this institution.
    pub institution_id: String,
    /// In this state.
    pub state: i32,
    /// Beginning then or later.
    pub from_ms: i64,
    /// Beginning before.
    pub until_ms: i64,
}

/// A page of sessions by time.
pub async fn sessions(store: &Store, only: &Only, page: &Page) -> Result<Vec<SessionRow>, StoreError> {
    let (after_ms, after_id) = page.after.split_once('~').unwrap_or_default();
    let after_ms = after_ms.parse().unwrap_or(i64::MIN);
    let mut wanted = Wanted::new("(start_ms > $1 OR (start_ms = $1 AND session_id > $2)) AND start_ms >= $3");
    wanted.args = vec![after_ms.into(), after_id.into(), only.from_ms.into()];
    wanted.text("learner_id = $", &only.learner_id);
    wanted.text("mentor_id = $", &only.mentor_id);
    wanted.text("(learner_id = $ OR mentor_id = $)", &only.person_id);
    wanted.text("institution_id = $", &only.institution_id);
    wanted.number("state = $", only.state.into());
    wanted.number("start_ms < $", only.until_ms);
    let (sql, args) = wanted.page("mentoring_session_1", SessionRow::COLUMN_LIST, "start_ms, session_id", page.size);
    store.query(&sql, &args).await
}

/// Whose sessions are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'a> {
    /// Of a learner in a programme, with a mentor or (empty) any.
    Mentorship(&'a str, &'a str, &'a str),
    /// Of a mentor, with a learner or (empty) any.
    Mentor(&'a str, &'a str),
}

/// Sessions to come after a time, found by whose they are.
pub async fn to_come(store: &Store, whose: Whose<'_>, at_ms: i64) -> Result<Vec<SessionRow>, StoreError> {
    let mut wanted = Wanted::new("(start_ms > $1 OR pending_start_ms > $1) AND state IN (1, 2)");
    wanted.args = vec![at_ms.into()];
    match whose {
        Whose::Mentorship(programme_id, learner_id, mentor_id) => {
            wanted.text("learner_id = $", learner_id);
            wanted.text("programme_id = $", programme_id);
            wanted.text("mentor_id = $", mentor_id);
        }
        Whose::Mentor(mentor_id, learner_id) => {
            wanted.text("mentor_id = $", mentor_id);
            wanted.text("learner_id = $", learner_id);
        }
    }
    let (sql, args) = wanted.all("mentoring_session_1", SessionRow::COLUMN_LIST, "start_ms, session_id");
    store.query(&sql, &args).await
}
