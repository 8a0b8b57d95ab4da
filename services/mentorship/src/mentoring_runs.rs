//! The catalogue's runs, as far as mentors hear of them: when they start, and what is to be handed in until when.

use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::{catalogue::v1::course_run_event::Event, mentorship::v1::WatchedAssessment};

/// What counts as failed where the run has no pass mark, thousandths of a percent: as enrolment's own signals.
const PASS_MARK_MILLIPOINTS: u32 = 40_000;

row! {
    /// One run; `dues` are assessments with a weight and a date.
    pub struct MentoringRunRow {
        key { run_id: String }
        starts_at_ms: i64,
        pass_mark_millipoints: u32,
        dues: Json<Vec<(String, i64)>>,
    }
}

/// Runs by id.
pub struct MentoringRuns;

impl View for MentoringRuns {
    type Row = MentoringRunRow;
    const NAME: &'static str = "mentoring_run_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentoringRunRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let run_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| MentoringRunRow { run_id, ..MentoringRunRow::default() });
            match it {
                Event::RunScheduled(it) => row.starts_at_ms = it.starts_at_ms,
                Event::RunRescheduled(it) => row.starts_at_ms = it.starts_at_ms,
                Event::AssessmentSchemeSet(it) => {
                    row.pass_mark_millipoints = it.pass_mark_millipoints;
                    let dated = it.assessments.into_iter().filter(|it| it.weight_millipoints > 0 && it.due_at_ms > 0);
                    row.dues = Json(dated.map(|it| (it.assessment_id, it.due_at_ms)).collect());
                }
                _ => {}
            }
        });
    }
}

impl MentoringRunRow {
    /// The score from which on an assessment is passed, thousandths of a percent.
    pub fn pass_mark(&self) -> u32 {
        if self.pass_mark_millipoints > 0 { self.pass_mark_millipoints } else { PASS_MARK_MILLIPOINTS }
    }

    /// What is to be handed in until when.
    pub fn assessments(&self) -> Vec<WatchedAssessment> {
        let dues = self.dues.0.iter().cloned();
        dues.map(|(assessment_id, due_at_ms)| WatchedAssessment { assessment_id, due_at_ms }).collect()
    }
}

/// The runs of these ids that the catalogue has told of.
pub async fn runs(store: &Store, run_ids: &[&str]) -> Result<Vec<MentoringRunRow>, StoreError> {
    if run_ids.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(1, run_ids.len());
    let sql = format!("SELECT {} FROM mentoring_run_1 WHERE run_id IN ({})", MentoringRunRow::COLUMN_LIST, places);
    store.query(&sql, &run_ids.iter().map(|it| Value::from(*it)).collect::<Vec<_>>()).await
}
