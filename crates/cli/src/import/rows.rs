//! Reading tables of other people's making: plain or zstd CSV, with a line number for whatever cannot be read.

use anyhow::{Context, Result, bail};
use csv::ByteRecord;
use serde::Serialize;
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
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
        None => bail!("{} holds neither {stem}.csv nor {stem}.csv.zst; name the directory of the data set", dir.display()),
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

/// A CSV table whose columns are known by the names in its first line.
pub struct Table {
    name: String,
    reader: csv::Reader<Box<dyn Read + Send>>,
    /// Where each wanted column is.
    columns: Vec<usize>,
    width: usize,
}

impl Table {
    /// Opens a table.
    ///
    /// # Errors
    /// When the file cannot be read or lacks one of the columns; further columns do no harm.
    pub fn open(path: &Path, wanted: &[&str]) -> Result<Self> {
        let input: Box<dyn Read + Send> = Box::new(open(path)?);
        // Rows that are too long or too short are to be reported, not to end the reading.
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(input);
        let name = name(path);
        let head = reader.byte_headers().with_context(|| format!("cannot read {name}"))?.clone();
        let mut columns = vec![];
        for column in wanted {
            let is_it = |it: &[u8]| it.trim_ascii().strip_prefix(b"\xef\xbb\xbf").unwrap_or(it.trim_ascii()) == column.as_bytes();
            match head.iter().position(is_it) {
                Some(index) => columns.push(index),
                None => bail!("{name} has no column {column}; it is not the table that it should be"),
            }
        }
        Ok(Self { name, reader, columns, width: head.len() })
    }

    /// Hands each row to `take`; rows that it cannot make sense of are noted.
    ///
    /// # Errors
    /// When the file itself cannot be read to its end.
    pub fn each(mut self, unreadable: &mut Vec<Unreadable>, mut take: impl FnMut(&Row<'_>) -> Result<(), String>) -> Result<()> {
        let mut record = ByteRecord::new();
        let mut last = 1;
        while self.reader.read_byte_record(&mut record).with_context(|| format!("{} breaks off after line {last}", self.name))? {
            let line = record.position().map_or(last + 1, csv::Position::line);
            last = line;
            let taken = if record.len() == self.width {
                take(&Row { record: &record, columns: &self.columns, line })
            } else {
                Err(format!("{} fields where the first line has {}", record.len(), self.width))
            };
            if let Err(why) = taken {
                unreadable.push(Unreadable { file: self.name.clone(), line, why });
            }
        }
        Ok(())
    }
}

/// One row; columns are counted as they were wanted.
pub struct Row<'a> {
    record: &'a ByteRecord,
    columns: &'a [usize],
    /// Line in the file, from 1.
    pub line: u64,
}

impl<'a> Row<'a> {
    /// Text without blanks around it; may be empty.
    pub fn text(&self, column: usize) -> Result<&'a str, String> {
        let bytes = &self.record[self.columns[column]];
        std::str::from_utf8(bytes).map(str::trim).map_err(|_| format!("column {} is not UTF-8", self.columns[column] + 1))
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
