//! Seats in learners' hands: who holds one of which plan, whether it is used, and when it falls idle.

use crate::plans::PlanRow;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{Seat, SeatAssigned, SeatState, licence_plan_event::Event};

row! {
    /// One learner's seat of one plan; who has lost it keeps the row.
    pub struct SeatRow {
        key { plan_id: String, learner_id: String }
        /// Held now. Expiry and new terms are the plan's events: ask the plan as well.
        is_held: bool,
        is_activated: bool,
        test_user: bool,
        member_class: i32,
        department: String,
        source: i32,
        end_cause: i32,
        /// Positions of the commits that assigned and activated it; 0 = not yet.
        assigned_position: u64,
        activated_position: u64,
        assigned_at_ms: i64,
        activated_at_ms: i64,
        ended_at_ms: i64,
        reminders: u32,
        uses: u32,
        idle_at_ms: i64,
        reclaim_at_ms: i64,
        /// When a warning, or the end after it, is due; 0 = not.
        warn_due_ms: i64,
        reclaim_due_ms: i64,
    }
}

/// Seats by plan and learner.
pub struct Seats;

impl View for Seats {
    type Row = SeatRow;
    const NAME: &'static str = "seat_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_warn ON {table} (warn_due_ms) WHERE warn_due_ms > 0".to_owned(),
            "CREATE INDEX {table}_reclaim ON {table} (reclaim_due_ms) WHERE reclaim_due_ms > 0".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SeatRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (at, position) = (event.at_ms(), event.position());
        match it {
            Event::SeatAssigned(it) => {
                let (plan_id, learner_id) = (event.id().to_owned(), it.learner_id.clone());
                rows.row((event.id(), it.learner_id.clone()), move |row| {
                    let row = row.get_or_insert_with(|| SeatRow { plan_id, learner_id, ..SeatRow::default() });
                    row.assigned(&it, at, position);
                });
            }
            it => {
                let Some(learner) = learner_of(&it) else { return };
                rows.row((event.id(), learner.to_owned()), move |row| {
                    if let Some(row) = row {
                        row.take_in(&it, at, position);
                        row.arrange();
                    }
                });
            }
        }
    }
}

fn learner_of(event: &Event) -> Option<&str> {
    match event {
        Event::SeatActivated(it) => Some(&it.learner_id),
        Event::SeatReminded(it) => Some(&it.learner_id),
        Event::SeatIdleWarned(it) => Some(&it.learner_id),
        Event::SeatEnded(it) => Some(&it.learner_id),
        Event::SeatUseRequested(it) => Some(&it.learner_id),
        Event::SeatUseRefused(it) => Some(&it.learner_id),
        Event::SeatUseEnded(it) => Some(&it.learner_id),
        _ => None,
    }
}

impl SeatRow {
    fn assigned(&mut self, it: &SeatAssigned, at: i64, position: u64) {
        let (plan_id, learner_id) = (std::mem::take(&mut self.plan_id), std::mem::take(&mut self.learner_id));
        *self = Self {
            plan_id,
            learner_id,
            is_held: true,
            test_user: it.test_user,
            member_class: it.member_class,
            department: it.department.clone(),
            source: it.source,
            assigned_at_ms: at,
            assigned_position: position,
            idle_at_ms: it.idle_at_ms,
            ..Self::default()
        };
        self.arrange();
    }

    fn take_in(&mut self, event: &Event, at: i64, position: u64) {
        match event {
            Event::SeatActivated(it) => {
                if !self.is_activated {
                    (self.is_activated, self.activated_at_ms, self.activated_position) = (true, at, position);
                }
                (self.idle_at_ms, self.reclaim_at_ms) = (it.idle_at_ms, 0);
            }
            Event::SeatReminded(it) => self.reminders = it.count,
            Event::SeatIdleWarned(it) => self.reclaim_at_ms = it.reclaim_at_ms,
            Event::SeatEnded(it) => {
                (self.is_held, self.end_cause, self.ended_at_ms, self.uses) = (false, it.cause, at, 0);
            }
            Event::SeatUseRequested(_) => {
                self.uses += 1;
                self.reclaim_at_ms = 0;
            }
            Event::SeatUseRefused(_) => self.uses = self.uses.saturating_sub(1),
            Event::SeatUseEnded(it) => {
                self.uses = self.uses.saturating_sub(1);
                self.idle_at_ms = it.idle_at_ms;
            }
            _ => {}
        }
    }

    fn arrange(&mut self) {
        let may_idle = self.is_held && self.uses == 0 && self.idle_at_ms > 0;
        self.warn_due_ms = if may_idle && self.reclaim_at_ms == 0 { self.idle_at_ms } else { 0 };
        self.reclaim_due_ms = if may_idle { self.reclaim_at_ms } else { 0 };
    }

    /// Whether the seat is the learner's, as the plan stands.
    fn is_held_in(&self, plan: &PlanRow) -> bool {
        let went_unused = self.assigned_position < plan.dropped_unused
            && (self.activated_position == 0 || self.activated_position > plan.dropped_unused);
        self.is_held && !plan.is_expired && self.assigned_position > plan.dropped_all && !went_unused
    }

    fn state(&self, plan: &PlanRow) -> SeatState {
        match (self.is_held_in(plan), self.is_activated) {
            (true, true) => SeatState::Activated,
            (true, false) => SeatState::Assigned,
            (false, _) => SeatState::Ended,
        }
    }

    /// As it is shown.
    pub fn shown(self, plan: &PlanRow) -> Seat {
        Seat {
            state: self.state(plan) as i32,
            plan_id: self.plan_id,
            learner_id: self.learner_id,
            member_class: self.member_class,
            department: self.department,
            test_user: self.test_user,
            source: self.source,
            end_cause: self.end_cause,
            assigned_at_ms: self.assigned_at_ms,
            activated_at_ms: self.activated_at_ms,
            ended_at_ms: self.ended_at_ms,
            reminders: self.reminders,
            uses: self.uses,
            reclaim_at_ms: self.reclaim_at_ms,
        }
    }
}

/// What makes a seat `s` of a plan `p` the learner's; the same as [`SeatRow::is_held_in`].
const HELD: &str = "s.is_held AND NOT p.is_expired AND s.assigned_position > p.dropped_all \
    AND NOT (s.assigned_position < p.dropped_unused \
             AND (s.activated_position = 0 OR s.activated_position > p.dropped_unused))";

/// A page of a plan's seats by learner; unspecified = in all states.
pub async fn of_plan(store: &Store, plan: &PlanRow, state: SeatState, page: &Page) -> Result<Vec<SeatRow>, StoreError> {
    let only = match state {
        SeatState::Unspecified => "1 = 1".to_owned(),
        SeatState::Assigned => format!("({HELD}) AND NOT s.is_activated"),
        SeatState::Activated => format!("({HELD}) AND s.is_activated"),
        SeatState::Ended => format!("NOT ({HELD})"),
    };
    let columns = SeatRow::COLUMN_LIST.replace(", ", ", s.");
    let sql = format!(
        "SELECT s.{columns} FROM seat_1 s JOIN plan_1 p ON p.plan_id = s.plan_id \
         WHERE s.plan_id = $1 AND s.learner_id > $2 AND {only} ORDER BY s.learner_id LIMIT $3"
    );
    store.query(&sql, &[plan.plan_id.as_str().into(), page.after.as_str().into(), page.size.into()]).await
}

/// The plans of a campus of which a learner ever had a seat.
pub async fn ever_held_by(store: &Store, campus_id: &str, learner_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT s.plan_id FROM seat_1 s JOIN plan_1 p ON p.plan_id = s.plan_id \
               WHERE s.learner_id = $1 AND p.campus_id = $2 ORDER BY s.plan_id";
    let rows: Vec<(String,)> = store.query(sql, &[learner_id.into(), campus_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// The plans of a campus in which a learner holds a seat.
pub async fn held_by(store: &Store, campus_id: &str, learner_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT s.plan_id FROM seat_1 s JOIN plan_1 p ON p.plan_id = s.plan_id \
         WHERE s.learner_id = $1 AND p.campus_id = $2 AND {HELD} ORDER BY s.plan_id"
    );
    let rows: Vec<(String,)> = store.query(&sql, &[learner_id.into(), campus_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// Whether a learner holds a seat of any plan of a campus.
pub async fn holds_seat(store: &Store, campus_id: &str, learner_id: &str) -> Result<bool, StoreError> {
    Ok(!held_by(store, campus_id, learner_id).await?.is_empty())
}
