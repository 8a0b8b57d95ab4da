//! The page of a programme: its working copy, and every version that was ever published.

use crate::{message::Message, page::Page};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{
    CourseStage, GetProgrammeDraftResponse, Programme, ProgrammeKind, programme_event::Event,
};

row! {
    /// One version of a programme; version 0 is the working copy, and carries what holds for all versions.
    pub struct ProgrammePageRow {
        key { programme_id: String, version: u32 }
        institution_id: String,
        kind: i32,
        stage: i32,
        offered_version: u32,
        course_ids: Json<Vec<String>>,
        content: Message<Programme>,
        author_ids: Json<Vec<String>>,
        review_comment: String,
    }
}

/// All versions of all programmes.
pub struct ProgrammePage;

impl View for ProgrammePage {
    type Row = ProgrammePageRow;
    const NAME: &'static str = "programme_page_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ProgrammePageRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (programme_id, at_ms) = (event.id().to_owned(), event.at_ms());
        if let Event::ProgrammePublished(it) = it {
            publish(&programme_id, it.version, at_ms, rows);
            return;
        }
        rows.row((event.id(), 0u32), move |row| {
            let row = row.get_or_insert_with(|| ProgrammePageRow { programme_id, ..ProgrammePageRow::default() });
            change(row, it);
            row.content.0.programme_id.clone_from(&row.programme_id);
            row.institution_id.clone_from(&row.content.0.institution_id);
            row.kind = row.content.0.kind;
            row.course_ids.0 = courses_of(&row.content.0);
        });
    }
}

/// Takes what the working copy is at this moment over into the row of the version.
fn publish(programme_id: &str, version: u32, at_ms: i64, rows: &mut Changes<ProgrammePageRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((programme_id, 0u32), move |row| {
        let Some(row) = row else { return };
        row.stage = CourseStage::Published.into();
        row.offered_version = version;
        row.author_ids.0.clear();
        row.content.0.version = version;
        row.content.0.published_at_ms = at_ms;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(ProgrammePageRow { version, review_comment: String::new(), ..row.clone() });
    });
    rows.row((programme_id, version), move |row| *row = source.get().cloned());
}

fn change(row: &mut ProgrammePageRow, event: Event) {
    let content = &mut row.content.0;
    let mut stage = CourseStage::Draft;
    match event {
        Event::ProgrammeCreated(it) => {
            content.institution_id = it.institution_id;
            content.kind = it.kind;
            content.description.get_or_insert_default().title = it.title;
        }
        Event::ProgrammeAuthorJoined(it) => {
            if !row.author_ids.0.contains(&it.author_id) {
                row.author_ids.0.push(it.author_id);
            }
            return;
        }
        Event::ProgrammeDescribed(it) => content.description = Some(it),
        Event::ProgrammeComposed(it) => content.composition = Some(it),
        Event::MentorshipPlanSet(it) => content.mentorship = Some(it),
        Event::ProgrammeCredentialSet(it) => content.credential = Some(it),
        Event::ProgrammeSubmitted(_) => stage = CourseStage::InReview,
        Event::ProgrammeChangesRequested(it) => row.review_comment = it.comment,
        Event::ProgrammeApproved(it) => {
            row.review_comment = it.comment;
            stage = CourseStage::Approved;
        }
        Event::ProgrammeRetired(_) => {
            content.retired = true;
            stage = CourseStage::Retired;
        }
        // Not of one row alone: see `publish`.
        Event::ProgrammePublished(_) => return,
    }
    row.stage = stage.into();
}

fn courses_of(programme: &Programme) -> Vec<String> {
    let Some(composition) = &programme.composition else { return Vec::new() };
    let electives = composition.elective_groups.iter().flat_map(|it| &it.course_ids);
    composition.required_course_ids.iter().chain(electives).cloned().collect()
}

/// The page of a version (0 = the one that is offered, or was last) out of the rows of a programme.
fn shown(rows: Vec<ProgrammePageRow>, version: u32) -> Option<Programme> {
    let (work, versions): (Vec<_>, Vec<_>) = rows.into_iter().partition(|it| it.version == 0);
    let work = work.into_iter().next()?;
    let version = if version == 0 { work.offered_version } else { version };
    let programme = versions.into_iter().find(|it| it.version == version)?.content.0;
    Some(Programme { retired: work.content.0.retired, ..programme })
}

/// The page of a programme in a version; 0 = the one that is offered, or was last.
pub async fn programme(store: &Store, programme_id: &str, version: u32) -> Result<Option<Programme>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programme_page_1 WHERE programme_id = $1 AND (version = 0 OR version = CASE WHEN $2 > 0 THEN $2 \
         ELSE (SELECT w.offered_version FROM programme_page_1 w WHERE w.programme_id = $1 AND w.version = 0) END)",
        ProgrammePageRow::COLUMN_LIST
    );
    Ok(shown(store.query(&sql, &[programme_id.into(), version.into()]).await?, version))
}

/// The same as it was at a time, Unix milliseconds.
pub async fn programme_as_of(
    store: &Store,
    programme_id: &str,
    version: u32,
    at_ms: i64,
) -> Result<Option<Programme>, StoreError> {
    let subjects = [format!("catalogue.programme.{programme_id}")];
    Ok(shown(store.as_of::<ProgrammePage>("catalogue", &subjects, at_ms).await?, version))
}

/// The working copy of a programme.
pub async fn draft(store: &Store, programme_id: &str) -> Result<Option<GetProgrammeDraftResponse>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programme_page_1 WHERE programme_id = $1 AND version = 0",
        ProgrammePageRow::COLUMN_LIST
    );
    let rows: Vec<ProgrammePageRow> = store.query(&sql, &[programme_id.into()]).await?;
    Ok(rows.into_iter().next().map(|work| GetProgrammeDraftResponse {
        programme: Some(work.content.0),
        stage: work.stage,
        author_ids: work.author_ids.0,
        review_comment: work.review_comment,
    }))
}

/// A page of the programmes that are offered, by id: of an institution, with a course (empty = all), of one sort
/// (unspecified = all).
pub async fn programmes(
    store: &Store,
    institution_id: &str,
    kind: ProgrammeKind,
    course_id: &str,
    page: &Page<String>,
) -> Result<(Vec<Programme>, String), StoreError> {
    let courses = match store.dialect() {
        Dialect::Sqlite => "SELECT value FROM json_each(p.course_ids)",
        Dialect::Postgres => "SELECT json_array_elements_text(p.course_ids::json)",
    };
    let sql = format!(
        "SELECT p.content FROM programme_page_1 w JOIN programme_page_1 p \
         ON p.programme_id = w.programme_id AND p.version = w.offered_version \
         WHERE w.version = 0 AND w.offered_version > 0 AND w.stage <> {} AND ($1 = '' OR p.institution_id = $1) \
         AND ($2 = 0 OR p.kind = $2) AND ($3 = '' OR $3 IN ({courses})) AND p.programme_id > $4 \
         ORDER BY p.programme_id LIMIT $5",
        i32::from(CourseStage::Retired)
    );
    let args =
        [institution_id.into(), i32::from(kind).into(), course_id.into(), page.after_id().into(), page.limit().into()];
    let rows: Vec<(Message<Programme>,)> = store.query(&sql, &args).await?;
    Ok(page.cut(rows.into_iter().map(|it| it.0.0).collect(), |it: &Programme| it.programme_id.clone()))
}
