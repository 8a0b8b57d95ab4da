//! The page of a course: its working copy, and every version that was ever published.

use crate::{content, message::Message, page::Page};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Course, CourseStage, GetCourseDraftResponse, course_event::Event};

row! {
    /// One version of a course; version 0 is the working copy, and carries what holds for all versions.
    pub struct CoursePageRow {
        key { course_id: String, version: u32 }
        institution_id: String,
        stage: i32,
        offered_version: u32,
        content: Message<Course>,
        author_ids: Json<Vec<String>>,
        review_comment: String,
        licences: Json<BTreeMap<String, i32>>,
        changed_at_ms: i64,
    }
}

/// All versions of all courses.
pub struct CoursePage;

impl View for CoursePage {
    type Row = CoursePageRow;
    const NAME: &'static str = "course_page_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_stage ON {table} (stage, course_id) WHERE version = 0".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CoursePageRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (course_id, at_ms) = (event.id().to_owned(), event.at_ms());
        if let Event::CoursePublished(it) = it {
            publish(&course_id, it.version, at_ms, rows);
            return;
        }
        rows.row((event.id(), 0u32), move |row| {
            let row = row.get_or_insert_with(|| CoursePageRow { course_id, ..CoursePageRow::default() });
            row.changed_at_ms = at_ms;
            change(row, &it);
            row.content.0.course_id.clone_from(&row.course_id);
            row.institution_id.clone_from(&row.content.0.institution_id);
        });
    }
}

/// Takes what the working copy is at this moment over into the row of the version.
fn publish(course_id: &str, version: u32, at_ms: i64, rows: &mut Changes<CoursePageRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((course_id, 0u32), move |row| {
        let Some(row) = row else { return };
        row.stage = CourseStage::Published.into();
        row.offered_version = version;
        row.author_ids.0.clear();
        row.changed_at_ms = at_ms;
        row.content.0.version = version;
        row.content.0.published_at_ms = at_ms;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(row.content.0.clone());
    });
    let id = course_id.to_owned();
    rows.row((course_id, version), move |row| {
        let Some(content) = source.get() else { return };
        *row = Some(CoursePageRow {
            institution_id: content.institution_id.clone(),
            stage: CourseStage::Published.into(),
            offered_version: version,
            content: Message(content.clone()),
            changed_at_ms: at_ms,
            course_id: id,
            version,
            ..CoursePageRow::default()
        });
    });
}

fn change(row: &mut CoursePageRow, event: &Event) {
    content::apply(&mut row.content.0, event);
    match event {
        Event::CourseAuthorJoined(it) => {
            if !row.author_ids.0.contains(&it.author_id) {
                row.author_ids.0.push(it.author_id.clone());
            }
        }
        // Holds at once for all versions, so it is kept apart from their content.
        Event::ModuleReuseLicensed(it) => {
            row.licences.0.insert(it.module_id.clone(), it.licence);
        }
        Event::CourseSubmitted(_) => row.stage = CourseStage::InReview.into(),
        Event::CourseChangesRequested(it) => {
            row.review_comment.clone_from(&it.comment);
            row.stage = CourseStage::Draft.into();
        }
        Event::CourseApproved(it) => {
            row.review_comment.clone_from(&it.comment);
            row.stage = CourseStage::Approved.into();
        }
        Event::CourseRetired(_) => row.stage = CourseStage::Retired.into(),
        // All others change the working copy.
        _ => row.stage = CourseStage::Draft.into(),
    }
}

/// The page of a version (0 = the one that is offered, or was last) out of the rows of a course.
fn shown(rows: Vec<CoursePageRow>, version: u32) -> Option<Course> {
    let (work, versions): (Vec<_>, Vec<_>) = rows.into_iter().partition(|it| it.version == 0);
    let work = work.into_iter().next()?;
    let version = if version == 0 { work.offered_version } else { version };
    let course = versions.into_iter().find(|it| it.version == version)?.content.0;
    Some(with_rest(course, &work))
}

/// Adds to a content what holds for all versions.
fn with_rest(mut course: Course, work: &CoursePageRow) -> Course {
    course.retired = work.stage == i32::from(CourseStage::Retired);
    for module in &mut course.modules {
        if let Some(licence) = work.licences.0.get(&module.module_id) {
            module.licence = *licence;
        }
    }
    course
}

/// The page of a course in a version; 0 = the one that is offered, or was last.
pub async fn course(store: &Store, course_id: &str, version: u32) -> Result<Option<Course>, StoreError> {
    let sql = format!(
        "SELECT {} FROM course_page_1 WHERE course_id = $1 AND (version = 0 OR version = CASE WHEN $2 > 0 THEN $2 ELSE \
         (SELECT w.offered_version FROM course_page_1 w WHERE w.course_id = $1 AND w.version = 0) END)",
        CoursePageRow::COLUMN_LIST
    );
    Ok(shown(store.query(&sql, &[course_id.into(), version.into()]).await?, version))
}

/// The same as it was at a time, Unix milliseconds.
pub async fn course_as_of(
    store: &Store,
    course_id: &str,
    version: u32,
    at_ms: i64,
) -> Result<Option<Course>, StoreError> {
    let subjects = [format!("catalogue.course.{course_id}")];
    Ok(shown(store.as_of::<CoursePage>("catalogue", &subjects, at_ms).await?, version))
}

/// The published versions of a course with the time of publication, Unix milliseconds, oldest first.
pub async fn versions(store: &Store, course_id: &str) -> Result<Vec<(u32, i64)>, StoreError> {
    let sql = "SELECT version, changed_at_ms FROM course_page_1 WHERE course_id = $1 AND version > 0 ORDER BY version";
    store.query(sql, &[course_id.into()]).await
}

/// The working copy of a course.
pub async fn draft(store: &Store, course_id: &str) -> Result<Option<GetCourseDraftResponse>, StoreError> {
    let sql = format!("SELECT {} FROM course_page_1 WHERE course_id = $1 AND version = 0", CoursePageRow::COLUMN_LIST);
    Ok(store.query::<CoursePageRow>(&sql, &[course_id.into()]).await?.into_iter().next().map(|mut work| {
        let course = with_rest(std::mem::take(&mut work.content.0), &work);
        GetCourseDraftResponse {
            course: Some(course),
            stage: work.stage,
            author_ids: work.author_ids.0,
            review_comment: work.review_comment,
        }
    }))
}

/// Working copies by course id: of one institution (empty = all) and at one stage (unspecified = all).
pub async fn drafts(
    store: &Store,
    institution_id: &str,
    stage: CourseStage,
    page: &Page<String>,
) -> Result<(Vec<CoursePageRow>, String), StoreError> {
    let sql = format!(
        "SELECT {} FROM course_page_1 WHERE version = 0 AND ($1 = '' OR institution_id = $1) \
         AND ($2 = 0 OR stage = $2) AND course_id > $3 ORDER BY course_id LIMIT $4",
        CoursePageRow::COLUMN_LIST
    );
    let args = [institution_id.into(), i32::from(stage).into(), page.after_id().into(), page.limit().into()];
    Ok(page.cut(store.query(&sql, &args).await?, |it: &CoursePageRow| it.course_id.clone()))
}
