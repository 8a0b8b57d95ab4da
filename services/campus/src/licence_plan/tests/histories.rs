//! The ledger conserves, whatever happens: random histories.

use super::*;
use proptest::{
    prelude::{Just, Strategy, any},
    prop_oneof,
};

fn learner() -> impl Strategy<Value = String> {
    prop_oneof![Just("ada"), Just("bob"), Just("cyd"), Just("dan")].prop_map(str::to_owned)
}

fn assignee() -> impl Strategy<Value = Assignee> {
    (learner(), any::<bool>(), 0..4).prop_map(|(learner_id, test_user, sort)| {
        let class = if sort == 0 { MemberClass::Staff } else { MemberClass::Student };
        let fact = MemberFact { class, department: String::new(), test_user: test_user && sort == 1 };
        Assignee { learner_id, member: Some(fact) }
    })
}

fn of_seats() -> impl Strategy<Value = Command> {
    prop_oneof![
        proptest::collection::vec(assignee(), 0..4)
            .prop_map(|learners| Command::Assign { learners, source: SeatSource::Administrator }),
        assignee().prop_map(|it| Command::Assign { learners: vec![it], source: SeatSource::AutoApply }),
        learner().prop_map(|learner_id| Command::Activate { learner_id }),
        learner().prop_map(|learner_id| Command::Remind { learner_id }),
        learner().prop_map(|learner_id| Command::Revoke { learner_id, reason: "left".into() }),
        learner().prop_map(|learner_id| Command::Leave { learner_id }),
        learner().prop_map(|learner_id| Command::WarnIdle { learner_id }),
        learner().prop_map(|learner_id| Command::ReclaimIdle { learner_id }),
        learner().prop_map(|learner_id| Command::HandOver { learner_id, to_plan_id: "q".into() }),
        (assignee(), any::<bool>()).prop_map(|(learner, activated)| Command::Receive {
            learner,
            from_plan_id: "o".into(),
            activated,
            uses: vec![("r".into(), "c".into())],
        }),
    ]
}

fn run() -> impl Strategy<Value = String> {
    prop_oneof![Just("r"), Just("s")].prop_map(str::to_owned)
}

fn of_uses() -> impl Strategy<Value = Command> {
    prop_oneof![
        (assignee(), run()).prop_map(|(learner, run)| Command::Use(Wanted { learner, ..wanted("", &run) })),
        (learner(), run(), 1..6_u32, any::<bool>()).prop_map(|(learner_id, run_id, round, yes)| Command::Answer {
            learner_id,
            run_id,
            round,
            refusal: (!yes).then(|| ("RUN_FULL".into(), "full".into())),
        }),
        (learner(), run()).prop_map(|(learner_id, run_id)| Command::EndUse { learner_id, run_id }),
    ]
}

fn of_terms() -> impl Strategy<Value = Command> {
    prop_oneof![
        (0..4_u32).prop_map(|seats| Command::Provision {
            plan: provisioned(seats),
            terms: terms(),
            agreement: Ok(()),
            selection: true
        }),
        any::<bool>().prop_map(|is_terminal| {
            let revoked_seat = if is_terminal { RevokedSeat::Terminal } else { RevokedSeat::Returned };
            Command::Amend { terms: PlanTermsSet { revoked_seat: revoked_seat.into(), ..terms() }, selection: true }
        }),
        (0..6_u32).prop_map(|total| Command::SetSeats { total }),
        Just(Command::Freeze { reason: "unpaid".into() }),
        Just(Command::Unfreeze),
        (2..5_u32, 0..4_u32, 1..4_i32).prop_map(|(term, seats, carry_over)| {
            let ends_at_ms = END + i64::from(term) * 30 * DAY;
            Command::ScheduleRenewal(RenewalScheduled { term, seats, ends_at_ms, carry_over, ..Default::default() })
        }),
        (1..5_u32).prop_map(|term| Command::CancelRenewal { term }),
        Just(Command::EndTerm),
    ]
}

pub fn any_command() -> impl Strategy<Value = Asked<Command>> {
    let at_ms = prop_oneof![(0..400_i64).prop_map(|day| START + day * DAY), Just(END), Just(END + 500 * DAY)];
    let command = prop_oneof![3 => of_seats(), 2 => of_uses(), 2 => of_terms()];
    (at_ms, command).prop_map(|(at_ms, command)| at(at_ms, command))
}
