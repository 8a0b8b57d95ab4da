//! Licence plans: provision, ledger, terms.

use crate::desk::{DAY, Desk, answers, assigning, reason};
use studium_proto::campus::v1::{
    FallBack, GetPlanRequest, PlanKind, ProvisionPlanRequest, RevokeSeatRequest, RevokedSeat, ScheduleRenewalRequest,
    SeatRowOutcome, SeatState, SetSeatsRequest, plan_service_client::PlanServiceClient,
};
use tonic::Code;

pub async fn a_plan_is_provisioned_with_sensible_defaults(desk: Desk) {
    desk.campus("ou").await;
    desk.agreement("ou", "agreement").await;
    let refused = desk.plans().await.provision_plan(desk.asked_plan("plan", 5)).await.unwrap_err();
    assert_eq!(reason(&refused), "SELECTION_NOT_FOUND");
    let catalogue_position = desk.offer("all", &["rust"]).await;
    let request = ProvisionPlanRequest { catalogue_position, ..desk.asked_plan("plan", 5) };
    let first = desk.plans().await.provision_plan(request.clone()).await.unwrap().into_inner();
    let again = desk.plans().await.provision_plan(request).await.unwrap().into_inner();
    assert!(!first.already && again.already);
    let plan = desk.plan("plan").await;
    let terms = plan.terms.clone().unwrap();
    assert_eq!((plan.kind(), terms.revocation_cap_percent, terms.idle_grace_days), (PlanKind::Paid, 5, 14));
    assert_eq!((terms.revoked_seat(), terms.fall_back()), (RevokedSeat::Returned, FallBack::Audit));
    assert_eq!(plan.ledger.unwrap().unassigned, 5);
    let mut nonsense = desk.asked_plan("p.q", 2_000_000);
    nonsense.terms.as_mut().unwrap().currency = "euro".into();
    let malformed = desk.plans().await.provision_plan(nonsense).await.unwrap_err();
    assert_eq!(malformed.code(), Code::InvalidArgument);
    for field in ["plan_id", "seats", "terms.currency"] {
        assert!(malformed.message().contains(field), "{field}: {}", malformed.message());
    }
}

pub async fn a_ledger_can_be_asked_as_it_was(desk: Desk) {
    desk.with_plan(3, &["ada"]).await;
    let before = desk.house.now_ms() - DAY;
    desk.assign("plan", &["ada"]).await;
    let total = SetSeatsRequest { plan_id: "plan".into(), total: 7, at_ms: 0 };
    desk.plans().await.set_seats(total).await.unwrap();
    let ledger = desk.plan("plan").await.ledger.unwrap();
    assert_eq!((ledger.bought, ledger.unassigned, ledger.assigned), (7, 6, 1));
    assert_eq!(ledger.utilisation_millipoints, 14_285);
    // The plan was provisioned now: a day ago there was none.
    let request = GetPlanRequest { plan_id: "plan".into(), as_of_ms: before, ..GetPlanRequest::default() };
    assert_eq!(desk.plans().await.get_plan(request.clone()).await.unwrap_err().code(), Code::NotFound);
    let request = GetPlanRequest { as_of_ms: desk.house.now_ms() + DAY, ..request };
    let then = desk.plans().await.get_plan(request).await.unwrap().into_inner().plan.unwrap();
    assert_eq!(then.ledger.unwrap(), ledger);
}

pub async fn a_plan_that_ends_expires_or_goes_on_by_itself(desk: Desk) {
    desk.campus("ou").await;
    desk.agreement("ou", "agreement").await;
    desk.students("ou", &["ada", "bob"]).await;
    let catalogue_position = desk.offer("all", &["rust"]).await;
    let (starts_at_ms, ends_at_ms) = (desk.house.now_ms() - 9 * DAY, desk.house.now_ms() + 1_500);
    for plan in ["ends", "goes-on"] {
        let request = desk.asked_plan(plan, 2);
        let request = ProvisionPlanRequest { catalogue_position, starts_at_ms, ends_at_ms, ..request };
        desk.plans().await.provision_plan(request).await.unwrap();
        assert_eq!(desk.assign(plan, &["ada"]).await[0].outcome(), SeatRowOutcome::Ok);
    }
    let renewal = ScheduleRenewalRequest {
        plan_id: "goes-on".into(),
        term: 2,
        seats: 5,
        ends_at_ms: ends_at_ms + 365 * DAY,
        ..ScheduleRenewalRequest::default()
    };
    desk.plans().await.schedule_renewal(renewal).await.unwrap();
    let ended = desk.plan_becomes("ends", |it| it.expired).await.ledger.unwrap();
    assert_eq!((ended.bought, ended.expired), (2, 2));
    let went_on = desk.plan_becomes("goes-on", |it| it.term == 2).await;
    let ledger = went_on.ledger.unwrap();
    assert_eq!((ledger.bought, ledger.assigned, ledger.unassigned), (5, 1, 4));
    // Nothing was frozen before, and nothing is now.
    assert_eq!(desk.assign("goes-on", &["bob"]).await[0].outcome(), SeatRowOutcome::Ok);
    assert_eq!(desk.assign("ends", &["bob"]).await[0].reason, "PLAN_EXPIRED");
}

pub async fn staff_sees_and_acts_for_its_own_campus(desk: Desk) {
    desk.with_plan(2, &["ada"]).await;
    let own = || async { PlanServiceClient::new(desk.caller("sue", &["campus_administrator"], &["ou"]).await) };
    let other = || async { PlanServiceClient::new(desk.caller("sam", &["campus_administrator"], &["mit"]).await) };
    let min_position = desk.head().await;
    let see = |campus: &str| GetPlanRequest {
        plan_id: "plan".into(),
        campus_id: campus.into(),
        min_position,
        ..GetPlanRequest::default()
    };
    assert!(own().await.get_plan(see("ou")).await.is_ok());
    assert_eq!(reason(&other().await.get_plan(see("mit")).await.unwrap_err()), "NOT_YOUR_CAMPUS");
    assert_eq!(other().await.get_plan(see("ou")).await.unwrap_err().code(), Code::PermissionDenied);
    let row = |campus: &str| {
        let mut row = assigning("plan", "ada");
        row.campus_id = campus.into();
        vec![row]
    };
    for campus in ["mit", "ou", ""] {
        assert_eq!(answers(other().await, row(campus)).await[0].outcome(), SeatRowOutcome::Malformed, "{campus}");
    }
    assert_eq!(answers(own().await, row("ou")).await[0].outcome(), SeatRowOutcome::Ok);
    let revoke = |campus: &str| RevokeSeatRequest {
        plan_id: "plan".into(),
        campus_id: campus.into(),
        learner_id: "ada".into(),
        reason: "left".into(),
        at_ms: 0,
    };
    assert_eq!(reason(&other().await.revoke_seat(revoke("mit")).await.unwrap_err()), "NOT_YOUR_CAMPUS");
    own().await.revoke_seat(revoke("ou")).await.unwrap();
    let request = studium_proto::campus::v1::ListSeatsRequest {
        plan_id: "plan".into(),
        campus_id: "ou".into(),
        min_position: desk.head().await,
        ..Default::default()
    };
    let seats = own().await.list_seats(request).await.unwrap().into_inner().seats;
    assert_eq!((seats.len(), seats[0].state()), (1, SeatState::Ended));
}
