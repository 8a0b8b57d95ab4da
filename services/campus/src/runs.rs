//! The catalogue's runs, as far as a campus needs them: of which course, and when.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::course_run_event::Event;

row! {
    /// One run.
    pub struct RunRow {
        key { run_id: String }
        course_id: String,
        institution_id: String,
        course_version: u32,
        starts_at_ms: i64,
        ends_at_ms: i64,
        pass_mark_millipoints: u32,
    }
}

/// Runs by id.
pub struct Runs;

impl View for Runs {
    type Row = RunRow;
    const NAME: &'static str = "run_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_course ON {table} (course_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RunRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let run_id = event.id().to_owned();
        match it {
            Event::RunScheduled(it) => rows.row(event.id(), move |row| {
                let row = row.get_or_insert_with(|| RunRow { run_id, ..RunRow::default() });
                (row.course_id, row.institution_id) = (it.course_id, it.institution_id);
                (row.starts_at_ms, row.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
            }),
            Event::RunRescheduled(it) => rows.row(event.id(), move |row| {
                if let Some(row) = row {
                    (row.starts_at_ms, row.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
                }
            }),
            Event::RunOpened(it) => rows.row(event.id(), move |row| {
                if let Some(row) = row {
                    row.course_version = it.course_version;
                }
            }),
            Event::AssessmentSchemeSet(it) => rows.row(event.id(), move |row| {
                if let Some(row) = row {
                    row.pass_mark_millipoints = it.pass_mark_millipoints;
                }
            }),
            _ => {}
        }
    }
}

/// One run, if the catalogue has told of it.
pub async fn run(store: &Store, run_id: &str) -> Result<Option<RunRow>, StoreError> {
    let sql = format!("SELECT {} FROM run_1 WHERE run_id = $1", RunRow::COLUMN_LIST);
    Ok(store.query(&sql, &[run_id.into()]).await?.pop())
}
