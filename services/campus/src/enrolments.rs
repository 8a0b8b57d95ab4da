//! Where learners stand in runs, from enrolment's own events: what seats are used for, and what classes achieve.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::{EnrolmentState, enrolment_event::Event};

row! {
    /// One learner in one run. States, sources and the like are numbers of enrolment's enums.
    pub struct EnrolmentRow {
        key { run_id: String, learner_id: String }
        course_id: String,
        sponsor_id: String,
        source: i32,
        source_ref: String,
        mode: i32,
        state: i32,
        outcome: i32,
        grade_millipoints: Option<u32>,
        requested_at_ms: i64,
        ended_at_ms: i64,
        last_activity_at_ms: i64,
        minutes: u32,
        modules_completed: u32,
    }
}

/// Enrolments by run and learner.
pub struct Enrolments;

impl View for Enrolments {
    type Row = EnrolmentRow;
    const NAME: &'static str = "campus_enrolment_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_course ON {table} (course_id)".to_owned(),
            "CREATE INDEX {table}_sponsor ON {table} (sponsor_id) WHERE sponsor_id <> ''".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<EnrolmentRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (run_id, learner_id, at) = (run.to_owned(), learner.to_owned(), event.at_ms());
        if let Event::EnrolmentRequested(it) = it {
            rows.row((run, learner), move |row| {
                let row = row.get_or_insert_with(|| EnrolmentRow { run_id, learner_id, ..EnrolmentRow::default() });
                row.stand(EnrolmentState::Requested);
                (row.course_id, row.sponsor_id) = (it.course_id, it.sponsor_institution_id);
                (row.source, row.source_ref, row.mode) = (it.source, it.source_ref, it.mode);
                row.requested_at_ms = if row.requested_at_ms == 0 { at } else { row.requested_at_ms };
            });
        } else {
            rows.row((run, learner), move |row| {
                if let Some(row) = row {
                    row.take_in(&it, at);
                }
            });
        }
    }
}

impl EnrolmentRow {
    fn take_in(&mut self, event: &Event, at: i64) {
        match event {
            Event::EnrolmentWaitlisted(_) => self.stand(EnrolmentState::Waitlisted),
            Event::EnrolmentActivated(_) => self.stand(EnrolmentState::Active),
            Event::EnrolmentSuspended(_) => self.stand(EnrolmentState::Suspended),
            Event::EnrolmentReinstated(it) => {
                self.stand(if it.seat_needed { EnrolmentState::Requested } else { EnrolmentState::Active });
            }
            Event::ModeChanged(it) => self.mode = it.mode,
            Event::EnrolmentStarted(_) => self.active(at),
            Event::ProgressRecorded(it) => {
                self.minutes = self.minutes.saturating_add(it.added_minutes);
                self.modules_completed += u32::from(it.completed_now);
                self.active(at);
            }
            Event::ResultRecorded(it) if !it.banked => self.active(it.submitted_at_ms.max(at)),
            Event::EnrolmentWithdrawn(_) | Event::EnrolmentDeferred(_) | Event::InvitationDeclined(_) => {
                self.end(EnrolmentState::Withdrawn, at);
            }
            Event::EnrolmentCompleted(it) => {
                self.end(EnrolmentState::Completed, at);
                (self.outcome, self.grade_millipoints) = (it.outcome, it.grade_millipoints);
            }
            Event::EnrolmentFailed(it) => {
                self.end(EnrolmentState::Failed, at);
                self.grade_millipoints = it.grade_millipoints;
            }
            Event::EnrolmentExpired(_) => self.end(EnrolmentState::Expired, at),
            _ => {}
        }
    }

    /// Not ended, or not any more.
    fn stand(&mut self, state: EnrolmentState) {
        self.state = state as i32;
        (self.outcome, self.ended_at_ms, self.grade_millipoints) = (0, 0, None);
    }

    fn end(&mut self, state: EnrolmentState, at: i64) {
        self.state = state as i32;
        self.ended_at_ms = at;
    }

    fn active(&mut self, at: i64) {
        self.last_activity_at_ms = self.last_activity_at_ms.max(at);
    }
}

/// One learner in one run.
pub async fn enrolment(store: &Store, run_id: &str, learner_id: &str) -> Result<Option<EnrolmentRow>, StoreError> {
    let sql =
        format!("SELECT {} FROM campus_enrolment_1 WHERE run_id = $1 AND learner_id = $2", EnrolmentRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into(), learner_id.into()]).await?.pop())
}
