//! Facets and suggestions: what else could be chosen or meant.

use crate::{
    course_filter::{Part, Where, skills_of},
    message::Message,
    words::{self, words},
};
use studium_kit::{Store, StoreError};
use studium_proto::catalogue::v1::{
    CourseHit, CourseLevel, Facet, FacetValue, SelectionFilter, Suggestion, SuggestionKind,
};

/// Values of one facet, at most.
const VALUES: usize = 50;

/// Name of the facet, the part of the filter, and its value for a course as text; no value, no count.
const FACETS: &[(&str, Part, &str)] = &[
    ("institution", Part::Institution, "c.institution_id"),
    ("subject", Part::Subject, "c.subject"),
    ("category", Part::Category, "c.category"),
    ("level", Part::Level, "CASE WHEN c.level > 0 THEN CAST(c.level AS TEXT) ELSE '' END"),
    ("language", Part::Language, "c.language"),
    (
        "hours",
        Part::Hours,
        "CASE WHEN c.workload_minutes = 0 THEN '' WHEN c.workload_minutes < 300 THEN '0-5' \
         WHEN c.workload_minutes < 600 THEN '5-10' WHEN c.workload_minutes < 1200 THEN '10-20' \
         WHEN c.workload_minutes < 3000 THEN '20-50' WHEN c.workload_minutes < 6000 THEN '50-100' \
         WHEN c.workload_minutes < 9000 THEN '100-150' ELSE '150-' END",
    ),
    ("skill", Part::Skill, "s.value"),
    ("credit_bearing", Part::CreditBearing, "CASE WHEN c.credit_bearing THEN 'true' ELSE 'false' END"),
];

/// All facets, each counted without its own part of the filter, so that it shows what else could be chosen.
/// A range of hours goes from its first to just below its second number.
pub async fn facets(store: &Store, filter: &SelectionFilter) -> Result<Vec<Facet>, StoreError> {
    let dialect = store.dialect();
    let mut facets = Vec::with_capacity(FACETS.len());
    for (name, part, value) in FACETS {
        let found = Where::new(dialect, filter, Some(*part));
        let join = if *part == Part::Skill { format!("CROSS JOIN {}", skills_of(dialect)) } else { String::new() };
        let tail = format!("AND {value} <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {VALUES}");
        let sql = found.sql(&format!("SELECT {value}, COUNT(*)"), &join, &tail);
        let values: Vec<(String, u64)> = store.query(&sql, &found.args).await?;
        let values = values.into_iter().map(|(value, count)| labelled(*part, value, count)).collect();
        facets.push(Facet { name: (*name).to_owned(), values });
    }
    name_institutions(store, &mut facets).await?;
    Ok(facets)
}

fn labelled(part: Part, value: String, count: u64) -> FacetValue {
    let level = || value.parse().ok().and_then(|it: i32| CourseLevel::try_from(it).ok());
    let (value, label) = match part {
        Part::Level => match level() {
            Some(CourseLevel::Beginner) => (CourseLevel::Beginner.as_str_name().to_owned(), "Beginner".to_owned()),
            Some(CourseLevel::Intermediate) => {
                (CourseLevel::Intermediate.as_str_name().to_owned(), "Intermediate".to_owned())
            }
            Some(CourseLevel::Advanced) => (CourseLevel::Advanced.as_str_name().to_owned(), "Advanced".to_owned()),
            _ => (value.clone(), value),
        },
        Part::Hours => {
            let label = match value.split_once('-') {
                Some((from, "")) => format!("{from} hours and more"),
                Some(("0", until)) => format!("under {until} hours"),
                Some((from, until)) => format!("{from} to under {until} hours"),
                None => value.clone(),
            };
            (value, label)
        }
        Part::CreditBearing => {
            let label = if value == "true" { "with credits" } else { "without credits" };
            (value, label.to_owned())
        }
        _ => (value.clone(), value),
    };
    FacetValue { value, label, count }
}

async fn name_institutions(store: &Store, facets: &mut [Facet]) -> Result<(), StoreError> {
    let names: Vec<(String, String)> = store.query("SELECT institution_id, name FROM institution_list_1", &[]).await?;
    for it in facets.iter_mut().filter(|it| it.name == "institution").flat_map(|it| &mut it.values) {
        if let Some((_, name)) = names.iter().find(|(id, _)| *id == it.value) {
            it.label.clone_from(name);
        }
    }
    Ok(())
}

/// What somebody who types could mean: courses by their titles, institutions by their names, skills by their labels;
/// every word typed is the beginning of a word there. At most `limit` of each sort: 0 = 5, at most 20.
pub async fn suggest(store: &Store, text: &str, limit: u32) -> Result<Vec<Suggestion>, StoreError> {
    let limit = if limit == 0 { 5 } else { limit.min(20) };
    if words(text).is_empty() {
        return Ok(Vec::new());
    }
    let mut suggestions = courses(store, text, limit).await?;
    let sql = "SELECT institution_id, name FROM institution_list_1 ORDER BY name, institution_id";
    let institutions: Vec<(String, String)> = store.query(sql, &[]).await?;
    let institutions = institutions.into_iter().filter(|(_, name)| words::begin(text, name)).take(limit as usize);
    suggestions.extend(institutions.map(|(id, label)| suggestion(SuggestionKind::Institution, id, label)));
    let skills = skills(store, text).await?.into_iter().take(limit as usize);
    suggestions.extend(skills.map(|it| suggestion(SuggestionKind::Skill, it.clone(), it)));
    Ok(suggestions)
}

/// Titles that begin with what was typed come first, then the best match.
async fn courses(store: &Store, text: &str, limit: u32) -> Result<Vec<Suggestion>, StoreError> {
    let Some(mut found) = Where::titled(store.dialect(), text) else { return Ok(Vec::new()) };
    let order = found.order();
    let (start, limit) = (found.bind(words(text)), found.bind(limit));
    let tail = format!(
        "ORDER BY CASE WHEN substr(c.title_words, 1, length({start})) = {start} THEN 0 ELSE 1 END, {order} LIMIT {limit}"
    );
    let hits: Vec<(Message<CourseHit>,)> = store.query(&found.sql("SELECT c.hit", "", &tail), &found.args).await?;
    Ok(hits.into_iter().map(|it| suggestion(SuggestionKind::Course, it.0.0.course_id, it.0.0.title)).collect())
}

/// Labels of skills of offered courses, the most frequent first. The words of a label are among the course's words.
async fn skills(store: &Store, text: &str) -> Result<Vec<String>, StoreError> {
    let dialect = store.dialect();
    let filter = SelectionFilter { text: text.to_owned(), ..SelectionFilter::default() };
    let found = Where::new(dialect, &filter, None);
    let join = format!("CROSS JOIN {}", skills_of(dialect));
    let sql = found.sql("SELECT s.value, COUNT(*)", &join, "GROUP BY 1 ORDER BY 2 DESC, 1");
    let labels: Vec<(String, u64)> = store.query(&sql, &found.args).await?;
    Ok(labels.into_iter().map(|it| it.0).filter(|it| words::begin(text, it)).collect())
}

fn suggestion(kind: SuggestionKind, id: String, label: String) -> Suggestion {
    Suggestion { kind: kind.into(), id, label }
}
