//! What learners noted, from the service's own events.

use crate::v1::note_event::Event;
use studium_kit::{Changes, Recorded, Store, StoreError, View, row};

row! {
    /// One learner's note on one run.
    pub struct NoteRow {
        key { run_id: String, learner_id: String }
        text: String,
        written_at_ms: i64,
    }
}

/// Notes by run and learner.
pub struct Notes;

impl View for Notes {
    type Row = NoteRow;
    const NAME: &'static str = "note_1";
    const STREAMS: &'static [&'static str] = &["sixth"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<NoteRow>) {
        let Some(Event::NoteWritten(it)) = event.read::<Event>() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (run_id, learner_id) = (run.to_owned(), learner.to_owned());
        let row = NoteRow { run_id, learner_id, text: it.text, written_at_ms: event.at_ms() };
        rows.row((run, learner), move |it| *it = Some(row));
    }
}

/// One learner's note on one run.
pub async fn note(store: &Store, run_id: &str, learner_id: &str) -> Result<Option<NoteRow>, StoreError> {
    let sql = format!("SELECT {} FROM note_1 WHERE run_id = $1 AND learner_id = $2", NoteRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into(), learner_id.into()]).await?.pop())
}
