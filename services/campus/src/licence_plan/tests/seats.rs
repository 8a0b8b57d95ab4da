//! Seats one by one.

use super::*;
use studium_proto::campus::v1::{
    SeatEnded, SeatIdleWarned, SeatReminded, SeatUseEnded, UtilisationReached, licence_plan_event::Event,
};

fn ended(learner: &str, cause: SeatEnd, was_activated: bool, returned: bool) -> SeatEnded {
    SeatEnded { learner_id: learner.into(), cause: cause.into(), was_activated, returned, ..SeatEnded::default() }
}

fn mark(percent: u32, held: u32) -> Event {
    Event::UtilisationReached(UtilisationReached { percent, held, total: 2 })
}

fn revoke(learner: &str) -> Asked<Command> {
    asked(Command::Revoke { learner_id: learner.into(), reason: "left".into() })
}

#[test]
fn seats_are_assigned_as_far_as_there_are_any() {
    let all = two_seats(&[]).when(asked(assign(&["ada", "bob", "cyd"])));
    let plan = all.then(&[assigned("ada"), assigned("bob"), mark(100, 2)]);
    let ledger = plan.ledger();
    assert_eq!((ledger.bought, ledger.unassigned, ledger.assigned), (2, 0, 2));
    let by = By::platform(START);
    let no = plan.may_assign(&by, &student("cyd"), SeatSource::Administrator, 0).unwrap_err();
    assert_eq!(no.reason, Reason::NoSeatsLeft);
    let no = plan.may_assign(&by, &student("ada"), SeatSource::Administrator, 0).unwrap_err();
    assert_eq!(no.reason, Reason::AlreadyHoldsASeat);
}

#[test]
fn marks_of_utilisation_are_told_once() {
    let four = plan_of(4);
    let three = [assigned("ada"), assigned("bob"), assigned("cyd")];
    let told = |percent, held| Event::UtilisationReached(UtilisationReached { percent, held, total: 4 });
    let seventy_five = [&three[..], &[told(75, 3)]].concat();
    given::<LicencePlan>(&four).when(asked(assign(&["ada", "bob", "cyd"]))).then(&seventy_five);
    let past = [&four[..], &seventy_five].concat();
    given::<LicencePlan>(&past).when(asked(assign(&["dan"]))).then(&[assigned("dan"), told(100, 4)]);
    // One comes back and is given again: both marks were told.
    let back = Event::SeatEnded(ended("ada", SeatEnd::Revoked, false, true));
    let past = [&past[..], &[assigned("dan"), told(100, 4), back]].concat();
    given::<LicencePlan>(&past).when(asked(assign(&["eve"]))).then(&[assigned("eve")]);
}

#[test]
fn only_members_of_the_classes_covered_hold_seats() {
    let plan = two_seats(&[]).when(asked(assign(&[]))).nothing();
    let by = By::platform(START);
    let stranger = Assignee { learner_id: "sam".into(), member: None };
    let judge = |it: &Assignee| plan.may_assign(&by, it, SeatSource::Administrator, 0).unwrap_err().reason;
    assert_eq!(judge(&stranger), Reason::NotAMember);
    let mut staff = student("sue");
    staff.member.as_mut().unwrap().class = MemberClass::Staff;
    assert_eq!(judge(&staff), Reason::ClassNotCovered);
    let learners = vec![stranger, staff];
    two_seats(&[]).when(asked(Command::Assign { learners, source: SeatSource::Administrator })).nothing();
}

#[test]
fn test_users_burn_no_seat() {
    let mut tester = student("tim");
    tester.member.as_mut().unwrap().test_user = true;
    let command = Command::Assign { learners: vec![tester], source: SeatSource::Administrator };
    let seat = SeatAssigned { test_user: true, ..assigned_by("tim", SeatSource::Administrator) };
    let full = [assigned("ada"), assigned("bob"), mark(100, 2)];
    let plan = two_seats(&full).when(asked(command)).then(&[Event::SeatAssigned(seat.clone())]);
    assert_eq!((plan.ledger().assigned, plan.ledger().sum()), (2, 2));
    let gone = Event::SeatEnded(SeatEnded { test_user: true, ..ended("tim", SeatEnd::Revoked, false, true) });
    let gone = match gone {
        Event::SeatEnded(it) => Event::SeatEnded(SeatEnded { reason: "left".into(), ..it }),
        it => it,
    };
    let plan = two_seats(&[Event::SeatAssigned(seat)]).when(revoke("tim")).then(&[gone]);
    assert_eq!(plan.ledger().unassigned, 2);
}

#[test]
fn a_seat_is_activated_once_the_plan_has_begun() {
    let activate = || Command::Activate { learner_id: "ada".into() };
    two_seats(&[assigned("ada")]).when(asked(activate())).then(&[activated("ada")]);
    two_seats(&[]).when(asked(activate())).refused(Reason::NoSeat);
    two_seats(&[assigned("ada")]).when(at(START - 1, activate())).refused(Reason::PlanNotStarted);
    two_seats(&[assigned("ada")]).when(at(END, activate())).refused(Reason::PlanExpired);
}

#[test]
fn reminders_are_counted_and_end_with_activation() {
    let remind = || asked(Command::Remind { learner_id: "ada".into() });
    let reminder = |count| Event::SeatReminded(SeatReminded { learner_id: "ada".into(), count });
    two_seats(&[assigned("ada")]).when(remind()).then_once(&[reminder(1)]);
    two_seats(&[assigned("ada"), reminder(1)]).when(remind()).then_once(&[reminder(2)]);
    two_seats(&[assigned("ada"), reminder(1), activated("ada")]).when(remind()).nothing();
    two_seats(&[]).when(remind()).refused(Reason::NoSeat);
}

#[test]
fn a_revoked_seat_is_returned_or_used_up_as_the_plan_says() {
    let because = |it: SeatEnded| Event::SeatEnded(SeatEnded { reason: "left".into(), ..it });
    let gone = because(ended("ada", SeatEnd::Revoked, true, true));
    let plan = two_seats(&[assigned("ada"), activated("ada")]).when(revoke("ada")).then(&[gone]);
    assert_eq!((plan.ledger().unassigned, plan.ledger().revoked), (2, 0));

    let terminal = PlanTermsSet { revoked_seat: RevokedSeat::Terminal.into(), ..terms() };
    let past = [Event::PlanTermsSet(terminal), assigned("ada"), activated("ada")];
    let gone = because(ended("ada", SeatEnd::Revoked, true, false));
    let plan = two_seats(&past).when(revoke("ada")).then(&[gone]);
    assert_eq!((plan.ledger().unassigned, plan.ledger().revoked, plan.ledger().sum()), (1, 1, 2));

    let silent = Command::Revoke { learner_id: "ada".into(), reason: String::new() };
    two_seats(&[assigned("ada")]).when(asked(silent)).refused(Reason::ExplanationRequired);
    two_seats(&[]).when(revoke("ada")).refused(Reason::NoSeat);
}

#[test]
fn so_many_activated_seats_may_be_revoked_in_a_term() {
    // Half of two seats, rounded up: one.
    let past = [
        assigned("ada"),
        activated("ada"),
        Event::SeatEnded(ended("ada", SeatEnd::Revoked, true, true)),
        assigned("bob"),
    ];
    let free = Event::SeatEnded(SeatEnded { reason: "left".into(), ..ended("bob", SeatEnd::Revoked, false, true) });
    two_seats(&past).when(revoke("bob")).then(&[free]);
    let past = [&past[..], &[activated("bob")]].concat();
    two_seats(&past).when(revoke("bob")).refused(Reason::RevocationCapReached);
}

#[test]
fn who_lost_a_seat_gets_none_by_itself() {
    let past = [assigned("ada"), Event::SeatEnded(ended("ada", SeatEnd::Revoked, false, true))];
    let again = Command::Assign { learners: vec![student("ada")], source: SeatSource::AutoApply };
    two_seats(&past).when(asked(again)).nothing();
    two_seats(&past).when(asked(assign(&["ada"]))).then(&[assigned("ada")]);
    two_seats(&past).when(asked(Command::Use(wanted("ada", "r")))).refused(Reason::SeatWasRevoked);
}

#[test]
fn who_leaves_the_campus_leaves_the_seat() {
    let leave = || asked(Command::Leave { learner_id: "ada".into() });
    let gone = Event::SeatEnded(ended("ada", SeatEnd::LeftCampus, false, true));
    two_seats(&[assigned("ada")]).when(leave()).then(&[gone]);
    two_seats(&[]).when(leave()).nothing();
}

#[test]
fn an_idle_seat_is_reclaimed_after_a_warning_and_grace() {
    let (idle, grace) = (START + 70 * DAY, START + 84 * DAY);
    let warn = |at_ms| at(at_ms, Command::WarnIdle { learner_id: "ada".into() });
    let reclaim = |at_ms| at(at_ms, Command::ReclaimIdle { learner_id: "ada".into() });
    let warned = Event::SeatIdleWarned(SeatIdleWarned { learner_id: "ada".into(), reclaim_at_ms: grace });
    two_seats(&[assigned("ada")]).when(warn(idle - 1)).nothing();
    two_seats(&[assigned("ada")]).when(warn(idle)).then(std::slice::from_ref(&warned));
    two_seats(&[assigned("ada")]).when(reclaim(grace)).nothing();
    two_seats(&[assigned("ada"), warned.clone()]).when(reclaim(grace - 1)).nothing();
    let gone = Event::SeatEnded(ended("ada", SeatEnd::Idle, false, true));
    two_seats(&[assigned("ada"), warned.clone()]).when(reclaim(grace)).then(&[gone]);
    // What is used is not idle, and a use after the warning keeps the seat.
    let used = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false)];
    two_seats(&used).when(warn(idle)).nothing();
    two_seats(&[assigned("ada"), warned, activated("ada")]).when(reclaim(grace)).nothing();
}

#[test]
fn a_seat_moves_to_another_plan_with_what_it_is_used_for() {
    let command = Command::Receive {
        learner: student("ada"),
        from_plan_id: "old".into(),
        activated: true,
        uses: vec![("r".into(), "c".into())],
    };
    let seat = SeatAssigned { from_plan_id: "old".into(), ..assigned_by("ada", SeatSource::Transfer) };
    let taken = [Event::SeatAssigned(seat), activated("ada"), requested("ada", "r", 1, false)];
    two_seats(&[]).when(asked(command.clone())).then_once(&taken);
    two_seats(&[assigned("ada")]).when(asked(command)).refused(Reason::AlreadyHoldsASeat);

    let hand_over = Command::HandOver { learner_id: "ada".into(), to_plan_id: "new".into() };
    let used = [assigned("ada"), activated("ada"), requested("ada", "r", 1, false)];
    let use_ended = Event::SeatUseEnded(SeatUseEnded {
        learner_id: "ada".into(),
        run_id: "r".into(),
        round: 1,
        cause: SeatEnd::Transferred.into(),
        ..SeatUseEnded::default()
    });
    let gone = SeatEnded { to_plan_id: "new".into(), ..ended("ada", SeatEnd::Transferred, true, true) };
    two_seats(&used).when(asked(hand_over)).then(&[use_ended, Event::SeatEnded(gone)]);
}
