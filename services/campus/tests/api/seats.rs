//! Seats: in bulk, in a race, idle, moved, and left.

use crate::desk::{DAY, Desk, answers, assigning};
use std::sync::Arc;
use studium_log::Fault;
use studium_proto::campus::v1::{
    ActivateSeatRequest, AssignSeatsRequest, ListSeatsRequest, MemberDescribed, PlanKind, ProvisionPlanRequest,
    RemindSeatsRequest, RemoveMemberRequest, Seat, SeatRowOutcome, SeatState, SetAutoApplyPlanRequest,
    StartTrialRequest, TransferSeatsRequest, agreement_service_client::AgreementServiceClient, member_event,
    plan_service_client::PlanServiceClient,
};
use studium_proto::campus::v1::{MemberAdded, MemberClass};

async fn seats(desk: &Desk, plan: &str) -> Vec<Seat> {
    let request =
        ListSeatsRequest { plan_id: plan.into(), min_position: desk.head().await, ..ListSeatsRequest::default() };
    desk.plans().await.list_seats(request).await.unwrap().into_inner().seats
}

pub async fn every_row_of_a_bulk_assignment_has_its_answer(desk: Desk) {
    desk.with_plan(2, &["ada", "bob", "cyd"]).await;
    let learners = ["ada", "ada", "stranger", "b.d", "bob", "cyd"];
    let rows = desk.assign("plan", &learners).await;
    let told: Vec<_> = rows.iter().map(|it| (it.learner_id.as_str(), it.outcome(), it.reason.as_str())).collect();
    let (ok, refused) = (SeatRowOutcome::Ok, SeatRowOutcome::Refused);
    let expected = [
        ("ada", ok, ""),
        ("ada", ok, ""),
        ("stranger", refused, "NOT_A_MEMBER"),
        ("b.d", SeatRowOutcome::Malformed, ""),
        ("bob", ok, ""),
        ("cyd", refused, "NO_SEATS_LEFT"),
    ];
    assert_eq!(told, expected);
    let again = desk.assign("plan", &["ada", "cyd"]).await;
    assert_eq!((again[0].outcome(), again[1].outcome()), (SeatRowOutcome::Already, refused));
    assert_eq!(desk.assign("nowhere", &["ada"]).await[0].outcome(), SeatRowOutcome::Unavailable);
    // Staff may say that it was so earlier, and not that it will be.
    let at = |at_ms| AssignSeatsRequest { at_ms, ..assigning("plan", "ada") };
    let told = answers(desk.plans().await, vec![at(desk.house.now_ms() - DAY), at(desk.house.now_ms() + DAY)]).await;
    assert_eq!((told[0].outcome(), told[1].outcome()), (SeatRowOutcome::Already, SeatRowOutcome::Malformed));
    let plan = desk.plan("plan").await;
    assert_eq!(plan.alerts.iter().map(|it| it.percent).collect::<Vec<_>>(), [100]);
}

pub async fn one_commit_holds_many_seats(desk: Desk) {
    desk.with_plan(2_000, &[]).await;
    let learners: Vec<_> = (0..1_200).map(|n| format!("l{n}")).collect();
    for learner in &learners {
        let added = member_event::Event::MemberAdded(MemberAdded::default());
        let class = MemberClass::Student.into();
        let said = member_event::Event::MemberDescribed(MemberDescribed { class, ..MemberDescribed::default() });
        desk.elsewhere.say(&format!("ou~{learner}"), vec![added, said]).await;
    }
    let before = desk.head().await;
    let rows = learners.iter().map(|it| assigning("plan", it)).collect::<Vec<_>>();
    let told = answers(desk.plans().await, rows.clone()).await;
    assert!(told.iter().all(|it| it.outcome() == SeatRowOutcome::Ok), "{told:?}");
    let ledger = desk.plan("plan").await.ledger.unwrap();
    assert_eq!((ledger.assigned, ledger.unassigned), (1_200, 800));
    let commits = desk.head().await - before;
    assert!(commits < 200, "1,200 seats took {commits} commits");
    // The whole call again, as after a break.
    let told = answers(desk.plans().await, rows).await;
    assert!(told.iter().all(|it| it.outcome() == SeatRowOutcome::Already), "{told:?}");
    assert_eq!(desk.plan("plan").await.ledger.unwrap(), ledger);
}

pub async fn two_replicas_never_give_one_seat_twice(desk: Desk) {
    desk.with_plan(1, &["ada", "bob"]).await;
    let other = desk.house.start(studium_campus::service()).await.unwrap();
    let registrar = desk.house.registrar(&other).await.unwrap();
    // Both know the plan; then one decides while the other's decision is on its way.
    let warm = answers(PlanServiceClient::new(registrar.clone()), vec![assigning("plan", "stranger")]).await;
    assert_eq!(warm[0].reason, "NOT_A_MEMBER");
    desk.assign("plan", &["stranger"]).await;
    let log = desk.house.log().clone();
    log.faults().script_of("campus.licence_plan.plan", [Fault::Hold]);
    let desk = Arc::new(desk);
    let slow = tokio::spawn({
        let desk = Arc::clone(&desk);
        async move { desk.assign("plan", &["ada"]).await }
    });
    log.faults().held().await;
    let fast = answers(PlanServiceClient::new(registrar), vec![assigning("plan", "bob")]).await;
    assert_eq!(fast[0].outcome(), SeatRowOutcome::Ok);
    log.faults().release();
    let slow = slow.await.unwrap();
    assert_eq!((slow[0].outcome(), slow[0].reason.as_str()), (SeatRowOutcome::Refused, "NO_SEATS_LEFT"));
    let ledger = desk.plan("plan").await.ledger.unwrap();
    assert_eq!((ledger.bought, ledger.assigned, ledger.unassigned), (1, 1, 0));
}

pub async fn reminders_go_to_those_who_have_not_activated(desk: Desk) {
    desk.with_plan(5, &["ada", "bob", "cyd"]).await;
    desk.assign("plan", &["ada", "bob"]).await;
    let activate =
        ActivateSeatRequest { plan_id: "plan".into(), learner_id: "ada".into(), ..ActivateSeatRequest::default() };
    desk.plans().await.activate_seat(activate).await.unwrap();
    assert_eq!(seats(&desk, "plan").await.len(), 2);
    let all = RemindSeatsRequest { plan_id: "plan".into(), ..RemindSeatsRequest::default() };
    assert_eq!(desk.plans().await.remind_seats(all).await.unwrap().into_inner().reminded, 1);
    let seats = seats(&desk, "plan").await;
    assert_eq!(seats.iter().map(|it| it.reminders).collect::<Vec<_>>(), [0, 1]);
}

pub async fn seats_move_to_another_plan_after_a_dry_run(desk: Desk) {
    desk.with_plan(3, &["ada", "bob", "cyd"]).await;
    let small = desk.asked_plan("small", 1);
    desk.plans().await.provision_plan(small).await.unwrap();
    desk.assign("plan", &["ada", "bob"]).await;
    desk.use_seat("ada", "rust").await.unwrap();
    desk.enrolment_answers("ada", "rust", 1, "").await;
    assert_eq!(seats(&desk, "plan").await.len(), 2);
    let transfer = |dry_run| TransferSeatsRequest {
        from_plan_id: "plan".into(),
        to_plan_id: "small".into(),
        learner_ids: vec!["ada".into(), "bob".into(), "cyd".into()],
        dry_run,
        ..TransferSeatsRequest::default()
    };
    let told =
        |rows: &[studium_proto::campus::v1::SeatRow]| rows.iter().map(|it| it.reason.clone()).collect::<Vec<_>>();
    let dry = desk.plans().await.transfer_seats(transfer(true)).await.unwrap().into_inner().rows;
    assert_eq!(told(&dry), ["", "NO_SEATS_LEFT", "NO_SEAT"]);
    assert_eq!(desk.plan("small").await.ledger.unwrap().unassigned, 1);
    let done = desk.plans().await.transfer_seats(transfer(false)).await.unwrap().into_inner().rows;
    assert_eq!(told(&done), told(&dry));
    let small = desk.plan_becomes("small", |it| it.ledger.unwrap().activated == 1).await;
    assert_eq!(small.ledger.unwrap().unassigned, 0);
    let plan = desk.plan_becomes("plan", |it| it.ledger.unwrap().unassigned == 2).await;
    assert_eq!(plan.ledger.unwrap().assigned, 1);
}

pub async fn an_idle_seat_is_warned_and_reclaimed_by_itself(desk: Desk) {
    desk.campus("ou").await;
    desk.agreement("ou", "agreement").await;
    desk.students("ou", &["ada", "bob"]).await;
    let catalogue_position = desk.offer("all", &["rust"]).await;
    let mut request = desk.asked_plan("plan", 2);
    let terms = request.terms.as_mut().unwrap();
    (terms.idle_days, terms.idle_grace_days) = (3, 1);
    let now = desk.house.now_ms();
    let (starts_at_ms, at_ms) = (now - 30 * DAY, now - 20 * DAY);
    let request = ProvisionPlanRequest { catalogue_position, starts_at_ms, at_ms, ..request };
    desk.plans().await.provision_plan(request).await.unwrap();
    // Ada's seat is long idle, Bob's is in use.
    for (learner, course) in [("ada", ""), ("bob", "rust")] {
        if course.is_empty() {
            let activate = ActivateSeatRequest {
                plan_id: "plan".into(),
                learner_id: learner.into(),
                at_ms: now - 10 * DAY,
                ..ActivateSeatRequest::default()
            };
            desk.assign("plan", &[learner]).await;
            desk.plans().await.activate_seat(activate).await.unwrap();
        } else {
            desk.use_seat(learner, course).await.unwrap();
        }
    }
    let plan = desk.plan_becomes("plan", |it| it.ledger.unwrap().unassigned == 1).await;
    assert_eq!(plan.ledger.unwrap().activated, 1);
    let seats = seats(&desk, "plan").await;
    assert_eq!(seats[0].state(), SeatState::Ended);
    assert_eq!(seats[0].end_cause(), studium_proto::campus::v1::SeatEnd::Idle);
    // Warned three days after the activation, reclaimed a day later, to the millisecond.
    assert_eq!(seats[0].ended_at_ms, now - 6 * DAY);
    assert_eq!(seats[1].state(), SeatState::Activated);
}

pub async fn who_leaves_the_campus_leaves_the_seat(desk: Desk) {
    desk.with_plan(1, &["ada"]).await;
    desk.assign("plan", &["ada"]).await;
    let remove =
        RemoveMemberRequest { campus_id: "ou".into(), learner_id: "ada".into(), reason: "graduated".into(), at_ms: 0 };
    desk.members().await.remove_member(remove).await.unwrap();
    desk.plan_becomes("plan", |it| it.ledger.unwrap().unassigned == 1).await;
}

pub async fn new_members_get_a_seat_of_the_plan_that_says_so(desk: Desk) {
    desk.with_plan(2, &["ada"]).await;
    let (agreement_id, plan_id) = ("agreement".into(), "plan".into());
    let set = SetAutoApplyPlanRequest { agreement_id, plan_id, ..SetAutoApplyPlanRequest::default() };
    // A business time of its own, so that who came before did come before.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    AgreementServiceClient::new(desk.registrar().await).set_auto_apply_plan(set).await.unwrap();
    desk.students("ou", &["bob", "cyd", "dan"]).await;
    // Two of the three newcomers find a seat; who was a member before gets none by itself.
    desk.plan_becomes("plan", |it| it.ledger.unwrap().assigned == 2).await;
    let held: Vec<_> = seats(&desk, "plan").await.into_iter().map(|it| it.learner_id).collect();
    assert!(!held.contains(&"ada".to_owned()), "{held:?}");
}

pub async fn a_trial_brings_its_agreement_and_its_plan(desk: Desk) {
    desk.campus("ou").await;
    desk.students("ou", &["ada"]).await;
    let catalogue_position = desk.offer("all", &["rust"]).await;
    let trial = StartTrialRequest {
        campus_id: "ou".into(),
        agreement_id: "try".into(),
        plan_id: "try".into(),
        selection_id: "all".into(),
        seats: 3,
        ends_at_ms: desk.house.now_ms() + 30 * DAY,
        catalogue_position,
        ..StartTrialRequest::default()
    };
    desk.campuses().await.start_trial(trial).await.unwrap();
    for _ in 0..400 {
        if desk.use_seat("ada", "rust").await.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let plan = desk.plan("try").await;
    assert_eq!((plan.kind(), plan.ledger.unwrap().activated), (PlanKind::Trial, 1));
}
