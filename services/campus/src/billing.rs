//! What an agreement was billed: statements in the order of their months, numbered, for good, and notes of credit.

use crate::period::Month;
use std::collections::BTreeMap;
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    LineKind, Reason, StatementCredited, StatementIssued, StatementLine, StatementTotal, StatementUse,
    billing_event::Event,
};

/// What can be asked of an agreement's billing.
#[derive(Debug, Clone)]
pub enum Command {
    /// To bill a month; what the ledger says up to its end comes with it.
    Issue(Closing),
    /// To note that part of a statement need not be paid; the number of the note follows from its place.
    Credit(StatementCredited),
}

/// A month that is to be closed.
#[derive(Debug, Clone)]
pub struct Closing {
    /// The campus.
    pub campus_id: String,
    /// The month.
    pub month: Month,
    /// The time at which it is closed.
    pub now_ms: i64,
    /// All that fell due up to the end of the month since the agreement began, in order.
    pub charges: Vec<StatementLine>,
    /// How the plans were used at its end.
    pub uses: Vec<StatementUse>,
    /// Where the ledger was read.
    pub ledger_position: u64,
}

/// The billing of one agreement as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Billing {
    /// What was billed so far, in all statements together.
    billed: BTreeMap<Key, Sum>,
    /// What may still be credited, by month and currency.
    open: BTreeMap<String, BTreeMap<String, i64>>,
    statements: u32,
    notes: BTreeMap<String, StatementCredited>,
}

/// What lines have in common that may make up for each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    period: String,
    plan_id: String,
    term: u32,
    fee_per_seat_minor: i64,
    currency: String,
}

/// How many seats, and what a line of them says besides.
#[derive(Debug, Clone, Default)]
struct Sum {
    seats: i64,
    title: String,
    plan_kind: i32,
}

impl Decider for Billing {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Issue(it) => self.issue(it),
            Command::Credit(it) => self.credit(it),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::StatementIssued(it) => {
                for line in it.lines.iter().filter(|it| it.kind() != LineKind::GivenBack) {
                    add(&mut self.billed, line, line.seats);
                }
                self.open.insert(it.period.clone(), by_currency(&it.totals));
                self.statements = it.number;
            }
            Event::StatementCredited(it) => {
                let open = self.open.entry(it.period.clone()).or_default().entry(it.currency.clone()).or_default();
                *open = open.saturating_sub(it.amount_minor);
                self.notes.insert(it.credit_note_id.clone(), it.clone());
            }
        }
    }
}

impl Billing {
    /// The lines of a month's statement: what fell due in it, and what earlier months differ by from what was billed.
    pub fn lines(&self, month: Month, charges: &[StatementLine]) -> Vec<StatementLine> {
        let period = month.to_string();
        let mut earlier = BTreeMap::new();
        for line in charges.iter().filter(|it| it.period < period && it.kind() != LineKind::GivenBack) {
            add(&mut earlier, line, line.seats);
        }
        for (key, billed) in self.billed.iter().filter(|(key, _)| key.period < period) {
            let sum = earlier.entry(key.clone()).or_insert_with(|| Sum { seats: 0, ..billed.clone() });
            sum.seats -= billed.seats;
        }
        let adjustments = earlier.into_iter().filter(|(_, it)| it.seats != 0).map(|(key, it)| StatementLine {
            kind: LineKind::Adjustment.into(),
            plan_id: key.plan_id,
            title: it.title,
            plan_kind: it.plan_kind,
            term: key.term,
            period: key.period,
            seats: it.seats,
            fee_per_seat_minor: key.fee_per_seat_minor,
            amount_minor: it.seats.saturating_mul(key.fee_per_seat_minor),
            currency: key.currency,
            due_at_ms: 0,
        });
        charges.iter().filter(|it| it.period == period).cloned().chain(adjustments).collect()
    }

    fn issue(&self, it: &Closing) -> Decision<Self> {
        let period = it.month.to_string();
        if self.open.contains_key(&period) {
            return Ok(Vec::new());
        }
        if let Some((later, _)) = self.open.last_key_value().filter(|(later, _)| **later > period) {
            return Reason::LaterMonthBilled
                .because(format!("{later} was billed already; what belongs to {period} stands in it or in the next"));
        }
        if it.now_ms < it.month.ends_at_ms() {
            return Reason::MonthNotOver.because(format!("{period} is not over; preview it"));
        }
        let lines = self.lines(it.month, &it.charges);
        Ok(vec![Event::StatementIssued(StatementIssued {
            campus_id: it.campus_id.clone(),
            period,
            number: self.statements + 1,
            totals: totals(&lines),
            lines,
            uses: it.uses.clone(),
            ledger_position: it.ledger_position,
        })])
    }

    fn credit(&self, it: &StatementCredited) -> Decision<Self> {
        if let Some(note) = self.notes.get(&it.credit_note_id) {
            let same = StatementCredited { number: note.number, ..it.clone() };
            return if same == *note {
                Ok(Vec::new())
            } else {
                Reason::CreditNoteExists.because(format!("this id is a credit note for {} already", note.period))
            };
        }
        let Some(open) = self.open.get(&it.period) else {
            return Reason::StatementNotFound.because(format!("no statement was issued for {}", it.period));
        };
        if it.reason.trim().is_empty() {
            return Reason::ExplanationRequired.because("say why it need not be paid");
        }
        let open = open.get(&it.currency).copied().unwrap_or(0);
        if !(1..=open).contains(&it.amount_minor) {
            return Reason::CreditTooHigh
                .because(format!("{open} {} may still be credited, in minor units", it.currency));
        }
        let number = self.notes.len() as u32 + 1;
        Ok(vec![Event::StatementCredited(StatementCredited { number, ..it.clone() })])
    }
}

/// Sums of lines by currency; what costs nothing has none.
pub fn totals(lines: &[StatementLine]) -> Vec<StatementTotal> {
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for line in lines.iter().filter(|it| !it.currency.is_empty()) {
        let sum = sums.entry(&line.currency).or_default();
        *sum = sum.saturating_add(line.amount_minor);
    }
    sums.into_iter().map(|(it, amount_minor)| StatementTotal { currency: it.to_owned(), amount_minor }).collect()
}

fn by_currency(totals: &[StatementTotal]) -> BTreeMap<String, i64> {
    totals.iter().map(|it| (it.currency.clone(), it.amount_minor)).collect()
}

fn add(sums: &mut BTreeMap<Key, Sum>, line: &StatementLine, seats: i64) {
    let key = Key {
        period: line.period.clone(),
        plan_id: line.plan_id.clone(),
        term: line.term,
        fee_per_seat_minor: line.fee_per_seat_minor,
        currency: line.currency.clone(),
    };
    let sum = sums.entry(key).or_default();
    sum.seats += seats;
    (sum.title, sum.plan_kind) = (line.title.clone(), line.plan_kind);
}

#[cfg(test)]
mod tests;
