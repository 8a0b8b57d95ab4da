//! Who was ever in which run, from enrolment's own events: its stream is read from the first position on.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::enrolment_event::Event;

row! {
    /// One learner in one run.
    pub struct StandingRow {
        key { run_id: String, learner_id: String }
        course_id: String,
        requested_at_ms: i64,
    }
}

/// Enrolments by run and learner.
pub struct Standings;

impl View for Standings {
    type Row = StandingRow;
    const NAME: &'static str = "standing_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StandingRow>) {
        let Some(Event::EnrolmentRequested(it)) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (run_id, learner_id, requested_at_ms) = (run.to_owned(), learner.to_owned(), event.at_ms());
        let row = StandingRow { run_id, learner_id, course_id: it.course_id, requested_at_ms };
        rows.row((run, learner), move |it| *it = Some(row));
    }
}

/// One learner in one run.
pub async fn standing(store: &Store, run_id: &str, learner_id: &str) -> Result<Option<StandingRow>, StoreError> {
    let sql = format!("SELECT {} FROM standing_1 WHERE run_id = $1 AND learner_id = $2", StandingRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into(), learner_id.into()]).await?.pop())
}
