//! What billing says yes and no to, and what never changes about it: nothing is billed twice, nothing is lost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{
    collection::vec,
    prelude::{Just, Strategy, any, proptest},
    prop_assert_eq, prop_oneof,
};
use studium_testkit::{given, laws};

fn month(n: u32) -> Month {
    Month::parse(&format!("2026-{n:02}")).unwrap()
}

fn line(n: u32, seats: i64, fee: i64) -> StatementLine {
    StatementLine {
        kind: LineKind::TermSeats.into(),
        plan_id: "p".into(),
        title: "Plan".into(),
        term: 1,
        period: month(n).to_string(),
        seats,
        fee_per_seat_minor: fee,
        amount_minor: seats * fee,
        currency: "EUR".into(),
        due_at_ms: month(n).starts_at_ms(),
        ..StatementLine::default()
    }
}

fn adjustment(n: u32, seats: i64, fee: i64) -> StatementLine {
    StatementLine { kind: LineKind::Adjustment.into(), due_at_ms: 0, ..line(n, seats, fee) }
}

fn closing(n: u32, charges: &[StatementLine]) -> Closing {
    Closing {
        campus_id: "ou".into(),
        month: month(n),
        now_ms: month(n).ends_at_ms(),
        charges: charges.to_vec(),
        uses: Vec::new(),
        ledger_position: 7,
    }
}

fn issue(n: u32, charges: &[StatementLine]) -> Command {
    Command::Issue(closing(n, charges))
}

fn issued(n: u32, number: u32, lines: &[StatementLine]) -> Event {
    Event::StatementIssued(StatementIssued {
        campus_id: "ou".into(),
        period: month(n).to_string(),
        number,
        lines: lines.to_vec(),
        totals: totals(lines),
        uses: Vec::new(),
        ledger_position: 7,
    })
}

fn note(id: &str, n: u32, amount_minor: i64) -> StatementCredited {
    StatementCredited {
        period: month(n).to_string(),
        number: 0,
        credit_note_id: id.into(),
        currency: "EUR".into(),
        amount_minor,
        reason: "outage".into(),
    }
}

fn credit(id: &str, n: u32, amount_minor: i64) -> Command {
    Command::Credit(note(id, n, amount_minor))
}

fn credited(id: &str, n: u32, amount_minor: i64, number: u32) -> Event {
    Event::StatementCredited(StatementCredited { number, ..note(id, n, amount_minor) })
}

#[test]
fn a_month_that_is_over_is_billed_once_and_for_good() {
    let lines = [line(1, 20, 500)];
    given::<Billing>(&[]).when(issue(1, &lines)).then(&[issued(1, 1, &lines)]);
    given::<Billing>(&[issued(1, 1, &lines)]).when(issue(1, &[line(1, 99, 500)])).nothing();
    let early = Closing { now_ms: month(1).ends_at_ms() - 1, ..closing(1, &lines) };
    given::<Billing>(&[]).when(Command::Issue(early)).refused(Reason::MonthNotOver);
    given::<Billing>(&[issued(2, 1, &[])]).when(issue(1, &lines)).refused(Reason::LaterMonthBilled);
}

#[test]
fn statements_are_numbered_and_bill_only_what_is_new() {
    let past = [issued(1, 1, &[line(1, 20, 500)])];
    let ledger = [line(1, 20, 500), line(2, 5, 500)];
    given::<Billing>(&past).when(issue(2, &ledger)).then(&[issued(2, 2, &[line(2, 5, 500)])]);
    given::<Billing>(&past).when(issue(2, &[line(1, 20, 500)])).then(&[issued(2, 2, &[])]);
}

#[test]
fn a_late_correction_is_an_adjustment_in_the_next_statement() {
    let past = [issued(1, 1, &[line(1, 20, 500)])];
    given::<Billing>(&past).when(issue(2, &[line(1, 18, 500)])).then(&[issued(2, 2, &[adjustment(1, -2, 500)])]);
    // What was adjusted is not adjusted again.
    let past = [&past[..], &[issued(2, 2, &[adjustment(1, -2, 500)])]].concat();
    given::<Billing>(&past).when(issue(3, &[line(1, 18, 500)])).then(&[issued(3, 3, &[])]);
    given::<Billing>(&past).when(issue(3, &[])).then(&[issued(3, 3, &[adjustment(1, -18, 500)])]);
    // Another fee gives the old one back whole.
    let dearer = [adjustment(1, -18, 500), adjustment(1, 18, 600)];
    given::<Billing>(&past).when(issue(3, &[line(1, 18, 600)])).then(&[issued(3, 3, &dearer)]);
}

#[test]
fn a_month_that_was_left_out_stands_in_the_next_statement() {
    let ledger = [line(1, 20, 500), line(3, 1, 500)];
    given::<Billing>(&[]).when(issue(3, &ledger)).then(&[issued(3, 1, &[line(3, 1, 500), adjustment(1, 20, 500)])]);
}

#[test]
fn seats_given_back_are_told_and_cost_nothing() {
    let back = StatementLine {
        kind: LineKind::GivenBack.into(),
        fee_per_seat_minor: 0,
        amount_minor: 0,
        currency: String::new(),
        ..line(1, 3, 500)
    };
    let lines = [line(1, 20, 500), back];
    let state = given::<Billing>(&[]).when(issue(1, &lines)).then(&[issued(1, 1, &lines)]);
    assert!(state.lines(month(2), &lines).is_empty());
}

#[test]
fn no_more_is_credited_than_was_billed() {
    let past = [issued(1, 1, &[line(1, 20, 500)])];
    given::<Billing>(&past).when(credit("c", 1, 10_000)).then(&[credited("c", 1, 10_000, 1)]);
    given::<Billing>(&past).when(credit("c", 1, 10_001)).refused(Reason::CreditTooHigh);
    given::<Billing>(&past).when(credit("c", 1, 0)).refused(Reason::CreditTooHigh);
    given::<Billing>(&past).when(credit("c", 2, 1)).refused(Reason::StatementNotFound);
    let silent = StatementCredited { reason: " ".into(), ..note("c", 1, 1) };
    given::<Billing>(&past).when(Command::Credit(silent)).refused(Reason::ExplanationRequired);
    let foreign = StatementCredited { currency: "GBP".into(), ..note("c", 1, 1) };
    given::<Billing>(&past).when(Command::Credit(foreign)).refused(Reason::CreditTooHigh);
    let past = [&past[..], &[credited("c", 1, 9_000, 1)]].concat();
    given::<Billing>(&past).when(credit("c", 1, 9_000)).nothing();
    given::<Billing>(&past).when(credit("c", 1, 8_000)).refused(Reason::CreditNoteExists);
    given::<Billing>(&past).when(credit("d", 1, 1_001)).refused(Reason::CreditTooHigh);
    given::<Billing>(&past).when(credit("d", 1, 1_000)).then(&[credited("d", 1, 1_000, 2)]);
    // A credit note is no correction of the ledger.
    given::<Billing>(&past).when(issue(2, &[line(1, 20, 500)])).then(&[issued(2, 2, &[])]);
}

fn charges() -> impl Strategy<Value = Vec<StatementLine>> {
    vec((1..6_u32, 0..9_i64, prop_oneof![Just(500), Just(600)]), 0..6)
        .prop_map(|it| it.into_iter().map(|(n, seats, fee)| line(n, seats, fee)).collect())
}

proptest! {
    #![proptest_config(laws::config())]

    /// Whatever the ledger said before: with each statement all that was billed is what the ledger says now.
    #[test]
    fn statements_add_up_to_the_ledger(closings in vec((any::<bool>(), charges()), 1..6)) {
        let (mut state, mut billed) = (Billing::default(), 0);
        for (n, (_, charges)) in (1..).zip(closings).filter(|(_, (is_left_out, _))| !is_left_out) {
            let due: Vec<_> = charges.into_iter().filter(|it| it.period <= month(n).to_string()).collect();
            let events = state.decide(&issue(n, &due)).unwrap();
            let Event::StatementIssued(it) = &events[0] else { unreachable!() };
            billed += it.totals.iter().map(|it| it.amount_minor).sum::<i64>();
            prop_assert_eq!(billed, due.iter().map(|it| it.amount_minor).sum::<i64>());
            state.evolve(&events[0]);
        }
    }
}

#[test]
fn laws_hold() {
    let any_command = prop_oneof![
        (1..6_u32, charges()).prop_map(|(n, charges)| issue(n, &charges)),
        (0..4_u8, 1..6_u32, 0..4_000_i64).prop_map(|(id, n, amount)| credit(&format!("c{id}"), n, amount)),
    ];
    laws::hold::<Billing>(any_command, |it| {
        let statements = it.statements as usize == it.open.len();
        let notes = it.notes.values().all(|it| (1..=4).contains(&it.number));
        let credited = it.notes.values().all(|note| it.open[&note.period][&note.currency] >= 0);
        let rules = [
            (statements, "a number was used twice or left out"),
            (notes, "a credit note has no number"),
            (credited, "more was credited than was billed"),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken.to_owned()))
    });
}
