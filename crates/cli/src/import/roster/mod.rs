//! A campus's roster from a table or a OneRoster folder: what changes is shown, and done unless only to be shown.

use super::{
    line::{Label, Line, Patience},
    rows::name,
};
use crate::platform::Platform;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use report::Report;
use source::Source;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};
use studium_proto::{
    Encoded as _,
    campus::v1::{
        ImportRosterRequest, ImportRosterResponse, ListRosterImportsRequest, RosterHeader, RosterImportState,
        RosterMode, RosterVerdict, import_roster_request::Part, import_roster_response::Part as Answer,
        roster_service_client::RosterServiceClient,
    },
};
use tokio::time::sleep;
use tonic::Status;
use uuid::Uuid;

mod oneroster;
mod report;
mod source;
#[cfg(test)]
mod tests;

/// Namespace of the ids of imports that were given none; fixed for ever.
const IMPORTS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_696d_706f_7274);

/// How long an accepted roster is waited for, and how often it is looked whether it is applied.
const APPLIED_WITHIN: Duration = Duration::from_mins(5);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What `studium import roster` takes.
#[derive(Debug, Args)]
pub struct RosterArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
    /// A table whose first line has `external_id` and `class`, and may have department, name, email, `learner_id`, status,
    /// `test_user`; .csv, plain or with .zst after it.
    #[arg(long, value_name = "FILE", value_parser = super::file, required_unless_present = "dir", conflicts_with = "dir")]
    file: Option<PathBuf>,
    /// A folder with a OneRoster 1.1 export in CSV: manifest, users and orgs.
    #[arg(long, value_name = "DIR", value_parser = super::directory)]
    dir: Option<PathBuf>,
    /// What it is; without it a file is a table and a folder is OneRoster.
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only show what would change; nothing is written.
    #[arg(long)]
    dry_run: bool,
    /// The rows are changes, each with its status, and not the whole roster: nobody leaves for not being in one.
    #[arg(long)]
    delta: bool,
    /// Rows that must be there; with fewer or more nothing is done.
    #[arg(long, value_name = "N")]
    expect_rows: Option<u32>,
    /// When the roster was made at the campus, for example 2026-09-01T06:00:00Z; nothing is done if a later one holds.
    #[arg(long, value_name = "TIME")]
    made_at: Option<jiff::Timestamp>,
    /// Names this delivery; without it the name follows from the rows, so the same rows are taken in once.
    #[arg(long, value_name = "ID")]
    import_id: Option<String>,
}

/// What a roster comes as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table of Studium's own columns.
    Csv,
    /// OneRoster 1.1 in CSV.
    Oneroster,
}

/// Imports a roster and waits until all members are as it says.
///
/// # Errors
/// When it cannot be read, the campus service does not answer for long, or not all of it was taken in.
pub async fn roster(args: RosterArgs, platform: &Platform) -> Result<()> {
    let started = Instant::now();
    let source = args.read()?;
    let header = args.header(&source);
    let line = Line::open(platform, "campus", &["registrar"], "studium-import", 1).await?;
    let spinner = platform.output.spinner("comparing the roster with the members");
    let answers = send(&line, &header, &source).await?;
    let mut report = Report::new(&header, &source, answers)?;
    if report.verdict == RosterVerdict::Accepted && !header.dry_run {
        spinner.message("waiting until the members are as it says".to_owned());
        report.applied = applied(&line, &header).await?;
    }
    spinner.finish();
    report.seconds = started.elapsed().as_secs_f64();
    platform.output.json(&report.scripted());
    platform.output.say(report.words());
    report.outcome()
}

impl RosterArgs {
    fn read(&self) -> Result<Source> {
        match (&self.file, &self.dir, self.format) {
            (Some(file), _, None | Some(Format::Csv)) => source::table(file, name(file)),
            (_, Some(dir), None | Some(Format::Oneroster)) => oneroster::folder(dir, self.delta),
            (Some(_), _, Some(Format::Oneroster)) => bail!("OneRoster is a folder of tables; name it with --dir"),
            _ => bail!("a table is one file; name it with --file"),
        }
    }

    fn header(&self, source: &Source) -> RosterHeader {
        let mode = if self.delta { RosterMode::Delta } else { RosterMode::Full };
        let header = RosterHeader {
            campus_id: self.campus.clone(),
            import_id: self.import_id.clone().unwrap_or_default(),
            mode: mode.into(),
            dry_run: self.dry_run,
            format: source.format.into(),
            expected_rows: self.expect_rows.unwrap_or_default(),
            made_at_ms: self.made_at.map_or(0, jiff::Timestamp::as_millisecond),
        };
        if !header.import_id.is_empty() {
            return header;
        }
        // A trial names the delivery that would follow it.
        let mut bytes = RosterHeader { dry_run: false, ..header.clone() }.encode_length_delimited_to_vec();
        for row in &source.rows {
            bytes.extend(row.encode_length_delimited_to_vec());
        }
        RosterHeader { import_id: Uuid::new_v5(&IMPORTS, &bytes).to_string(), ..header }
    }
}

/// Sends the rows until they are answered.
async fn send(line: &Line, header: &RosterHeader, source: &Source) -> Result<Vec<Answer>> {
    let mut patience = Patience::default();
    loop {
        match send_once(line, header, source).await {
            Ok(answers) => return Ok(answers),
            Err(status) => patience.wait(line, status).await.map_err(|e| e.into_error("the import"))?,
        }
    }
}

async fn send_once(line: &Line, header: &RosterHeader, source: &Source) -> Result<Vec<Answer>, Status> {
    let parts = std::iter::once(Part::Header(header.clone())).chain(source.rows.iter().cloned().map(Part::Row));
    let requests: Vec<_> = parts.map(|it| ImportRosterRequest { part: Some(it) }).collect();
    let mut client = RosterServiceClient::new(line.channel(0));
    let mut stream = client.import_roster(tokio_stream::iter(requests)).await?.into_inner();
    let mut answers = vec![];
    while let Some(ImportRosterResponse { part }) = stream.message().await? {
        answers.extend(part);
    }
    match answers.last() {
        Some(Answer::Summary(_)) => Ok(answers),
        _ => Err(Status::unavailable("the answer breaks off")),
    }
}

/// Waits until a roster that was accepted is applied; false if that takes very long.
async fn applied(line: &Line, header: &RosterHeader) -> Result<bool> {
    let request = ListRosterImportsRequest {
        campus_id: header.campus_id.clone(),
        state: RosterImportState::Applied.into(),
        page_size: 500,
        ..ListRosterImportsRequest::default()
    };
    let label = Label { request_id: None, correlation_id: "studium-import", connection: 0 };
    let send = |channel, request| async move { RosterServiceClient::new(channel).list_roster_imports(request).await };
    let started = Instant::now();
    while started.elapsed() < APPLIED_WITHIN {
        let reply = line.call(label, &request, send).await.map_err(|e| e.into_error("the list of imports"))?;
        if reply.imports.iter().any(|it| it.import_id == header.import_id) {
            return Ok(true);
        }
        sleep(LOOK_EVERY).await;
    }
    Ok(false)
}
