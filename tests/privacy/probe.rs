//! A service of one view, whose fold can be held: what happens when somebody is erased while something is under way.

use crate::world::{NAME, World, becomes};
use std::{
    sync::{
        Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use studium_kit::{Changes, Recorded, Running, Service, View, row};
use studium_log::{Durability, Log, key_name};
use studium_proto::{campus::v1::member_event, mentorship::v1::mentee_event};
use studium_testkit::{Postgres, files_with, nats, postgres};

row! {
    /// The names of all members of a campus.
    pub struct NamesRow {
        key { campus: String }
        names: String,
    }
}

/// All names in one row.
struct Names;

impl View for Names {
    type Row = NamesRow;
    const NAME: &'static str = "names_1";
    const STREAMS: &'static [&'static str] = &["campus", "mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<NamesRow>) {
        if let Some(member_event::Event::MemberDescribed(it)) = event.read() {
            let campus = "ou".to_owned();
            rows.row(("ou",), move |row| {
                let row = row.get_or_insert_with(|| NamesRow { campus, ..NamesRow::default() });
                row.names.extend([&it.name, ";"]);
            });
        } else if event.read::<mentee_event::Event>().is_some() {
            pass();
        }
    }
}

/// Holds the next fold that comes to what stands in mentorship's stream, and nobody behind it.
static ARMED: AtomicBool = AtomicBool::new(false);
static HELD: Mutex<bool> = Mutex::new(false);
static CHANGED: Condvar = Condvar::new();
/// Only one test at a time may hold folds.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn pass() {
    if ARMED.swap(false, Ordering::SeqCst) {
        tokio::task::block_in_place(|| {
            *HELD.lock().unwrap() = true;
            drop(CHANGED.wait_while(HELD.lock().unwrap(), |it| *it).unwrap());
        });
    }
}

/// A fold is held until this is dropped.
struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        *HELD.lock().unwrap() = false;
        CHANGED.notify_all();
    }
}

/// Waits until a fold is held.
async fn held() -> Held {
    let held = Held;
    becomes(async || *HELD.lock().unwrap()).await;
    held
}

fn probe() -> Service {
    Service::new("probe").view::<Names>()
}

async fn names(probe: &Running) -> String {
    let names: Vec<(String,)> = probe.app.store().query("SELECT names FROM names_1", &[]).await.unwrap();
    names.into_iter().map(|it| it.0).collect()
}

/// A world in which Ada and Bob are known, and a probe that has seen it.
async fn planted(log: Log, server: Option<Postgres>) -> (World, Running, String) {
    let world = World::open(log, server).await;
    let store = world.house.store_url("probe").await.unwrap();
    for learner in ["ada", "bob"] {
        world.plant(learner).await;
    }
    let probe = world.house.start_on(probe(), &store).await.unwrap();
    becomes(async || probe.is_caught_up().await.unwrap()).await;
    assert_eq!(names(&probe).await, format!("{NAME} of ada;{NAME} of bob;"));
    (world, probe, store)
}

/// The broker is lost: streams and keys come back in another one, but for the key of one person.
async fn move_to(world: &mut World, log: &Log, without: &str) {
    let lost = world.house.log().clone();
    for stream in ["campus", "enrolment", "mentorship", "catalogue", "probe"] {
        log.open(stream).await.unwrap();
        let (mut follow, head) = (lost.follow(stream, 0).as_stored(), lost.head(stream).await.unwrap());
        while follow.position() < head {
            log.restore(stream, &follow.next().await.unwrap()).await.unwrap();
        }
    }
    for (name, wrapped) in lost.keys().wrapped().await.unwrap() {
        if name != key_name(without) {
            log.keys().put_back(&name, &wrapped).await.unwrap();
        }
    }
    world.house.replace_log(log.clone());
}

async fn rebuild(probe: &Running) {
    let mut steps = probe.projection.rebuild("names_1");
    while let Some(step) = steps.recv().await {
        step.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rebuild_that_is_under_way_brings_nobody_back() {
    // On SQLite a fold that is held would keep all others from writing.
    let Some(server) = postgres() else { return };
    let _turn = TURN.lock().await;
    let (world, probe, _) = planted(Log::memory(), Some(server)).await;
    ARMED.store(true, Ordering::SeqCst);
    let mut steps = probe.projection.rebuild("names_1");
    let held = held().await;
    world.erase("ada").await;
    let bob = format!(";{NAME} of bob;");
    becomes(async || names(&probe).await == bob).await;
    drop(held);
    while let Some(step) = steps.recv().await {
        step.unwrap();
    }
    assert_eq!(names(&probe).await, bob);
    probe.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_that_dies_before_it_has_redacted_does_so_when_it_is_back() {
    let _turn = TURN.lock().await;
    let (world, first, store) = planted(Log::memory(), None).await;
    first.stop().await.unwrap();
    // It lives in a runtime of its own, which ends as a process does: nothing is told to stop, nothing is finished.
    let process = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = || process.block_on(world.house.start_on(probe(), &store));
    let running = tokio::task::block_in_place(start).unwrap();
    becomes(async || running.is_caught_up().await.unwrap()).await;
    ARMED.store(true, Ordering::SeqCst);
    world.erase("ada").await;
    let held = held().await;
    assert_eq!(world.house.log().keys().destroyed_since(0).await.unwrap().0, [key_name("ada")]);
    drop(running);
    process.shutdown_background();
    let ada = format!("{NAME} of ada");
    assert!(!files_with(&world.house.folder(), ada.as_bytes()).is_empty(), "nothing is redacted yet");
    drop(held);
    let mut again = None;
    for _ in 0..1200 {
        // The store is free as soon as the last task of the dead runtime is dropped.
        again = world.house.start_on(probe(), &store).await.ok();
        if again.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let again = again.unwrap();
    becomes(async || names(&again).await == format!(";{NAME} of bob;")).await;
    again.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_key_keeps_nobody_else_from_being_erased() {
    let first = nats(Durability::Process).await;
    let (mut world, probe, store) = planted(first.log().await, None).await;
    world.caught_up().await;
    probe.stop().await.unwrap();
    world.stop_all().await;
    let (broker, lost) = (nats(Durability::Process).await, world.house.log().clone());
    let log = broker.log().await;
    move_to(&mut world, &log, "bob").await;
    for service in world.services() {
        world.start(service).await;
    }
    let probe = world.house.start_on(self::probe(), &store).await.unwrap();
    world.erase("ada").await;
    for service in world.services() {
        world.forgets(service, "ada").await;
    }
    // What both share is written without what is missing, and says so for as long as it is missing.
    becomes(async || names(&probe).await == ";;").await;
    let state = async |probe: &Running| {
        let views = probe.projection.views().await.unwrap();
        views.into_iter().find(|it| it.name == "names_1").unwrap().state
    };
    assert!(state(&probe).await.contains("studium privacy keys restore"), "{}", state(&probe).await);
    probe.stop().await.unwrap();
    let probe = world.house.start_on(self::probe(), &store).await.unwrap();
    assert!(state(&probe).await.contains("incomplete"), "a restart does not make it whole");
    for (name, wrapped) in lost.keys().wrapped().await.unwrap() {
        log.keys().put_back(&name, &wrapped).await.unwrap();
    }
    rebuild(&probe).await;
    assert_eq!(names(&probe).await, format!(";{NAME} of bob;"));
    becomes(async || state(&probe).await == "serving").await;
    world.caught_up().await;
    assert!(world.seen().await.contains("of bob"));
    probe.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_that_is_made_anew_is_followed_from_its_beginning() {
    let first = nats(Durability::Process).await;
    let (mut world, probe, store) = planted(first.log().await, None).await;
    world.plant("cyd").await;
    becomes(async || names(&probe).await.ends_with("of cyd;")).await;
    world.erase("cyd").await;
    becomes(async || names(&probe).await.ends_with("of bob;;")).await;
    world.caught_up().await;
    probe.stop().await.unwrap();
    world.stop_all().await;
    // In the new one both are erased before anybody is put back, at revisions that the old one had passed.
    let second = nats(Durability::Process).await;
    let log = second.log().await;
    for erased in ["cyd", "ada"] {
        log.keys().destroy(erased).await.unwrap();
    }
    for n in 0..40 {
        log.keys().destroy(&format!("nobody-{n}")).await.unwrap();
    }
    move_to(&mut world, &log, "cyd").await;
    let probe = world.house.start_on(self::probe(), &store).await.unwrap();
    becomes(async || names(&probe).await == format!(";{NAME} of bob;;")).await;
    probe.stop().await.unwrap();
}
