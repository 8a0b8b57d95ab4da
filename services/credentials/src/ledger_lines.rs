//! Every movement of every credit account, one line each: their sum is the balance.

use crate::credit_account;
use studium_kit::{Changes, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{AwardScheme, CreditLine, LedgerKind, LedgerLine, credit_account_event::Event};

row! {
    /// One movement.
    pub struct LedgerLineRow {
        key {
            learner_id: String,
            scheme: i32,
            /// Position, kind and entry: in this order they happened.
            line_id: String,
        }
        kind: i32,
        entry_id: String,
        amount_milli: i64,
        award_id: String,
        at_ms: i64,
        stream_position: u64,
    }
}

/// Movements by account.
pub struct LedgerLines;

impl View for LedgerLines {
    type Row = LedgerLineRow;
    const NAME: &'static str = "ledger_line_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<LedgerLineRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((learner_id, scheme)) = credit_account::parts(event.id()) else { return };
        let (kind, sign, award_id, lines) = movement(it);
        for line in lines {
            let row = LedgerLineRow {
                learner_id: learner_id.to_owned(),
                scheme: scheme as i32,
                line_id: format!("{:019}~{}~{}", event.position(), order(kind), line.entry_id),
                kind: kind as i32,
                entry_id: line.entry_id,
                amount_milli: sign * i64::from(line.credits_milli),
                award_id: award_id.clone(),
                at_ms: event.at_ms(),
                stream_position: event.position(),
            };
            let key = (learner_id, scheme as i32, row.line_id.clone());
            rows.row(key, move |it| *it = Some(row));
        }
    }
}

/// Kind, sign, stack award and entries of what an event moves.
fn movement(event: Event) -> (LedgerKind, i64, String, Vec<CreditLine>) {
    let one = |entry_id: String, credits_milli: u32| vec![CreditLine { entry_id, credits_milli }];
    match event {
        Event::CreditsEarned(it) => (LedgerKind::Earned, 1, String::new(), one(it.credential_id, it.credits_milli)),
        Event::CreditsRecognised(it) => {
            (LedgerKind::Recognised, 1, String::new(), one(it.recognition_id, it.credits_milli))
        }
        Event::CreditsApplied(it) => (LedgerKind::Applied, -1, it.award_id, it.lines),
        Event::CreditsReleased(it) => (LedgerKind::Released, 1, it.award_id, it.lines),
        Event::CreditsReversed(it) => (LedgerKind::Reversed, -1, it.award_id, one(it.entry_id, it.credits_milli)),
        Event::CreditsRefused(_)
        | Event::CreditsNotApplied(_)
        | Event::CreditsClassified(_)
        | Event::DegreeAimSet(_) => (LedgerKind::Unspecified, 0, String::new(), Vec::new()),
    }
}

/// In one decision credits are freed, then taken back, then entered anew, and never the other way round.
fn order(kind: LedgerKind) -> u32 {
    match kind {
        LedgerKind::Released => 1,
        LedgerKind::Reversed => 2,
        LedgerKind::Unspecified | LedgerKind::Earned | LedgerKind::Recognised => 3,
        LedgerKind::Applied => 4,
    }
}

impl LedgerLineRow {
    /// As it is shown.
    pub fn shown(self) -> LedgerLine {
        LedgerLine {
            kind: self.kind,
            entry_id: self.entry_id,
            amount_milli: self.amount_milli,
            award_id: self.award_id,
            at_ms: self.at_ms,
            position: self.stream_position,
        }
    }
}

/// A page of an account's movements, oldest first.
pub async fn lines(
    store: &Store,
    learner_id: &str,
    scheme: AwardScheme,
    page: &Page,
) -> Result<Vec<LedgerLineRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM ledger_line_1 WHERE learner_id = $1 AND scheme = $2 AND line_id > $3 ORDER BY line_id LIMIT $4",
        LedgerLineRow::COLUMN_LIST
    );
    let values = [learner_id.into(), (scheme as i32).into(), page.after.as_str().into(), page.size.into()];
    store.query(&sql, &values).await
}
