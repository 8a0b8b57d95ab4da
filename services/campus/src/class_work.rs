//! The work that classes do before they meet, and who is done with what.

use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{ClassWork, class_event::Event};

row! {
    /// One piece of work of one class; `due_at_ms` is the date of its own, 0 = none.
    pub struct ClassWorkRow {
        key { class_id: String, work_id: String }
        title: String,
        content_ids: Json<Vec<String>>,
        meeting_id: String,
        due_at_ms: i64,
    }
}

/// Work by class.
pub struct ClassWorks;

impl View for ClassWorks {
    type Row = ClassWorkRow;
    const NAME: &'static str = "class_work_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ClassWorkRow>) {
        let Some(Event::ClassWorkAssigned(it)) = event.read() else { return };
        let row = ClassWorkRow {
            class_id: event.id().to_owned(),
            work_id: it.work_id,
            title: it.title,
            content_ids: Json(it.content_ids),
            meeting_id: it.meeting_id,
            due_at_ms: it.due_at_ms,
        };
        rows.row((event.id(), row.work_id.clone()), move |it| *it = Some(row));
    }
}

row! {
    /// One content of one piece of work that one learner is done with.
    pub struct WorkDoneRow {
        key { class_id: String, work_id: String, learner_id: String, content_id: String }
        done_at_ms: i64,
    }
}

/// What is done, by class and work.
pub struct ClassWorkDones;

impl View for ClassWorkDones {
    type Row = WorkDoneRow;
    const NAME: &'static str = "class_work_done_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<WorkDoneRow>) {
        let Some(Event::ClassWorkDone(it)) = event.read() else { return };
        for content_id in it.content_ids {
            let row = WorkDoneRow {
                class_id: event.id().to_owned(),
                work_id: it.work_id.clone(),
                learner_id: it.learner_id.clone(),
                content_id,
                done_at_ms: it.done_at_ms,
            };
            let key = (event.id(), row.work_id.clone(), row.learner_id.clone(), row.content_id.clone());
            rows.row(key, move |it| *it = Some(row));
        }
    }
}

/// The work of a class by id. It is due before the meeting begins, wherever that was moved to.
pub async fn work(store: &Store, class_id: &str) -> Result<Vec<ClassWork>, StoreError> {
    let sql = "SELECT w.work_id, w.title, w.content_ids, w.meeting_id, w.due_at_ms, m.starts_at_ms \
               FROM class_work_1 w JOIN class_meeting_1 m ON m.class_id = w.class_id AND m.meeting_id = w.meeting_id \
               WHERE w.class_id = $1 ORDER BY w.work_id";
    let rows: Vec<(String, String, Json<Vec<String>>, String, i64, i64)> = store.query(sql, &[class_id.into()]).await?;
    let shown = |(work_id, title, content_ids, meeting_id, own, meets): (_, _, Json<Vec<String>>, _, i64, i64)| {
        let due_at_ms = if own == 0 { meets } else { own.min(meets) };
        ClassWork { work_id, title, content_ids: content_ids.0, meeting_id, due_at_ms }
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// All that is done in a class.
pub async fn done(store: &Store, class_id: &str) -> Result<Vec<WorkDoneRow>, StoreError> {
    let sql = format!("SELECT {} FROM class_work_done_1 WHERE class_id = $1", WorkDoneRow::COLUMN_LIST);
    store.query(&sql, &[class_id.into()]).await
}
