//! Who finished which run, from enrolment's own events: its stream is read from the first position on.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::enrolment_event::Event;

row! {
    /// One learner in one run.
    pub struct FinishedRow {
        key { run_id: String, learner_id: String }
        course_id: String,
        course_version: u32,
        institution_id: String,
        is_finished: bool,
    }
}

/// Enrolments by run and learner.
pub struct Finished;

impl View for Finished {
    type Row = FinishedRow;
    const NAME: &'static str = "finished_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<FinishedRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (run_id, learner_id) = (run.to_owned(), learner.to_owned());
        match it {
            Event::EnrolmentRequested(it) => rows.row((run, learner), move |row| {
                let row = row.get_or_insert_with(|| FinishedRow { run_id, learner_id, ..FinishedRow::default() });
                (row.course_id, row.institution_id) = (it.course_id, it.institution_id);
                row.course_version = it.course_version;
            }),
            // Passed or not: both know the course.
            Event::EnrolmentCompleted(_) | Event::EnrolmentFailed(_) => rows.row((run, learner), |row| {
                if let Some(row) = row {
                    row.is_finished = true;
                }
            }),
            _ => {}
        }
    }
}

/// One learner in one run.
pub async fn of(store: &Store, run_id: &str, learner_id: &str) -> Result<Option<FinishedRow>, StoreError> {
    let sql = format!("SELECT {} FROM finished_1 WHERE run_id = $1 AND learner_id = $2", FinishedRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into(), learner_id.into()]).await?.pop())
}
