//! Which modules learners completed in runs, from enrolment's own events.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::enrolment_event::Event;

row! {
    /// One learner in one module of one run.
    pub struct ModuleProgressRow {
        key { learner_id: String, run_id: String, module_id: String }
        minutes: u32,
        completed_at_ms: i64,
    }
}

/// Progress by learner, run and module.
pub struct ModuleProgress;

impl View for ModuleProgress {
    type Row = ModuleProgressRow;
    const NAME: &'static str = "module_progress_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ModuleProgressRow>) {
        let Some(Event::ProgressRecorded(it)) = event.read() else { return };
        let Some((run, learner)) = event.id().split_once('~') else { return };
        let (learner_id, run_id, at) = (learner.to_owned(), run.to_owned(), event.at_ms());
        rows.row((learner, run, it.module_id.clone()), move |row| {
            let module_id = it.module_id;
            let row = row.get_or_insert_with(|| ModuleProgressRow {
                learner_id,
                run_id,
                module_id,
                ..ModuleProgressRow::default()
            });
            row.minutes = it.minutes;
            if it.completed_now {
                row.completed_at_ms = at;
            }
        });
    }
}

/// A module that a learner of a class completed in a run of one of its courses.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The learner.
    pub learner: String,
    /// The course.
    pub course: String,
    /// The module.
    pub module: String,
}

/// Modules that learners of a class completed in its courses, whatever the run.
pub async fn of_class(store: &Store, class_id: &str) -> Result<Vec<Completed>, StoreError> {
    let sql = "SELECT p.learner_id, e.course_id, p.module_id FROM class_learner_1 l \
               JOIN module_progress_1 p ON p.learner_id = l.learner_id \
               JOIN campus_enrolment_1 e ON e.run_id = p.run_id AND e.learner_id = p.learner_id \
               JOIN class_course_1 c ON c.course_id = e.course_id AND c.class_id = l.class_id \
               WHERE l.class_id = $1 AND p.completed_at_ms > 0";
    let rows: Vec<(String, String, String)> = store.query(sql, &[class_id.into()]).await?;
    let shown = |(learner, course, module)| Completed { learner, course, module };
    Ok(rows.into_iter().map(shown).collect())
}
