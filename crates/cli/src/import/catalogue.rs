//! A catalogue of courses from a file, streamed row by row; every row is answered, and what is so already stays.

use super::{
    line::{Line, Patience},
    rows::{Unreadable, name, rows_were},
    settle::{SERVICES, settle},
};
use crate::{platform::Platform, progress::count};
use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;
use source::Source;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
    path::PathBuf,
    time::Instant,
};
use studium_proto::catalogue::v1::{
    ImportCoursesRequest, ImportCoursesResponse, ImportOutcome, import_service_client::ImportServiceClient,
};
use tonic::Status;

mod source;
#[cfg(test)]
mod tests;

/// Rows that are sent in one call; what a break leaves unanswered is sent again.
const ROWS_A_CALL: usize = 1000;

/// How many rows are listed for people for each reason; scripts get all.
const EXAMPLES_MAX: usize = 20;

/// What `studium import catalogue` takes.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// The list of courses: .csv or .jsonl, plain or with .zst after it; needs at least slug, title and institution.
    #[arg(value_name = "FILE", value_parser = super::file)]
    file: PathBuf,
}

/// What became of the rows.
#[derive(Debug, Default, Serialize)]
struct Report {
    rows: u64,
    taken_in: u64,
    already: u64,
    refused: BTreeMap<String, Refused>,
    unreadable: Vec<Unreadable>,
    institutions: u64,
    unused_columns: Vec<String>,
    unchanged: bool,
    seconds: f64,
    #[serde(skip)]
    institution_ids: BTreeSet<String>,
}

/// Rows that were refused for one reason.
#[derive(Debug, Default, Serialize)]
struct Refused {
    count: u64,
    /// Line and sentence of the first ones.
    examples: Vec<(u64, String)>,
}

/// Imports a catalogue and waits until it can be searched.
///
/// # Errors
/// When the file cannot be read, the catalogue does not answer for long, or rows were not taken in.
pub async fn catalogue(args: CatalogueArgs, platform: &Platform) -> Result<()> {
    let started = Instant::now();
    let mut source = Source::open(&args.file)?;
    let file = name(&args.file);
    let mut report = Report { unused_columns: source.unused(), ..Report::default() };
    let line = Line::open(platform, "catalogue", &["registrar"], "studium-import", 1).await?;
    let spinner = platform.output.spinner("importing courses");
    loop {
        let rows = source.some(ROWS_A_CALL, &mut report.unreadable);
        if rows.is_empty() {
            break;
        }
        send(&line, rows, &file, &mut report).await?;
        spinner.message(format!("{} rows", count(report.rows)));
    }
    spinner.finish();
    settle(platform, &SERVICES).await?;
    report.institutions = report.institution_ids.len() as u64;
    report.unchanged = report.taken_in == 0;
    report.seconds = started.elapsed().as_secs_f64();
    platform.output.json(&report);
    platform.output.say(report.words(&file));
    let refused: u64 = report.refused.values().map(|it| it.count).sum();
    match refused + report.unreadable.len() as u64 {
        0 => Ok(()),
        lost => bail!("{} not taken in; the report says which and why", rows_were(lost)),
    }
}

/// Sends rows until each of them is answered.
async fn send(line: &Line, rows: Vec<ImportCoursesRequest>, file: &str, report: &mut Report) -> Result<()> {
    let mut patience = Patience::default();
    let mut pending: HashMap<u64, ImportCoursesRequest> = rows.iter().map(|it| (it.row, it.clone())).collect();
    // Always in the order of the file.
    let mut rows = rows;
    loop {
        let before = pending.len();
        let broken = send_once(line, rows, |answer| {
            if answer.outcome() != ImportOutcome::Failed && pending.remove(&answer.row).is_some() {
                report.answered(answer, file);
            }
        });
        let status = match broken.await {
            Err(status) => status,
            Ok(()) if pending.is_empty() => return Ok(()),
            Ok(()) => Status::unavailable("rows were left undecided"),
        };
        if pending.len() < before {
            patience = Patience::default();
        }
        patience.wait(line, status).await.map_err(|e| e.into_error("the import"))?;
        rows = pending.values().cloned().collect();
        rows.sort_unstable_by_key(|it| it.row);
    }
}

/// One call; hands over the answers as they come.
async fn send_once(
    line: &Line,
    rows: Vec<ImportCoursesRequest>,
    mut answered: impl FnMut(ImportCoursesResponse),
) -> Result<(), Status> {
    let mut client = ImportServiceClient::new(line.channel(0));
    let mut answers = client.import_courses(tokio_stream::iter(rows)).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        answered(answer);
    }
    Ok(())
}

impl Report {
    fn answered(&mut self, answer: ImportCoursesResponse, file: &str) {
        self.rows += 1;
        match answer.outcome() {
            ImportOutcome::Ok => self.taken_in += 1,
            ImportOutcome::Already => self.already += 1,
            ImportOutcome::Malformed => {
                self.unreadable.push(Unreadable { file: file.to_owned(), line: answer.row, why: answer.detail });
                return;
            }
            _ => {
                let refused = self.refused.entry(answer.reason).or_default();
                refused.count += 1;
                if refused.examples.len() < EXAMPLES_MAX {
                    refused.examples.push((answer.row, answer.detail));
                }
                return;
            }
        }
        self.institution_ids.insert(answer.institution_id);
    }

    fn words(&self, file: &str) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, file);
        text.trim_end().to_owned()
    }

    fn write(&self, text: &mut String, file: &str) -> std::fmt::Result {
        let (taken_in, already, institutions) = (count(self.taken_in), count(self.already), count(self.institutions));
        writeln!(
            text,
            "{file}: {taken_in} courses taken in, {already} already so, of {institutions} institutions, in {:.1} s with all views caught up.",
            self.seconds
        )?;
        if self.unchanged {
            writeln!(text, "Nothing was written: everything was already so.")?;
        }
        if !self.unused_columns.is_empty() {
            writeln!(text, "Not imported, being no part of a course: {}.", self.unused_columns.join(", "))?;
        }
        for (reason, refused) in &self.refused {
            writeln!(text, "{} REFUSED, {reason}:", rows_were(refused.count))?;
            for (line, detail) in &refused.examples {
                writeln!(text, "  line {line}: {detail}")?;
            }
        }
        if !self.unreadable.is_empty() {
            writeln!(text, "{} unreadable and left out:", rows_were(self.unreadable.len() as u64))?;
        }
        for it in self.unreadable.iter().take(EXAMPLES_MAX) {
            writeln!(text, "  {} line {}: {}", it.file, it.line, it.why)?;
        }
        if self.unreadable.len() > EXAMPLES_MAX {
            writeln!(text, "  and {} more; --json lists all", self.unreadable.len() - EXAMPLES_MAX)?;
        }
        Ok(())
    }
}
