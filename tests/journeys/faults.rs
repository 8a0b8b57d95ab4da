//! Killed at any moment of an import, each process once: started again, the same command ends in the same place.

use crate::{
    platform::World,
    registry::{self, RESULTS},
};
use serde_json::Value;
use studium_log::Durability;
use studium_testkit::free_base;

/// Which process dies, and once how many commits of enrolment are acknowledged.
const SCRIPT: [(&str, u64); 4] = [("enrolment", 40), ("nats", 150), ("catalogue", 260), ("enrolment", 400)];

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let mut world = World::new(Durability::Disk);
    let files = world.folder().join("registry");
    std::fs::create_dir(&files).unwrap();
    registry::write(&files).unwrap();
    let files = files.to_str().unwrap().to_owned();
    let import = ["import", "oulad", &files, "--in-flight", "4"];

    world.up();
    let running = world.start(&import);
    for (victim, commits) in SCRIPT {
        let log = world.log().await;
        let mut follow = log.follow("enrolment", 0);
        while follow.position() < commits {
            follow.next().await.unwrap();
        }
        world.kill(victim);
        world.wait_until_down();
        world.up();
        assert!(
            world.log().await.head("enrolment").await.unwrap() >= commits,
            "{victim}: acknowledged commits are there"
        );
    }
    // The import waits for a platform that comes back; one that gave up is simply run again.
    if !running.wait_with_output().unwrap().status.success() {
        world.result(&import);
    }

    let check = world.result(&["import", "oulad", &files, "--check"]);
    assert_eq!(check["equal"], true, "{check}");
    for (name, number) in ["pass", "distinction", "fail", "withdrawn"].iter().zip(RESULTS) {
        assert_eq!(check["total"]["views"][name], number, "{name} in {check}");
    }
    let before = world.log().await.head("enrolment").await.unwrap();
    let again = world.result(&import);
    assert_eq!(again["unchanged"], true, "{again}");
    assert_eq!(world.log().await.head("enrolment").await.unwrap(), before, "nothing is stored twice");
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    world.down();
}

#[tokio::test]
async fn a_lost_stream_is_restored_from_the_journal() {
    let mut world = World::new(Durability::Process);
    let files = world.folder().join("registry");
    std::fs::create_dir(&files).unwrap();
    registry::write(&files).unwrap();
    let files = files.to_str().unwrap().to_owned();
    world.up();
    world.result(&["import", "oulad", &files]);
    let head = world.log().await.head("enrolment").await.unwrap();
    world.down();

    // The broker's disk is gone; the journals are not.
    std::fs::remove_dir_all(world.folder().join("data/nats")).unwrap();
    let refused = world.run(&["up", "--port", &free_base().to_string()]);
    assert!(!refused.status.success(), "a platform without its log does not start");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("studium log restore"), "it says what to do");
    for service in ["catalogue", "enrolment"] {
        world.result(&["log", "restore", service]);
    }
    world.up();
    assert_eq!(world.log().await.head("enrolment").await.unwrap(), head);
    let check: Value = world.result(&["import", "oulad", &files, "--check"]);
    assert_eq!(check["equal"], true, "{check}");
    assert!(world.run(&["log", "verify"]).status.success());
    world.down();
}
