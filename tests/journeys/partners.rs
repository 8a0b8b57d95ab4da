//! A partner university reads its feed over gRPC, webhooks and NATS, goes away, and misses nothing.

use crate::{
    office::becomes,
    partnership::{CROWD, Copy, Reader, Receiver, School},
    platform::World,
};
use studium_log::Durability;
use studium_proto::enrolment::v1::ConsentScope;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_partner_misses_nothing_whichever_way_it_reads() {
    let receiver = Receiver::open().await;
    let settings = [
        ("STUDIUM_ENROLMENT_WEBHOOK_ALLOW", receiver.at.to_string()),
        // As long as settings may say: what happens while the receiver answers with errors takes as long as it needs.
        ("STUDIUM_ENROLMENT_WEBHOOK_RETRY", format!("50ms,200ms,500ms,1s{}", ",4s".repeat(26))),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut world = World::new(Durability::Disk);
    world.up_with(&settings);
    let mut school = School::open(&world).await;
    school.set_up().await;

    // From the beginning: history first.
    assert_eq!(world.result(&["partners", "open", "ou"])["already"], false);
    let access = world.result(&["partners", "nats", "add", "ou"]);
    school.send_to(&receiver).await;
    let written = school.told().await;
    assert!(written > 0, "there was something to tell");
    let (mut by_grpc, mut by_nats) = (Copy::default(), Copy::default());
    school.read(&mut by_grpc, written).await;
    Reader::open(&world, &access).await.read(&mut by_nats, written).await;
    becomes(async || receiver.copy().position, |it| *it == written).await;

    // Everybody goes away: one hangs up, one is down, one answers with errors. Meanwhile much happens, and a service dies.
    receiver.fails(true);
    let crowd = tokio::spawn(school.clone().enrols_many());
    becomes(async || school.head(&world).await, |it| *it > CROWD / 2).await;
    world.kill("enrolment");
    let _ = crowd.await.unwrap();
    world.wait_until_down();
    world.up_with(&settings);
    school = School::open(&world).await;
    school.clone().enrols_many().await.unwrap();
    school.takes_back("learner-0", ConsentScope::Name).await;
    becomes(async || receiver.refused(), |it| *it > 0).await;
    receiver.fails(false);

    // They come back, each with the position that it had.
    let written = school.told().await;
    assert!(written >= CROWD, "{written}");
    school.read(&mut by_grpc, written).await;
    Reader::open(&world, &access).await.read(&mut by_nats, written).await;
    becomes(async || receiver.copy().position, |it| *it == written).await;
    let by_webhook = receiver.copy();
    let digest = world.result(&["partners", "digest", "ou"]);
    assert_eq!((digest["position"].as_u64(), digest["count"].as_u64()), (Some(written), Some(CROWD + 20)));
    for (way, copy) in [("gRPC", &by_grpc), ("webhook", &by_webhook), ("NATS", &by_nats)] {
        assert_eq!(copy.position, written, "{way}");
        assert_eq!(digest["root"], copy.tree.root(), "{way}");
    }
    let taken_back = by_grpc.records.get("run~learner-0").unwrap();
    assert_eq!(taken_back["consents"], serde_json::json!(["CONSENT_SCOPE_EMAIL"]));
    let looked_up = world.result(&["partners", "records", "ou", "run~learner-0"]);
    assert_eq!((looked_up.get("name"), &looked_up["email"]), (None, &"0@example.org".into()), "{looked_up}");
    let looked_up = world.result(&["partners", "records", "ou", "run~learner-1"]);
    assert_eq!(looked_up["name"], "Learner 1", "{looked_up}");
    let lag = world.result(&["partners", "show", "ou"]);
    assert_eq!(lag["written_position"].as_u64(), Some(written));
    let verified = world.run(&["log", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    world.down();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_subscriber_slows_nobody() {
    let mut world = World::new(Durability::Process);
    world.up();
    let school = School::open(&world).await;
    school.set_up().await;
    world.result(&["partners", "open", "ou"]);
    school.told().await;
    // Fifty who ask for everything and take nothing.
    let mut slow = Vec::new();
    for _ in 0..50 {
        // Each has a connection of its own: on a shared one whoever takes nothing holds up the rest by itself.
        slow.push(School::open(&world).await.subscribe(0).await);
    }
    school.clone().enrols_many().await.unwrap();
    let written = school.told().await;
    let mut copy = Copy::default();
    school.read(&mut copy, written).await;
    assert_eq!(copy.position, written);
    // And when they do take it, nothing is missing.
    for events in &mut slow[..2] {
        let mut copy = Copy::default();
        while copy.position < written {
            copy.take(&events.message().await.unwrap().unwrap().event);
        }
    }
    world.down();
}
