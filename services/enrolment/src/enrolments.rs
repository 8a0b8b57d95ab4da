//! Where every enrolment stands: one row each, which serves rosters, records, statistics and signals.

use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::enrolment::v1::{
    Attendance, AttendanceRecorded, EndCause, EnrolmentInvited, EnrolmentRequested, EnrolmentState, ResultRecorded,
    enrolment_event::Event,
};

row! {
    /// One learner in one run. States, sources and the like are numbers of the contract's enums.
    pub struct EnrolmentRow {
        key { run_id: String, learner_id: String }
        course_id: String,
        institution_id: String,
        sponsor_institution_id: String,
        state: i32,
        source: i32,
        source_ref: String,
        mode: i32,
        end_cause: i32,
        outcome: i32,
        grade_millipoints: Option<u32>,
        requested_at_ms: i64,
        active_at_ms: i64,
        started_at_ms: i64,
        ended_at_ms: i64,
        last_activity_at_ms: i64,
        minutes: u32,
        modules_completed: u32,
        sessions: u32,
        sessions_present: u32,
        results: u32,
        amount_due_minor: i64,
        currency: String,
        waits_until_ms: i64,
    }
}

/// Enrolments by run and learner.
pub struct Enrolments;

impl View for Enrolments {
    type Row = EnrolmentRow;
    const NAME: &'static str = "enrolment_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_waits ON {table} (waits_until_ms) WHERE waits_until_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<EnrolmentRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let at = event.at_ms();
        match it {
            // These two make the row; all others find it.
            Event::EnrolmentInvited(it) => {
                let (run_id, learner_id) = (run.to_owned(), learner.to_owned());
                rows.row((run, learner), move |row| {
                    row.get_or_insert_with(|| EnrolmentRow { run_id, learner_id, ..EnrolmentRow::default() })
                        .invited(it);
                });
            }
            Event::EnrolmentRequested(it) => {
                let (run_id, learner_id) = (run.to_owned(), learner.to_owned());
                rows.row((run, learner), move |row| {
                    row.get_or_insert_with(|| EnrolmentRow { run_id, learner_id, ..EnrolmentRow::default() })
                        .requested(it, at);
                });
            }
            it => rows.row((run, learner), move |row| {
                if let Some(row) = row {
                    row.take_in(&it, at);
                }
            }),
        }
    }
}

impl EnrolmentRow {
    fn invited(&mut self, it: EnrolmentInvited) {
        self.reopen(EnrolmentState::Invited);
        self.course_id = it.course_id;
        self.institution_id = it.institution_id;
        self.sponsor_institution_id = it.sponsor_institution_id;
        (self.source, self.source_ref, self.mode) = (it.source, it.source_ref, it.mode);
        self.waits_until_ms = it.expires_at_ms;
    }

    fn requested(&mut self, it: EnrolmentRequested, at: i64) {
        self.reopen(EnrolmentState::Requested);
        self.course_id = it.course_id;
        self.institution_id = it.institution_id;
        self.sponsor_institution_id = it.sponsor_institution_id;
        (self.source, self.source_ref, self.mode) = (it.source, it.source_ref, it.mode);
        (self.amount_due_minor, self.currency) = (it.amount_due_minor, it.currency);
        first(&mut self.requested_at_ms, at);
    }

    fn take_in(&mut self, event: &Event, at: i64) {
        match event {
            Event::SeatHeld(it) => {
                self.state = EnrolmentState::Requested as i32;
                self.waits_until_ms = it.until_ms;
            }
            Event::EnrolmentWaitlisted(_) => self.state = EnrolmentState::Waitlisted as i32,
            Event::PaymentRecorded(it) => self.amount_due_minor = (self.amount_due_minor - it.amount_minor).max(0),
            Event::EnrolmentActivated(_) => {
                self.reopen(EnrolmentState::Active);
                first(&mut self.active_at_ms, at);
            }
            Event::ModeChanged(it) => self.mode = it.mode,
            Event::EnrolmentStarted(_) => {
                first(&mut self.started_at_ms, at);
                self.active(at);
            }
            Event::ProgressRecorded(it) => {
                self.minutes = self.minutes.saturating_add(it.added_minutes);
                self.modules_completed += u32::from(it.completed_now);
                self.active(at);
            }
            Event::AttendanceRecorded(it) => self.attended(it, at),
            Event::ResultRecorded(it) => self.scored(it, at),
            Event::EnrolmentSuspended(_) => self.state = EnrolmentState::Suspended as i32,
            Event::EnrolmentReinstated(it) => {
                self.reopen(if it.seat_needed { EnrolmentState::Requested } else { EnrolmentState::Active });
                if !it.seat_needed {
                    first(&mut self.active_at_ms, at);
                }
            }
            Event::InvitationDeclined(_) => self.end(EnrolmentState::Withdrawn, EndCause::Declined as i32, at),
            Event::EnrolmentWithdrawn(it) => self.end(EnrolmentState::Withdrawn, it.cause, at),
            Event::EnrolmentDeferred(_) => self.end(EnrolmentState::Withdrawn, EndCause::Deferred as i32, at),
            Event::EnrolmentCompleted(it) => {
                self.end(EnrolmentState::Completed, 0, at);
                (self.outcome, self.grade_millipoints) = (it.outcome, it.grade_millipoints);
            }
            Event::EnrolmentFailed(it) => {
                self.end(EnrolmentState::Failed, 0, at);
                self.grade_millipoints = it.grade_millipoints;
            }
            Event::EnrolmentExpired(it) => self.end(EnrolmentState::Expired, it.cause, at),
            Event::CampusSeatAnswered(_)
            | Event::EnrolmentPromoted(_)
            | Event::InvitationAccepted(_)
            | Event::EnrolmentInvited(_)
            | Event::EnrolmentRequested(_) => {}
        }
    }

    /// Not ended, or not any more.
    fn reopen(&mut self, state: EnrolmentState) {
        self.state = state as i32;
        (self.end_cause, self.outcome, self.ended_at_ms, self.waits_until_ms) = (0, 0, 0, 0);
        self.grade_millipoints = None;
    }

    fn end(&mut self, state: EnrolmentState, cause: i32, at: i64) {
        self.state = state as i32;
        self.end_cause = cause;
        self.ended_at_ms = at;
        self.waits_until_ms = 0;
    }

    fn active(&mut self, at: i64) {
        self.last_activity_at_ms = self.last_activity_at_ms.max(at);
    }

    fn attended(&mut self, it: &AttendanceRecorded, at: i64) {
        let counts = |it: Attendance| matches!(it, Attendance::Present | Attendance::Absent);
        let moved = |count: u32, before: bool, now: bool| (count + u32::from(now)).saturating_sub(u32::from(before));
        let (before, now) = (it.previous(), it.attendance());
        self.sessions = moved(self.sessions, counts(before), counts(now));
        let present = |it: Attendance| it == Attendance::Present;
        self.sessions_present = moved(self.sessions_present, present(before), present(now));
        if present(now) {
            self.active(at);
        }
    }

    fn scored(&mut self, it: &ResultRecorded, at: i64) {
        self.results += u32::from(it.first);
        if !it.banked {
            self.active(if it.submitted_at_ms > 0 { it.submitted_at_ms } else { at });
        }
    }
}

/// Keeps the earliest time.
fn first(known: &mut i64, at: i64) {
    if *known == 0 {
        *known = at;
    }
}

/// One learner in one run, under any of these ids of the learner.
pub async fn enrolment(store: &Store, run: &str, learners: &[String]) -> Result<Option<EnrolmentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM enrolment_1 WHERE run_id = $1 AND learner_id IN ({}) ORDER BY requested_at_ms DESC LIMIT 1",
        EnrolmentRow::COLUMN_LIST,
        places(2, learners.len())
    );
    let args: Vec<Value> = [run.into()].into_iter().chain(learners.iter().map(Value::from)).collect();
    Ok(store.query(&sql, &args).await?.pop())
}

/// Everything under any of these ids of a learner, in the order in which it began.
pub async fn of_learner(store: &Store, learners: &[String]) -> Result<Vec<EnrolmentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM enrolment_1 WHERE learner_id IN ({}) ORDER BY requested_at_ms, run_id, learner_id",
        EnrolmentRow::COLUMN_LIST,
        places(1, learners.len())
    );
    store.query(&sql, &learners.iter().map(Value::from).collect::<Vec<_>>()).await
}

/// A run's enrolments by learner; state 0 = all.
pub async fn of_run(store: &Store, run: &str, state: i32, page: &Page) -> Result<Vec<EnrolmentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM enrolment_1 WHERE run_id = $1 AND learner_id > $2 AND ($3 = 0 OR state = $3) \
         ORDER BY learner_id LIMIT $4",
        EnrolmentRow::COLUMN_LIST
    );
    store.query(&sql, &[run.into(), page.after.as_str().into(), state.into(), page.size.into()]).await
}

/// Every learner who ever had to do with a run, in the order of asking: newcomers come last.
pub async fn ever_in_run(store: &Store, run: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT learner_id FROM enrolment_1 WHERE run_id = $1 ORDER BY requested_at_ms, learner_id";
    let rows: Vec<(String,)> = store.query(sql, &[run.into()]).await?;
    Ok(rows.into_iter().map(|(it,)| it).collect())
}

/// Subjects of enrolments in the log.
pub fn subjects(rows: &[EnrolmentRow]) -> Vec<String> {
    rows.iter().map(|it| format!("enrolment.enrolment.{}~{}", it.run_id, it.learner_id)).collect()
}
