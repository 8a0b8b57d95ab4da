//! Commands for random histories of an enrolment.

use super::*;
use proptest::prelude::*;

fn any_offer() -> impl Strategy<Value = Offer> {
    prop_oneof![
        3 => Just(free()),
        3 => Just(seats(2)),
        1 => Just(paid(free())),
        1 => Just(paid(seats(2))),
        1 => Just(Offer { status: RunStatus::Closed, ..free() }),
        1 => Just(Offer { is_full: true, waiting_list: false, ..seats(2) }),
    ]
}

fn any_source() -> impl Strategy<Value = EnrolmentSource> {
    prop_oneof![
        Just(EnrolmentSource::SelfPaid),
        Just(EnrolmentSource::Audit),
        Just(EnrolmentSource::Staff),
        Just(EnrolmentSource::Programme),
    ]
}

fn any_coming() -> impl Strategy<Value = Act> {
    let why = prop_oneof![Just(String::new()), Just("history".to_owned())];
    prop_oneof![
        4 => (any_offer(), any_source(), why).prop_map(|(offer, source, override_reason)| Act::Enrol {
            offer, terms: terms(source), override_reason
        }),
        2 => (any_offer(), any_source()).prop_map(|(offer, source)| Act::Invite {
            offer, terms: terms(source), expires_at_ms: NOW + 50, reason: String::new()
        }),
        2 => any_offer().prop_map(|offer| Act::Accept { offer }),
        2 => (any_offer(), 1..5_u32, any::<bool>()).prop_map(|(offer, seat_round, is_p)| Act::EnrolBySeat {
            wish: SeatWish { plan_id: if is_p { "p" } else { "q" }.into(), seat_round, ..SeatWish::default() },
            offer: Some(offer),
        }),
        1 => any::<bool>().prop_map(|rests| Act::LoseSeat {
            plan_id: "p".into(),
            fall_back: if rests { FallBack::Suspend } else { FallBack::Audit },
        }),
        1 => Just(Act::Decline { reason: String::new() }),
        4 => (1..4_u32).prop_map(|round| Act::GrantSeat { round }),
        1 => (1..4_u32).prop_map(|round| Act::Waitlist { round }),
        1 => (1..4_u32).prop_map(|round| Act::RefuseSeat { round, cause: EndCause::RunFull }),
        1 => Just(Act::Lapse),
        2 => (0..3_u8, 1..6_000_i64).prop_map(|(id, amount_minor)| Act::RecordPayment {
            payment_id: format!("p{id}"), amount_minor, currency: "EUR".into()
        }),
        1 => (1..4_i32).prop_map(|it| Act::ChangeMode {
            mode: EnrolmentMode::try_from(it).unwrap(), price_minor: 5_000, reason: String::new()
        }),
    ]
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let weigh = |weight| vec![Weight { assessment_id: "a0".into(), millipoints: weight, is_exam: false }];
    let coursework_share_millipoints = 100_000;
    prop_oneof![
        Just(Rule::default()),
        Just(Rule {
            weights: weigh(100_000),
            coursework_share_millipoints,
            pass_mark_millipoints: 40_000,
            distinction_mark_millipoints: 85_000
        }),
        Just(Rule {
            weights: weigh(90_000),
            coursework_share_millipoints,
            pass_mark_millipoints: 40_000,
            distinction_mark_millipoints: 0
        }),
    ]
}

fn any_taking_part() -> impl Strategy<Value = Act> {
    let why = prop_oneof![Just(String::new()), Just("board".to_owned())];
    let result = (0..2_u8, 1..3_u32, proptest::option::of(0..=100_000_u32), why.clone());
    prop_oneof![
        1 => Just(Act::Start),
        2 => (0..3_u8, 0..50_u32, any::<bool>()).prop_map(|(id, minutes, completed)| Act::RecordProgress {
            module_id: format!("m{id}"), minutes, completed
        }),
        1 => (0..3_u8, 1..4_i32, 0..3_u32).prop_map(|(id, attendance, minutes)| Act::RecordAttendance {
            session_id: format!("s{id}"), attendance, minutes
        }),
        3 => (result, any_rule()).prop_map(|((id, attempt, score_millipoints, override_reason), rule)| {
            let result = ResultRecorded {
                assessment_id: format!("a{id}"), attempt, score_millipoints, override_reason, ..ResultRecorded::default()
            };
            Act::RecordResult { result, rule }
        }),
        1 => (1..3_i32, proptest::option::of(0..3_u32), why.clone(), any_rule()).prop_map(
            |(outcome, grade_millipoints, override_reason, rule)| Act::Complete {
                outcome: Outcome::try_from(outcome).unwrap(), grade_millipoints, override_reason, rule
            }
        ),
        1 => (why, any_rule()).prop_map(|(reason, rule)| Act::Fail { grade_millipoints: None, reason, rule }),
        1 => any_rule().prop_map(|rule| Act::Conclude { rule }),
    ]
}

fn any_leaving() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => any::<bool>().prop_map(|release_seat| Act::Suspend { reason: "fees".into(), release_seat }),
        3 => any_offer().prop_map(|offer| Act::Reinstate { offer, reason: "paid".into() }),
        2 => Just(Act::Withdraw { cause: EndCause::Unspecified, reason: "why".into() }),
        1 => any_offer().prop_map(|offer| Act::Defer {
            run_id: "rust-1".into(), to_run_id: "rust-2".into(), offer, reason: String::new()
        }),
        1 => Just(Act::EndWithRun { cause: EndCause::RunCancelled }),
        1 => Just(Act::Expire { cause: EndCause::Unspecified, reason: String::new() }),
    ]
}

pub fn any_command() -> impl Strategy<Value = Command> {
    let act = prop_oneof![4 => any_coming(), 3 => any_taking_part(), 2 => any_leaving()];
    let who = prop_oneof![Just(Authority::Learner), Just(Authority::Staff), Just(Authority::Registrar)];
    (act, who, 0..100_i64).prop_map(|(act, authority, later)| at(NOW + later, authority, act))
}
