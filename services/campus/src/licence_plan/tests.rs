//! What a licence plan says yes and no to; the files below go through seats, uses, terms and random histories.

mod histories;
mod seats;
mod terms;
mod uses;

use super::*;
use studium_proto::campus::v1::{
    FallBack, MemberClass, PlanKind, RevokedSeat, SeatActivated, SeatAssigned, SeatUseRequested,
};
use studium_testkit::{Given, given, laws};

pub const DAY: i64 = 24 * 3_600_000;
pub const START: i64 = 1_000 * DAY;
pub const END: i64 = START + 365 * DAY;

/// A plan of so many seats for students, for one year, that reclaims what is idle for 60 days.
pub fn provisioned(seats: u32) -> PlanProvisioned {
    PlanProvisioned {
        agreement_id: "a".into(),
        campus_id: "ou".into(),
        kind: PlanKind::Paid.into(),
        seats,
        starts_at_ms: START,
        ends_at_ms: END,
    }
}

pub fn terms() -> PlanTermsSet {
    PlanTermsSet {
        title: "Plan".into(),
        selection_id: "all".into(),
        member_classes: vec![MemberClass::Student.into()],
        fee_per_seat_minor: 5_000,
        currency: "EUR".into(),
        credit_course_ids: vec!["c".into()],
        revocation_cap_percent: 50,
        revoked_seat: RevokedSeat::Returned.into(),
        fall_back: FallBack::Audit.into(),
        idle_days: 60,
        idle_grace_days: 14,
        self_service: true,
    }
}

pub fn plan_of(seats: u32) -> Vec<Event> {
    vec![Event::PlanProvisioned(provisioned(seats)), Event::PlanTermsSet(terms())]
}

/// The past of a plan of two seats, and what happened since.
pub fn two_seats(since: &[Event]) -> Given<LicencePlan> {
    given::<LicencePlan>(&[&plan_of(2), since].concat())
}

pub fn at(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

/// The command on the plan's tenth day.
pub fn asked(command: Command) -> Asked<Command> {
    at(START + 10 * DAY, command)
}

pub fn student(learner: &str) -> Assignee {
    let member = MemberFact { class: MemberClass::Student, department: "Law".into(), test_user: false };
    Assignee { learner_id: learner.into(), member: Some(member) }
}

pub fn assign(learners: &[&str]) -> Command {
    Command::Assign { learners: learners.iter().map(|it| student(it)).collect(), source: SeatSource::Administrator }
}

pub fn assigned_by(learner: &str, source: SeatSource) -> SeatAssigned {
    SeatAssigned {
        learner_id: learner.into(),
        member_class: MemberClass::Student.into(),
        source: source.into(),
        idle_at_ms: START + 70 * DAY,
        department: "Law".into(),
        ..SeatAssigned::default()
    }
}

pub fn assigned(learner: &str) -> Event {
    Event::SeatAssigned(assigned_by(learner, SeatSource::Administrator))
}

pub fn activated(learner: &str) -> Event {
    Event::SeatActivated(SeatActivated { learner_id: learner.into(), idle_at_ms: START + 70 * DAY, test_user: false })
}

pub fn requested(learner: &str, run: &str, round: u32, seat_is_new: bool) -> Event {
    Event::SeatUseRequested(SeatUseRequested {
        learner_id: learner.into(),
        run_id: run.into(),
        course_id: "c".into(),
        campus_id: "ou".into(),
        round,
        seat_is_new,
        ..SeatUseRequested::default()
    })
}

pub fn wanted(learner: &str, run: &str) -> Wanted {
    Wanted {
        learner: student(learner),
        run_id: run.into(),
        course_id: "c".into(),
        in_selection: true,
        ..Wanted::default()
    }
}

/// Every seat that was bought is in exactly one state, and those in learners' hands are those that learners hold.
fn conserved(plan: &LicencePlan) -> Result<(), String> {
    let ledger = plan.ledger;
    if ledger.sum() != ledger.bought {
        return Err(format!("{} seats by state, {} bought: {ledger:?}", ledger.sum(), ledger.bought));
    }
    let held = |activated| plan.seats.values().filter(|it| !it.test_user && it.activated == activated).count() as u32;
    if (held(false), held(true)) != (ledger.assigned, ledger.activated) {
        return Err(format!("learners hold {} and {} seats: {ledger:?}", held(false), held(true)));
    }
    Ok(())
}

#[test]
fn no_seat_appears_or_vanishes_whatever_happens() {
    let means_something_new = |it: &Asked<Command>| matches!(it.command, Command::Remind { .. } | Command::EndTerm);
    laws::hold_except::<LicencePlan>(histories::any_command(), conserved, means_something_new);
}
