//! What a plan promises and for how long.

use super::*;
use studium_proto::campus::v1::{
    PlanExpired, PlanFrozen, PlanUnfrozen, RenewalCancelled, SeatsBought, SeatsGivenBack, TermBegan,
    licence_plan_event::Event,
};

fn provision(selection: bool, agreement: Result<(), Reason>) -> Asked<Command> {
    asked(Command::Provision { plan: provisioned(2), terms: terms(), agreement, selection })
}

fn renewal(term: u32, seats: u32, carry_over: CarryOver) -> RenewalScheduled {
    RenewalScheduled {
        term,
        seats,
        starts_at_ms: END + i64::from(term - 2) * 365 * DAY,
        ends_at_ms: END + i64::from(term - 1) * 365 * DAY,
        carry_over: carry_over.into(),
        fee_per_seat_minor: 6_000,
    }
}

fn began(term: u32, seats: u32, carry_over: CarryOver, assigned: u32, activated: u32) -> Event {
    let it = renewal(term, seats, carry_over);
    Event::TermBegan(TermBegan {
        term,
        seats,
        starts_at_ms: it.starts_at_ms,
        ends_at_ms: it.ends_at_ms,
        carry_over: it.carry_over,
        fee_per_seat_minor: 6_000,
        assigned,
        activated,
        fall_back: FallBack::Audit.into(),
    })
}

#[test]
fn a_plan_needs_an_agreement_and_a_selection() {
    given::<LicencePlan>(&[]).when(provision(true, Ok(()))).then(&plan_of(2));
    given::<LicencePlan>(&[]).when(provision(false, Ok(()))).refused(Reason::SelectionNotFound);
    given::<LicencePlan>(&[])
        .when(provision(true, Err(Reason::AgreementNotInForce)))
        .refused(Reason::AgreementNotInForce);
    // Provisioned is provisioned, whatever has become of the agreement since.
    two_seats(&[]).when(provision(false, Err(Reason::AgreementNotFound))).nothing();
    given::<LicencePlan>(&plan_of(3)).when(provision(true, Ok(()))).refused(Reason::PlanExists);
    let backwards = PlanProvisioned { ends_at_ms: START, ..provisioned(2) };
    let command = Command::Provision { plan: backwards, terms: terms(), agreement: Ok(()), selection: true };
    given::<LicencePlan>(&[]).when(asked(command)).refused(Reason::TermNotInOrder);
}

#[test]
fn terms_are_amended_whole() {
    let other = PlanTermsSet { title: "Other".into(), ..terms() };
    let amend = |terms: &PlanTermsSet, selection| asked(Command::Amend { terms: terms.clone(), selection });
    two_seats(&[]).when(amend(&other, false)).then(&[Event::PlanTermsSet(other.clone())]);
    let elsewhere = PlanTermsSet { selection_id: "some".into(), ..terms() };
    two_seats(&[]).when(amend(&elsewhere, false)).refused(Reason::SelectionNotFound);
}

#[test]
fn seats_are_bought_and_given_back() {
    let set = |total| asked(Command::SetSeats { total });
    let more = Event::SeatsBought(SeatsBought { seats: 3, total: 5 });
    let plan = two_seats(&[]).when(set(5)).then(&[more]);
    assert_eq!((plan.ledger().bought, plan.ledger().unassigned), (5, 5));
    let fewer = Event::SeatsGivenBack(SeatsGivenBack { seats: 1, total: 1 });
    two_seats(&[assigned("ada")]).when(set(1)).then(&[fewer]);
    two_seats(&[assigned("ada")]).when(set(0)).refused(Reason::SeatsInUse);
}

#[test]
fn a_frozen_plan_assigns_nothing_and_keeps_what_is_held() {
    let freeze = |reason: &str| asked(Command::Freeze { reason: reason.into() });
    let frozen = Event::PlanFrozen(PlanFrozen { seats_given_back: 1, total: 1, reason: "unpaid".into() });
    let past = [assigned("ada")];
    two_seats(&past).when(freeze("unpaid")).then(std::slice::from_ref(&frozen));
    two_seats(&past).when(freeze("")).refused(Reason::ExplanationRequired);
    let past = [assigned("ada"), frozen];
    two_seats(&past).when(asked(assign(&["bob"]))).nothing();
    two_seats(&past).when(asked(Command::Activate { learner_id: "ada".into() })).then(&[activated("ada")]);
    two_seats(&past).when(asked(Command::Unfreeze)).then(&[Event::PlanUnfrozen(PlanUnfrozen {})]);
}

#[test]
fn renewals_follow_each_other() {
    let schedule = |it: RenewalScheduled| asked(Command::ScheduleRenewal(it));
    let second = renewal(2, 3, CarryOver::Held);
    two_seats(&[]).when(schedule(second)).then(&[Event::RenewalScheduled(second)]);
    // Where a term begins is nobody's to say.
    let asked_for = RenewalScheduled { starts_at_ms: 0, ..second };
    two_seats(&[]).when(schedule(asked_for)).then(&[Event::RenewalScheduled(second)]);
    let third = renewal(3, 4, CarryOver::None);
    two_seats(&[]).when(schedule(third)).refused(Reason::TermNotInOrder);
    let past = [Event::RenewalScheduled(second)];
    two_seats(&past).when(schedule(third)).then(&[Event::RenewalScheduled(third)]);
    let backwards = RenewalScheduled { ends_at_ms: END, ..second };
    two_seats(&[]).when(schedule(backwards)).refused(Reason::TermNotInOrder);
    let cancel = |term| asked(Command::CancelRenewal { term });
    let cancelled = Event::RenewalCancelled(RenewalCancelled { term: 2 });
    let both = [Event::RenewalScheduled(second), Event::RenewalScheduled(third)];
    two_seats(&both).when(cancel(2)).then(&[cancelled]);
    two_seats(&both).when(cancel(1)).refused(Reason::TermNotFound);
}

#[test]
fn a_term_takes_over_what_is_held_when_it_begins() {
    let scheduled = Event::RenewalScheduled(renewal(2, 3, CarryOver::Held));
    // A seat that came after the renewal was arranged for goes over as well.
    let past = [scheduled, assigned("ada"), activated("ada"), assigned("bob")];
    let plan = two_seats(&past).when(at(END, Command::EndTerm)).then(&[began(2, 3, CarryOver::Held, 1, 1)]);
    let ledger = plan.ledger();
    assert_eq!((ledger.bought, ledger.unassigned, ledger.assigned, ledger.activated), (3, 1, 1, 1));
    two_seats(&past).when(at(END - 1, Command::EndTerm)).nothing();
    // No freeze: at the very end of the old term seats are assigned and used as ever.
    two_seats(&past).when(at(END, Command::Activate { learner_id: "bob".into() })).then_once(&[Event::SeatActivated(
        SeatActivated { learner_id: "bob".into(), idle_at_ms: END + 60 * DAY, test_user: false },
    )]);
}

#[test]
fn a_term_takes_over_activated_seats_only_or_none() {
    let held = [assigned("ada"), activated("ada"), assigned("bob")];
    let scheduled = |carry_over| [&held[..], &[Event::RenewalScheduled(renewal(2, 2, carry_over))]].concat();
    let activated = two_seats(&scheduled(CarryOver::Activated)).when(at(END, Command::EndTerm)).then(&[began(
        2,
        2,
        CarryOver::Activated,
        0,
        1,
    )]);
    assert_eq!((activated.ledger().unassigned, activated.ledger().activated), (1, 1));
    let none = two_seats(&scheduled(CarryOver::None)).when(at(END, Command::EndTerm)).then(&[began(
        2,
        2,
        CarryOver::None,
        0,
        0,
    )]);
    assert_eq!((none.ledger().unassigned, none.ledger().held()), (2, 0));
}

#[test]
fn fewer_seats_than_are_held_cannot_be_renewed() {
    let past = [assigned("ada"), assigned("bob"), Event::RenewalScheduled(renewal(2, 1, CarryOver::Held))];
    two_seats(&past).when(at(END, Command::EndTerm)).then(&[began(2, 2, CarryOver::Held, 2, 0)]);
}

#[test]
fn without_a_renewal_every_seat_expires() {
    let past = [assigned("ada"), activated("ada")];
    let expired = Event::PlanExpired(PlanExpired {
        term: 1,
        unassigned: 1,
        assigned: 0,
        activated: 1,
        fall_back: FallBack::Audit.into(),
    });
    let plan = two_seats(&past).when(at(END, Command::EndTerm)).then(std::slice::from_ref(&expired));
    assert_eq!((plan.ledger().expired, plan.ledger().sum()), (2, 2));
    let past = [&past[..], &[expired]].concat();
    two_seats(&past).when(asked(Command::SetSeats { total: 9 })).refused(Reason::PlanExpired);
    two_seats(&past).when(asked(Command::Freeze { reason: "x".into() })).refused(Reason::PlanExpired);
    let renewal = Command::ScheduleRenewal(renewal(2, 3, CarryOver::Held));
    two_seats(&past).when(asked(renewal)).refused(Reason::PlanExpired);
    two_seats(&past).when(asked(assign(&["bob"]))).nothing();
}
