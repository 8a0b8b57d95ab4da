//! The statements that were issued, whole, with their credit notes.

use studium_kit::{Changes, Page, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    campus::v1::{CreditNote, Statement, StatementCredited, StatementIssued, billing_event::Event},
};

row! {
    /// One statement; `shown` is the contract's own message.
    pub struct StatementRow {
        key { agreement_id: String, period: String }
        shown: Vec<u8>,
    }
}

/// Statements by agreement and month.
pub struct Statements;

impl View for Statements {
    type Row = StatementRow;
    const NAME: &'static str = "statement_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StatementRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (agreement_id, at) = (event.id().to_owned(), event.at_ms());
        match it {
            Event::StatementIssued(it) => {
                let statement = issued(&agreement_id, it, at);
                let (period, shown) = (statement.period.clone(), statement.encode_to_vec());
                let row = StatementRow { agreement_id, period, shown };
                rows.row((event.id(), row.period.clone()), move |it| *it = Some(row));
            }
            Event::StatementCredited(it) => rows.row((event.id(), it.period.clone()), move |row| {
                if let Some(row) = row {
                    row.credit(it, at);
                }
            }),
        }
    }
}

fn issued(agreement_id: &str, it: StatementIssued, at: i64) -> Statement {
    Statement {
        agreement_id: agreement_id.to_owned(),
        campus_id: it.campus_id,
        period: it.period,
        number: it.number,
        issued_at_ms: at,
        lines: it.lines,
        totals: it.totals,
        uses: it.uses,
        ledger_position: it.ledger_position,
        credit_notes: Vec::new(),
    }
}

impl StatementRow {
    fn credit(&mut self, it: StatementCredited, at_ms: i64) {
        let Ok(mut statement) = Statement::decode(self.shown.as_slice()) else { return };
        statement.credit_notes.push(CreditNote {
            credit_note_id: it.credit_note_id,
            number: it.number,
            currency: it.currency,
            amount_minor: it.amount_minor,
            reason: it.reason,
            at_ms,
        });
        self.shown = statement.encode_to_vec();
    }

    fn shown(&self) -> Result<Statement, StoreError> {
        Statement::decode(self.shown.as_slice())
            .map_err(|e| StoreError::Query(format!("a statement cannot be read: {e}")))
    }
}

/// One statement.
pub async fn statement(store: &Store, agreement_id: &str, period: &str) -> Result<Option<Statement>, StoreError> {
    let sql = format!("SELECT {} FROM statement_1 WHERE agreement_id = $1 AND period = $2", StatementRow::COLUMN_LIST);
    let row: Option<StatementRow> = store.query(&sql, &[agreement_id.into(), period.into()]).await?.pop();
    row.as_ref().map(StatementRow::shown).transpose()
}

/// A page of the statements of an agreement by month.
pub async fn statements(store: &Store, agreement_id: &str, page: &Page) -> Result<Vec<Statement>, StoreError> {
    let sql = format!(
        "SELECT {} FROM statement_1 WHERE agreement_id = $1 AND period > $2 ORDER BY period LIMIT $3",
        StatementRow::COLUMN_LIST
    );
    let rows: Vec<StatementRow> =
        store.query(&sql, &[agreement_id.into(), page.after.as_str().into(), page.size.into()]).await?;
    rows.iter().map(StatementRow::shown).collect()
}
