//! Search over what is offered: words, facets, and completing what somebody types; the same on both databases.

use crate::{courses::Courses, text};
use studium_kit::{Dialect, Json, Store, StoreError, Value, View as _};
use studium_proto::catalogue::v1::{CourseHit, Facet, FacetValue, SelectionFilter, Suggestion, SuggestionKind};

/// Values of one facet, at most.
const VALUES_MAX: u32 = 50;

/// Ranges of workload, hours: from, until (0 = open).
const HOURS: [(u32, u32); 5] = [(0, 5), (5, 10), (10, 20), (20, 40), (40, 0)];

const HIT: &str = "c.course_id, c.version, c.title, c.institution_id, COALESCE(i.name, ''), c.language, c.level, c.subject, \
                   c.category, c.workload_minutes, c.credit_bearing, c.rating_hundredths";

const FROM: &str = "FROM courses_1 c LEFT JOIN institutions_1 i ON i.institution_id = c.institution_id";

/// Twelve columns of a hit; the skills come after them.
type Hit = (String, u32, String, String, String, String, i32, String, String, u32, bool, u32);

/// A condition in the making: SQL with its parameters.
struct Sql {
    dialect: Dialect,
    conditions: Vec<String>,
    args: Vec<Value>,
}

impl Sql {
    fn new(dialect: Dialect) -> Self {
        Self { dialect, conditions: vec!["c.offered".to_owned()], args: Vec::new() }
    }

    fn arg(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    fn any_of<T: Clone + Into<Value>>(&mut self, column: &str, values: &[T]) {
        if !values.is_empty() {
            let marks: Vec<_> = values.iter().map(|it| self.arg(it.clone())).collect();
            self.conditions.push(format!("c.{column} IN ({})", marks.join(", ")));
        }
    }

    /// The words are all in a text column, each at least as the beginning of a word.
    fn words(&mut self, column: &str, terms: &[String]) -> String {
        match self.dialect {
            Dialect::Sqlite => {
                let terms: Vec<_> = terms.iter().map(|it| format!("{column} : \"{it}\"*")).collect();
                let mark = self.arg(terms.join(" AND "));
                format!("c.rowid IN (SELECT rowid FROM courses_1_fts WHERE courses_1_fts MATCH {mark})")
            }
            Dialect::Postgres => {
                let terms: Vec<_> = terms.iter().map(|it| format!("'{it}':*")).collect();
                let mark = self.arg(terms.join(" & "));
                format!("to_tsvector('simple', c.{column}) @@ to_tsquery('simple', {mark})")
            }
        }
    }

    fn skills(&mut self, labels: &[String]) {
        if labels.is_empty() {
            return;
        }
        let marks: Vec<_> = labels.iter().map(|it| self.arg(it.as_str())).collect();
        let each = each_of(self.dialect, "c.skills");
        self.conditions.push(format!("EXISTS (SELECT 1 FROM {each} WHERE s.value IN ({}))", marks.join(", ")));
    }

    fn filter(&mut self, filter: &SelectionFilter, except: &str) {
        let terms = text::terms(&filter.text);
        if !terms.is_empty() {
            let condition = self.words("words", &terms);
            self.conditions.push(condition);
        }
        let lists = [
            ("institution", "institution_id", &filter.institution_ids),
            ("subject", "subject", &filter.subjects),
            ("category", "category", &filter.categories),
            ("language", "language", &filter.languages),
        ];
        for (facet, column, values) in lists {
            if facet != except {
                self.any_of(column, &values.iter().map(String::as_str).collect::<Vec<_>>());
            }
        }
        if except != "level" {
            self.any_of("level", &filter.levels);
        }
        if except != "skill" {
            self.skills(&filter.skills);
        }
        if except != "hours" {
            for (bound, sign) in [(filter.workload_from_minutes, ">="), (filter.workload_until_minutes, "<=")] {
                if bound != 0 {
                    let mark = self.arg(bound);
                    self.conditions.push(format!("c.workload_minutes {sign} {mark}"));
                }
            }
        }
        if filter.credit_bearing && except != "credit_bearing" {
            self.conditions.push("c.credit_bearing".to_owned());
        }
    }

    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }
}

/// The elements of a list kept as JSON, as rows `s` with a `value`.
pub fn each_of(dialect: Dialect, column: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("json_each({column}) AS s"),
        Dialect::Postgres => format!("json_array_elements_text({column}::json) AS s(value)"),
    }
}

/// The courses that meet a filter: those with the words in the title first, then by rating, then by id.
pub async fn hits(
    store: &Store,
    filter: &SelectionFilter,
    offset: u32,
    limit: u32,
) -> Result<(Vec<CourseHit>, u64), StoreError> {
    let mut sql = Sql::new(store.dialect());
    sql.filter(filter, "");
    let count = format!("SELECT COUNT(*) FROM courses_1 c WHERE {}", sql.condition());
    let total: Vec<(u64,)> = store.query(&count, &sql.args).await?;
    let terms = text::terms(&filter.text);
    let best = if terms.is_empty() {
        String::new()
    } else {
        format!("CASE WHEN {} THEN 0 ELSE 1 END, ", sql.words("title_words", &terms))
    };
    let (limit, offset) = (sql.arg(limit), sql.arg(offset));
    let text = format!(
        "SELECT {HIT}, c.skills {FROM} WHERE {} ORDER BY {best}c.rating_hundredths DESC, c.course_id LIMIT {limit} OFFSET {offset}",
        sql.condition()
    );
    let rows: Vec<Vec<Value>> = store.query(&text, &sql.args).await?;
    let hits = rows.into_iter().map(hit).collect::<Result<_, _>>()?;
    Ok((hits, total.first().map_or(0, |it| it.0)))
}

/// The offered courses after one, by id.
pub async fn list(store: &Store, institution_id: &str, after: &str, limit: u32) -> Result<Vec<CourseHit>, StoreError> {
    let text = format!(
        "SELECT {HIT}, c.skills {FROM} WHERE c.offered AND c.course_id > $1 AND ($2 = '' OR c.institution_id = $2) \
         ORDER BY c.course_id LIMIT $3"
    );
    let rows: Vec<Vec<Value>> = store.query(&text, &[after.into(), institution_id.into(), limit.into()]).await?;
    rows.into_iter().map(hit).collect()
}

fn hit(mut row: Vec<Value>) -> Result<CourseHit, StoreError> {
    use studium_kit::{Column as _, FromRow as _};
    let skills: Json<Vec<String>> = Json::from_value(row.pop().unwrap_or(Value::Null))?;
    let it = Hit::from_row(row)?;
    Ok(CourseHit {
        course_id: it.0,
        version: it.1,
        title: it.2,
        institution_id: it.3,
        institution_name: it.4,
        language: it.5,
        level: it.6,
        subject: it.7,
        category: it.8,
        workload_minutes: it.9,
        credit_bearing: it.10,
        rating_hundredths: it.11,
        skills: skills.0,
    })
}

/// Ids of all courses that meet a filter, at most `limit`.
pub async fn matching(store: &Store, filter: &SelectionFilter, limit: u32) -> Result<Vec<String>, StoreError> {
    let mut sql = Sql::new(store.dialect());
    sql.filter(filter, "");
    let limit = sql.arg(limit);
    let text = format!("SELECT c.course_id FROM courses_1 c WHERE {} ORDER BY c.course_id LIMIT {limit}", sql.condition());
    let rows: Vec<(String,)> = store.query(&text, &sql.args).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// All facets of what meets a filter, each counted without its own part of it.
pub async fn facets(store: &Store, filter: &SelectionFilter) -> Result<Vec<Facet>, StoreError> {
    let skills = each_of(store.dialect(), "c.skills");
    let plain = "courses_1 c".to_owned();
    let facets = [
        ("institution", "c.institution_id", format!("{plain} LEFT JOIN institutions_1 i ON i.institution_id = c.institution_id")),
        ("subject", "c.subject", plain.clone()),
        ("category", "c.category", plain.clone()),
        ("level", "CAST(c.level AS TEXT)", plain.clone()),
        ("language", "c.language", plain.clone()),
        ("skill", "s.value", format!("{plain} CROSS JOIN {skills}")),
        ("credit_bearing", "CASE WHEN c.credit_bearing THEN 'true' ELSE 'false' END", plain.clone()),
    ];
    let mut counted = Vec::with_capacity(facets.len() + 1);
    for (name, value, from) in facets {
        let label = if name == "institution" { "MIN(COALESCE(i.name, ''))" } else { "''" };
        let mut sql = Sql::new(store.dialect());
        sql.filter(filter, name);
        let text = format!(
            "SELECT {value} AS v, {label} AS l, COUNT(DISTINCT c.course_id) AS n FROM {from} WHERE {} AND {value} <> '' \
             GROUP BY 1 ORDER BY 3 DESC, 1 LIMIT {VALUES_MAX}",
            sql.condition()
        );
        let rows: Vec<(String, String, u64)> = store.query(&text, &sql.args).await?;
        let values = rows.into_iter().map(|(value, label, count)| labelled(name, value, label, count)).collect();
        counted.push(Facet { name: name.to_owned(), values });
    }
    counted.push(hours(store, filter).await?);
    Ok(counted)
}

fn labelled(facet: &str, value: String, label: String, count: u64) -> FacetValue {
    use studium_proto::catalogue::v1::CourseLevel;
    let level = || value.parse::<i32>().ok().and_then(|it| CourseLevel::try_from(it).ok());
    let label = match facet {
        "level" => level().map_or("", |it| it.as_str_name().trim_start_matches("COURSE_LEVEL_")).to_lowercase(),
        _ if label.is_empty() => value.clone(),
        _ => label,
    };
    FacetValue { value, label, count }
}

async fn hours(store: &Store, filter: &SelectionFilter) -> Result<Facet, StoreError> {
    let mut sql = Sql::new(store.dialect());
    sql.filter(filter, "hours");
    let is_in = |(from, until): (u32, u32)| {
        let upper = if until == 0 { String::new() } else { format!(" AND c.workload_minutes < {}", until * 60) };
        format!("SUM(CASE WHEN c.workload_minutes > 0 AND c.workload_minutes >= {}{upper} THEN 1 ELSE 0 END)", from * 60)
    };
    let sums = HOURS.map(is_in).map(|it| format!("COALESCE({it}, 0)"));
    let text = format!("SELECT {} FROM courses_1 c WHERE {}", sums.join(", "), sql.condition());
    let rows: Vec<(u64, u64, u64, u64, u64)> = store.query(&text, &sql.args).await?;
    let counts = rows.first().map_or([0; 5], |it| [it.0, it.1, it.2, it.3, it.4]);
    let values = HOURS.iter().zip(counts).filter(|(_, count)| *count > 0).map(|((from, until), count)| {
        let upper = if *until == 0 { String::new() } else { until.to_string() };
        let label = if upper.is_empty() { format!("{from} h or more") } else { format!("{from} to {upper} h") };
        FacetValue { value: format!("{from}-{upper}"), label, count }
    });
    Ok(Facet { name: "hours".to_owned(), values: values.collect() })
}

/// Completes what somebody types: courses, then institutions, then skills.
pub async fn suggest(store: &Store, typed: &str, limit: u32) -> Result<Vec<Suggestion>, StoreError> {
    let terms = text::terms(typed);
    if terms.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(store.dialect());
    let titled = sql.words("title_words", &terms);
    let mark = sql.arg(limit);
    let courses = format!(
        "SELECT c.course_id, c.title FROM courses_1 c WHERE c.offered AND {titled} \
         ORDER BY c.rating_hundredths DESC, c.course_id LIMIT {mark}"
    );
    let courses: Vec<(String, String)> = store.query(&courses, &sql.args).await?;
    let institutions = crate::institutions::named(store, &terms, limit).await?;
    let skills = skills(store, &terms, limit).await?;
    let suggestion = |kind: SuggestionKind| {
        move |(id, label): (String, String)| Suggestion { kind: kind.into(), id, label }
    };
    let all = courses.into_iter().map(suggestion(SuggestionKind::Course));
    let all = all.chain(institutions.into_iter().map(suggestion(SuggestionKind::Institution)));
    Ok(all.chain(skills.into_iter().map(suggestion(SuggestionKind::Skill))).collect())
}

async fn skills(store: &Store, terms: &[String], limit: u32) -> Result<Vec<(String, String)>, StoreError> {
    let mut sql = Sql::new(store.dialect());
    for term in terms {
        let mark = sql.arg(format!("% {term}%"));
        sql.conditions.push(format!("' ' || LOWER(s.value) LIKE {mark}"));
    }
    let (each, limit) = (each_of(store.dialect(), "c.skills"), sql.arg(limit));
    let text = format!(
        "SELECT s.value, COUNT(*) AS n FROM {} c CROSS JOIN {each} WHERE {} GROUP BY s.value ORDER BY 2 DESC, 1 LIMIT {limit}",
        Courses::NAME,
        sql.condition()
    );
    let rows: Vec<(String, u64)> = store.query(&text, &sql.args).await?;
    Ok(rows.into_iter().map(|(label, _)| (label.clone(), label)).collect())
}
