//! A registry whose learners have tutor groups: mentorships by rule, and outcomes that agree with the files.

use crate::{
    platform::World,
    registry::{self, LEARNERS, RESULTS},
};
use std::time::Duration;
use studium_log::Durability;

/// How far mentorship has written once it writes no more: places are given back after the mentorships ended.
async fn quiet(world: &World) -> u64 {
    let log = world.log().await;
    let mut head = log.head("mentorship").await.unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = log.head("mentorship").await.unwrap();
        if now == head {
            return head;
        }
        head = now;
    }
    panic!("mentorship never stopped writing");
}

#[tokio::test]
async fn tutor_groups_are_mentorships_and_say_how_they_came_about() {
    let mut world = World::new(Durability::Process);
    let folder = world.folder().join("registry");
    std::fs::create_dir(&folder).unwrap();
    registry::write(&folder).unwrap();
    world.up();
    let files = folder.to_str().unwrap().to_owned();
    let import = ["import", "oulad", &files, "--tutor-groups"];
    let check = ["import", "oulad", &files, "--tutor-groups", "--check"];
    world.result(&import[..3]);
    assert!(!world.run(&check).status.success(), "nobody has a tutor yet");

    let first = world.result(&import);
    assert_eq!(first["unchanged"], false, "{first}");
    let groups = &first["tutor_groups"];
    assert_eq!(groups["equal"], true, "{groups}");
    let written: Vec<_> = groups["acts"].as_array().unwrap().iter().map(|it| it["done"].as_u64().unwrap()).collect();
    assert_eq!(written, [u64::from(LEARNERS).div_ceil(20), LEARNERS.into(), LEARNERS.into()]);
    let told = &world.result(&check)["tutor_groups"];
    let views = &told["presentations"][0]["views"];
    let [passed, distinction, failed, withdrawn] = RESULTS;
    let with = &views["with_mentor"];
    assert_eq!((&with["learners"], &with["passed"]), (&LEARNERS.into(), &(passed + distinction).into()), "{told}");
    assert_eq!((&with["failed"], &with["withdrawn"]), (&failed.into(), &withdrawn.into()), "{told}");
    assert_eq!((&views["without_mentor"]["learners"], &views["tutors"]), (&0.into(), &6.into()), "{told}");
    assert!(told["rule"].as_str().unwrap().contains("not the real tutors"), "{told}");
    assert!(told["outcome"]["note"].as_str().unwrap().contains("not an effect"), "{told}");

    // Run again it changes nothing, also of what follows from its acts.
    let head = quiet(&world).await;
    assert_eq!(world.result(&import)["unchanged"], true);
    assert_eq!(quiet(&world).await, head, "nothing is stored twice");
    assert!(world.run(&["log", "verify"]).status.success());
    world.down();
}
