//! What seats are used for.

use super::*;
use studium_proto::campus::v1::{
    SeatEnded, SeatUseAccepted, SeatUseEnded, SeatUseRefused, UtilisationReached, licence_plan_event::Event,
};

fn use_of(it: Wanted) -> Asked<Command> {
    asked(Command::Use(it))
}

fn answer(round: u32, refusal: Option<(&str, &str)>) -> Asked<Command> {
    asked(Command::Answer {
        learner_id: "ada".into(),
        run_id: "r".into(),
        round,
        refusal: refusal.map(|(reason, detail)| (reason.into(), detail.into())),
    })
}

#[test]
fn a_seat_is_used_and_activated_by_the_first_use() {
    two_seats(&[assigned("ada")])
        .when(use_of(wanted("ada", "r")))
        .then(&[activated("ada"), requested("ada", "r", 1, false)]);
    let used = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false)];
    two_seats(&used).when(use_of(wanted("ada", "s"))).then(&[requested("ada", "s", 2, false)]);
}

#[test]
fn who_holds_no_seat_gets_one_if_the_plan_serves_itself() {
    let new = [
        Event::SeatAssigned(assigned_by("ada", SeatSource::Enrolment)),
        activated("ada"),
        requested("ada", "r", 1, true),
    ];
    two_seats(&[]).when(use_of(wanted("ada", "r"))).then(&new);
    let closed = Event::PlanTermsSet(PlanTermsSet { self_service: false, ..terms() });
    two_seats(std::slice::from_ref(&closed)).when(use_of(wanted("ada", "r"))).refused(Reason::NoSeat);
    let by_administrator = Wanted { by_administrator: true, ..wanted("ada", "r") };
    two_seats(&[closed]).when(use_of(by_administrator)).then(&new);
}

#[test]
fn every_no_has_its_reason_in_this_order() {
    let course = |course: &str, in_selection| Wanted { course_id: course.into(), in_selection, ..wanted("ada", "r") };
    given::<LicencePlan>(&[]).when(use_of(wanted("ada", "r"))).refused(Reason::NoPlan);
    two_seats(&[]).when(at(START - 1, Command::Use(wanted("ada", "r")))).refused(Reason::PlanNotStarted);
    two_seats(&[]).when(at(END, Command::Use(wanted("ada", "r")))).refused(Reason::PlanExpired);
    let mut stranger = wanted("ada", "r");
    stranger.learner.member = None;
    two_seats(&[]).when(use_of(stranger)).refused(Reason::NotAMember);
    two_seats(&[]).when(use_of(course("d", false))).refused(Reason::CourseNotInSelection);
    let for_credit = Wanted { for_credit: true, ..course("d", true) };
    two_seats(&[]).when(use_of(for_credit)).refused(Reason::NotForCredit);
    let mut staff = wanted("ada", "r");
    staff.learner.member.as_mut().unwrap().class = MemberClass::Staff;
    two_seats(&[]).when(use_of(staff)).refused(Reason::ClassNotCovered);
    let full = [assigned("bob"), assigned("cyd")];
    two_seats(&full).when(use_of(wanted("ada", "r"))).refused(Reason::NoSeatsLeft);
    let other = By { campus: Some("mit".into()), at_ms: START }.asks(Command::Use(wanted("ada", "r")));
    two_seats(&[]).when(other).refused(Reason::NotYourCampus);
}

#[test]
fn enrolment_answers_each_request_once() {
    let open = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false)];
    let accepted = Event::SeatUseAccepted(SeatUseAccepted { learner_id: "ada".into(), run_id: "r".into(), round: 1 });
    two_seats(&open).when(answer(1, None)).then(std::slice::from_ref(&accepted));
    two_seats(&open).when(answer(2, None)).nothing();
    let past = [&open[..], &[accepted]].concat();
    two_seats(&past).when(answer(1, Some(("RUN_FULL", "full")))).nothing();
}

#[test]
fn a_refusal_frees_the_seat_that_was_assigned_for_it() {
    let refused = Event::SeatUseRefused(SeatUseRefused {
        learner_id: "ada".into(),
        run_id: "r".into(),
        round: 1,
        reason: "RUN_FULL".into(),
        detail: "full".into(),
    });
    let no = || answer(1, Some(("RUN_FULL", "full")));
    let held = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false)];
    let plan = two_seats(&held).when(no()).then(std::slice::from_ref(&refused));
    assert_eq!(plan.ledger().activated, 1);

    let new = [
        Event::SeatAssigned(assigned_by("ada", SeatSource::Enrolment)),
        activated("ada"),
        requested("ada", "r", 1, true),
    ];
    let freed = Event::SeatEnded(SeatEnded {
        learner_id: "ada".into(),
        cause: SeatEnd::EnrolmentRefused.into(),
        was_activated: true,
        returned: true,
        ..SeatEnded::default()
    });
    let plan = two_seats(&new).when(no()).then(&[refused.clone(), freed]);
    assert_eq!((plan.ledger().activated, plan.ledger().unassigned), (0, 2));
    // Another use came in between: the seat stays.
    let two = [&new[..], &[requested("ada", "s", 2, false)]].concat();
    two_seats(&two).when(no()).then(&[refused]);
}

#[test]
fn uses_end_with_the_enrolment_or_with_the_seat() {
    let past = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false), requested("ada", "s", 2, false)];
    let end = |run: &str| at(START + 20 * DAY, Command::EndUse { learner_id: "ada".into(), run_id: run.into() });
    let end_of = |run: &str, round, idle_at_ms| SeatUseEnded {
        learner_id: "ada".into(),
        run_id: run.into(),
        round,
        idle_at_ms,
        ..SeatUseEnded::default()
    };
    let first = Event::SeatUseEnded(end_of("r", 1, 0));
    two_seats(&past).when(end("r")).then(std::slice::from_ref(&first));
    // With the last use the seat begins to be idle.
    let second = Event::SeatUseEnded(end_of("s", 2, START + 80 * DAY));
    two_seats(&[&past[..], &[first]].concat()).when(end("s")).then(&[second]);

    let revoke = Command::Revoke { learner_id: "ada".into(), reason: "left".into() };
    let taken_away = |run, round| {
        let (cause, fall_back) = (SeatEnd::Revoked.into(), FallBack::Audit.into());
        Event::SeatUseEnded(SeatUseEnded { cause, fall_back, ..end_of(run, round, 0) })
    };
    let gone = Event::SeatEnded(SeatEnded {
        learner_id: "ada".into(),
        cause: SeatEnd::Revoked.into(),
        was_activated: true,
        returned: true,
        reason: "left".into(),
        ..SeatEnded::default()
    });
    two_seats(&past).when(asked(revoke)).then(&[taken_away("r", 1), taken_away("s", 2), gone]);
}

#[test]
fn the_last_seat_by_enrolment_tells_the_mark() {
    let past = [assigned("bob")];
    let mark = Event::UtilisationReached(UtilisationReached { percent: 100, held: 2, total: 2 });
    let new = [
        Event::SeatAssigned(assigned_by("ada", SeatSource::Enrolment)),
        activated("ada"),
        requested("ada", "r", 1, true),
        mark,
    ];
    two_seats(&past).when(use_of(wanted("ada", "r"))).then(&new);
}
