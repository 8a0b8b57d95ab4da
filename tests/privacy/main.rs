//! Personal data that can be forgotten: planted names are searched for in raw bytes, before and after an erasure.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod partner;
mod probe;
mod world;

use std::{path::Path, time::Duration};
use studium_log::{Durability, Log};
use studium_testkit::{files_with, nats, postgres};
use world::{EMAIL, GOAL, NAME, World};

/// What was planted of Ada, wherever it went.
const PLANTED: [&str; 3] = [NAME, EMAIL, GOAL];

/// Ada and Bob in three services, and with a partner who may see who they are.
async fn plant(world: &World) {
    partner::opens(world).await;
    for learner in ["ada", "bob"] {
        world.plant(learner).await;
        partner::gets(world, learner).await;
    }
    world.caught_up().await;
    for learner in ["ada", "bob"] {
        assert_eq!(partner::sees(world, learner).await, names(learner));
        let told = partner::told(world, learner).await;
        assert_eq!(told.len(), 2, "enrolled and consent_given: {told:?}");
        assert!(told[1].contains("CONSENT_SCOPE_EMAIL") && told[1].contains(&partner::own_id(learner)), "{told:?}");
        assert!(
            !PLANTED.iter().any(|planted| told.concat().contains(planted)),
            "a feed says who somebody is: {told:?}"
        );
    }
    for service in world.services() {
        let told = world.report(service, "ada").await;
        assert!(told.iter().any(|it| PLANTED.iter().any(|planted| it.contains(planted))), "{service}: {told:?}");
        assert!(!world.journal_holds(service, &PLANTED).await, "the journal of {service}");
        assert!(world.tables_hold(service, NAME).await || service == "mentorship", "the search finds what is there");
    }
    assert!(world.tables_hold("mentorship", GOAL).await, "the search finds what is there");
}

fn names(learner: &str) -> (String, String) {
    (format!("{NAME} of {learner}"), format!("{EMAIL} of {learner}"))
}

/// Ada is erased while one of the services is away.
async fn erase_ada(world: &mut World) {
    world.stop("campus").await;
    world.erase("ada").await;
    world.start("campus").await;
    for service in world.services() {
        world.forgets(service, "ada").await;
    }
}

/// What holds after the erasure, in whatever database.
async fn is_forgotten(world: &World) {
    for service in world.services() {
        for planted in PLANTED {
            assert!(
                !world.tables_hold(service, &format!("{planted} of ada")).await,
                "{planted} in tables of {service}"
            );
        }
        assert!(!world.report(service, "bob").await.is_empty(), "Bob is still known to {service}");
        world.verifies(service).await;
    }
    let seen = world.seen().await;
    assert!(seen.contains("of bob") && !seen.contains("of ada"), "{seen}");
    for (service, view) in [("campus", "member_1"), ("enrolment", "learner_1")] {
        world.rebuild(service, view).await;
    }
    assert_eq!(world.seen().await, seen, "a view that is built anew says the same");
    // The partner is told to forget her, and finds nothing any more.
    assert_eq!(partner::sees(world, "ada").await, (String::new(), String::new()));
    assert_eq!(partner::sees(world, "bob").await, names("bob"));
    let told = partner::told(world, "ada").await;
    assert!(
        told.len() == 3 && told[2].contains("\"withdrawn\":[\"CONSENT_SCOPE_NAME\",\"CONSENT_SCOPE_EMAIL\"]"),
        "{told:?}"
    );
    assert!(!told[2].contains(&partner::own_id("ada")), "{told:?}");
    // What is said of her from now on is not kept.
    world.describe_mentee("ada").await;
    assert!(world.report("mentorship", "ada").await.is_empty());
}

/// Neither the platform's streams nor the partner's say who anybody is. What a feed keeps is the partner's own ids, which
/// also shows that the search finds what is there.
fn is_in_no_stream(broker: &Path) {
    for planted in PLANTED {
        assert!(files_with(broker, planted.as_bytes()).is_empty(), "{planted} in the broker's files");
    }
    for learner in ["ada", "bob"] {
        assert!(!files_with(broker, partner::own_id(learner).as_bytes()).is_empty(), "the feed's file is looked at");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_found_in_no_file() {
    let logged = world::capture();
    let broker = nats(Durability::Disk).await;
    let mut world = World::open(broker.log().await, None).await;
    plant(&world).await;
    is_in_no_stream(broker.folder());
    erase_ada(&mut world).await;
    is_forgotten(&world).await;
    world.stop_all().await;
    is_in_no_stream(broker.folder());
    for planted in PLANTED {
        let text = format!("{planted} of ada");
        assert!(files_with(&world.house.folder(), text.as_bytes()).is_empty(), "{planted} in files of stores");
        assert!(!logged.text().contains(planted), "{planted} in logs or spans");
    }
    assert!(logged.text().contains("taken out of the tables"), "the log is captured");
    assert!(!files_with(&world.house.folder(), format!("{NAME} of bob").as_bytes()).is_empty(), "Bob's name is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_erased_is_in_no_table_of_postgresql() {
    let Some(server) = postgres() else { return };
    let mut world = World::open(Log::memory(), Some(server)).await;
    plant(&world).await;
    erase_ada(&mut world).await;
    is_forgotten(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_goes_on_after_a_crash() {
    let mut world = World::open(Log::memory(), None).await;
    world.plant("ada").await;
    world.caught_up().await;
    // The event is there and its service is gone before it could do anything about it.
    world.stop("campus").await;
    world.stop("mentorship").await;
    world.erase("ada").await;
    world.stop("enrolment").await;
    for service in world.services() {
        world.start(service).await;
    }
    for service in world.services() {
        world.forgets(service, "ada").await;
    }
    // Once more changes nothing.
    world.erase("ada").await;
    tokio::time::timeout(Duration::from_secs(30), world.forgets("enrolment", "ada")).await.unwrap();
}
