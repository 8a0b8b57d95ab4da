//! What the catalogue's selections hold: the courses that plans cover.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::selection_event::Event;

row! {
    /// One course in one selection. A row without a course says that the selection exists.
    pub struct SelectionRow {
        key { selection_id: String, course_id: String }
    }
}

/// Courses by selection.
pub struct Selections;

impl View for Selections {
    type Row = SelectionRow;
    const NAME: &'static str = "selection_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SelectionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let mut put = |course_id: String| {
            let row = SelectionRow { selection_id: event.id().to_owned(), course_id };
            rows.row((event.id(), row.course_id.clone()), move |it| *it = Some(row));
        };
        match it {
            Event::SelectionDefined(_) => put(String::new()),
            Event::SelectionRevised(it) => {
                it.added_course_ids.into_iter().for_each(&mut put);
                for course_id in it.removed_course_ids {
                    rows.row((event.id(), course_id), |row| *row = None);
                }
            }
            _ => {}
        }
    }
}

/// Whether the catalogue has told of a selection.
pub async fn exists(store: &Store, selection_id: &str) -> Result<bool, StoreError> {
    holds(store, selection_id, "").await
}

/// Whether a selection holds a course.
pub async fn holds(store: &Store, selection_id: &str, course_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM selection_1 WHERE selection_id = $1 AND course_id = $2";
    Ok(!store.query::<(i64,)>(sql, &[selection_id.into(), course_id.into()]).await?.is_empty())
}
