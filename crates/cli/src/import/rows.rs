//! Reading tables of other people's making: plain or zstd CSV, with a line number for whatever cannot be read.

use super::records::Records;
use crate::progress::count;
use anyhow::{Context, Result, anyhow, bail};
use csv::ByteRecord;
use serde::Serialize;
use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    str::FromStr,
};

/// A row that could not be read, and why; the rest of its file is read all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Name of the file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
    /// What is wrong with the row, in words.
    pub why: String,
}

/// The file of a table in a directory: `<stem>.csv`, or else `<stem>.csv.zst`.
pub fn find(dir: &Path, stem: &str) -> Result<PathBuf> {
    let candidates = [".csv", ".csv.zst"].map(|it| dir.join(format!("{stem}{it}")));
    match candidates.iter().find(|it| it.is_file()) {
        Some(path) => Ok(path.clone()),
        None => {
            bail!("{} holds neither {stem}.csv nor {stem}.csv.zst; name the directory of the data set", dir.display())
        }
    }
}

/// Opens a file; one that ends in `.zst` is decompressed on the way.
pub fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    if path.extension().is_some_and(|it| it == "zst") {
        return Ok(Box::new(BufReader::new(zstd::Decoder::new(file).with_context(cannot)?)));
    }
    Ok(Box::new(BufReader::new(file)))
}

/// The name of a file as people know it.
pub fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// `1 row was`, `1,234 rows were`.
pub fn rows_were(number: u64) -> String {
    if number == 1 { "1 row was".to_owned() } else { format!("{} rows were", count(number)) }
}

/// A CSV table whose columns are known by the names in its first line.
pub struct Table {
    name: String,
    records: Records,
    /// Where each wanted column is; `None` where an optional one is not there.
    columns: Vec<Option<usize>>,
    head: ByteRecord,
}

impl Table {
    /// Opens a table that must have these columns; further columns do no harm.
    ///
    /// # Errors
    /// When the file cannot be read or lacks one of the columns.
    pub fn open(path: &Path, required: &[&str]) -> Result<Self> {
        Self::open_with(path, required, &[])
    }

    /// Opens a table that must have some columns and may have others; columns are counted through both lists.
    ///
    /// # Errors
    /// When the file cannot be read or lacks one of the required columns.
    pub fn open_with(path: &Path, required: &[&str], optional: &[&str]) -> Result<Self> {
        let mut records = Records::new(open(path)?);
        let name = name(path);
        let first = records.next(None).with_context(|| format!("cannot read {name}"))?;
        let Some(first) = first else { bail!("{name} is empty; name a table whose first line names its columns") };
        let head = first.fields.map_err(|why| anyhow!("the first line of {name} names no columns: {why}"))?.clone();
        let find = |column: &&str| head.iter().position(|it| bare(it) == column.as_bytes());
        for column in required {
            if find(column).is_none() {
                bail!("{name} has no column {column}; name a table whose first line has {}", required.join(", "));
            }
        }
        let columns = required.iter().chain(optional).map(find).collect();
        Ok(Self { name, records, columns, head })
    }

    /// The columns that nobody wants.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.head.iter().enumerate().filter(|(index, _)| !self.columns.contains(&Some(*index)));
        unused.map(|(_, it)| String::from_utf8_lossy(bare(it)).into_owned()).collect()
    }

    /// What `take` makes of the next row, or why nothing can be made of it; `None` at the end.
    ///
    /// # Errors
    /// When the file itself cannot be read on.
    pub fn next<T>(
        &mut self,
        take: impl FnOnce(&Row<'_>) -> Result<T, String>,
    ) -> Result<Option<Result<T, Unreadable>>> {
        let line = self.records.line();
        let next = self.records.next(Some(self.head.len()));
        let next = next.with_context(|| format!("{} breaks off after line {line}", self.name))?;
        let Some(it) = next else { return Ok(None) };
        let line = it.line;
        let taken = it.fields.and_then(|record| take(&Row { record, columns: &self.columns, line }));
        Ok(Some(taken.map_err(|why| Unreadable { file: self.name.clone(), line, why })))
    }

    /// Name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of the last line that was read.
    pub fn line(&self) -> u64 {
        self.records.line()
    }

    /// Hands each row to `take`; rows that it cannot make sense of are noted.
    ///
    /// # Errors
    /// When the file itself cannot be read to its end.
    pub fn each(
        mut self,
        unreadable: &mut Vec<Unreadable>,
        mut take: impl FnMut(&Row<'_>) -> Result<(), String>,
    ) -> Result<()> {
        while let Some(row) = self.next(&mut take)? {
            unreadable.extend(row.err());
        }
        Ok(())
    }
}

/// The name of a column without blanks and without the mark that some programs put before the first.
fn bare(name: &[u8]) -> &[u8] {
    name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii()
}

/// One row; columns are counted as they were wanted.
pub struct Row<'a> {
    record: &'a ByteRecord,
    columns: &'a [Option<usize>],
    /// Line in the file, from 1.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// Text without blanks around it; empty where the column is not there.
    pub fn text(&self, column: usize) -> Result<&'a str, String> {
        let Some(index) = self.columns[column] else { return Ok("") };
        std::str::from_utf8(&self.record[index])
            .map(str::trim)
            .map_err(|_| format!("column {} is not UTF-8", index + 1))
    }

    /// Text that must be there.
    pub fn required(&self, column: usize, name: &str) -> Result<&'a str, String> {
        let text = self.text(column)?;
        if text.is_empty() { Err(format!("{name} is missing")) } else { Ok(text) }
    }

    /// A number that must be there.
    pub fn number<T: FromStr>(&self, column: usize, name: &str) -> Result<T, String> {
        let text = self.required(column, name)?;
        text.parse().map_err(|_| format!("{name} is `{text}`, which is no number that it could be"))
    }

    /// A number; an empty field is a missing value.
    pub fn optional<T: FromStr>(&self, column: usize, name: &str) -> Result<Option<T>, String> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.number(column, name).map(Some) }
    }
}
