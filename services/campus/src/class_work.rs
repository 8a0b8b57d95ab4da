//! The work that classes do before they meet, and who is done with what.

use crate::class_meetings;
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
    let sql = format!("SELECT {} FROM class_work_1 WHERE class_id = $1 ORDER BY work_id", ClassWorkRow::COLUMN_LIST);
    let rows: Vec<ClassWorkRow> = store.query(&sql, &[class_id.into()]).await?;
    let meetings = class_meetings::meetings(store, class_id).await?;
    let due = |it: &ClassWorkRow| {
        let meets = meetings.iter().find(|meeting| meeting.meeting_id == it.meeting_id).map(|it| it.starts_at_ms);
        meets.into_iter().chain(Some(it.due_at_ms).filter(|it| *it > 0)).min().unwrap_or_default()
    };
    let shown = |it: ClassWorkRow| ClassWork {
        due_at_ms: due(&it),
        work_id: it.work_id,
        title: it.title,
        content_ids: it.content_ids.0,
        meeting_id: it.meeting_id,
    };
    Ok(rows.into_iter().map(shown).collect())
}

/// All that is done in a class.
pub async fn done(store: &Store, class_id: &str) -> Result<Vec<WorkDoneRow>, StoreError> {
    let sql = format!("SELECT {} FROM class_work_done_1 WHERE class_id = $1", WorkDoneRow::COLUMN_LIST);
    store.query(&sql, &[class_id.into()]).await
}
