//! Rows of courses from a file: CSV or JSON lines, compressed or not.

use crate::import::{
    records::Lines,
    rows::{Row, Table, Unreadable, name, open},
};
use anyhow::{Result, bail};
use serde::Deserialize;
use std::path::Path;
use studium_proto::catalogue::v1::{CourseLevel, ImportCoursesRequest};

/// Columns that a list of courses must have.
const REQUIRED: [&str; 3] = ["slug", "title", "institution"];

/// Columns that it may have; counted after the required ones.
const OPTIONAL: [&str; 10] =
    ["kind", "hours", "level", "language", "subtitles", "category", "subcategory", "rating", "skills", "url"];

/// A list of courses, read as far as is asked for.
pub enum Source {
    /// With the names of the columns in the first line.
    Csv(Box<Table>),
    /// One object a line.
    Json { name: String, lines: Lines },
    /// A file that broke off.
    Ended,
}

/// A course as JSON.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Course {
    slug: String,
    title: String,
    institution: String,
    kind: String,
    hours: Option<f64>,
    level: String,
    language: String,
    subtitles: Vec<String>,
    category: String,
    subcategory: String,
    rating: Option<f64>,
    skills: Vec<String>,
    url: String,
}

impl Source {
    /// Opens a list of courses; what it is, its name says.
    ///
    /// # Errors
    /// When the file cannot be read or is no such list.
    pub fn open(path: &Path) -> Result<Self> {
        let name = name(path);
        let plain = name.strip_suffix(".zst").unwrap_or(&name).to_owned();
        let ends = |end: &str| Path::new(&plain).extension().is_some_and(|it| it.eq_ignore_ascii_case(end));
        if ends("csv") {
            return Ok(Self::Csv(Box::new(Table::open_with(path, &REQUIRED, &OPTIONAL)?)));
        }
        if ends("jsonl") || ends("ndjson") {
            return Ok(Self::Json { name, lines: Lines::new(open(path)?) });
        }
        bail!("{name} is neither .csv nor .jsonl, with or without .zst; name a list of courses")
    }

    /// Columns of the file that are not imported.
    pub fn unused(&self) -> Vec<String> {
        match self {
            Self::Csv(table) => table.unused(),
            Self::Json { .. } | Self::Ended => vec![],
        }
    }

    /// At most so many rows, none at the end; rows that make no sense are noted and passed over.
    /// A file that cannot be read on ends there, which is noted, too.
    pub fn some(&mut self, most: usize, unreadable: &mut Vec<Unreadable>) -> Vec<ImportCoursesRequest> {
        let mut rows = Vec::new();
        while rows.len() < most {
            match self.next() {
                Ok(Some(Ok(row))) => rows.push(row),
                Ok(Some(Err(it))) => unreadable.push(it),
                Ok(None) => break,
                Err(it) => {
                    unreadable.push(it);
                    *self = Self::Ended;
                }
            }
        }
        rows
    }

    fn next(&mut self) -> Result<Option<Result<ImportCoursesRequest, Unreadable>>, Unreadable> {
        let breaks_off = |file: &str, line, e| Unreadable {
            file: file.to_owned(),
            line,
            why: format!("the rest is unreadable: {e}"),
        };
        match self {
            Self::Ended => Ok(None),
            Self::Csv(table) => match table.next(of_csv) {
                Ok(it) => Ok(it),
                Err(e) => Err(breaks_off(table.name(), table.line() + 1, e.root_cause().to_string())),
            },
            Self::Json { name, lines } => {
                let next = lines.next().map_err(|e| breaks_off(name, lines.number() + 1, e.to_string()))?;
                let Some((line, text)) = next else { return Ok(None) };
                let text = std::str::from_utf8(&text).map_err(|_| "it is not UTF-8".to_owned());
                let row = text.and_then(|it| of_json(it, line));
                Ok(Some(row.map_err(|why| Unreadable { file: name.clone(), line, why })))
            }
        }
    }
}

fn of_csv(row: &Row<'_>) -> Result<ImportCoursesRequest, String> {
    let skills = match row.text(11)? {
        "" => vec![],
        text => {
            serde_json::from_str(text).map_err(|_| format!("skills is `{text}`, which is no JSON list of words"))?
        }
    };
    Ok(ImportCoursesRequest {
        row: row.line,
        slug: row.required(0, "slug")?.to_owned(),
        title: row.required(1, "title")?.to_owned(),
        institution: row.required(2, "institution")?.to_owned(),
        kind: row.text(3)?.to_owned(),
        hours: amount(row.optional(4, "hours")?, "hours")?,
        level: level(row.text(5)?)?.into(),
        language: row.text(6)?.to_owned(),
        subtitles: row.text(7)?.split(';').map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect(),
        category: row.text(8)?.to_owned(),
        subcategory: row.text(9)?.to_owned(),
        rating: amount(row.optional(10, "rating")?, "rating")?,
        skills,
        url: row.text(12)?.to_owned(),
        institution_id: String::new(),
        at_ms: 0,
    })
}

fn of_json(text: &str, line: u64) -> Result<ImportCoursesRequest, String> {
    let it: Course = serde_json::from_str(text).map_err(|e| format!("it is no course in JSON: {e}"))?;
    for (value, name) in [(&it.slug, "slug"), (&it.title, "title"), (&it.institution, "institution")] {
        if value.trim().is_empty() {
            return Err(format!("{name} is missing"));
        }
    }
    Ok(ImportCoursesRequest {
        row: line,
        slug: it.slug,
        title: it.title,
        institution: it.institution,
        kind: it.kind,
        hours: amount(it.hours, "hours")?,
        level: level(&it.level)?.into(),
        language: it.language,
        subtitles: it.subtitles,
        category: it.category,
        subcategory: it.subcategory,
        rating: amount(it.rating, "rating")?,
        skills: it.skills,
        url: it.url,
        institution_id: String::new(),
        at_ms: 0,
    })
}

/// A number that cannot be negative; 0 = not known.
fn amount(value: Option<f64>, name: &str) -> Result<f64, String> {
    match value {
        Some(it) if !it.is_finite() || it < 0.0 => Err(format!("{name} is {it}, which it cannot be")),
        it => Ok(it.unwrap_or_default()),
    }
}

fn level(text: &str) -> Result<CourseLevel, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" => Ok(CourseLevel::Unspecified),
        "beginner" => Ok(CourseLevel::Beginner),
        "intermediate" => Ok(CourseLevel::Intermediate),
        "advanced" => Ok(CourseLevel::Advanced),
        _ => Err(format!("level is `{text}`, which is none of Beginner, Intermediate, Advanced")),
    }
}
