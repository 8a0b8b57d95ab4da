//! Which campus seats are used for which enrolments, from the campus service's own events.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::licence_plan_event::Event;

row! {
    /// One use of a plan's seat that has not ended.
    pub struct CampusSeatRow {
        key { plan_id: String, learner_id: String, run_id: String }
        round: u32,
    }
}

/// Uses by plan, learner and run.
pub struct CampusSeats;

impl View for CampusSeats {
    type Row = CampusSeatRow;
    const NAME: &'static str = "campus_seat_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CampusSeatRow>) {
        let plan_id = event.id().to_owned();
        match event.read::<Event>() {
            Some(Event::SeatUseRequested(it)) => {
                let (learner_id, run_id, round) = (it.learner_id, it.run_id, it.round);
                rows.row((event.id(), learner_id.clone(), run_id.clone()), move |row| {
                    *row = Some(CampusSeatRow { plan_id, learner_id, run_id, round });
                });
            }
            Some(Event::SeatUseRefused(it)) => rows.row((event.id(), it.learner_id, it.run_id), |row| *row = None),
            Some(Event::SeatUseEnded(it)) => rows.row((event.id(), it.learner_id, it.run_id), |row| *row = None),
            _ => {}
        }
    }
}

/// Run and learner of every use of a plan's seats.
pub async fn of_plan(store: &Store, plan_id: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT run_id, learner_id FROM campus_seat_1 WHERE plan_id = $1 ORDER BY learner_id, run_id";
    store.query(sql, &[plan_id.into()]).await
}
