//! The page of every programme: its working copy, and what is offered.

use crate::{past, programme, search::each_of};
use prost::Message as _;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, fold_in_memory, row};
use studium_proto::catalogue::v1::{CourseStage, Programme, ProgrammeKind, programme_event::Event};

row! {
    /// One programme.
    pub struct ProgrammeRow {
        key { programme_id: String }
        institution_id: String,
        kind: i32,
        stage: i32,
        /// The working copy, encoded; empty = as it is offered.
        draft: Vec<u8>,
        authors: Json<Vec<String>>,
        review_comment: String,
        offered: bool,
        version: u32,
        /// The offered page, encoded.
        page: Vec<u8>,
        /// The offered courses.
        courses: Json<Vec<String>>,
    }
}

/// The page of every programme.
pub struct Programmes;

impl View for Programmes {
    type Row = ProgrammeRow;
    const NAME: &'static str = "programmes_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ProgrammeRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (programme_id, at_ms) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            row.get_or_insert_with(|| ProgrammeRow { programme_id, ..ProgrammeRow::default() }).follow(&it, at_ms);
        });
    }
}

impl ProgrammeRow {
    fn follow(&mut self, event: &Event, at_ms: i64) {
        match event {
            Event::ProgrammeAuthorJoined(it) => self.authors.0.push(it.author_id.clone()),
            Event::ProgrammeSubmitted(_) => self.stage = CourseStage::InReview.into(),
            Event::ProgrammeChangesRequested(it) => {
                self.stage = CourseStage::Draft.into();
                self.review_comment.clone_from(&it.comment);
            }
            Event::ProgrammeApproved(it) => {
                self.stage = CourseStage::Approved.into();
                self.review_comment.clone_from(&it.comment);
            }
            Event::ProgrammePublished(it) => {
                let page = Programme { version: it.version, published_at_ms: at_ms, ..self.draft() };
                self.stage = CourseStage::Published.into();
                self.draft.clear();
                self.authors.0.clear();
                self.offered = true;
                self.version = it.version;
                self.courses.0 = page.composition.as_ref().map(programme::courses).unwrap_or_default();
                self.page = page.encode_to_vec();
            }
            Event::ProgrammeRetired(_) => {
                let (mut draft, mut page) = (self.draft(), self.page());
                programme::apply(&mut draft, event);
                programme::apply(&mut page, event);
                (self.draft, self.page) = (draft.encode_to_vec(), page.encode_to_vec());
                self.stage = CourseStage::Retired.into();
                self.offered = false;
            }
            _ => {
                let mut draft = self.draft();
                programme::apply(&mut draft, event);
                self.institution_id.clone_from(&draft.institution_id);
                self.kind = draft.kind;
                self.draft = draft.encode_to_vec();
                self.stage = CourseStage::Draft.into();
            }
        }
    }

    /// The page that is offered, or was.
    pub fn page(&self) -> Programme {
        let page = Programme::decode(self.page.as_slice()).unwrap_or_default();
        Programme { programme_id: self.programme_id.clone(), ..page }
    }

    /// The working copy.
    pub fn draft(&self) -> Programme {
        if self.draft.is_empty() {
            return self.page();
        }
        let draft = Programme::decode(self.draft.as_slice()).unwrap_or_default();
        Programme { programme_id: self.programme_id.clone(), ..draft }
    }
}

fn subject(programme_id: &str) -> String {
    format!("catalogue.programme.{programme_id}")
}

/// One programme as it is.
pub async fn programme(store: &Store, programme_id: &str) -> Result<Option<ProgrammeRow>, StoreError> {
    let sql = format!("SELECT {} FROM programmes_1 WHERE programme_id = $1", ProgrammeRow::COLUMN_LIST);
    Ok(store.query(&sql, &[programme_id.into()]).await?.pop())
}

/// One programme as it was at a time.
pub async fn as_of(store: &Store, programme_id: &str, at_ms: i64) -> Result<Option<ProgrammeRow>, StoreError> {
    Ok(store.as_of::<Programmes>("catalogue", &[subject(programme_id)], at_ms).await?.pop())
}

/// A published version as it was published.
pub async fn version(store: &Store, programme_id: &str, version: u32) -> Result<Option<ProgrammeRow>, StoreError> {
    let publishes = |it: &Event| matches!(it, Event::ProgrammePublished(it) if it.version == version);
    let commits = past::until(store, programme_id, publishes).await?;
    Ok(fold_in_memory::<Programmes>("catalogue", &commits)?.pop())
}

/// Which programmes to list.
pub struct Wanted<'a> {
    /// Only of this institution; empty = all.
    pub institution_id: &'a str,
    /// Only of this sort; unspecified = all.
    pub kind: ProgrammeKind,
    /// Only those with this course; empty = all.
    pub course_id: &'a str,
}

/// The offered programmes after one, by id.
pub async fn list(store: &Store, wanted: &Wanted<'_>, after: &str, limit: u32) -> Result<Vec<Programme>, StoreError> {
    let sql = format!(
        "SELECT {} FROM programmes_1 WHERE offered AND programme_id > $1 AND ($2 = '' OR institution_id = $2) \
         AND ($3 = 0 OR kind = $3) AND ($4 = '' OR EXISTS (SELECT 1 FROM {} WHERE s.value = $4)) \
         ORDER BY programme_id LIMIT $5",
        ProgrammeRow::COLUMN_LIST,
        each_of(store.dialect(), "courses")
    );
    let kind = i64::from(i32::from(wanted.kind));
    let args: [Value; 5] =
        [after.into(), wanted.institution_id.into(), kind.into(), wanted.course_id.into(), limit.into()];
    let rows: Vec<ProgrammeRow> = store.query(&sql, &args).await?;
    Ok(rows.iter().map(ProgrammeRow::page).collect())
}
