//! Learners whom a campus pays for.

use super::*;
use studium_proto::{
    campus::v1::FallBack,
    enrolment::v1::{CampusSeatAnswered, ModeChanged},
};

fn wish(plan: &str, seat_round: u32) -> SeatWish {
    SeatWish { plan_id: plan.into(), seat_round, campus_id: "mit".into(), for_credit: false }
}

fn by_seat(plan: &str, seat_round: u32, offer: Offer) -> Command {
    registrar(Act::EnrolBySeat { wish: wish(plan, seat_round), offer: Some(offer) })
}

fn lose(plan: &str, fall_back: FallBack) -> Command {
    registrar(Act::LoseSeat { plan_id: plan.into(), fall_back })
}

fn asked(plan: &str, offer: &Offer, round: u32) -> Event {
    match requested(offer, EnrolmentSource::CampusSeat, round) {
        Event::EnrolmentRequested(it) => Event::EnrolmentRequested(EnrolmentRequested {
            source_ref: plan.into(),
            sponsor_institution_id: "mit".into(),
            ..it
        }),
        it => it,
    }
}

fn answered(plan: &str, seat_round: u32, reason: &str, detail: &str) -> Event {
    let (plan_id, reason, detail) = (plan.into(), reason.to_owned(), detail.into());
    Event::CampusSeatAnswered(CampusSeatAnswered { plan_id, seat_round, accepted: reason.is_empty(), reason, detail })
}

/// In a run by a seat of plan `p`.
fn paid_for() -> Vec<Event> {
    vec![asked("p", &free(), 1), activated(1, false), answered("p", 1, "", "")]
}

fn listens() -> Event {
    Event::ModeChanged(ModeChanged {
        mode: EnrolmentMode::Audit as i32,
        previous_mode: EnrolmentMode::Certificate as i32,
        reason: "the campus seat ended".into(),
    })
}

fn rests() -> Event {
    Event::EnrolmentSuspended(EnrolmentSuspended {
        reason: "the campus seat ended".into(),
        seat_released: false,
        round: 1,
        cause: EndCause::SeatRevoked as i32,
    })
}

#[test]
fn a_campus_hears_that_the_learner_is_in() {
    given::<Enrolment>(&[]).when(by_seat("p", 1, free())).then(&paid_for());
    // A limited run: the seat of the run follows by itself.
    let limited = [asked("p", &seats(2), 1), answered("p", 1, "", "")];
    given::<Enrolment>(&[]).when(by_seat("p", 1, seats(2))).then(&limited);
    // In already by this plan: another wish is answered, and nothing else happens.
    given::<Enrolment>(&paid_for()).when(by_seat("p", 2, free())).then(&[answered("p", 2, "", "")]);
}

#[test]
fn a_campus_hears_why_not() {
    let closed = Offer { status: RunStatus::Closed, ..free() };
    let no = answered("p", 1, "RUN_NOT_OPEN", "the run is not open for enrolment");
    given::<Enrolment>(&[]).when(by_seat("p", 1, closed)).then(&[no]);
    let unknown = registrar(Act::EnrolBySeat { wish: wish("p", 1), offer: None });
    let no = answered("p", 1, "RUN_NOT_FOUND", "no event of the catalogue tells of this run");
    given::<Enrolment>(&[]).when(unknown).then(&[no]);
    let sentence = "the enrolment is active on other terms; change its mode";
    let no = answered("p", 1, "ALREADY_ENROLLED", sentence);
    given::<Enrolment>(&active()).when(by_seat("p", 1, free())).then(&[no]);
}

#[test]
fn who_loses_the_seat_listens_or_rests() {
    given::<Enrolment>(&paid_for()).when(lose("p", FallBack::Audit)).then(&[listens()]);
    given::<Enrolment>(&paid_for()).when(lose("p", FallBack::Suspend)).then(&[rests()]);
    given::<Enrolment>(&paid_for()).when(lose("q", FallBack::Suspend)).nothing();
    given::<Enrolment>(&active()).when(lose("p", FallBack::Suspend)).nothing();
    let done = and(paid_for(), completed(Outcome::Passed, None, ""));
    given::<Enrolment>(&done).when(lose("p", FallBack::Suspend)).nothing();
    // Who only waits for a place gives it back.
    let waits = [asked("p", &seats(2), 1), answered("p", 1, "", "")];
    let gone = Event::EnrolmentExpired(EnrolmentExpired {
        cause: EndCause::SeatRevoked as i32,
        reason: "the campus seat ended".into(),
        seat_released: true,
        round: 1,
    });
    given::<Enrolment>(&waits).when(lose("p", FallBack::Audit)).then(&[gone]);
}

#[test]
fn another_seat_takes_the_learner_back_in() {
    let window_is_over = Offer { closes_at_ms: NOW - 1, ..free() };
    let back = |plan: &str, seat_round| {
        [asked(plan, &window_is_over, 2), activated(2, false), answered(plan, seat_round, "", "")]
    };
    given::<Enrolment>(&and(paid_for(), listens())).when(by_seat("p", 2, window_is_over.clone())).then(&back("p", 2));
    given::<Enrolment>(&and(paid_for(), rests())).when(by_seat("q", 1, window_is_over.clone())).then(&back("q", 1));
    // Somebody else's suspension is not a lost seat.
    let sentence = "the enrolment is suspended; reinstate it";
    let no = answered("p", 2, "ALREADY_ENROLLED", sentence);
    given::<Enrolment>(&and(paid_for(), suspended(false))).when(by_seat("p", 2, window_is_over.clone())).then(&[no]);
    let over = Offer { ends_at_ms: NOW, ..window_is_over };
    let no = answered("p", 2, "RUN_ENDED", &format!("the run ended at {NOW} ms"));
    given::<Enrolment>(&and(paid_for(), listens())).when(by_seat("p", 2, over)).then(&[no]);
}

#[test]
fn a_seat_that_moves_to_another_plan_takes_the_enrolment_along() {
    let moved = [asked("q", &free(), 2), activated(2, false), answered("q", 1, "", "")];
    given::<Enrolment>(&paid_for()).when(by_seat("q", 1, free())).then(&moved);
    given::<Enrolment>(&[paid_for(), moved.to_vec()].concat()).when(lose("p", FallBack::Suspend)).nothing();
}
