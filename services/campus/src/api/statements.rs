//! Calls that concern statements.

use super::{Api, Reply, TEXT_MAX, done, no};
use crate::{
    account,
    agreements::Agreements,
    billing::{Billing, Closing, Command, totals},
    period::Month,
    statements::{self, Statements},
};
use studium_kit::{Call, Fields, Page, fault};
use studium_proto::campus::v1::{
    CreditStatementRequest, CreditStatementResponse, GetStatementRequest, GetStatementResponse, IssueStatementRequest,
    IssueStatementResponse, ListStatementsRequest, ListStatementsResponse, PreviewStatementRequest,
    PreviewStatementResponse, Reason, RecomputeStatementRequest, RecomputeStatementResponse, Statement,
    StatementCredited, statement_service_server::StatementService,
};
use tonic::{Request, Response, Status};

/// The month that a request names.
fn month(mut fields: Fields, agreement_id: &str, period: &str) -> Result<Month, Status> {
    fields.id("agreement_id", agreement_id);
    let month = Month::parse(period);
    fields.check("period", month.is_some(), "is no month; write for example 2026-03");
    fields.done()?;
    Ok(month.unwrap_or(Month::of(0)))
}

impl Api {
    /// A statement that was issued.
    async fn issued(&self, campus_id: &str, agreement_id: &str, month: Month) -> Result<Statement, Status> {
        self.agreement_of(campus_id, agreement_id).await?;
        let statement = statements::statement(self.app.store(), agreement_id, &month.to_string()).await;
        statement
            .map_err(fault)?
            .ok_or_else(|| no(Reason::StatementNotFound, format!("no statement was issued for {month}"), agreement_id))
    }

    /// What a statement would say.
    async fn computed(
        &self,
        campus_id: &str,
        agreement_id: &str,
        month: Month,
        as_of_ms: i64,
        ledger_position: u64,
    ) -> Result<Statement, Status> {
        let campus_id = self.agreement_of(campus_id, agreement_id).await?.campus_id;
        let upto = as_of_ms.min(month.ends_at_ms() - 1);
        let it = account::read(&self.app, agreement_id, upto, ledger_position).await?;
        let billing = account::billed_before(&self.app, agreement_id, month, as_of_ms, ledger_position).await?;
        let lines = billing.lines(month, &it.charges);
        Ok(Statement {
            agreement_id: agreement_id.to_owned(),
            campus_id,
            period: month.to_string(),
            totals: totals(&lines),
            lines,
            uses: it.uses,
            ledger_position,
            ..Statement::default()
        })
    }
}

#[tonic::async_trait]
impl StatementService for Api {
    async fn preview_statement(&self, request: Request<PreviewStatementRequest>) -> Reply<PreviewStatementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.check("as_of_ms", it.as_of_ms >= 0, "is below 0");
        let month = month(fields, &it.agreement_id, &it.period)?;
        self.app.reached::<Agreements>(it.min_position).await?;
        let position = account::position(&self.app, it.ledger_position, it.min_position).await?;
        let as_of_ms = if it.as_of_ms == 0 { call.now_ms() } else { it.as_of_ms };
        let statement = Some(self.computed(&it.campus_id, &it.agreement_id, month, as_of_ms, position).await?);
        Ok(Response::new(PreviewStatementResponse { statement, as_of_ms }))
    }

    async fn issue_statement(&self, request: Request<IssueStatementRequest>) -> Reply<IssueStatementResponse> {
        let (call, it) = Call::open(request)?;
        let month = month(Fields::new(), &it.agreement_id, &it.period)?;
        let call = call.at(it.at_ms)?;
        self.app.reached::<Agreements>(it.min_position).await?;
        let campus_id = self.agreement_of("", &it.agreement_id).await?.campus_id;
        let ledger_position = account::position(&self.app, 0, it.min_position).await?;
        let read = account::read(&self.app, &it.agreement_id, month.ends_at_ms() - 1, ledger_position).await?;
        let (charges, uses) = (read.charges, read.uses);
        let command =
            Command::Issue(Closing { campus_id, month, now_ms: call.now_ms(), charges, uses, ledger_position });
        done!(IssueStatementResponse, self.app.decide::<Billing>(&call, &it.agreement_id, &command).await?)
    }

    async fn credit_statement(&self, request: Request<CreditStatementRequest>) -> Reply<CreditStatementResponse> {
        let (call, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("credit_note_id", &it.credit_note_id);
        let is_code = it.currency.len() == 3 && it.currency.bytes().all(|it| it.is_ascii_uppercase());
        fields.check("currency", is_code, "is no code of ISO 4217; write for example EUR");
        fields.check("amount_minor", it.amount_minor > 0, "is not above 0");
        fields.optional_text("reason", &it.reason, TEXT_MAX);
        let month = month(fields, &it.agreement_id, &it.period)?;
        let command = Command::Credit(StatementCredited {
            period: month.to_string(),
            number: 0,
            credit_note_id: it.credit_note_id,
            currency: it.currency,
            amount_minor: it.amount_minor,
            reason: it.reason,
        });
        let call = call.at(it.at_ms)?;
        done!(CreditStatementResponse, self.app.decide::<Billing>(&call, &it.agreement_id, &command).await?)
    }

    async fn get_statement(&self, request: Request<GetStatementRequest>) -> Reply<GetStatementResponse> {
        let (_, it) = Call::open(request)?;
        let month = month(Fields::new(), &it.agreement_id, &it.period)?;
        self.app.reached::<Statements>(it.min_position).await?;
        let statement = Some(self.issued(&it.campus_id, &it.agreement_id, month).await?);
        Ok(Response::new(GetStatementResponse { statement }))
    }

    async fn recompute_statement(
        &self,
        request: Request<RecomputeStatementRequest>,
    ) -> Reply<RecomputeStatementResponse> {
        let (_, it) = Call::open(request)?;
        let month = month(Fields::new(), &it.agreement_id, &it.period)?;
        self.app.reached::<Statements>(it.min_position).await?;
        let issued = self.issued(&it.campus_id, &it.agreement_id, month).await?;
        let position = issued.ledger_position;
        let read = account::read(&self.app, &it.agreement_id, month.ends_at_ms() - 1, position).await?;
        // No earlier month is billed after a later one: what stands before it now stood before it then.
        let billing = account::billed_before(&self.app, &it.agreement_id, month, i64::MAX, u64::MAX).await?;
        let lines = billing.lines(month, &read.charges);
        let computed =
            Statement { totals: totals(&lines), lines, uses: read.uses, credit_notes: Vec::new(), ..issued.clone() };
        let same = computed == Statement { credit_notes: Vec::new(), ..issued };
        Ok(Response::new(RecomputeStatementResponse { statement: Some(computed), same }))
    }

    async fn list_statements(&self, request: Request<ListStatementsRequest>) -> Reply<ListStatementsResponse> {
        let (_, it) = Call::open(request)?;
        let mut fields = Fields::new();
        fields.id("agreement_id", &it.agreement_id);
        let page = Page::asked(&mut fields, it.page_size, &it.page_token);
        fields.done()?;
        self.app.reached::<Statements>(it.min_position).await?;
        self.agreement_of(&it.campus_id, &it.agreement_id).await?;
        let statements = statements::statements(self.app.store(), &it.agreement_id, &page).await.map_err(fault)?;
        let next_page_token = page.next(&statements, |it| it.period.clone());
        Ok(Response::new(ListStatementsResponse { statements, next_page_token }))
    }
}
