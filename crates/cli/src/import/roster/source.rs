//! Rows of a roster from a table of Studium's own columns; what cannot be read is a row, too, so that nobody leaves for it.

use super::super::rows::{Row, Table, Unreadable};
use anyhow::Result;
use std::{collections::BTreeMap, path::Path};
use studium_proto::campus::v1::{RosterFormat, RosterRow};

/// The columns in the order of the indices below.
const REQUIRED: [&str; 2] = ["external_id", "class"];
const OPTIONAL: [&str; 6] = ["department", "name", "email", "learner_id", "status", "test_user"];

/// What is in a file or folder.
#[derive(Debug, Default)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// What it is.
    pub format: RosterFormat,
    /// Its rows, those that cannot be read among them.
    pub rows: Vec<RosterRow>,
    /// Columns that say nothing to a roster.
    pub unused_columns: Vec<String>,
    /// People who are neither students nor staff, by role: no part of the roster.
    pub skipped: BTreeMap<String, u64>,
}

/// Reads a table.
///
/// # Errors
/// When it cannot be read at all, or lacks a column.
pub fn table(path: &Path, name: String) -> Result<Source> {
    let mut table = Table::open_with(path, &REQUIRED, &OPTIONAL)?;
    let unused_columns = table.unused();
    let mut rows = vec![];
    while let Some(it) = table.next(row)? {
        rows.push(it.unwrap_or_else(|it| unreadable(&it)));
    }
    Ok(Source { name, format: RosterFormat::Csv, rows, unused_columns, ..Source::default() })
}

/// A row that cannot be read, as a row.
pub fn unreadable(it: &Unreadable) -> RosterRow {
    RosterRow { row: it.line as u32, unreadable: it.why.clone(), ..RosterRow::default() }
}

fn row(it: &Row<'_>) -> Result<RosterRow, String> {
    let text = |column| it.text(column).map(str::to_owned);
    let test_user = match it.text(7)?.to_ascii_lowercase().as_str() {
        "" => None,
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => return Err("test_user is neither true nor false".to_owned()),
    };
    Ok(RosterRow {
        row: it.line as u32,
        external_id: text(0)?,
        class: text(1)?,
        department: text(2)?,
        name: text(3)?,
        email: text(4)?,
        learner_id: text(5)?,
        status: text(6)?,
        test_user,
        unreadable: String::new(),
    })
}
