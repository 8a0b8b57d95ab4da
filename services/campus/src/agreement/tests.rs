//! What an agreement says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::{
    prelude::{Strategy, any},
    prop_oneof,
};
use studium_testkit::{given, laws};

fn terms(title: &str) -> AgreementSigned {
    AgreementSigned { campus_id: "ou".into(), title: title.into(), starts_at_ms: 10, ends_at_ms: 100 }
}

fn signed() -> Event {
    Event::AgreementSigned(terms("2026"))
}

fn sign(title: &str, campus_known: bool) -> Command {
    Command::Sign { terms: terms(title), campus_known }
}

fn apply(plan: &str, belongs_to: Option<&str>, now_ms: i64) -> Command {
    let belongs_to = belongs_to.map(str::to_owned);
    Command::SetAutoApplyPlan { plan_id: plan.into(), belongs_to, own_id: "a".into(), now_ms }
}

fn applied(plan: &str) -> Event {
    Event::AutoApplyPlanSet(AutoApplyPlanSet { plan_id: plan.into() })
}

fn end(reason: &str) -> Command {
    Command::End { reason: reason.into() }
}

fn ended(reason: &str) -> Event {
    Event::AgreementEnded(AgreementEnded { reason: reason.into() })
}

#[test]
fn a_registered_campus_signs_once() {
    given::<Agreement>(&[]).when(sign("2026", true)).then(&[signed()]);
    given::<Agreement>(&[]).when(sign("2026", false)).refused(Reason::CampusNotFound);
    given::<Agreement>(&[signed()]).when(sign("2026", false)).nothing();
    given::<Agreement>(&[signed()]).when(sign("2027", true)).refused(Reason::AgreementExists);
}

#[test]
fn new_members_get_seats_of_one_plan_of_the_agreement() {
    given::<Agreement>(&[signed()]).when(apply("p", Some("a"), 50)).then(&[applied("p")]);
    given::<Agreement>(&[signed(), applied("p")]).when(apply("q", Some("a"), 50)).then(&[applied("q")]);
    given::<Agreement>(&[signed()]).when(apply("p", Some("b"), 50)).refused(Reason::OtherAgreement);
    given::<Agreement>(&[signed()]).when(apply("p", None, 50)).refused(Reason::NoPlan);
    given::<Agreement>(&[]).when(apply("p", Some("a"), 50)).refused(Reason::AgreementNotFound);
    given::<Agreement>(&[signed()]).when(apply("", None, 50)).nothing();
}

#[test]
fn no_plan_is_applied_when_the_agreement_is_over() {
    given::<Agreement>(&[signed()]).when(apply("p", Some("a"), 5)).then(&[applied("p")]);
    given::<Agreement>(&[signed()]).when(apply("p", Some("a"), 100)).refused(Reason::AgreementNotInForce);
    let over = [signed(), applied("p"), ended("merged")];
    given::<Agreement>(&over).when(apply("q", Some("a"), 50)).refused(Reason::AgreementNotInForce);
    // To give nobody a seat by itself is always possible.
    given::<Agreement>(&over).when(apply("", None, 500)).then(&[applied("")]);
}

#[test]
fn it_ends_with_a_reason_and_once() {
    given::<Agreement>(&[signed()]).when(end("merged")).then(&[ended("merged")]);
    given::<Agreement>(&[signed()]).when(end(" ")).refused(Reason::ExplanationRequired);
    given::<Agreement>(&[signed(), ended("merged")]).when(end("again")).nothing();
    given::<Agreement>(&[]).when(end("merged")).refused(Reason::AgreementNotFound);
}

#[test]
fn laws_hold() {
    let any_command = prop_oneof![
        any::<bool>().prop_map(|known| sign("2026", known)),
        (0..3_u8, 0..3_u8, 0..150_i64).prop_map(|(plan, of, now)| {
            apply(["", "p", "q"][plan as usize], [None, Some("a"), Some("b")][of as usize], now)
        }),
        (0..8_u8).prop_map(|it| end(if it == 0 { "merged" } else { "" })),
    ];
    laws::hold::<Agreement>(any_command, |it| {
        let unsigned = it.terms.is_none() && (it.is_ended || !it.auto_apply_plan.is_empty());
        if unsigned { Err("something happened to an agreement that nobody signed".into()) } else { Ok(()) }
    });
}
