//! What seats are used for: asked for, taken in or refused by enrolment, ended; and what has waited too long.

use crate::plans::PlanRow;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{SeatEnd, SeatUse, SeatUseState, licence_plan_event::Event};

row! {
    /// One learner's use of a plan's seat for a run: the latest request.
    pub struct SeatUseRow {
        key { plan_id: String, learner_id: String, run_id: String }
        campus_id: String,
        course_id: String,
        round: u32,
        for_credit: bool,
        state: i32,
        requested_at_ms: i64,
        answered_at_ms: i64,
        ended_at_ms: i64,
        reason: String,
        detail: String,
        end_cause: i32,
        /// Position of the request.
        position: u64,
    }
}

/// Uses by plan, learner and run.
pub struct SeatUses;

impl View for SeatUses {
    type Row = SeatUseRow;
    const NAME: &'static str = "seat_use_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            // 1: requested, and not answered yet.
            "CREATE INDEX {table}_open ON {table} (requested_at_ms) WHERE state = 1".to_owned(),
            "CREATE INDEX {table}_learner ON {table} (learner_id, run_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SeatUseRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (at, position) = (event.at_ms(), event.position());
        let key = |learner: &str, run: &str| (event.id(), learner.to_owned(), run.to_owned());
        match it {
            Event::SeatUseRequested(it) => {
                let plan_id = event.id().to_owned();
                rows.row(key(&it.learner_id, &it.run_id), move |row| {
                    *row = Some(SeatUseRow {
                        plan_id,
                        learner_id: it.learner_id,
                        run_id: it.run_id,
                        campus_id: it.campus_id,
                        course_id: it.course_id,
                        round: it.round,
                        for_credit: it.for_credit,
                        state: SeatUseState::Requested as i32,
                        requested_at_ms: at,
                        position,
                        ..SeatUseRow::default()
                    });
                });
            }
            Event::SeatUseAccepted(it) => rows.row(key(&it.learner_id, &it.run_id), move |row| {
                if let Some(row) = row {
                    (row.state, row.answered_at_ms) = (SeatUseState::Accepted as i32, at);
                }
            }),
            Event::SeatUseRefused(it) => rows.row(key(&it.learner_id, &it.run_id), move |row| {
                if let Some(row) = row {
                    (row.state, row.answered_at_ms) = (SeatUseState::Refused as i32, at);
                    (row.reason, row.detail) = (it.reason, it.detail);
                }
            }),
            Event::SeatUseEnded(it) => rows.row(key(&it.learner_id, &it.run_id), move |row| {
                if let Some(row) = row {
                    (row.state, row.ended_at_ms, row.end_cause) = (SeatUseState::Ended as i32, at, it.cause);
                }
            }),
            _ => {}
        }
    }
}

impl SeatUseRow {
    /// As its plan leaves it: one that is over, or a term that took no seat over, ended every use at once.
    pub fn under(mut self, plan: &PlanRow) -> Self {
        let is_under_way = [SeatUseState::Requested as i32, SeatUseState::Accepted as i32].contains(&self.state);
        if is_under_way && (plan.is_expired || self.position < plan.dropped_all) {
            let cause = if plan.is_expired { SeatEnd::PlanExpired } else { SeatEnd::NotCarried };
            (self.state, self.end_cause) = (SeatUseState::Ended as i32, cause as i32);
        }
        self
    }

    /// As it is shown.
    pub fn shown(self) -> SeatUse {
        SeatUse {
            plan_id: self.plan_id,
            learner_id: self.learner_id,
            run_id: self.run_id,
            course_id: self.course_id,
            round: self.round,
            for_credit: self.for_credit,
            state: self.state,
            requested_at_ms: self.requested_at_ms,
            answered_at_ms: self.answered_at_ms,
            ended_at_ms: self.ended_at_ms,
            reason: self.reason,
            detail: self.detail,
            end_cause: self.end_cause,
        }
    }
}

/// What enrolment has not answered although it was asked before a time, of plans that are not over; empty campus = all
/// campuses.
pub async fn unanswered(
    store: &Store,
    campus_id: &str,
    before_ms: i64,
    size: i64,
) -> Result<Vec<SeatUseRow>, StoreError> {
    let sql = format!(
        "SELECT u.{} FROM seat_use_1 u JOIN plan_1 p ON p.plan_id = u.plan_id \
         WHERE u.state = 1 AND u.requested_at_ms <= $1 AND ($2 = '' OR u.campus_id = $2) \
         AND NOT p.is_expired AND u.position > p.dropped_all \
         ORDER BY u.requested_at_ms, u.plan_id, u.learner_id, u.run_id LIMIT $3",
        SeatUseRow::COLUMN_LIST.replace(", ", ", u.")
    );
    store.query(&sql, &[before_ms.into(), campus_id.into(), size.into()]).await
}

/// A page of a learner's uses of a plan's seat by run; empty learner = of all learners, by learner and run.
pub async fn of_plan(
    store: &Store,
    plan_id: &str,
    learner_id: &str,
    page: &Page,
) -> Result<Vec<SeatUseRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM seat_use_1 WHERE plan_id = $1 AND ($2 = '' OR learner_id = $2) AND learner_id || '~' || run_id > $3 \
         ORDER BY learner_id || '~' || run_id LIMIT $4",
        SeatUseRow::COLUMN_LIST
    );
    store.query(&sql, &[plan_id.into(), learner_id.into(), page.after.as_str().into(), page.size.into()]).await
}
