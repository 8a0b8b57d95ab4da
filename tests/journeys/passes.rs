//! A registry whose passes become credentials: as many as there are passes, each signed, none twice.

use crate::{
    platform::World,
    registry::{self, RESULTS},
};
use serde_json::Value;
use studium_log::Durability;

#[tokio::test]
async fn every_pass_of_a_registry_becomes_one_signed_credential() {
    let mut world = World::new(Durability::Process);
    let folder = world.folder().join("registry");
    std::fs::create_dir(&folder).unwrap();
    registry::write(&folder).unwrap();
    world.up();
    let files = folder.to_str().unwrap().to_owned();
    let import = ["import", "oulad", &files, "--credentials"];
    let check = ["import", "oulad", &files, "--credentials", "--check"];
    world.result(&import[..3]);
    assert!(!world.run(&check).status.success(), "nobody has a credential yet");

    // The approval reaches those who passed before.
    let first = world.result(&import);
    let [passed, distinction, ..] = RESULTS;
    let told = &first["credentials"];
    assert_eq!(
        (&told["achievements"], &told["credits"]["accounts_milli"]),
        (&1.into(), &(15_000 * (passed + distinction)).into()),
        "{told}"
    );
    let module = &told["comparison"][0];
    assert_eq!((&module["module"], &module["equal"]), (&Value::from("TST"), &true.into()), "{told}");
    assert_eq!(module["credentials"], passed + distinction, "{told}");
    assert_eq!(world.result(&check)["credentials"]["total"]["equal"], true);

    let log = world.log().await;
    let head = log.head("credentials").await.unwrap();
    assert_eq!(world.result(&import)["unchanged"], true);
    assert_eq!(log.head("credentials").await.unwrap(), head, "nothing is stored twice");
    assert!(world.run(&["log", "verify"]).status.success());
    world.down();
}
