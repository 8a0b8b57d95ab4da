//! Sessions as people see them: when, what for, where they stand, and what came of them.

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
    let sql = format!(
        "SELECT {} FROM mentoring_session_1 WHERE (start_ms > $1 OR (start_ms = $1 AND session_id > $2)) \
         AND ($3 = '' OR learner_id = $3) AND ($4 = '' OR mentor_id = $4) \
         AND ($5 = '' OR learner_id = $5 OR mentor_id = $5) AND ($6 = '' OR institution_id = $6) \
         AND ($7 = 0 OR state = $7) AND start_ms >= $8 AND ($9 = 0 OR start_ms < $9) \
         ORDER BY start_ms, session_id LIMIT $10",
        SessionRow::COLUMN_LIST
    );
    let args = [
        after_ms.into(),
        after_id.into(),
        only.learner_id.as_str().into(),
        only.mentor_id.as_str().into(),
        only.person_id.as_str().into(),
        only.institution_id.as_str().into(),
        only.state.into(),
        only.from_ms.into(),
        only.until_ms.into(),
        page.size.into(),
    ];
    store.query(&sql, &args).await
}

/// Ids of sessions to come after a time, of a learner in a programme or (empty) any, with a mentor or (empty) any.
pub async fn to_come(
    store: &Store,
    (programme_id, learner_id): (&str, &str),
    mentor_id: &str,
    at_ms: i64,
) -> Result<Vec<SessionRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentoring_session_1 WHERE ($1 = '' OR programme_id = $1) AND ($2 = '' OR learner_id = $2) \
         AND ($3 = '' OR mentor_id = $3) AND (start_ms > $4 OR pending_start_ms > $4) AND state IN (1, 2) \
         ORDER BY start_ms, session_id",
        SessionRow::COLUMN_LIST
    );
    store.query(&sql, &[programme_id.into(), learner_id.into(), mentor_id.into(), at_ms.into()]).await
}
