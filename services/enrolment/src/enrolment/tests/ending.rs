//! Rules of resting, leaving, moving and coming back.

use super::*;
use studium_testkit::given;

fn suspend(reason: &str, release_seat: bool) -> Command {
    staff(Act::Suspend { reason: reason.into(), release_seat })
}

fn reinstate(offer: Offer, reason: &str) -> Command {
    staff(Act::Reinstate { offer, reason: reason.into() })
}

fn reinstated(offer: &Offer, seat_needed: bool, round: u32) -> Event {
    Event::EnrolmentReinstated(EnrolmentReinstated {
        reason: "paid".into(),
        seat_needed,
        round,
        capacity: offer.capacity,
        waiting_list: offer.waiting_list,
    })
}

fn withdraw(reason: &str) -> Act {
    Act::Withdraw { cause: EndCause::Unspecified, reason: reason.into() }
}

fn defer(to_run_id: &str, offer: Offer) -> Command {
    let (run_id, to_run_id) = ("rust-1".into(), to_run_id.into());
    learner(Act::Defer { run_id, to_run_id, offer, reason: "illness".into() })
}

#[test]
fn a_rest_keeps_the_seat_unless_it_is_given_away() {
    given::<Enrolment>(&seated()).when(suspend("fees", false)).then(&[suspended(false)]);
    given::<Enrolment>(&seated()).when(suspend("fees", true)).then(&[suspended(true)]);
    given::<Enrolment>(&active()).when(suspend("fees", true)).then(&[suspended(false)]);
    given::<Enrolment>(&seated()).when(suspend("", true)).refused(Reason::ExplanationRequired);
    given::<Enrolment>(&[requested(&seats(1), EnrolmentSource::Staff, 1)])
        .when(suspend("fees", false))
        .refused(Reason::NotActive);
    given::<Enrolment>(&and(active(), completed(Outcome::Passed, None, "")))
        .when(suspend("fees", false))
        .refused(Reason::AlreadyCompleted);
}

#[test]
fn who_gave_the_seat_away_asks_again() {
    given::<Enrolment>(&and(seated(), suspended(false))).when(reinstate(seats(2), "paid")).then(&[reinstated(
        &seats(2),
        false,
        1,
    )]);
    let past = and(seated(), suspended(true));
    let state = given::<Enrolment>(&past).when(reinstate(seats(2), "paid")).then(&[reinstated(&seats(2), true, 2)]);
    assert_eq!(state.state(), EnrolmentState::Requested);
    let past = and(past, reinstated(&seats(2), true, 2));
    given::<Enrolment>(&past).when(registrar(Act::GrantSeat { round: 2 })).then(&[activated(2, true)]);
}

#[test]
fn an_end_can_be_taken_back_but_not_a_completion() {
    let left = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&left).when(reinstate(free(), "paid")).then(&[reinstated(&free(), false, 1)]);
    given::<Enrolment>(&left).when(reinstate(free(), "")).refused(Reason::ExplanationRequired);
    let done = and(active(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(reinstate(free(), "paid")).refused(Reason::AlreadyCompleted);
    given::<Enrolment>(&[invited(NOW + 9)]).when(reinstate(free(), "paid")).refused(Reason::NotSuspended);
}

#[test]
fn leaving_gives_the_seat_back() {
    given::<Enrolment>(&seated()).when(learner(withdraw(""))).then(&[withdrawn(EndCause::LearnerChoice, "", true)]);
    given::<Enrolment>(&active()).when(staff(withdraw("moved abroad"))).then(&[withdrawn(
        EndCause::StaffDecision,
        "moved abroad",
        false,
    )]);
    given::<Enrolment>(&active()).when(staff(withdraw(""))).refused(Reason::ExplanationRequired);
    let waiting = [requested(&seats(1), EnrolmentSource::Staff, 1)];
    given::<Enrolment>(&waiting).when(learner(withdraw(""))).then(&[withdrawn(EndCause::LearnerChoice, "", true)]);
    given::<Enrolment>(&[]).when(learner(withdraw(""))).refused(Reason::NotEnrolled);
}

#[test]
fn nobody_leaves_after_the_end() {
    let done = and(active(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(learner(withdraw(""))).refused(Reason::AlreadyCompleted);
    let over = and(active(), expired(EndCause::RunEnded, false));
    given::<Enrolment>(&over).when(learner(withdraw(""))).refused(Reason::EnrolmentEnded);
}

#[test]
fn moving_carries_the_terms_to_the_other_run() {
    given::<Enrolment>(&active()).when(defer("rust-2", free())).then(&[deferred(false)]);
    given::<Enrolment>(&seated()).when(defer("rust-2", free())).then(&[deferred(true)]);
    given::<Enrolment>(&active()).when(defer("rust-1", free())).refused(Reason::SameRun);
    let closed = Offer { status: RunStatus::Closed, ..free() };
    given::<Enrolment>(&active()).when(defer("rust-2", closed)).refused(Reason::RunNotOpen);
    let full = Offer { is_full: true, waiting_list: false, ..seats(1) };
    given::<Enrolment>(&active()).when(defer("rust-2", full)).refused(Reason::RunFull);
    given::<Enrolment>(&and(active(), deferred(false))).when(defer("rust-3", free())).refused(Reason::EnrolmentEnded);
    given::<Enrolment>(&[invited(NOW + 9)]).when(defer("rust-2", free())).refused(Reason::NotActive);
}

#[test]
fn what_was_paid_moves_along() {
    let offer = paid(free());
    let past = [requested(&offer, EnrolmentSource::SelfPaid, 1)];
    let ends = given::<Enrolment>(&past).when(defer("rust-2", Offer { price_minor: 7_000, ..offer.clone() }));
    let mut moved = deferred(false);
    let Event::EnrolmentDeferred(it) = &mut moved else { unreachable!() };
    (it.source, it.amount_due_minor, it.currency) = (EnrolmentSource::SelfPaid as i32, 7_000, "EUR".into());
    ends.then(&[moved.clone()]);
    let payment = Act::RecordPayment { payment_id: "p1".into(), amount_minor: 5_000, currency: "EUR".into() };
    let mut past = past.to_vec();
    past.extend(studium_kit::Decider::decide(&studium_kit::replay::<Enrolment>(&past), &registrar(payment)).unwrap());
    let Event::EnrolmentDeferred(it) = &mut moved else { unreachable!() };
    it.amount_due_minor = 2_000;
    given::<Enrolment>(&past).when(defer("rust-2", Offer { price_minor: 7_000, ..offer })).then(&[moved]);
}

#[test]
fn what_came_to_nothing_expires() {
    let expire = |cause| staff(Act::Expire { cause, reason: String::new() });
    given::<Enrolment>(&seated()).when(expire(EndCause::Unspecified)).then(&[expired(EndCause::RunEnded, true)]);
    given::<Enrolment>(&active()).when(expire(EndCause::RunCancelled)).then(&[expired(EndCause::RunCancelled, false)]);
    let left = and(active(), withdrawn(EndCause::LearnerChoice, "", false));
    given::<Enrolment>(&left).when(expire(EndCause::Unspecified)).refused(Reason::EnrolmentEnded);
    let end = || registrar(Act::EndWithRun { cause: EndCause::RunCancelled });
    given::<Enrolment>(&seated()).when(end()).then(&[expired(EndCause::RunCancelled, true)]);
    given::<Enrolment>(&left).when(end()).nothing();
    given::<Enrolment>(&[]).when(end()).nothing();
}
