//! What classes recorded of their learners: results of assessments, and exercises in class.

use studium_kit::{Changes, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{ClassResult, class_event::Event};

row! {
    /// One result or exercise of one learner.
    pub struct ClassResultRow {
        key { class_id: String, learner_id: String, is_exercise: bool, assessment_id: String, group_id: String }
        content_id: String,
        score_millipoints: Option<u32>,
        recorded_at_ms: i64,
        corrections: u32,
    }
}

/// Results by class and learner.
pub struct ClassResults;

impl View for ClassResults {
    type Row = ClassResultRow;
    const NAME: &'static str = "class_result_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassResultRow>) {
        let class_id = event.id().to_owned();
        let row = ClassResultRow { class_id, recorded_at_ms: event.at_ms(), ..ClassResultRow::default() };
        match event.read() {
            Some(Event::ClassExerciseRecorded(it)) => {
                for learner_id in it.learner_ids {
                    let row = ClassResultRow {
                        learner_id,
                        is_exercise: true,
                        assessment_id: it.exercise_id.clone(),
                        group_id: it.group_id.clone(),
                        content_id: it.content_id.clone(),
                        score_millipoints: it.score_millipoints,
                        ..row.clone()
                    };
                    put(row, rows);
                }
            }
            Some(Event::ClassResultRecorded(it)) => put(
                ClassResultRow {
                    learner_id: it.learner_id,
                    assessment_id: it.assessment_id,
                    content_id: it.content_id,
                    score_millipoints: Some(it.score_millipoints),
                    ..row
                },
                rows,
            ),
            _ => {}
        }
    }
}

fn put(new: ClassResultRow, rows: &mut Changes<ClassResultRow>) {
    let key = (
        new.class_id.clone(),
        new.learner_id.clone(),
        new.is_exercise,
        new.assessment_id.clone(),
        new.group_id.clone(),
    );
    rows.row(key, move |row| {
        let corrections = row.as_ref().map_or(0, |it| it.corrections + 1);
        *row = Some(ClassResultRow { corrections, ..new });
    });
}

impl ClassResultRow {
    /// As it is shown.
    pub fn shown(self) -> ClassResult {
        ClassResult {
            learner_id: self.learner_id,
            assessment_id: self.assessment_id,
            exercise: self.is_exercise,
            group_id: self.group_id,
            content_id: self.content_id,
            score_millipoints: self.score_millipoints,
            recorded_at_ms: self.recorded_at_ms,
            corrections: self.corrections,
        }
    }
}

/// All results of a class, by learner.
pub async fn all(store: &Store, class_id: &str) -> Result<Vec<ClassResultRow>, StoreError> {
    let sql = format!("SELECT {} FROM class_result_1 WHERE class_id = $1", ClassResultRow::COLUMN_LIST);
    store.query(&sql, &[class_id.into()]).await
}

/// The results of as many learners of a class as a page has, by learner: a learner is never cut in two.
pub async fn results(store: &Store, class_id: &str, page: &Page) -> Result<Vec<ClassResultRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM class_result_1 WHERE class_id = $1 AND learner_id IN (SELECT DISTINCT learner_id \
         FROM class_result_1 WHERE class_id = $1 AND learner_id > $2 ORDER BY learner_id LIMIT $3) \
         ORDER BY learner_id, is_exercise, assessment_id, group_id",
        ClassResultRow::COLUMN_LIST
    );
    store.query(&sql, &[class_id.into(), page.after.as_str().into(), page.size.into()]).await
}
