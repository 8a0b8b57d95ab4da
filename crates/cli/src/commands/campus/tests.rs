//! How reports and statements are printed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::args::Cli;
use clap::Parser as _;
use studium_proto::campus::v1::{CreditNote, StatementTotal, StatementUse};

fn usage() -> GetUsageReportResponse {
    let row = |key: &str, enrolments| UsageRow { key: key.into(), enrolments, minutes: 90, ..UsageRow::default() };
    GetUsageReportResponse { rows: vec![row("Law, Arts", 2), row("", 1)], total: Some(row("", 3)) }
}

fn statement() -> Statement {
    let line = StatementLine {
        kind: LineKind::TermSeats.into(),
        plan_id: "p".into(),
        plan_kind: PlanKind::Paid.into(),
        term: 1,
        period: "2026-03".into(),
        seats: 20,
        fee_per_seat_minor: 500,
        amount_minor: 10_000,
        currency: "EUR".into(),
        ..StatementLine::default()
    };
    Statement {
        agreement_id: "a".into(),
        period: "2026-03".into(),
        number: 1,
        lines: vec![line],
        totals: vec![StatementTotal { currency: "EUR".into(), amount_minor: 10_000 }],
        uses: vec![StatementUse { plan_id: "p".into(), bought: 20, held: 3, activated: 2 }],
        credit_notes: vec![CreditNote { number: 1, amount_minor: 5, currency: "EUR".into(), ..CreditNote::default() }],
        ..Statement::default()
    }
}

#[test]
fn a_report_is_printed_for_people_spreadsheets_and_scripts() {
    let csv = report_csv("department", &usage()).unwrap();
    let expected = "department,seats_held,learners_active,enrolments,completed,failed,withdrawn,minutes\n\
                    \"Law, Arts\",0,0,2,0,0,0,90\n,0,0,1,0,0,0,90\n";
    assert_eq!(csv, expected);
    let json = report_json("ou", "department", &usage());
    assert_eq!((&json["rows"][0]["department"], &json["rows"][0]["enrolments"]), (&json!("Law, Arts"), &json!(2)));
    assert_eq!((&json["total"]["enrolments"], &json["campus"]), (&json!(3), &json!("ou")));
    let shown = report_table("department", &usage());
    assert!(shown.lines().count() == 4 && shown.contains("(none)") && shown.contains("all"), "{shown}");
}

#[test]
fn a_spreadsheet_runs_nothing() {
    let row = UsageRow { key: "=HYPERLINK(\"x\")".into(), ..UsageRow::default() };
    let csv = report_csv("department", &GetUsageReportResponse { rows: vec![row], total: None }).unwrap();
    assert!(csv.contains("\n\"'=HYPERLINK"), "{csv}");
}

#[test]
fn a_statement_is_printed_for_people_and_scripts() {
    let json = statement_json(&statement(), 0);
    assert_eq!((&json["issued"], &json["lines"][0]["amount_minor"]), (&json!(true), &json!(10_000)));
    assert_eq!((&json["totals"][0]["currency"], &json["credit_notes"][0]["number"]), (&json!("EUR"), &json!(1)));
    let shown = statement_table(&statement(), 0);
    assert!(shown.starts_with("Statement 1 of a for 2026-03") && shown.contains("10000 EUR"), "{shown}");
    let preview = statement_table(&Statement { number: 0, ..statement() }, 1_000);
    assert!(preview.contains("nothing is issued by it"), "{preview}");
}

#[test]
fn a_day_stands_for_its_end() {
    assert_eq!(parse_as_of("1970-01-01"), Ok(24 * 3_600_000 - 1));
    assert_eq!(parse_as_of("1970-01-01T00:00:01Z"), Ok(1_000));
    assert!(parse_as_of("yesterday").is_err_and(|it| it.contains("2026-03-15")));
}

#[test]
fn what_is_typed_is_understood_or_refused() {
    let typed = |it: &str| Cli::try_parse_from(it.split(' ')).map(drop);
    assert!(typed("studium campus report --campus ou --by month --from 2026-01 --format csv").is_ok());
    assert!(typed("studium campus statement --agreement a --period 2026-03 --as-of 2026-03-15").is_ok());
    assert!(typed("studium campus report --campus ou --by colour").is_err());
    assert!(typed("studium campus statement --agreement a --period 2026-03 --format csv").is_err());
}
