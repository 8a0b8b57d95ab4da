//! What a key says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::Strategy;
use studium_testkit::{given, laws};

fn terms(uses_max: u32, valid_days: u32) -> Terms {
    Terms { campus_id: "ou".into(), class: MemberClass::Student, department: "Law".into(), uses_max, valid_days }
}

fn create(terms: Terms) -> Command {
    Command::Create { terms, at_ms: 1_000 }
}

fn created(uses_max: u32) -> Event {
    Event::InviteKeyCreated(InviteKeyCreated {
        campus_id: "ou".into(),
        class: MemberClass::Student.into(),
        department: "Law".into(),
        uses_max,
        valid_days: 365,
        expires_at_ms: 1_000 + 365 * DAY_MS,
    })
}

fn redeem(learner: &str, at_ms: i64) -> Command {
    Command::Redeem { learner_id: learner.into(), at_ms }
}

fn redeemed(learner: &str, number: u32) -> Event {
    let (learner_id, campus_id, department) = (learner.into(), "ou".into(), "Law".into());
    let class = MemberClass::Student.into();
    Event::InviteRedeemed(InviteRedeemed { learner_id, campus_id, class, department, r#use: number })
}

fn deactivate(campus: &str) -> Command {
    Command::Deactivate { campus_id: campus.into(), reason: String::new() }
}

fn deactivated() -> Event {
    Event::InviteKeyDeactivated(InviteKeyDeactivated::default())
}

#[test]
fn a_key_is_made_within_limits() {
    given::<InviteKey>(&[]).when(create(terms(USES_MAX, DAYS_MAX))).then(&[created(10_000)]);
    given::<InviteKey>(&[created(2)]).when(create(terms(3, 365))).refused(Reason::InviteKeyExists);
    for (uses, days) in [(0, 1), (1, 0), (10_001, 1), (1, 366)] {
        given::<InviteKey>(&[]).when(create(terms(uses, days))).refused(Reason::InviteKeyBeyondLimits);
    }
}

#[test]
fn a_learner_uses_a_key_once() {
    given::<InviteKey>(&[created(2)]).when(redeem("ada", 2_000)).then(&[redeemed("ada", 1)]);
    given::<InviteKey>(&[created(2), redeemed("ada", 1)]).when(redeem("bob", 2_000)).then(&[redeemed("bob", 2)]);
    // What was done stays done, also when the key has ended since.
    let past = [created(1), redeemed("ada", 1), deactivated()];
    given::<InviteKey>(&past).when(redeem("ada", i64::MAX)).nothing();
}

#[test]
fn a_key_that_has_ended_makes_no_members() {
    given::<InviteKey>(&[]).when(redeem("ada", 0)).refused(Reason::InviteKeyNotFound);
    given::<InviteKey>(&[created(1), redeemed("ada", 1)]).when(redeem("bob", 0)).refused(Reason::InviteKeyUsedUp);
    let end = 1_000 + 365 * DAY_MS;
    given::<InviteKey>(&[created(1)]).when(redeem("ada", end)).refused(Reason::InviteKeyExpired);
    given::<InviteKey>(&[created(1)]).when(redeem("ada", end - 1)).then(&[redeemed("ada", 1)]);
    given::<InviteKey>(&[created(1), deactivated()]).when(redeem("ada", 0)).refused(Reason::InviteKeyDeactivated);
}

#[test]
fn a_key_is_deactivated_for_good_by_its_campus() {
    given::<InviteKey>(&[created(1)]).when(deactivate("ou")).then(&[deactivated()]);
    given::<InviteKey>(&[created(1)]).when(deactivate("mit")).refused(Reason::InviteKeyNotFound);
    given::<InviteKey>(&[]).when(deactivate("ou")).refused(Reason::InviteKeyNotFound);
    // Made again on the same terms it stays as it is.
    let state = given::<InviteKey>(&[created(1), deactivated()]).when(create(terms(1, 365))).nothing();
    assert!(state.deactivated);
}

#[test]
fn laws_hold() {
    let any_command = (0..6, 0..6_usize).prop_map(|(sort, who)| match sort {
        0 => create(terms(3, 365)),
        1..=4 => redeem(["a", "b", "c", "d", "e", "f"][who], 2_000),
        _ if who == 0 => deactivate("ou"),
        _ => deactivate("mit"),
    });
    laws::hold::<InviteKey>(any_command, |it| {
        let uses_max = it.terms.as_ref().map_or(0, |it| it.uses_max) as usize;
        if it.used_by.len() <= uses_max { Ok(()) } else { Err("used more often than may be".into()) }
    });
}
