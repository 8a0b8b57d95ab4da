//! Who holds a live seat of which licence plan.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::licence_plan_event::Event;

row! {
    /// One learner with a seat of one plan. Who lost it has no row.
    pub struct SeatRow {
        key { plan_id: String, learner_id: String }
        activated: bool,
    }
}

/// Live seats by plan and learner.
pub struct Seats;

impl View for Seats {
    type Row = SeatRow;
    const NAME: &'static str = "seat_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SeatRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let plan_id = event.id().to_owned();
        match it {
            Event::SeatAssigned(it) => {
                let row = SeatRow { plan_id, learner_id: it.learner_id, activated: false };
                rows.row((event.id(), row.learner_id.clone()), move |it| *it = Some(row));
            }
            Event::SeatActivated(it) => rows.row((plan_id, it.learner_id), |row| {
                if let Some(row) = row {
                    row.activated = true;
                }
            }),
            Event::SeatEnded(it) => rows.row((plan_id, it.learner_id), |row| *row = None),
            _ => {}
        }
    }
}

row! {
    /// One plan: whose it is, and whether it is over.
    pub struct PlanCampusRow {
        key { plan_id: String }
        campus_id: String,
        is_expired: bool,
    }
}

/// Campuses by plan.
pub struct PlanCampuses;

impl View for PlanCampuses {
    type Row = PlanCampusRow;
    const NAME: &'static str = "plan_campus_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<PlanCampusRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let plan_id = event.id().to_owned();
        match it {
            Event::PlanProvisioned(it) => rows.row(event.id(), move |row| {
                *row = Some(PlanCampusRow { plan_id, campus_id: it.campus_id, is_expired: false });
            }),
            Event::PlanExpired(_) => rows.row(event.id(), |row| {
                if let Some(row) = row {
                    row.is_expired = true;
                }
            }),
            _ => {}
        }
    }
}

/// Whether a learner holds a live seat of one of a campus's plans.
pub async fn holds_seat(store: &Store, campus_id: &str, learner_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM seat_1 s JOIN plan_campus_1 p ON p.plan_id = s.plan_id \
               WHERE s.learner_id = $1 AND p.campus_id = $2 AND NOT p.is_expired LIMIT 1";
    Ok(!store.query::<(i64,)>(sql, &[learner_id.into(), campus_id.into()]).await?.is_empty())
}
