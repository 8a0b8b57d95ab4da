//! What the campus pays: last month's statement, computed again from the ledger, and what this month's will say.

use super::{
    office::Office,
    people::{CAMPUS, STUDENTS},
    setup::{AGREEMENT, FEE},
};
use crate::demo::desk::{Desk, answer, asked};
use anyhow::{Context, Result, ensure};
use studium_proto::campus::v1::{
    GetStatementRequest, IssueStatementRequest, ListStatementsRequest, PreviewStatementRequest,
    RecomputeStatementRequest, Statement, statement_service_client::StatementServiceClient,
};

/// What came of it.
pub struct Bill {
    /// Last month's statement.
    pub issued: Statement,
    /// What this month's would say now.
    pub preview: Statement,
}

/// Whether the campus's story was played to its end: the bill is its last page.
pub async fn is_written(desk: &Desk) -> bool {
    let Ok(channel) = desk.platform.connect("campus", &["operator"]).await else { return false };
    let ask = ListStatementsRequest { agreement_id: AGREEMENT.to_owned(), ..ListStatementsRequest::default() };
    let told = StatementServiceClient::new(channel).list_statements(ask).await;
    told.is_ok_and(|it| !it.into_inner().statements.is_empty())
}

/// Issues last month's statement and previews this month's.
pub async fn write(office: &Office<'_>, min_position: u64) -> Result<Bill> {
    let mut client = StatementServiceClient::new(office.registrar.clone());
    let (agreement_id, period) = (AGREEMENT.to_owned(), office.calendar.last_month.clone());
    let issue = IssueStatementRequest {
        agreement_id: agreement_id.clone(),
        period: period.clone(),
        min_position,
        ..IssueStatementRequest::default()
    };
    let min_position = answer(client.issue_statement(asked("statement", issue)).await)?.position;
    let preview = PreviewStatementRequest {
        agreement_id: agreement_id.clone(),
        period: office.calendar.this_month.clone(),
        min_position,
        ..PreviewStatementRequest::default()
    };
    let preview = answer(client.preview_statement(preview).await)?.statement.context("there is no preview")?;
    let get = GetStatementRequest {
        campus_id: CAMPUS.to_owned(),
        agreement_id: agreement_id.clone(),
        period: period.clone(),
        min_position,
    };
    let issued = answer(client.get_statement(get).await)?.statement.context("there is no statement")?;
    let recompute =
        RecomputeStatementRequest { agreement_id, period, min_position, ..RecomputeStatementRequest::default() };
    let again = answer(client.recompute_statement(recompute).await)?;
    ensure!(again.same, "the statement computed again differs: {:?}", again.statement);
    let due = STUDENTS as i64 * FEE;
    let total: i64 = issued.totals.iter().map(|it| it.amount_minor).sum();
    ensure!(total == due, "{due} cents are due for {STUDENTS} seats, and {total} are billed");
    Ok(Bill { issued, preview })
}
