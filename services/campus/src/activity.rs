//! What learners did in which month, from enrolment's own events: reports for a period need more than the latest state.

use crate::period::Month;
use studium_kit::{Changes, Recorded, View, row};
use studium_proto::enrolment::v1::enrolment_event::Event;

row! {
    /// One learner in one run in one month, if there was anything.
    pub struct ActivityRow {
        key { run_id: String, learner_id: String, month: i32 }
        minutes: i64,
    }
}

/// Activity by run, learner and month.
pub struct ActivityByMonth;

impl View for ActivityByMonth {
    type Row = ActivityRow;
    const NAME: &'static str = "activity_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ActivityRow>) {
        let minutes = match event.read::<Event>() {
            Some(Event::ProgressRecorded(it)) => i64::from(it.added_minutes),
            Some(Event::ResultRecorded(it)) if !it.banked => 0,
            Some(Event::EnrolmentStarted(_)) => 0,
            _ => return,
        };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let month = Month::of(event.at_ms()).number();
        let (run_id, learner_id) = (run.to_owned(), learner.to_owned());
        rows.row((run, learner, month), move |row| {
            let row = row.get_or_insert_with(|| ActivityRow { run_id, learner_id, month, minutes: 0 });
            row.minutes += minutes;
        });
    }
}
