//! How the runs of a course decide who passes: the catalogue states the mark of each run, not of the course.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{AssessmentPart, course_run_event::Event};

row! {
    /// One run.
    pub struct RunMarkRow {
        key { run_id: String }
        course_id: String,
        course_version: u32,
        pass_mark_millipoints: u32,
        has_exam: bool,
    }
}

/// Runs by id.
pub struct RunMarks;

impl View for RunMarks {
    type Row = RunMarkRow;
    const NAME: &'static str = "run_mark_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_course ON {table} (course_id, course_version)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RunMarkRow>) {
        let Some(it @ (Event::RunScheduled(_) | Event::AssessmentSchemeSet(_) | Event::RunOpened(_))) = event.read()
        else {
            return;
        };
        let run_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| RunMarkRow { run_id, ..RunMarkRow::default() });
            match it {
                Event::RunScheduled(it) => row.course_id = it.course_id,
                Event::AssessmentSchemeSet(it) => {
                    row.pass_mark_millipoints = it.pass_mark_millipoints;
                    row.has_exam = it.assessments.iter().any(|it| it.part() == AssessmentPart::Exam);
                }
                Event::RunOpened(it) => row.course_version = it.course_version,
                _ => {}
            }
        });
    }
}

/// How all runs of a course's version decide who passes; nothing where there is none, or they differ.
pub async fn agreed(store: &Store, course_id: &str, version: u32) -> Result<RunMarkRow, StoreError> {
    let columns = RunMarkRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM run_mark_1 WHERE course_id = $1 AND course_version = $2");
    let runs: Vec<RunMarkRow> = store.query(&sql, &[course_id.into(), version.into()]).await?;
    let how = |it: &RunMarkRow| (it.pass_mark_millipoints, it.has_exam);
    let Some(first) = runs.first() else { return Ok(RunMarkRow::default()) };
    let agree = runs.iter().all(|it| how(it) == how(first));
    Ok(if agree { first.clone() } else { RunMarkRow::default() })
}
