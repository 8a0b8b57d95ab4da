//! The seat process between campus and enrolment: each may be killed at any step, and it ends right.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod world;

use studium_log::Fault;
use studium_proto::campus::v1::{FallBack, SeatEnd, SeatUseState};
use studium_proto::enrolment::v1::{EnrolmentMode, EnrolmentState};
use world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_learner_is_enrolled_by_a_seat_and_listens_when_it_ends() {
    let world = World::open(2, FallBack::Audit).await;
    world.use_seat("ada").await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
    let enrolment = world.enrolment_becomes("ada", |it| it.state() == EnrolmentState::Active).await;
    assert_eq!((enrolment.source_ref.as_str(), enrolment.mode()), ("plan", EnrolmentMode::Certificate));
    world.revoke("ada").await;
    world.enrolment_becomes("ada", |it| it.mode() == EnrolmentMode::Audit).await;
    // Another seat takes the learner back in.
    world.assign("ada").await;
    world.use_seat("ada").await;
    world.enrolment_becomes("ada", |it| it.mode() == EnrolmentMode::Certificate).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enrolment_refuses_and_the_seat_is_free_again() {
    let world = World::open(1, FallBack::Audit).await;
    world.close_run().await;
    world.use_seat("ada").await;
    let refused = world.use_becomes("ada", SeatUseState::Refused).await;
    assert_eq!(refused.reason, "RUN_NOT_OPEN");
    world.ledger_becomes(|it| (it.unassigned, it.activated) == (1, 0)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_expires_suspends_what_it_paid_for() {
    let world = World::open_until(2, FallBack::Suspend, 2_500).await;
    for learner in ["ada", "bob"] {
        world.use_seat(learner).await;
        world.use_becomes(learner, SeatUseState::Accepted).await;
    }
    for learner in ["ada", "bob"] {
        world.enrolment_becomes(learner, |it| it.state() == EnrolmentState::Suspended).await;
    }
    world.ledger_becomes(|it| it.expired == it.bought).await;
    for learner in ["ada", "bob"] {
        let ended = world.use_becomes(learner, SeatUseState::Ended).await;
        assert_eq!(ended.end_cause(), SeatEnd::PlanExpired);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enrolment_is_away_when_the_seat_is_used() {
    let mut world = World::open(1, FallBack::Audit).await;
    world.kill_enrolment();
    world.use_seat("ada").await;
    world.use_becomes("ada", SeatUseState::Requested).await;
    world.start_enrolment().await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enrolment_dies_while_it_answers() {
    let mut world = World::open(1, FallBack::Audit).await;
    // The campus's own commit goes through, enrolment's is on its way when the process dies.
    world.house.log().faults().script_of("enrolment.enrolment.rust-1~ada", [Fault::Hold]);
    world.use_seat("ada").await;
    world.house.log().faults().held().await;
    world.kill_enrolment();
    world.start_enrolment().await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
    world.enrolment_becomes("ada", |it| it.state() == EnrolmentState::Active).await;
    assert_eq!(world.commits_of("enrolment.enrolment.rust-1~ada").await, 1, "it was decided once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campus_is_away_when_enrolment_answers() {
    let mut world = World::open(1, FallBack::Audit).await;
    world.house.log().faults().script_of("enrolment.enrolment.rust-1~ada", [Fault::Hold]);
    world.use_seat("ada").await;
    world.house.log().faults().held().await;
    world.kill_campus();
    world.house.log().faults().release();
    world.enrolment_becomes("ada", |it| it.state() == EnrolmentState::Active).await;
    world.start_campus().await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_campus_dies_while_it_hears_the_answer() {
    let mut world = World::open(1, FallBack::Audit).await;
    world.house.log().faults().script_of("campus.licence_plan.plan", [Fault::None, Fault::Hold]);
    world.use_seat("ada").await;
    world.house.log().faults().held().await;
    world.kill_campus();
    world.start_campus().await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
    world.ledger_becomes(|it| it.activated == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn enrolment_is_away_when_the_seat_is_revoked() {
    let mut world = World::open(1, FallBack::Suspend).await;
    world.use_seat("ada").await;
    world.use_becomes("ada", SeatUseState::Accepted).await;
    world.kill_enrolment();
    world.revoke("ada").await;
    world.start_enrolment().await;
    world.enrolment_becomes("ada", |it| it.state() == EnrolmentState::Suspended).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seat_is_revoked_before_enrolment_has_answered() {
    let mut world = World::open(1, FallBack::Suspend).await;
    world.kill_enrolment();
    world.use_seat("ada").await;
    world.revoke("ada").await;
    world.start_enrolment().await;
    // It takes the learner in and lets go again, in this order.
    world.enrolment_becomes("ada", |it| it.state() == EnrolmentState::Suspended).await;
    world.use_becomes("ada", SeatUseState::Ended).await;
    world.ledger_becomes(|it| (it.unassigned, it.activated) == (1, 0)).await;
}
