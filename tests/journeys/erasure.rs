//! Processes that die midway through an erasure: the key is destroyed, and their tables still show whom it was about.

use crate::platform::World;
use std::{path::PathBuf, time::Duration};
use studium_cli::{platform::Platform, progress::Output};
use studium_log::Durability;
use studium_proto::{
    campus::v1::{AddMemberRequest, MemberClass, MemberDescribed, member_service_client::MemberServiceClient},
    enrolment::v1::{RegisterLearnerRequest, learner_service_client::LearnerServiceClient},
};
use studium_store::Store;
use studium_testkit::{files_with, holds};

const NAME: &str = "Zerubbabel Quixote";
const OTHER: &str = "Melusine Ambrose";

/// Whose stores are held, and who is killed.
const VICTIMS: [&str; 2] = ["enrolment", "campus"];

/// Tells both services who somebody is.
async fn plant(world: &World, person: &str, name: &str) {
    let platform = Platform::running(&world.data(), Output::silent()).await.unwrap().unwrap();
    let (learner_id, name) = (person.to_owned(), name.to_owned());
    let register = RegisterLearnerRequest {
        learner_id: learner_id.clone(),
        name: name.clone(),
        email: format!("{person}@nowhere.example"),
        ..RegisterLearnerRequest::default()
    };
    let enrolment = platform.connect("enrolment", &["registrar"]).await.unwrap();
    LearnerServiceClient::new(enrolment).register_learner(register).await.unwrap();
    let record = MemberDescribed { class: MemberClass::Student.into(), name, ..MemberDescribed::default() };
    let add = AddMemberRequest { campus_id: "ou".into(), learner_id, record: Some(record), at_ms: 0 };
    let campus = platform.connect("campus", &["registrar"]).await.unwrap();
    MemberServiceClient::new(campus).add_member(add).await.unwrap();
}

async fn becomes(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("within a minute {what}");
}

/// Keeps everybody else from writing to a service's store until it is dropped. By another name, since the lock of a
/// store goes by its name, and that of a transaction by the file.
async fn held(world: &World, service: &str) -> Store {
    let name = world.folder().join(format!("{service}-held.db"));
    std::os::unix::fs::symlink(world.data().join(format!("store/{service}.db")), &name).unwrap();
    let store = Store::open(&format!("sqlite:{}", name.display())).await.unwrap();
    // The store writes with one connection, which stays in the transaction.
    store.execute("BEGIN IMMEDIATE", &[]).await.unwrap();
    store
}

/// Whether a service's store holds a text, in the file itself or in what is to be written to it.
fn store_holds(world: &World, service: &str, text: &str) -> bool {
    let files = ["db", "db-wal"].map(|it| world.data().join(format!("store/{service}.{it}")));
    files.iter().any(|it: &PathBuf| holds(&std::fs::read(it).unwrap_or_default(), text.as_bytes()))
}

fn is_reported(world: &World, person: &str) -> bool {
    world.result(&["privacy", "report", person])["total"] != 0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_kills_cut_short_is_done_to_its_end() {
    let mut world = World::new(Durability::Process);
    world.up();
    for (person, name) in [("ada", NAME), ("bob", OTHER)] {
        plant(&world, person, name).await;
    }
    becomes("both services show her", || VICTIMS.iter().all(|it| store_holds(&world, it, NAME))).await;

    // What is decided goes to the log and the keys; nothing goes into these stores any more.
    let mut stores = vec![];
    for service in VICTIMS {
        stores.push(held(&world, service).await);
    }
    world.result(&["privacy", "erase", "ada", "--reason", "asked"]);
    becomes("her key is destroyed", || !is_reported(&world, "ada")).await;
    for service in VICTIMS {
        world.kill(service);
    }
    world.wait_until_down();
    for service in VICTIMS {
        assert!(store_holds(&world, service, NAME), "{service} was killed before it could forget");
    }
    drop(stores);

    world.up();
    becomes("both services have forgotten her", || !VICTIMS.iter().any(|it| store_holds(&world, it, NAME))).await;
    assert_eq!(files_with(&world.data(), NAME.as_bytes()), [""; 0], "nor does any other file know her");
    assert!(!is_reported(&world, "ada"));
    assert!(is_reported(&world, "bob") && VICTIMS.iter().all(|it| store_holds(&world, it, OTHER)), "Bob is known");
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let again = world.result(&["privacy", "erase", "ada", "--reason", "asked"]);
    assert_eq!(again["already"], true, "{again}");
    world.down();
}
