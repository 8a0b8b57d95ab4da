//! The courses of each selection, now, at a time, and between two positions of the log.

use crate::{course_search, page::Page};
use std::collections::BTreeSet;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, fold_in_memory, row};
use studium_proto::catalogue::v1::{DiffSelectionResponse, SelectionCourse, selection_event::Event};

row! {
    /// One course in one selection.
    pub struct SelectionContentRow {
        key { selection_id: String, course_id: String }
        revision: u32,
    }
}

/// The courses of all selections, as the revisions that hold say: no course comes or goes without one.
pub struct SelectionContents;

impl View for SelectionContents {
    type Row = SelectionContentRow;
    const NAME: &'static str = "selection_contents_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_course ON {table} (course_id, selection_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SelectionContentRow>) {
        let Some(Event::SelectionRevised(it)) = event.read() else { return };
        let revision = it.revision;
        for course_id in it.removed_course_ids {
            rows.row((event.id(), course_id), |row| *row = None);
        }
        for course_id in it.added_course_ids {
            let (selection_id, key) = (event.id().to_owned(), course_id.clone());
            rows.row((event.id(), key), move |row| {
                *row = Some(SelectionContentRow { selection_id, course_id, revision });
            });
        }
    }
}

fn subject(selection_id: &str) -> String {
    format!("catalogue.selection.{selection_id}")
}

/// A page of the courses of a selection by id, with the titles under which they are offered now; `at_ms` (Unix
/// milliseconds) asks for the contents as they were then, 0 for those of now.
pub async fn courses(
    store: &Store,
    selection_id: &str,
    at_ms: i64,
    page: &Page<String>,
) -> Result<(Vec<SelectionCourse>, String), StoreError> {
    let ids: Vec<String> = if at_ms == 0 {
        let sql = "SELECT course_id FROM selection_contents_1 WHERE selection_id = $1 AND course_id > $2 \
                   ORDER BY course_id LIMIT $3";
        let args = [selection_id.into(), page.after_id().into(), page.limit().into()];
        store.query::<(String,)>(sql, &args).await?.into_iter().map(|it| it.0).collect()
    } else {
        let rows = store.as_of::<SelectionContents>("catalogue", &[subject(selection_id)], at_ms).await?;
        let ids: BTreeSet<_> = rows.into_iter().map(|it| it.course_id).collect();
        ids.into_iter().filter(|it| it.as_str() > page.after_id()).take(page.limit() as usize).collect()
    };
    let (ids, next) = page.cut(ids, String::clone);
    let mut titles = course_search::titles(store, &ids).await?;
    let courses = ids.into_iter().map(|course_id| {
        let title = titles.remove(&course_id).unwrap_or_default();
        SelectionCourse { course_id, title }
    });
    Ok((courses.collect(), next))
}

/// All courses of a selection, by id.
pub async fn contents(store: &Store, selection_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT course_id FROM selection_contents_1 WHERE selection_id = $1 ORDER BY course_id";
    let rows: Vec<(String,)> = store.query(sql, &[selection_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// The selections that hold a course, by id.
pub async fn selections_with(store: &Store, course_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT selection_id FROM selection_contents_1 WHERE course_id = $1 ORDER BY selection_id";
    let rows: Vec<(String,)> = store.query(sql, &[course_id.into()]).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// What came in and what went between two positions of the catalogue stream: `from` (0 = before anything), `until`
/// (0 = now). The contents at both are folded from the journal.
pub async fn diff(
    store: &Store,
    selection_id: &str,
    from: u64,
    until: u64,
) -> Result<DiffSelectionResponse, StoreError> {
    let until = if until == 0 { u64::MAX } else { until };
    let commits = store.journal().commits(&subject(selection_id)).await?;
    let held = |position| {
        let commits: Vec<_> = commits.iter().filter(|it| it.position <= position).cloned().collect();
        fold_in_memory::<SelectionContents>("catalogue", &commits).map(ids)
    };
    let (earlier, later) = (held(from)?, held(until)?);
    Ok(DiffSelectionResponse {
        added_course_ids: later.difference(&earlier).cloned().collect(),
        removed_course_ids: earlier.difference(&later).cloned().collect(),
    })
}

fn ids(rows: Vec<SelectionContentRow>) -> BTreeSet<String> {
    rows.into_iter().map(|it| it.course_id).collect()
}
