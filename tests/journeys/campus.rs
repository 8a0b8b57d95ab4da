//! A campus's seats are used and revoked while processes are killed: each use is accepted once, and the ledger is whole.

use crate::{
    office::{LEARNERS, Office, Told, becomes, learner, told_of},
    platform::World,
};
use serde_json::Value;
use std::collections::BTreeMap;
use studium_log::Durability;
use studium_proto::{
    campus::v1::SeatUseState,
    enrolment::v1::{EnrolmentMode, EnrolmentState},
};

/// Which process dies while another third of the learners use their seats.
const SCRIPT: [&str; 3] = ["campus", "enrolment", "nats"];

/// A process dies once so many of the third were told that their seats are used.
const THEN: usize = 6;

/// So many learners lose their seats in the end.
const REVOKED: usize = 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seats_are_used_exactly_once_whatever_is_killed_and_fall_back_when_they_are_revoked() {
    let mut world = World::new(Durability::Disk);
    world.up();
    let mut office = Office::open(&world).await;
    office.set_up(&world).await;

    let told = Told::default();
    for (third, victim) in SCRIPT.into_iter().enumerate() {
        let share = LEARNERS / SCRIPT.len();
        let using = tokio::spawn(office.clone().use_seats((third + 1) * share, told.clone()));
        told_of(&told, third * share + THEN).await;
        world.kill(victim);
        using.await.unwrap();
        world.wait_until_down();
        world.up();
        office = Office::open(&world).await;
    }
    // Whoever was not answered asks again under the same request id, as a client does.
    office.clone().use_seats(LEARNERS, told.clone()).await;
    assert_eq!(told.lock().unwrap().len(), LEARNERS, "everybody is answered in the end");
    used_exactly_once(&world, &office).await;

    let told = Told::default();
    let revoking = tokio::spawn(office.clone().revoke_seats(REVOKED, told.clone()));
    told_of(&told, REVOKED / 4).await;
    world.kill("enrolment");
    revoking.await.unwrap();
    world.wait_until_down();
    world.up();
    office = Office::open(&world).await;
    office.clone().revoke_seats(REVOKED, told.clone()).await;
    assert_eq!(told.lock().unwrap().len(), REVOKED);
    fallen_back(&world, &office).await;
    world.down();
}

/// Every use was accepted once, the ledger adds up, nothing hangs, and the log is whole.
async fn used_exactly_once(world: &World, office: &Office) {
    let uses = becomes(
        async || office.uses().await,
        |it| it.len() == LEARNERS && it.iter().all(|it| it.state() == SeatUseState::Accepted),
    )
    .await;
    let who: Vec<_> = uses.iter().map(|it| it.learner_id.clone()).collect();
    assert_eq!(who, (0..LEARNERS).map(learner).collect::<Vec<_>>(), "each learner uses one seat");
    let seats = u32::try_from(LEARNERS).unwrap();
    let ledger = becomes(async || office.ledger().await, |it| it.activated == seats).await;
    let states = ledger.unassigned + ledger.assigned + ledger.activated + ledger.revoked + ledger.expired;
    assert_eq!((ledger.bought, states), (seats, seats), "{ledger:?}");
    assert_eq!(office.stuck().await, []);
    for (service, event) in [
        ("campus", "SeatActivated"),
        ("campus", "SeatUseRequested"),
        ("campus", "SeatUseAccepted"),
        ("enrolment", "EnrolmentRequested"),
    ] {
        let times = happened(world, service, event);
        assert_eq!(times.len(), LEARNERS, "{event}: {times:?}");
        assert!(times.values().all(|it| *it == 1), "{event}: {times:?}");
    }
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// Who lost the seat listens; everybody else is in the run as before.
async fn fallen_back(world: &World, office: &Office) {
    for number in 0..LEARNERS {
        let mode = if number < REVOKED { EnrolmentMode::Audit } else { EnrolmentMode::Certificate };
        let it = becomes(async || office.enrolment(number).await, |it| it.mode() == mode).await;
        assert_eq!(it.state(), EnrolmentState::Active, "{it:?}");
    }
    let (seats, revoked) = (u32::try_from(LEARNERS).unwrap(), u32::try_from(REVOKED).unwrap());
    let ledger = becomes(async || office.ledger().await, |it| it.activated == seats - revoked).await;
    assert_eq!((ledger.bought, ledger.unassigned), (seats, revoked), "{ledger:?}");
    assert_eq!(happened(world, "campus", "SeatEnded").len(), REVOKED);
    assert_eq!(office.stuck().await, []);
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

/// How often something happened, by learner, as the log says.
fn happened(world: &World, service: &str, event: &str) -> BTreeMap<String, u32> {
    let told = world.run(&["log", "tail", "--service", service, "--from", "1"]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let mut times = BTreeMap::new();
    for line in String::from_utf8_lossy(&told.stdout).lines() {
        let commit: Value = serde_json::from_str(line).unwrap();
        let subject = commit["subject"].as_str().unwrap().to_owned();
        for it in commit["events"].as_array().unwrap().iter().filter(|it| it["event"] == event) {
            let named = it["learner_id"].as_str().or(it["learnerId"].as_str()).map(str::to_owned);
            *times.entry(named.unwrap_or_else(|| subject.clone())).or_default() += 1;
        }
    }
    times
}
