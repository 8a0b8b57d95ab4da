//! Every selection, and which courses are in it.

use crate::selection::Criteria;
use prost::Message as _;
use std::collections::BTreeSet;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, fold_in_memory, row};
use studium_proto::catalogue::v1::{self, SelectionCourse, selection_event::Event};

row! {
    /// One selection.
    pub struct SelectionRow {
        key { selection_id: String }
        institution_id: String,
        /// The selection, encoded.
        selection: Vec<u8>,
    }
}

/// Every selection with its criteria and its open proposal.
pub struct Selections;

impl View for Selections {
    type Row = SelectionRow;
    const NAME: &'static str = "selections_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SelectionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let selection_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| SelectionRow { selection_id, ..SelectionRow::default() });
            let mut selection = row.told();
            follow(&mut selection, it);
            row.institution_id.clone_from(&selection.institution_id);
            row.selection = selection.encode_to_vec();
        });
    }
}

fn follow(selection: &mut v1::Selection, event: Event) {
    match event {
        Event::SelectionDefined(it) => {
            selection.title = it.title;
            selection.institution_id = it.institution_id;
            selection.threshold_percent = it.threshold_percent;
        }
        Event::SelectionThresholdSet(it) => selection.threshold_percent = it.threshold_percent,
        Event::SelectionRevised(it) => {
            let criteria = Criteria::of_revision(&it);
            selection.revision = it.revision;
            selection.filter = Some(criteria.filter);
            selection.picked_course_ids = criteria.picked_course_ids;
            selection.excluded_course_ids = criteria.excluded_course_ids;
            selection.courses += it.added_course_ids.len() as u32;
            selection.courses = selection.courses.saturating_sub(it.removed_course_ids.len() as u32);
            selection.proposal = None;
        }
        Event::SelectionRevisionProposed(it) => selection.proposal = Some(it),
        Event::SelectionRevisionConfirmed(_) | Event::SelectionRevisionDeclined(_) => selection.proposal = None,
    }
}

impl SelectionRow {
    /// The selection as it is shown.
    pub fn told(&self) -> v1::Selection {
        let selection = v1::Selection::decode(self.selection.as_slice()).unwrap_or_default();
        v1::Selection { selection_id: self.selection_id.clone(), ..selection }
    }
}

row! {
    /// One course in one selection.
    pub struct SelectionCourseRow {
        key { selection_id: String, course_id: String }
        /// The revision that brought it in.
        revision: u32,
    }
}

/// Which courses are in which selection.
pub struct SelectionCourses;

impl View for SelectionCourses {
    type Row = SelectionCourseRow;
    const NAME: &'static str = "selection_courses_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_course ON {table} (course_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<SelectionCourseRow>) {
        let Some(Event::SelectionRevised(it)) = event.read::<Event>() else { return };
        for course in &it.added_course_ids {
            let (selection_id, course_id) = (event.id().to_owned(), course.clone());
            let new = SelectionCourseRow { selection_id, course_id, revision: it.revision };
            rows.row((event.id(), course), move |row| *row = Some(new));
        }
        for course in &it.removed_course_ids {
            rows.row((event.id(), course), |row| *row = None);
        }
    }
}

fn subject(selection_id: &str) -> String {
    format!("catalogue.selection.{selection_id}")
}

/// One selection.
pub async fn selection(store: &Store, id: &str) -> Result<Option<v1::Selection>, StoreError> {
    let sql = format!("SELECT {} FROM selections_1 WHERE selection_id = $1", SelectionRow::COLUMN_LIST);
    let rows: Vec<SelectionRow> = store.query(&sql, &[id.into()]).await?;
    Ok(rows.first().map(SelectionRow::told))
}

/// The selections after one, by id.
pub async fn list(store: &Store, institution_id: &str, after: &str, limit: u32) -> Result<Vec<v1::Selection>, StoreError> {
    let sql = format!(
        "SELECT {} FROM selections_1 WHERE selection_id > $1 AND ($2 = '' OR institution_id = $2) \
         ORDER BY selection_id LIMIT $3",
        SelectionRow::COLUMN_LIST
    );
    let rows: Vec<SelectionRow> = store.query(&sql, &[after.into(), institution_id.into(), limit.into()]).await?;
    Ok(rows.iter().map(SelectionRow::told).collect())
}

/// The courses of a selection after one, by id, now or at a time (0 = now).
pub async fn courses(
    store: &Store,
    id: &str,
    as_of_ms: i64,
    after: &str,
    limit: u32,
) -> Result<Vec<SelectionCourse>, StoreError> {
    if as_of_ms == 0 {
        let sql = "SELECT s.course_id, CASE WHEN c.offered THEN c.title ELSE '' END FROM selection_courses_1 s \
                   LEFT JOIN courses_1 c ON c.course_id = s.course_id WHERE s.selection_id = $1 AND s.course_id > $2 \
                   ORDER BY s.course_id LIMIT $3";
        let rows: Vec<(String, String)> = store.query(sql, &[id.into(), after.into(), limit.into()]).await?;
        return Ok(rows.into_iter().map(|(course_id, title)| SelectionCourse { course_id, title }).collect());
    }
    let mut then: Vec<_> = store.as_of::<SelectionCourses>("catalogue", &[subject(id)], as_of_ms).await?;
    then.retain(|it| it.course_id.as_str() > after);
    then.sort_by(|a, b| a.course_id.cmp(&b.course_id));
    then.truncate(limit as usize);
    let mut told = Vec::with_capacity(then.len());
    for it in then {
        let row = crate::courses::course(store, &it.course_id).await?;
        let title = row.filter(|it| it.offered).map(|it| it.title).unwrap_or_default();
        told.push(SelectionCourse { course_id: it.course_id, title });
    }
    Ok(told)
}

/// Ids of the selections that hold a course.
pub async fn with_course(store: &Store, course_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT selection_id FROM selection_courses_1 WHERE course_id = $1 ORDER BY selection_id";
    let rows: Vec<(String,)> = store.query(sql, &[course_id.into()]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What came in and what went between two positions of the stream; none if there is no such selection.
pub async fn difference(
    store: &Store,
    id: &str,
    from: u64,
    until: u64,
) -> Result<Option<(Vec<String>, Vec<String>)>, StoreError> {
    let commits = store.journal().commits(&subject(id)).await?;
    if commits.is_empty() {
        return Ok(None);
    }
    let contents = |position: u64| -> Result<BTreeSet<String>, StoreError> {
        let seen: Vec<_> = commits.iter().filter(|it| it.position <= position).cloned().collect();
        let rows = fold_in_memory::<SelectionCourses>("catalogue", &seen)?;
        Ok(rows.into_iter().map(|it| it.course_id).collect())
    };
    let (before, after) = (contents(from)?, contents(until)?);
    let added = after.difference(&before).cloned().collect();
    let removed = before.difference(&after).cloned().collect();
    Ok(Some((added, removed)))
}
