//! What a plan costs, term by term, and how it was used.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use studium_proto::campus::v1::{
    CarryOver, PlanFrozen, PlanTermsSet, SeatActivated, SeatAssigned, SeatEnded, SeatsBought, SeatsGivenBack, TermBegan,
};

fn at(text: &str, day: i64) -> i64 {
    Month::parse(text).unwrap().starts_at_ms() + (day - 1) * 24 * 3_600_000
}

fn happened(position: u64, at_ms: i64, events: Vec<Event>) -> Happened {
    Happened { at_ms, position, events }
}

fn terms(fee: i64) -> Event {
    Event::PlanTermsSet(PlanTermsSet {
        title: "Plan".into(),
        fee_per_seat_minor: fee,
        currency: "EUR".into(),
        ..PlanTermsSet::default()
    })
}

/// 20 seats from 1 March 2026 on for a year, 5 EUR each.
fn provisioned(kind: PlanKind, at_ms: i64) -> Happened {
    let provisioned = Event::PlanProvisioned(PlanProvisioned {
        kind: kind.into(),
        seats: 20,
        starts_at_ms: at("2026-03", 1),
        ends_at_ms: at("2027-03", 1),
        ..PlanProvisioned::default()
    });
    happened(1, at_ms, vec![provisioned, terms(500)])
}

fn bought(position: u64, at_ms: i64, seats: u32) -> Happened {
    happened(position, at_ms, vec![Event::SeatsBought(SeatsBought { seats, total: 0 })])
}

fn given_back(position: u64, at_ms: i64, seats: u32) -> Happened {
    happened(position, at_ms, vec![Event::SeatsGivenBack(SeatsGivenBack { seats, total: 0 })])
}

/// Kind, month, term, seats and amount of each line.
fn told(account: &Account) -> Vec<(LineKind, String, u32, i64, i64)> {
    account.lines.iter().map(|it| (it.kind(), it.period.clone(), it.term, it.seats, it.amount_minor)).collect()
}

fn row(kind: LineKind, period: &str, term: u32, seats: i64, amount: i64) -> (LineKind, String, u32, i64, i64) {
    (kind, period.to_owned(), term, seats, amount)
}

#[test]
fn a_term_falls_due_when_it_begins_and_no_sooner() {
    let ledger = || vec![provisioned(PlanKind::Paid, at("2026-01", 10))];
    assert_eq!(told(&account("p", ledger(), at("2026-03", 1) - 1)), []);
    let due = [row(LineKind::TermSeats, "2026-03", 1, 20, 10_000)];
    assert_eq!(told(&account("p", ledger(), at("2026-03", 1))), due);
    assert_eq!(account("p", ledger(), at("2026-01", 9)), Account::default());
    // Provisioned in the middle of its term: it falls due then.
    let late = vec![provisioned(PlanKind::Paid, at("2026-05", 2))];
    assert_eq!(told(&account("p", late, i64::MAX)), [row(LineKind::TermSeats, "2026-05", 1, 20, 10_000)]);
}

#[test]
fn seats_bought_later_cost_the_full_fee_and_given_back_ones_are_not_refunded() {
    let ledger = vec![
        provisioned(PlanKind::Paid, at("2026-01", 10)),
        bought(2, at("2026-02", 1), 5),
        given_back(3, at("2026-02", 2), 10),
        bought(4, at("2027-02", 27), 3),
        given_back(5, at("2027-02", 28), 2),
        happened(
            6,
            at("2027-02", 28),
            vec![Event::PlanFrozen(PlanFrozen { seats_given_back: 1, ..PlanFrozen::default() })],
        ),
    ];
    let it = account("p", ledger, i64::MAX);
    let expected = [
        row(LineKind::TermSeats, "2026-03", 1, 15, 7_500),
        row(LineKind::AddedSeats, "2027-02", 1, 3, 1_500),
        row(LineKind::GivenBack, "2027-02", 1, 2, 0),
        row(LineKind::GivenBack, "2027-02", 1, 1, 0),
    ];
    assert_eq!(told(&it), expected);
    assert_eq!(it.used.unwrap().bought, 15);
}

#[test]
fn each_term_has_its_fee() {
    let second = Event::TermBegan(TermBegan {
        term: 2,
        seats: 8,
        starts_at_ms: at("2027-03", 1),
        carry_over: CarryOver::None.into(),
        fee_per_seat_minor: 700,
        ..TermBegan::default()
    });
    let ledger = vec![
        provisioned(PlanKind::Paid, at("2026-01", 10)),
        happened(2, at("2027-03", 1), vec![second]),
        bought(3, at("2027-04", 1), 1),
        happened(4, at("2027-04", 2), vec![terms(800)]),
        bought(5, at("2027-04", 3), 1),
    ];
    let expected = [
        row(LineKind::TermSeats, "2026-03", 1, 20, 10_000),
        row(LineKind::TermSeats, "2027-03", 2, 8, 5_600),
        row(LineKind::AddedSeats, "2027-04", 2, 1, 700),
        row(LineKind::AddedSeats, "2027-04", 2, 1, 800),
    ];
    assert_eq!(told(&account("p", ledger, i64::MAX)), expected);
}

#[test]
fn what_was_recorded_late_stands_where_it_belongs() {
    let ledger = vec![provisioned(PlanKind::Paid, at("2026-01", 10)), given_back(9, at("2026-02", 1), 4)];
    assert_eq!(told(&account("p", ledger, i64::MAX)), [row(LineKind::TermSeats, "2026-03", 1, 16, 8_000)]);
    // Nothing happens to a plan before it is there.
    let ledger = vec![provisioned(PlanKind::Paid, at("2026-05", 1)), bought(2, at("2026-01", 1), 4)];
    let expected =
        [row(LineKind::TermSeats, "2026-05", 1, 20, 10_000), row(LineKind::AddedSeats, "2026-05", 1, 4, 2_000)];
    assert_eq!(told(&account("p", ledger, i64::MAX)), expected);
}

#[test]
fn trials_and_the_platforms_own_plans_cost_nothing() {
    for kind in [PlanKind::Trial, PlanKind::Internal] {
        let ledger = vec![provisioned(kind, at("2026-03", 1)), bought(2, at("2026-03", 2), 1)];
        let it = account("p", ledger, i64::MAX);
        assert_eq!(it.lines.len(), 2);
        assert!(it.lines.iter().all(|it| it.amount_minor == 0 && it.currency.is_empty()));
    }
}

#[test]
fn use_counts_everybody_but_test_users() {
    let learner_id = |it: &str| it.to_owned();
    let assigned = |it: &str, test_user| {
        Event::SeatAssigned(SeatAssigned { learner_id: learner_id(it), test_user, ..SeatAssigned::default() })
    };
    let activated =
        |it: &str| Event::SeatActivated(SeatActivated { learner_id: learner_id(it), idle_at_ms: 0, test_user: false });
    let ended = |it: &str, was_activated, test_user| {
        Event::SeatEnded(SeatEnded { learner_id: learner_id(it), was_activated, test_user, ..SeatEnded::default() })
    };
    let now = at("2026-03", 2);
    let acts = vec![
        assigned("ada", false),
        assigned("bob", false),
        assigned("tess", true),
        activated("ada"),
        activated("tess"),
        assigned("cyd", false),
        activated("cyd"),
        ended("cyd", true, false),
        assigned("tim", true),
        ended("tim", false, true),
    ];
    let acts = acts.into_iter().zip(2..).map(|(it, n)| happened(n, now, vec![it]));
    let ledger = std::iter::once(provisioned(PlanKind::Paid, at("2026-01", 10))).chain(acts).collect();
    let used = account("p", ledger, now).used.unwrap();
    assert_eq!((used.bought, used.held, used.activated), (20, 2, 1));
}
