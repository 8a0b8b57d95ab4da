//! The rules of an enrolment as sentences, and its laws on random histories.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ending;
mod histories;
mod joining;
mod learning;
mod seat;
mod verdict;

use super::*;
use histories::any_command;
use studium_proto::enrolment::v1::{
    EnrolmentActivated, EnrolmentCompleted, EnrolmentDeferred, EnrolmentExpired, EnrolmentSuspended, EnrolmentWithdrawn,
};
use studium_testkit::{given, laws};

pub(super) const NOW: i64 = 1_000_000;

/// A run that is open, with unlimited seats and for nothing.
pub(super) fn free() -> Offer {
    Offer {
        course_id: "rust".into(),
        institution_id: "ou".into(),
        status: RunStatus::Open,
        opens_at_ms: 500_000,
        closes_at_ms: 2_000_000,
        ends_at_ms: 9_000_000,
        ..Offer::default()
    }
}

/// The same with so many seats and a line.
pub(super) fn seats(capacity: u32) -> Offer {
    Offer { capacity, waiting_list: true, ..free() }
}

/// The same for 50 euros.
pub(super) fn paid(offer: Offer) -> Offer {
    Offer { price_minor: 5_000, currency: "EUR".into(), ..offer }
}

pub(super) fn terms(source: EnrolmentSource) -> Terms {
    let mode = if source == EnrolmentSource::Audit { EnrolmentMode::Audit } else { EnrolmentMode::Certificate };
    Terms { source, mode, ..Terms::default() }
}

pub(super) fn at(at_ms: i64, authority: Authority, act: Act) -> Command {
    Command { by: By { at_ms, authority, institution_id: String::new() }, act }
}

pub(super) fn learner(act: Act) -> Command {
    at(NOW, Authority::Learner, act)
}

pub(super) fn staff(act: Act) -> Command {
    at(NOW, Authority::Staff, act)
}

pub(super) fn registrar(act: Act) -> Command {
    at(NOW, Authority::Registrar, act)
}

pub(super) fn enrol(offer: Offer, source: EnrolmentSource) -> Act {
    Act::Enrol { offer, terms: terms(source), override_reason: String::new() }
}

pub(super) fn requested(offer: &Offer, source: EnrolmentSource, round: u32) -> Event {
    let due = if source == EnrolmentSource::SelfPaid { offer.price_minor } else { 0 };
    Event::EnrolmentRequested(EnrolmentRequested {
        round,
        course_id: offer.course_id.clone(),
        institution_id: offer.institution_id.clone(),
        source: source as i32,
        mode: terms(source).mode as i32,
        capacity: offer.capacity,
        waiting_list: offer.waiting_list,
        amount_due_minor: due,
        currency: if due > 0 { offer.currency.clone() } else { String::new() },
        ..EnrolmentRequested::default()
    })
}

pub(super) fn activated(round: u32, seat_held: bool) -> Event {
    Event::EnrolmentActivated(EnrolmentActivated { round, seat_held })
}

pub(super) fn invited(expires_at_ms: i64) -> Event {
    let offer = free();
    Event::EnrolmentInvited(EnrolmentInvited {
        course_id: offer.course_id,
        institution_id: offer.institution_id,
        source: EnrolmentSource::Staff as i32,
        mode: EnrolmentMode::Certificate as i32,
        expires_at_ms,
        ..EnrolmentInvited::default()
    })
}

pub(super) fn withdrawn(cause: EndCause, reason: &str, seat_released: bool) -> Event {
    Event::EnrolmentWithdrawn(EnrolmentWithdrawn {
        cause: cause as i32,
        reason: reason.into(),
        seat_released,
        round: 1,
    })
}

pub(super) fn expired(cause: EndCause, seat_released: bool) -> Event {
    Event::EnrolmentExpired(EnrolmentExpired { cause: cause as i32, reason: String::new(), seat_released, round: 1 })
}

pub(super) fn suspended(seat_released: bool) -> Event {
    Event::EnrolmentSuspended(EnrolmentSuspended { reason: "fees".into(), seat_released, round: 1, cause: 0 })
}

pub(super) fn completed(outcome: Outcome, grade_millipoints: Option<u32>, override_reason: &str) -> Event {
    Event::EnrolmentCompleted(EnrolmentCompleted {
        outcome: outcome as i32,
        grade_millipoints,
        override_reason: override_reason.into(),
        course_id: "rust".into(),
        institution_id: "ou".into(),
        mode: EnrolmentMode::Certificate as i32,
        identity_verified: false,
        course_version: 0,
    })
}

pub(super) fn deferred(seat_released: bool) -> Event {
    Event::EnrolmentDeferred(EnrolmentDeferred {
        to_run_id: "rust-2".into(),
        to_course_id: "rust".into(),
        to_institution_id: "ou".into(),
        source: EnrolmentSource::Staff as i32,
        mode: EnrolmentMode::Certificate as i32,
        reason: "illness".into(),
        seat_released,
        round: 1,
        ..EnrolmentDeferred::default()
    })
}

/// In a run with unlimited seats.
pub(super) fn active() -> Vec<Event> {
    vec![requested(&free(), EnrolmentSource::Staff, 1), activated(1, false)]
}

/// In a run with limited seats.
pub(super) fn seated() -> Vec<Event> {
    vec![requested(&seats(2), EnrolmentSource::Staff, 1), activated(1, true)]
}

/// A past, and one thing more.
pub(super) fn and(mut past: Vec<Event>, event: Event) -> Vec<Event> {
    past.push(event);
    past
}

#[test]
fn seats_money_and_states_agree_whatever_happens() {
    laws::hold::<Enrolment>(any_command(), |it| {
        let rules = [
            (!it.holds_seat || it.wants_seat, "a seat is held that was not asked for"),
            (it.due_minor >= 0, "less than nothing is due"),
            (it.state != EnrolmentState::Waitlisted || !it.holds_seat, "somebody in line holds a seat"),
            (it.state != EnrolmentState::Waitlisted || it.wants_seat, "somebody in line wants no seat"),
            (
                it.state != EnrolmentState::Active || !it.wants_seat || it.holds_seat,
                "active in a limited run without a seat",
            ),
            (
                !matches!(it.state, EnrolmentState::Withdrawn | EnrolmentState::Expired) || !it.holds_seat,
                "left and kept the seat",
            ),
            (
                it.state != EnrolmentState::Completed || it.outcome != Outcome::Unspecified,
                "completed without an outcome",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, broken)| Err(broken.to_owned()))
    });
}

#[test]
fn who_was_never_there_can_do_nothing() {
    for act in [Act::Start, Act::Decline { reason: String::new() }, Act::Conclude { rule: Rule::default() }] {
        given::<Enrolment>(&[]).when(staff(act)).refused(Reason::NotEnrolled);
    }
}
