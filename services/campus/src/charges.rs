//! What a plan costs and how it is used, as its ledger says up to a time: a pure function of what happened to it.

use crate::period::Month;
use std::{cmp::Reverse, collections::BTreeSet};
use studium_proto::campus::v1::{
    LineKind, PlanKind, PlanProvisioned, StatementLine, StatementUse, licence_plan_event::Event,
};

/// One decision about a plan.
pub struct Happened {
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// Where it stands in the stream.
    pub position: u64,
    /// What happened.
    pub events: Vec<Event>,
}

/// What a plan comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Account {
    /// What fell due, in order.
    pub lines: Vec<StatementLine>,
    /// How it was used at the end; `None` if there was no plan yet.
    pub used: Option<StatementUse>,
}

/// Reads a plan's ledger up to a time, inclusive. What was recorded late stands where it belongs by its business time.
pub fn account(plan_id: &str, mut ledger: Vec<Happened>, as_of_ms: i64) -> Account {
    let provisioned = |it: &Happened| it.events.iter().any(|it| matches!(it, Event::PlanProvisioned(_)));
    let Some(birth) = ledger.iter().find(|it| provisioned(it)).map(|it| (it.at_ms, it.position)) else {
        return Account::default();
    };
    // Nothing happens to a plan before it is there, whatever a caller says of the time.
    for it in &mut ledger {
        it.at_ms = it.at_ms.max(birth.0);
    }
    ledger.retain(|it| it.at_ms <= as_of_ms);
    ledger.sort_by_key(|it| (it.at_ms, Reverse(it.position == birth.1), it.position));
    let mut plan = Tally { plan_id, ..Tally::default() };
    for it in &ledger {
        if it.position != birth.1 {
            plan.time_comes(it.at_ms);
        }
        for event in &it.events {
            plan.take_in(event, it.at_ms);
        }
    }
    plan.time_comes(as_of_ms);
    let used = (!ledger.is_empty()).then(|| StatementUse {
        plan_id: plan_id.to_owned(),
        bought: plan.seats,
        held: plan.assigned + plan.activated,
        activated: plan.activated,
    });
    Account { lines: plan.lines, used }
}

/// A plan on its way through its ledger.
#[derive(Default)]
struct Tally<'a> {
    plan_id: &'a str,
    kind: PlanKind,
    title: String,
    fee: i64,
    currency: String,
    term: u32,
    seats: u32,
    assigned: u32,
    activated: u32,
    /// Learners whose seats count nowhere.
    tests: BTreeSet<String>,
    /// The first term's seats fall due then; `None` once they did.
    first_due_ms: Option<i64>,
    lines: Vec<StatementLine>,
}

impl Tally<'_> {
    /// What is due at this time falls due.
    fn time_comes(&mut self, now_ms: i64) {
        if let Some(due) = self.first_due_ms.filter(|it| *it <= now_ms) {
            self.first_due_ms = None;
            self.due(LineKind::TermSeats, self.seats, due);
        }
    }

    fn take_in(&mut self, event: &Event, at: i64) {
        match event {
            Event::PlanProvisioned(it) => self.begin(it, at),
            Event::PlanTermsSet(it) => {
                (self.title, self.currency) = (it.title.clone(), it.currency.clone());
                self.fee = it.fee_per_seat_minor;
            }
            Event::SeatsBought(it) => {
                self.seats = self.seats.saturating_add(it.seats);
                if self.first_due_ms.is_none() {
                    self.due(LineKind::AddedSeats, it.seats, at);
                }
            }
            Event::SeatsGivenBack(it) => self.given_back(it.seats, at),
            Event::PlanFrozen(it) => self.given_back(it.seats_given_back, at),
            Event::TermBegan(it) => {
                (self.term, self.seats, self.fee) = (it.term, it.seats, it.fee_per_seat_minor);
                (self.assigned, self.activated) = (it.assigned, it.activated);
                self.due(LineKind::TermSeats, it.seats, it.starts_at_ms);
            }
            Event::PlanExpired(_) => (self.assigned, self.activated) = (0, 0),
            Event::SeatAssigned(it) if it.test_user => drop(self.tests.insert(it.learner_id.clone())),
            Event::SeatAssigned(_) => self.assigned += 1,
            Event::SeatActivated(it) if self.tests.contains(&it.learner_id) => {}
            Event::SeatActivated(_) => {
                self.assigned = self.assigned.saturating_sub(1);
                self.activated += 1;
            }
            Event::SeatEnded(it) if it.test_user => drop(self.tests.remove(&it.learner_id)),
            Event::SeatEnded(it) if it.was_activated => self.activated = self.activated.saturating_sub(1),
            Event::SeatEnded(_) => self.assigned = self.assigned.saturating_sub(1),
            _ => {}
        }
    }

    fn begin(&mut self, it: &PlanProvisioned, at: i64) {
        (self.kind, self.term, self.seats) = (it.kind(), 1, it.seats);
        self.first_due_ms = Some(it.starts_at_ms.max(at));
    }

    /// Before the first term begins it is billed for fewer; afterwards it is told and changes nothing.
    fn given_back(&mut self, seats: u32, at: i64) {
        self.seats = self.seats.saturating_sub(seats);
        if self.first_due_ms.is_none() && seats > 0 {
            self.due(LineKind::GivenBack, seats, at);
        }
    }

    fn due(&mut self, kind: LineKind, seats: u32, due_at_ms: i64) {
        let is_charged = self.kind == PlanKind::Paid && self.fee != 0 && kind != LineKind::GivenBack;
        let (fee_per_seat_minor, currency) =
            if is_charged { (self.fee, self.currency.clone()) } else { (0, String::new()) };
        self.lines.push(StatementLine {
            kind: kind.into(),
            plan_id: self.plan_id.to_owned(),
            title: self.title.clone(),
            plan_kind: self.kind.into(),
            term: self.term,
            period: Month::of(due_at_ms).to_string(),
            seats: i64::from(seats),
            fee_per_seat_minor,
            amount_minor: i64::from(seats).saturating_mul(fee_per_seat_minor),
            currency,
            due_at_ms,
        });
    }
}

#[cfg(test)]
mod tests;
