//! The main job, as a new user runs it.

use crate::platform::World;
use studium_log::Durability;

#[test]
fn the_demo_plays_to_its_end() {
    let world = World::new(Durability::Disk);
    let output = world.run(&["demo"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
