//! A registry whose regions are campuses: everybody is enrolled by a seat, and the ledgers agree with the files.

use crate::{
    platform::World,
    registry::{self, LEARNERS, RESULTS},
};
use serde_json::Value;
use studium_log::Durability;

fn written() -> (World, String) {
    let mut world = World::new(Durability::Process);
    let files = world.folder().join("registry");
    std::fs::create_dir(&files).unwrap();
    registry::write(&files).unwrap();
    world.up();
    (world, files.to_str().unwrap().to_owned())
}

/// How far catalogue and enrolment have written. Campus writes on for a while: uses of seats end with enrolments.
async fn heads(world: &World) -> [u64; 2] {
    let log = world.log().await;
    let mut heads = [0; 2];
    for (head, stream) in heads.iter_mut().zip(["catalogue", "enrolment"]) {
        *head = log.head(stream).await.unwrap();
    }
    heads
}

fn demand_equal(check: &Value, by_seat: u32) {
    assert_eq!(check["equal"], true, "{check}");
    for (name, number) in ["pass", "distinction", "fail", "withdrawn"].iter().zip(RESULTS) {
        assert_eq!(check["total"]["views"][name], number, "{name} in {check}");
    }
    let views = &check["campuses"]["total"]["views"];
    assert_eq!(check["campuses"]["comparison"].as_array().unwrap().len(), 3, "{check}");
    for name in ["seats", "held", "activated"] {
        assert_eq!(views[name], LEARNERS, "{name} in {check}");
    }
    assert_eq!((&views["by_seat"], &views["otherwise"]), (&by_seat.into(), &(LEARNERS - by_seat).into()), "{check}");
}

#[tokio::test]
async fn every_registration_uses_a_seat_of_its_region() {
    let (mut world, files) = written();
    let import = ["import", "oulad", &files, "--campuses"];
    let check = ["import", "oulad", &files, "--campuses", "--check"];
    let before = world.run(&check);
    assert!(!before.status.success(), "nothing is there yet");

    let first = world.result(&import);
    assert_eq!(first["campuses"]["equal"], true, "{first}");
    demand_equal(&world.result(&check), LEARNERS);

    // Run again, with campuses or without, it changes nothing: who left is not taken back in.
    let heads_before = heads(&world).await;
    for again in [&import[..], &import[..3]] {
        let again = world.result(again);
        assert_eq!(again["unchanged"], true, "{again}");
    }
    assert_eq!(heads(&world).await, heads_before, "nothing is stored twice");
    demand_equal(&world.result(&check), LEARNERS);
    assert!(world.run(&["log", "verify"]).status.success());
    world.down();
}

#[tokio::test]
async fn who_is_enrolled_already_stays_so_and_has_a_seat_in_use() {
    let (mut world, files) = written();
    world.result(&["import", "oulad", &files]);
    let enrolment = heads(&world).await[1];
    world.result(&["import", "oulad", &files, "--campuses"]);
    assert_eq!(heads(&world).await[1], enrolment, "no enrolment is touched");
    demand_equal(&world.result(&["import", "oulad", &files, "--campuses", "--check"]), 0);
    world.down();
}
