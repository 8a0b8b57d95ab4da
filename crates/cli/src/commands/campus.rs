//! `studium campus`: what a campus's seats were used for, what its agreements cost, and what waits at its desk.

use super::campus_desk::{self, ApproveArgs, RejectArgs, RostersArgs, WhyNotArgs};
use crate::{
    client::{failed, reason},
    platform::Platform,
    progress::{Output, table, time},
};
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};
use studium_proto::campus::v1::{
    GetStatementRequest, GetUsageReportRequest, GetUsageReportResponse, LineKind, PlanKind, PreviewStatementRequest,
    Statement, StatementLine, UsageGroup, UsageRow, report_service_client::ReportServiceClient,
    statement_service_client::StatementServiceClient,
};

/// Heads of a report's columns behind the key.
const COLUMNS: [&str; 7] =
    ["seats_held", "learners_active", "enrolments", "completed", "failed", "withdrawn", "minutes"];

/// What `studium campus` can do.
#[derive(Debug, Subcommand)]
pub enum CampusCommand {
    /// Shows what the campus's seats were used for.
    #[command(
        after_help = "Example:\n  studium campus report --campus ou --by department --from 2026-01 --to 2026-06 --format csv > usage.csv"
    )]
    Report(ReportArgs),
    /// Shows what an agreement costs in a month: the statement as issued, or a preview.
    #[command(after_help = "Examples:\n  studium campus statement --agreement ou-2026 --period 2026-03\n  \
                      studium campus statement --agreement ou-2026 --period 2026-03 --as-of 2026-03-15 --format json")]
    Statement(StatementArgs),
    /// Lists the rosters that were delivered, and which of them wait for a word.
    Rosters(RostersArgs),
    /// Takes in a roster that waits because it would drop many members.
    Approve(ApproveArgs),
    /// Drops a roster that waits; nobody is changed.
    Reject(RejectArgs),
    /// Says whether the campus covers a course for a learner and, if not, exactly why.
    #[command(after_help = "Example:\n  studium campus why-not --campus ou --learner ada --course statistics")]
    WhyNot(WhyNotArgs),
}

/// What `studium campus report` takes.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The campus.
    #[arg(long, value_name = "ID")]
    campus: String,
    /// What the rows stand for.
    #[arg(long, value_enum)]
    by: By,
    /// First month, UTC; without it from the beginning.
    #[arg(long, value_name = "YYYY-MM")]
    from: Option<String>,
    /// Last month, UTC; without it up to now.
    #[arg(long, value_name = "YYYY-MM")]
    to: Option<String>,
    /// How it is printed; without it as a table, or as JSON with --json.
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
}

/// What `studium campus statement` takes.
#[derive(Debug, Args)]
pub struct StatementArgs {
    /// The agreement.
    #[arg(long, value_name = "ID")]
    agreement: String,
    /// The month, UTC.
    #[arg(long, value_name = "YYYY-MM")]
    period: String,
    /// Preview it as of the end of this day, or of this instant, whether it was issued or not.
    #[arg(long, value_name = "YYYY-MM-DD|TIME", value_parser = parse_as_of)]
    as_of: Option<i64>,
    /// How it is printed; without it as a table, or as JSON with --json.
    #[arg(long, value_enum)]
    format: Option<StatementFormat>,
}

/// What the rows of a report stand for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// One row a course.
    Course,
    /// One row a department.
    Department,
    /// One row a month.
    Month,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For people.
    Table,
    /// For spreadsheets.
    Csv,
    /// For scripts.
    Json,
}

/// How a statement is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StatementFormat {
    /// For people.
    Table,
    /// For scripts.
    Json,
}

/// Does one of them.
pub async fn campus(platform: &Platform, command: CampusCommand) -> Result<()> {
    match command {
        CampusCommand::Report(args) => report(platform, args).await,
        CampusCommand::Statement(args) => statement(platform, args).await,
        CampusCommand::Rosters(args) => campus_desk::rosters(platform, args).await,
        CampusCommand::Approve(args) => campus_desk::approve(platform, args).await,
        CampusCommand::Reject(args) => campus_desk::reject(platform, args).await,
        CampusCommand::WhyNot(args) => campus_desk::why_not(platform, args).await,
    }
}

async fn report(platform: &Platform, args: ReportArgs) -> Result<()> {
    let (by, name) = match args.by {
        By::Course => (UsageGroup::Course, "course"),
        By::Department => (UsageGroup::Department, "department"),
        By::Month => (UsageGroup::Month, "month"),
    };
    let request = GetUsageReportRequest {
        campus_id: args.campus.clone(),
        group_by: by.into(),
        from_period: args.from.unwrap_or_default(),
        to_period: args.to.unwrap_or_default(),
        ..GetUsageReportRequest::default()
    };
    let mut client = ReportServiceClient::new(platform.connect("campus", &["operator"]).await?);
    let answer = client.get_usage_report(request).await.map_err(failed)?.into_inner();
    match args.format.unwrap_or(if platform.output.is_json() { ReportFormat::Json } else { ReportFormat::Table }) {
        ReportFormat::Json => Output::new(true).json(&report_json(&args.campus, name, &answer)),
        ReportFormat::Csv => Output::new(false).say(report_csv(name, &answer)?.trim_end()),
        ReportFormat::Table => Output::new(false).say(report_table(name, &answer)),
    }
    Ok(())
}

fn numbers(row: &UsageRow) -> [u64; 7] {
    [
        row.seats_held.into(),
        row.learners_active.into(),
        row.enrolments.into(),
        row.completed.into(),
        row.failed.into(),
        row.withdrawn.into(),
        row.minutes,
    ]
}

fn cells(key: &str, row: &UsageRow) -> Vec<String> {
    std::iter::once(key.to_owned()).chain(numbers(row).map(|it| it.to_string())).collect()
}

fn row_json(row: &UsageRow) -> serde_json::Map<String, Value> {
    COLUMNS.iter().zip(numbers(row)).map(|(name, it)| ((*name).to_owned(), it.into())).collect()
}

fn report_json(campus: &str, by: &str, answer: &GetUsageReportResponse) -> Value {
    let rows = answer.rows.iter().map(|row| {
        let mut it = row_json(row);
        it.insert(by.to_owned(), row.key.clone().into());
        it
    });
    json!({"campus": campus, "by": by, "rows": rows.collect::<Vec<_>>(), "total": row_json(&answer.total.clone().unwrap_or_default())})
}

fn report_csv(by: &str, answer: &GetUsageReportResponse) -> Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(std::iter::once(by).chain(COLUMNS))?;
    for row in &answer.rows {
        csv.write_record(cells(&defused(&row.key), row))?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

/// A spreadsheet takes what begins like this for a formula and runs it; a department is whatever somebody wrote.
fn defused(key: &str) -> String {
    if key.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{key}") } else { key.to_owned() }
}

fn report_table(by: &str, answer: &GetUsageReportResponse) -> String {
    let head = std::iter::once(by.to_owned()).chain(COLUMNS.map(|it| it.replace('_', " "))).collect();
    let rows = answer.rows.iter().map(|row| cells(if row.key.is_empty() { "(none)" } else { &row.key }, row));
    let total = answer.total.iter().map(|row| cells("all", row));
    table(&std::iter::once(head).chain(rows).chain(total).collect::<Vec<_>>())
}

async fn statement(platform: &Platform, args: StatementArgs) -> Result<()> {
    let mut client = StatementServiceClient::new(platform.connect("campus", &["operator"]).await?);
    let (agreement_id, period) = (args.agreement, args.period);
    let issued = if args.as_of.is_none() {
        let (agreement_id, period) = (agreement_id.clone(), period.clone());
        let request = GetStatementRequest { agreement_id, period, ..GetStatementRequest::default() };
        match client.get_statement(request).await {
            Ok(it) => it.into_inner().statement,
            Err(e) if reason(&e).as_deref() == Some("STATEMENT_NOT_FOUND") => None,
            Err(e) => return Err(failed(e)),
        }
    } else {
        None
    };
    let (shown, as_of_ms) = if let Some(it) = issued {
        (it, 0)
    } else {
        let as_of_ms = args.as_of.unwrap_or(0);
        let request = PreviewStatementRequest { agreement_id, period, as_of_ms, ..PreviewStatementRequest::default() };
        let answer = client.preview_statement(request).await.map_err(failed)?.into_inner();
        (answer.statement.unwrap_or_default(), answer.as_of_ms)
    };
    match args.format.unwrap_or(if platform.output.is_json() { StatementFormat::Json } else { StatementFormat::Table })
    {
        StatementFormat::Json => Output::new(true).json(&statement_json(&shown, as_of_ms)),
        StatementFormat::Table => Output::new(false).say(statement_table(&shown, as_of_ms)),
    }
    Ok(())
}

fn kind(line: &StatementLine) -> &'static str {
    match line.kind() {
        LineKind::TermSeats => "term",
        LineKind::AddedSeats => "added",
        LineKind::GivenBack => "given back",
        LineKind::Adjustment => "adjustment",
        LineKind::Unspecified => "",
    }
}

fn plan_kind(line: &StatementLine) -> &'static str {
    match line.plan_kind() {
        PlanKind::Paid => "paid",
        PlanKind::Trial => "trial",
        PlanKind::Internal => "internal",
        PlanKind::Unspecified => "",
    }
}

fn statement_json(it: &Statement, as_of_ms: i64) -> Value {
    let lines = it.lines.iter().map(|it| {
        json!({
            "kind": kind(it), "plan": it.plan_id, "title": it.title, "plan_kind": plan_kind(it), "term": it.term,
            "period": it.period, "seats": it.seats, "fee_per_seat_minor": it.fee_per_seat_minor,
            "amount_minor": it.amount_minor, "currency": it.currency, "due_at_ms": it.due_at_ms,
        })
    });
    let totals = it.totals.iter().map(|it| json!({"currency": it.currency, "amount_minor": it.amount_minor}));
    let uses = it.uses.iter();
    let uses =
        uses.map(|it| json!({"plan": it.plan_id, "bought": it.bought, "held": it.held, "activated": it.activated}));
    let notes = it.credit_notes.iter().map(|it| {
        json!({
            "id": it.credit_note_id, "number": it.number, "currency": it.currency, "amount_minor": it.amount_minor,
            "reason": it.reason, "at_ms": it.at_ms,
        })
    });
    json!({
        "agreement": it.agreement_id, "campus": it.campus_id, "period": it.period, "issued": it.number > 0,
        "number": it.number, "issued_at_ms": it.issued_at_ms, "as_of_ms": as_of_ms,
        "ledger_position": it.ledger_position, "lines": lines.collect::<Vec<_>>(), "totals": totals.collect::<Vec<_>>(),
        "uses": uses.collect::<Vec<_>>(), "credit_notes": notes.collect::<Vec<_>>(),
    })
}

fn statement_table(it: &Statement, as_of_ms: i64) -> String {
    let what = if it.number > 0 {
        format!("Statement {} of {} for {}, issued {}.", it.number, it.agreement_id, it.period, time(it.issued_at_ms))
    } else {
        format!("Preview for {} of {}, as of {}; nothing is issued by it.", it.agreement_id, it.period, time(as_of_ms))
    };
    let mut rows = vec![["", "plan", "term", "month", "seats", "fee", "amount"].map(str::to_owned).to_vec()];
    for it in &it.lines {
        let (fee, amount) = (money(it.fee_per_seat_minor, ""), money(it.amount_minor, &it.currency));
        let (kind, term, seats) = (kind(it).to_owned(), it.term.to_string(), it.seats.to_string());
        rows.push(vec![kind, it.plan_id.clone(), term, it.period.clone(), seats, fee, amount]);
    }
    let totals = it.totals.iter().map(|it| format!("total  {}", money(it.amount_minor, &it.currency)));
    let notes = it.credit_notes.iter();
    let notes =
        notes.map(|it| format!("credit note {}  {}  {}", it.number, money(it.amount_minor, &it.currency), it.reason));
    let uses = it.uses.iter();
    let uses =
        uses.map(|it| format!("{}: {} bought, {} held, {} activated", it.plan_id, it.bought, it.held, it.activated));
    let text = [what, table(&rows)].into_iter().chain(totals).chain(notes).chain(uses);
    text.collect::<Vec<_>>().join("\n")
}

/// An amount in minor units; how many of them make a major one differs by currency, so they are not divided.
fn money(minor: i64, currency: &str) -> String {
    if currency.is_empty() { minor.to_string() } else { format!("{minor} {currency} (minor units)") }
}

/// Reads a day, UTC, which stands for its last instant, or an instant with its offset.
fn parse_as_of(text: &str) -> Result<i64, String> {
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant.as_millisecond());
    }
    let next = text.parse::<Date>().ok().and_then(|it| it.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok());
    let next =
        next.ok_or_else(|| format!("`{text}` is no day; write for example 2026-03-15 or 2026-03-15T12:00:00Z"))?;
    Ok(next.timestamp().as_millisecond() - 1)
}

#[cfg(test)]
mod tests;
