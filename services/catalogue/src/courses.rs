//! The page of every course: its working copy, what is offered, and what search looks at.

use crate::{content, past, text};
use prost::Message as _;
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, fold_in_memory, row};
use studium_proto::catalogue::v1::{Course, CourseStage, course_event::Event};

row! {
    /// One course.
    pub struct CourseRow {
        key { course_id: String }
        institution_id: String,
        stage: i32,
        /// The working copy, encoded; empty = as it is offered.
        draft: Vec<u8>,
        authors: Json<Vec<String>>,
        review_comment: String,
        /// From here on what is offered, or was until the course was retired.
        offered: bool,
        version: u32,
        published_at_ms: i64,
        /// The offered page, encoded.
        page: Vec<u8>,
        title: String,
        language: String,
        level: i32,
        subject: String,
        category: String,
        workload_minutes: u32,
        credit_bearing: bool,
        rating_hundredths: u32,
        skills: Json<Vec<String>>,
        title_words: String,
        words: String,
    }
}

/// The page of every course.
pub struct Courses;

impl View for Courses {
    type Row = CourseRow;
    const NAME: &'static str = "courses_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(dialect: Dialect) -> Vec<String> {
        let own: &[&str] = match dialect {
            Dialect::Sqlite => &[
                "CREATE VIRTUAL TABLE {table}_fts USING fts5(title_words, words, content='{table}', content_rowid='rowid', \
                 tokenize='unicode61 remove_diacritics 0', prefix='2 3')",
                "CREATE TRIGGER {table}_ai AFTER INSERT ON {table} BEGIN \
                 INSERT INTO {table}_fts(rowid, title_words, words) VALUES (new.rowid, new.title_words, new.words); END",
                "CREATE TRIGGER {table}_ad AFTER DELETE ON {table} BEGIN \
                 INSERT INTO {table}_fts({table}_fts, rowid, title_words, words) \
                 VALUES ('delete', old.rowid, old.title_words, old.words); END",
                "CREATE TRIGGER {table}_au AFTER UPDATE ON {table} \
                 WHEN old.words <> new.words OR old.title_words <> new.title_words BEGIN \
                 INSERT INTO {table}_fts({table}_fts, rowid, title_words, words) \
                 VALUES ('delete', old.rowid, old.title_words, old.words); \
                 INSERT INTO {table}_fts(rowid, title_words, words) VALUES (new.rowid, new.title_words, new.words); END",
                "INSERT INTO {table}_fts({table}_fts) VALUES ('rebuild')",
            ],
            Dialect::Postgres => &[
                "CREATE INDEX {table}_fts ON {table} USING gin (to_tsvector('simple', words))",
                "CREATE INDEX {table}_title_fts ON {table} USING gin (to_tsvector('simple', title_words))",
            ],
        };
        let both = ["CREATE INDEX {table}_by_institution ON {table} (institution_id, course_id)"];
        own.iter().chain(&both).map(|it| (*it).to_owned()).collect()
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (id, at_ms) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| CourseRow { course_id: id, ..CourseRow::default() });
            row.follow(&it, at_ms);
        });
    }
}

impl CourseRow {
    fn follow(&mut self, event: &Event, at_ms: i64) {
        match event {
            Event::CourseAuthorJoined(it) => self.authors.0.push(it.author_id.clone()),
            Event::CourseSubmitted(_) => self.stage = CourseStage::InReview.into(),
            Event::CourseChangesRequested(it) => {
                self.stage = CourseStage::Draft.into();
                self.review_comment.clone_from(&it.comment);
            }
            Event::CourseApproved(it) => {
                self.stage = CourseStage::Approved.into();
                self.review_comment.clone_from(&it.comment);
            }
            Event::CoursePublished(it) => self.publish(it.version, at_ms),
            Event::CourseRetired(_) => {
                self.stage = CourseStage::Retired.into();
                self.offered = false;
                self.change_both(event);
            }
            Event::ModuleReuseLicensed(_) => self.change_both(event),
            _ => {
                let mut draft = self.draft();
                content::apply(&mut draft, event);
                self.institution_id.clone_from(&draft.institution_id);
                self.draft = draft.encode_to_vec();
                self.stage = CourseStage::Draft.into();
            }
        }
    }

    /// What holds for the working copy and for what is offered alike.
    fn change_both(&mut self, event: &Event) {
        let mut draft = self.draft();
        content::apply(&mut draft, event);
        if self.version == 0 || !self.draft.is_empty() {
            self.draft = draft.encode_to_vec();
        }
        if self.version != 0 {
            let mut page = self.page();
            content::apply(&mut page, event);
            self.page = page.encode_to_vec();
        }
    }

    fn publish(&mut self, version: u32, at_ms: i64) {
        let page = Course { version, published_at_ms: at_ms, ..self.draft() };
        self.stage = CourseStage::Published.into();
        self.draft.clear();
        self.authors.0.clear();
        self.offered = true;
        self.version = version;
        self.published_at_ms = at_ms;
        self.workload_minutes = content::minutes(&page);
        self.credit_bearing = !page.credit_offers.is_empty();
        self.skills.0 = page.skills.iter().map(|it| it.label.clone()).collect();
        let description = page.description.clone().unwrap_or_default();
        self.title_words = text::words(&description.title);
        let mut all = vec![description.title.as_str(), &description.summary, &description.category, &description.subcategory];
        all.extend(page.skills.iter().map(|it| it.label.as_str()));
        all.extend(page.outcomes.iter().map(String::as_str));
        all.extend(page.modules.iter().map(|it| it.title.as_str()));
        self.words = text::words(&all.join("\n"));
        self.page = page.encode_to_vec();
        self.title = description.title;
        self.language = description.language;
        self.level = description.level;
        self.subject = description.subject;
        self.category = description.category;
        self.rating_hundredths = description.rating_hundredths;
    }

    /// The page that is offered, or was.
    pub fn page(&self) -> Course {
        // The row was written by this fold, so it can be read.
        let page = Course::decode(self.page.as_slice()).unwrap_or_default();
        Course { course_id: self.course_id.clone(), ..page }
    }

    /// The working copy.
    pub fn draft(&self) -> Course {
        if self.draft.is_empty() {
            return self.page();
        }
        let draft = Course::decode(self.draft.as_slice()).unwrap_or_default();
        Course { course_id: self.course_id.clone(), ..draft }
    }
}

/// The subject of a course's events.
fn subject(course_id: &str) -> String {
    format!("catalogue.course.{course_id}")
}

/// A course as it is.
pub async fn course(store: &Store, course_id: &str) -> Result<Option<CourseRow>, StoreError> {
    let sql = format!("SELECT {} FROM courses_1 WHERE course_id = $1", CourseRow::COLUMN_LIST);
    Ok(store.query(&sql, &[course_id.into()]).await?.pop())
}

/// Courses as they were at a time.
pub async fn as_of(store: &Store, course_ids: &[String], at_ms: i64) -> Result<Vec<CourseRow>, StoreError> {
    let subjects: Vec<_> = course_ids.iter().map(|it| subject(it)).collect();
    store.as_of::<Courses>("catalogue", &subjects, at_ms).await
}

/// A published version as it was published.
pub async fn version(store: &Store, course_id: &str, version: u32) -> Result<Option<CourseRow>, StoreError> {
    let publishes = |it: &Event| matches!(it, Event::CoursePublished(it) if it.version == version);
    let commits = past::until(store, course_id, publishes).await?;
    Ok(fold_in_memory::<Courses>("catalogue", &commits)?.pop())
}

/// Ids of all courses after one, offered or not, in order.
pub async fn ids(store: &Store, institution_id: &str, after: &str, limit: u32) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT course_id FROM courses_1 WHERE course_id > $1 AND ($2 = '' OR institution_id = $2) \
               ORDER BY course_id LIMIT $3";
    let rows: Vec<(String,)> = store.query(sql, &[after.into(), institution_id.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Of the given courses those that are not offered.
pub async fn unoffered(store: &Store, course_ids: &[String]) -> Result<Vec<String>, StoreError> {
    let mut left = course_ids.to_vec();
    for chunk in course_ids.chunks(500) {
        let marks: Vec<_> = (1..=chunk.len()).map(|n| format!("${n}")).collect();
        let sql = format!("SELECT course_id FROM courses_1 WHERE offered AND course_id IN ({})", marks.join(", "));
        let args: Vec<_> = chunk.iter().map(Into::into).collect();
        let offered: Vec<(String,)> = store.query(&sql, &args).await?;
        left.retain(|it| !offered.iter().any(|(id,)| id == it));
    }
    Ok(left)
}
