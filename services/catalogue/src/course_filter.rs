//! A filter over the offered courses, as SQL for either database.

use crate::words;
use studium_kit::{Dialect, Value};
use studium_proto::catalogue::v1::SelectionFilter;

/// The parts of a filter that have a facet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Institution,
    Subject,
    Category,
    Level,
    Language,
    Hours,
    Skill,
    CreditBearing,
}

/// Which rows of `course_search_1 c`, with the values of the parameters.
pub(crate) struct Where {
    dialect: Dialect,
    /// Placeholder of the full-text query, if words are asked for.
    words: Option<String>,
    clauses: Vec<String>,
    pub(crate) args: Vec<Value>,
    /// No part of the filter is given.
    pub(crate) is_everything: bool,
}

impl Where {
    /// The offered courses that match all parts of the filter but one.
    pub(crate) fn new(dialect: Dialect, filter: &SelectionFilter, without: Option<Part>) -> Self {
        let mut it = Self { dialect, words: None, clauses: Vec::new(), args: Vec::new(), is_everything: false };
        if let Some(query) = words::query(&filter.text, dialect) {
            it.match_words(query);
        }
        let wants = |part| without != Some(part);
        if wants(Part::Institution) {
            it.any_of("c.institution_id", &filter.institution_ids);
        }
        if wants(Part::Subject) {
            it.begins_with_any("c.subject", &filter.subjects);
        }
        if wants(Part::Category) {
            it.any_of("c.category", &filter.categories);
        }
        if wants(Part::Level) && !filter.levels.is_empty() {
            let levels: Vec<_> = filter.levels.iter().map(|level| it.bind(*level)).collect();
            it.clauses.push(format!("c.level IN ({})", levels.join(", ")));
        }
        if wants(Part::Language) {
            it.any_of("c.language", &filter.languages);
        }
        if wants(Part::Skill) {
            it.any_of("s.value", &filter.skills);
            if let Some(skill) = it.clauses.pop_if(|clause| clause.starts_with("s.value")) {
                it.clauses.push(format!("EXISTS (SELECT 1 FROM {} WHERE {skill})", skills_of(dialect)));
            }
        }
        if wants(Part::Hours) {
            it.hours(filter);
        }
        if wants(Part::CreditBearing) && filter.credit_bearing {
            it.clauses.push("c.credit_bearing".to_owned());
        }
        it.is_everything = it.clauses.is_empty() && it.words.is_none();
        it
    }

    /// The offered courses with a word in the title for each word of a text.
    pub(crate) fn titled(dialect: Dialect, text: &str) -> Option<Self> {
        let query = words::query(text, dialect)?;
        let mut it = Self { dialect, words: None, clauses: Vec::new(), args: Vec::new(), is_everything: false };
        it.match_words(match dialect {
            Dialect::Sqlite => format!("title_words : ({query})"),
            // `:*` takes the letters of weights after it, and so does a word without it.
            Dialect::Postgres => query.replace("' &", "':A &") + "A",
        });
        Some(it)
    }

    fn match_words(&mut self, query: String) {
        let query = self.bind(query);
        if self.dialect == Dialect::Postgres {
            self.clauses.push(format!("c.searched @@ to_tsquery('simple', {query})"));
        }
        self.words = Some(query);
    }

    fn any_of(&mut self, column: &str, values: &[String]) {
        let values: Vec<_> = values.iter().filter(|it| !it.is_empty()).map(|it| self.bind(it)).collect();
        if !values.is_empty() {
            self.clauses.push(format!("{column} IN ({})", values.join(", ")));
        }
    }

    /// Codes of ISCED-F are a tree: `06` stands for all that begin with it.
    fn begins_with_any(&mut self, column: &str, values: &[String]) {
        let begins: Vec<_> = values
            .iter()
            .filter(|it| !it.is_empty())
            .map(|it| {
                let code = self.bind(it);
                format!("substr({column}, 1, length({code})) = {code}")
            })
            .collect();
        if !begins.is_empty() {
            self.clauses.push(format!("({})", begins.join(" OR ")));
        }
    }

    fn hours(&mut self, filter: &SelectionFilter) {
        for (bound, how) in [(filter.workload_from_minutes, ">="), (filter.workload_until_minutes, "<=")] {
            if bound > 0 {
                let minutes = self.bind(bound);
                self.clauses.push(format!("c.workload_minutes {how} {minutes}"));
            }
        }
        if filter.workload_until_minutes > 0 {
            // Unknown is not short.
            self.clauses.push("c.workload_minutes > 0".to_owned());
        }
    }

    /// Adds a value and returns its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// The whole statement: what to select of `c`, what to join, and what follows the conditions.
    pub(crate) fn sql(&self, select: &str, join: &str, tail: &str) -> String {
        let found = match (&self.words, self.dialect) {
            (Some(query), Dialect::Sqlite) => format!(
                "JOIN (SELECT rowid AS number, bm25(course_search_1_fts, 8.0, 1.0) AS distance \
                 FROM course_search_1_fts WHERE course_search_1_fts MATCH {query}) f ON f.number = c.rowid"
            ),
            _ => String::new(),
        };
        let mut conditions = String::from("c.is_offered");
        for clause in &self.clauses {
            conditions.push_str(" AND ");
            conditions.push_str(clause);
        }
        format!("{select} FROM course_search_1 c {found} {join} WHERE {conditions} {tail}")
    }

    /// The best first.
    pub(crate) fn order(&self) -> String {
        match (&self.words, self.dialect) {
            (None, _) => "c.rating_hundredths DESC, c.course_id".to_owned(),
            (Some(_), Dialect::Sqlite) => "f.distance, c.course_id".to_owned(),
            (Some(query), Dialect::Postgres) => {
                format!("ts_rank(c.searched, to_tsquery('simple', {query})) DESC, c.course_id")
            }
        }
    }
}

/// The skills of `c` as a source of rows with a column `value`.
pub(crate) fn skills_of(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "json_each(c.skills) s",
        Dialect::Postgres => "json_array_elements_text(c.skills::json) s(value)",
    }
}

/// A condition: the column is one of a list that is passed as one parameter, see [`list_of`].
pub(crate) fn among(dialect: Dialect, column: &str, list: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!("{column} IN (SELECT value FROM json_each({list}))"),
        Dialect::Postgres => format!("{column} IN (SELECT json_array_elements_text({list}::json))"),
    }
}

/// Many values as one parameter.
pub(crate) fn list_of(values: &[String]) -> Value {
    Value::Text(serde_json::Value::from(values).to_string())
}
