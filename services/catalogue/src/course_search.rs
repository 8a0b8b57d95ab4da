//! Search among the courses that are offered: by words and by what they are, the best first.

use crate::{
    content,
    course_filter::{Where, among, list_of},
    message::Message,
    page::Page,
    words::words,
};
use std::collections::HashMap;
use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Course, CourseHit, SelectionFilter, course_event::Event};

row! {
    /// One course: the columns say what its offered version is; a course that is not offered has no words.
    pub struct CourseSearchRow {
        key { course_id: String }
        institution_id: String,
        is_offered: bool,
        subject: String,
        category: String,
        level: i32,
        language: String,
        workload_minutes: u32,
        credit_bearing: bool,
        rating_hundredths: u32,
        skills: Json<Vec<String>>,
        title_words: String,
        other_words: String,
        hit: Message<CourseHit>,
        draft: Message<Course>,
    }
}

/// All courses with the words by which they are found.
pub struct CourseSearch;

impl View for CourseSearch {
    type Row = CourseSearchRow;
    const NAME: &'static str = "course_search_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(dialect: Dialect) -> Vec<String> {
        let statements: &[&str] = match dialect {
            Dialect::Sqlite => &[
                "CREATE VIRTUAL TABLE {table}_fts USING fts5 (title_words, other_words, content = '{table}', \
                 content_rowid = 'rowid', tokenize = 'unicode61 remove_diacritics 0', prefix = '2 3')",
                "CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN \
                 INSERT INTO {table}_fts (rowid, title_words, other_words) \
                 VALUES (new.rowid, new.title_words, new.other_words); END",
                "CREATE TRIGGER {table}_gone AFTER DELETE ON {table} BEGIN \
                 INSERT INTO {table}_fts ({table}_fts, rowid, title_words, other_words) \
                 VALUES ('delete', old.rowid, old.title_words, old.other_words); END",
                "CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} \
                 WHEN old.title_words <> new.title_words OR old.other_words <> new.other_words BEGIN \
                 INSERT INTO {table}_fts ({table}_fts, rowid, title_words, other_words) \
                 VALUES ('delete', old.rowid, old.title_words, old.other_words); \
                 INSERT INTO {table}_fts (rowid, title_words, other_words) \
                 VALUES (new.rowid, new.title_words, new.other_words); END",
                "INSERT INTO {table}_fts ({table}_fts) VALUES ('rebuild')",
                "CREATE INDEX {table}_by_institution ON {table} (institution_id, course_id)",
            ],
            Dialect::Postgres => &[
                // Generated, so that the rank need not cut every text into words again.
                "ALTER TABLE {table} ADD COLUMN searched tsvector GENERATED ALWAYS AS (\
                 setweight(to_tsvector('simple', title_words), 'A') || \
                 setweight(to_tsvector('simple', other_words), 'D')) STORED",
                "CREATE INDEX {table}_fts ON {table} USING gin (searched)",
                "CREATE INDEX {table}_by_institution ON {table} (institution_id, course_id)",
            ],
        };
        statements.iter().map(|it| (*it).to_owned()).collect()
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseSearchRow>) {
        let Some(it) = event.read::<Event>() else { return };
        // The tree of modules is not searched, and drafts are shorter without it.
        if matches!(
            it,
            Event::ModuleAdded(_)
                | Event::ModuleReused(_)
                | Event::ModuleMoved(_)
                | Event::ModuleRemoved(_)
                | Event::ModuleReuseLicensed(_)
                | Event::ResourceAdded(_)
                | Event::ResourceRemoved(_)
        ) {
            return;
        }
        let course_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| CourseSearchRow { course_id, ..CourseSearchRow::default() });
            content::apply(&mut row.draft.0, &it);
            row.institution_id.clone_from(&row.draft.0.institution_id);
            match it {
                Event::CoursePublished(it) => offer(row, it.version),
                Event::CourseRetired(_) => {
                    row.is_offered = false;
                    row.title_words.clear();
                    row.other_words.clear();
                }
                _ => {}
            }
        });
    }
}

/// Shows the working copy as it is at this moment.
fn offer(row: &mut CourseSearchRow, version: u32) {
    let course = &row.draft.0;
    let description = course.description.clone().unwrap_or_default();
    let mut skills: Vec<String> = Vec::with_capacity(course.skills.len());
    for it in &course.skills {
        // A skill counts once, or the facet would count the course twice.
        if !skills.contains(&it.label) {
            skills.push(it.label.clone());
        }
    }
    row.is_offered = true;
    row.workload_minutes = content::minutes(course);
    row.credit_bearing = !course.credit_offers.is_empty();
    row.rating_hundredths = description.rating_hundredths;
    row.level = description.level;
    row.title_words = words(&description.title);
    let mut texts = vec![&description.summary, &description.category, &description.subcategory, &course.kind];
    texts.extend(skills.iter().chain(&course.outcomes));
    row.other_words = texts.into_iter().map(|it| words(it)).collect::<Vec<_>>().join(" ");
    row.hit.0 = CourseHit {
        course_id: row.course_id.clone(),
        version,
        title: description.title,
        institution_id: row.institution_id.clone(),
        institution_name: String::new(),
        language: description.language.clone(),
        level: description.level,
        subject: description.subject.clone(),
        category: description.category.clone(),
        workload_minutes: row.workload_minutes,
        credit_bearing: row.credit_bearing,
        rating_hundredths: row.rating_hundredths,
        skills: skills.clone(),
    };
    row.subject = description.subject;
    row.category = description.category;
    row.language = description.language;
    row.skills = Json(skills);
}

/// What is selected for a hit, and from where the name of the institution comes.
const HIT: &str = "SELECT c.hit, i.name";
const NAMED: &str = "LEFT JOIN institution_list_1 i ON i.institution_id = c.institution_id";

type Named = (Message<CourseHit>, Option<String>);

fn named((hit, name): Named) -> CourseHit {
    CourseHit { institution_name: name.unwrap_or_default(), ..hit.0 }
}

/// A page of the offered courses that match every part of the filter that is given, and how many there are on all
/// pages. With words the best match comes first, else the best rated. The last word may be the beginning of one.
pub async fn search(
    store: &Store,
    filter: &SelectionFilter,
    page: &Page<u64>,
) -> Result<(Vec<CourseHit>, u64, String), StoreError> {
    let mut found = Where::new(store.dialect(), filter, None);
    let total = found.sql("SELECT COUNT(*)", "", "");
    let total: Vec<(u64,)> = store.query(&total, &found.args).await?;
    let skip = page.after.unwrap_or(0);
    let order = found.order();
    let (limit, offset) = (found.bind(page.limit()), found.bind(skip));
    let sql = found.sql(HIT, NAMED, &format!("ORDER BY {order} LIMIT {limit} OFFSET {offset}"));
    let hits: Vec<Named> = store.query(&sql, &found.args).await?;
    let (hits, next) = page.cut(hits, |_| skip + u64::from(page.size));
    Ok((hits.into_iter().map(named).collect(), total.first().map_or(0, |it| it.0), next))
}

/// The ids of all offered courses that match every part of the filter that is given, in order.
/// An empty filter matches none here: a selection does not take in everything by an oversight.
pub async fn matching(store: &Store, filter: &SelectionFilter) -> Result<Vec<String>, StoreError> {
    let found = Where::new(store.dialect(), filter, None);
    if found.is_everything {
        return Ok(Vec::new());
    }
    let sql = found.sql("SELECT c.course_id", "", "ORDER BY c.course_id");
    let rows: Vec<(String,)> = store.query(&sql, &found.args).await?;
    Ok(rows.into_iter().map(|it| it.0).collect())
}

/// Those of the courses that are not offered, in the order in which they are given.
pub async fn unoffered(store: &Store, ids: &[String]) -> Result<Vec<String>, StoreError> {
    let offered = titles(store, ids).await?;
    Ok(ids.iter().filter(|it| !offered.contains_key(*it)).cloned().collect())
}

/// The titles of those of the courses that are offered, by id.
pub async fn titles(store: &Store, ids: &[String]) -> Result<HashMap<String, String>, StoreError> {
    let sql = format!(
        "SELECT c.hit FROM course_search_1 c WHERE c.is_offered AND {}",
        among(store.dialect(), "c.course_id", "$1")
    );
    let rows: Vec<(Message<CourseHit>,)> = store.query(&sql, &[list_of(ids)]).await?;
    Ok(rows.into_iter().map(|it| (it.0.0.course_id, it.0.0.title)).collect())
}

/// A page of the offered courses of an institution (empty = all), by course id.
pub async fn list(
    store: &Store,
    institution_id: &str,
    page: &Page<String>,
) -> Result<(Vec<CourseHit>, String), StoreError> {
    let sql = format!(
        "{HIT} FROM course_search_1 c {NAMED} WHERE c.is_offered AND ($1 = '' OR c.institution_id = $1) \
         AND c.course_id > $2 ORDER BY c.course_id LIMIT $3"
    );
    let args = [institution_id.into(), page.after_id().into(), page.limit().into()];
    let (hits, next) = page.cut(store.query::<Named>(&sql, &args).await?, |it| it.0.0.course_id.clone());
    Ok((hits.into_iter().map(named).collect(), next))
}

/// The same as it was at a time, Unix milliseconds. Looks at one page of today's courses, offered or not, so a page
/// may be short, or even empty, before the last.
pub async fn list_as_of(
    store: &Store,
    institution_id: &str,
    at_ms: i64,
    page: &Page<String>,
) -> Result<(Vec<CourseHit>, String), StoreError> {
    let sql = format!(
        "SELECT c.course_id, i.name FROM course_search_1 c {NAMED} WHERE ($1 = '' OR c.institution_id = $1) \
         AND c.course_id > $2 ORDER BY c.course_id LIMIT $3"
    );
    let args = [institution_id.into(), page.after_id().into(), page.limit().into()];
    let (ids, next) = page.cut(store.query::<(String, Option<String>)>(&sql, &args).await?, |it| it.0.clone());
    let subjects: Vec<_> = ids.iter().map(|it| format!("catalogue.course.{}", it.0)).collect();
    let mut names: HashMap<String, Option<String>> = ids.into_iter().collect();
    let mut rows = store.as_of::<CourseSearch>("catalogue", &subjects, at_ms).await?;
    rows.retain(|it| it.is_offered);
    rows.sort_unstable_by(|a, b| a.course_id.cmp(&b.course_id));
    let hits = rows.into_iter().map(|it| named((it.hit, names.remove(&it.course_id).flatten())));
    Ok((hits.collect(), next))
}
