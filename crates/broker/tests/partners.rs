//! Partners on a real nats-server: given access, refused everything else, given another key and taken away, while all runs.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_nats::{
    Client, ConnectOptions,
    jetstream::{self, Context, consumer::pull, message::PublishMessage, stream},
};
use futures::StreamExt as _;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_broker::{
    NatsServer, accounts, binary,
    partners::{self, Access, MIRROR},
};
use studium_log::{Durability, address};

fn executable() -> PathBuf {
    binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path
}

async fn start(durability: Durability, dir: &Path) -> NatsServer {
    NatsServer::start(&executable(), durability, dir, None).await.unwrap()
}

async fn platform(server: &NatsServer) -> Client {
    let (servers, options) = address::connection(&server.url()).unwrap();
    options.connect(servers).await.unwrap()
}

async fn partner(access: &Access) -> Result<Client, async_nats::ConnectError> {
    let (servers, options) = address::connection(&access.servers).unwrap();
    options.nkey(access.seed.clone()).connect(servers).await
}

/// The stream that the platform keeps for a partner.
async fn feed(platform: &Context, institution: &str, replicas: usize) {
    let config = stream::Config {
        name: format!("partner_{institution}"),
        subjects: vec![format!("partner_{institution}.>")],
        num_replicas: replicas,
        ..stream::Config::default()
    };
    for _ in 0..4 {
        if platform.get_or_create_stream(&config).await.is_ok() {
            return;
        }
    }
    panic!("no stream in time");
}

async fn tell(platform: &Context, institution: &str, from: u64, many: u64) {
    for number in from..from + many {
        let subject = format!("partner_{institution}.enrolment.run~{number}");
        let payload = format!("{{\"specversion\":\"1.0\",\"id\":\"{number}\"}}");
        // The same message again if no answer comes: after the loss of a leader an election takes 4 to 9 seconds.
        let publish = || {
            let message = PublishMessage::build().payload(payload.clone().into()).message_id(number.to_string());
            let sent = platform.send_publish(subject.clone(), message);
            async { sent.await.ok()?.await.ok() }
        };
        let mut stored = publish().await;
        for _ in 0..1500 {
            if stored.is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
            stored = publish().await;
        }
        assert_eq!(stored.expect("a leader in time").sequence, number);
    }
}

/// What a partner reads from its mirror, from the start.
async fn read(access: &Access, many: usize) -> Vec<(u64, String)> {
    let jetstream = jetstream::new(partner(access).await.unwrap());
    let config = pull::Config { durable_name: Some("copy".to_owned()), ..pull::Config::default() };
    let mut consumer = None;
    // A cluster that elects a leader is silent for seconds.
    for _ in 0..8 {
        let Ok(mirror) = jetstream.get_stream(MIRROR).await else { continue };
        consumer = mirror.get_or_create_consumer("copy", config.clone()).await.ok();
        if consumer.is_some() {
            break;
        }
    }
    let consumer = consumer.expect("a leader in time");
    let messages = consumer.stream().expires(Duration::from_secs(5)).messages().await.unwrap();
    let read = messages.take(many).then(async |message| {
        let message = message.unwrap();
        message.double_ack().await.unwrap();
        (message.info().unwrap().stream_sequence, message.subject.to_string())
    });
    // A mirror that lost its origin for a moment looks for it again within two minutes.
    tokio::time::timeout(Duration::from_secs(150), read.collect()).await.expect("all messages in time")
}

fn told(institution: &str, from: u64, many: u64) -> Vec<(u64, String)> {
    (from..from + many).map(|it| (it, format!("partner_{institution}.enrolment.run~{it}"))).collect()
}

#[tokio::test]
async fn nobody_gets_in_without_being_known() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Process, dir.path()).await;
    let (servers, options) = address::connection(&address::without_user(&server.url())).unwrap();
    assert!(options.connect(servers.clone()).await.is_err());
    let wrong = ConnectOptions::with_user_and_password("operator".to_owned(), "wrong".to_owned());
    assert!(wrong.connect(servers).await.is_err());
    platform(&server).await;
    for secret in ["operator.password", accounts::FILE] {
        let mode = fs::metadata(dir.path().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{secret}");
    }
    let password = fs::read_to_string(dir.path().join("operator.password")).unwrap();
    for open in ["server-1.conf", "server-1.log"] {
        assert!(!fs::read_to_string(dir.path().join(open)).unwrap().contains(password.trim()), "{open}");
    }
    server.stop().await;
}

#[tokio::test]
async fn access_is_given_changed_and_taken_away_while_all_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Disk, dir.path()).await;
    let client = platform(&server).await;
    let jetstream = jetstream::new(client.clone());
    // Ids may look like numbers, and may differ in `-` and `_` only, or in their case.
    for institution in ["a-b", "a_b", "0815", "A-B"] {
        feed(&jetstream, institution, 1).await;
        tell(&jetstream, institution, 1, 50).await;
    }
    let first = partners::add(dir.path(), "a-b").await.unwrap();
    let other = partners::add(dir.path(), "a_b").await.unwrap();
    partners::add(dir.path(), "0815").await.unwrap();
    let upper = partners::add(dir.path(), "A-B").await.unwrap();
    let said = partners::add(dir.path(), "a-b").await.err().unwrap().to_string();
    assert!(said.contains("has access already"), "{said}");
    assert!(partners::add(dir.path(), "a.b").await.is_err());
    assert_eq!(read(&first, 50).await, told("a-b", 1, 50));
    assert_eq!(read(&other, 50).await, told("a_b", 1, 50));
    assert_eq!(read(&upper, 50).await, told("A-B", 1, 50));

    let second = partners::rotate(dir.path(), "a-b").await.unwrap();
    assert!(partner(&first).await.is_err(), "the old key ends at once");
    tell(&jetstream, "a-b", 51, 5).await;
    assert_eq!(read(&second, 5).await, told("a-b", 51, 5), "its consumer kept its place");
    assert!(!partners::open_mirror(dir.path(), "nobody").await.unwrap());
    assert!(partners::open_mirror(dir.path(), "a-b").await.unwrap());

    let connected = partner(&second).await.unwrap();
    partners::remove(dir.path(), "a-b").await.unwrap();
    assert!(partner(&second).await.is_err());
    assert!(connected.request("$JS.API.INFO", "".into()).await.is_err(), "a connection ends with the access");
    assert!(partners::rotate(dir.path(), "a-b").await.is_err());
    assert_eq!(partners::list(dir.path()).unwrap().len(), 3);
    assert_eq!(read(&other, 0).await, []);
    assert_eq!(jetstream.get_stream("partner_a-b").await.unwrap().cached_info().state.messages, 55);
    assert_eq!(
        client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed),
        1,
        "the platform stays connected"
    );

    server.kill().await;
    server.restart().await.unwrap();
    tell(&jetstream::new(platform(&server).await), "a_b", 51, 1).await;
    assert_eq!(read(&other, 1).await, told("a_b", 51, 1), "and all is as before after a restart");
    let again = partners::add(dir.path(), "a-b").await.unwrap();
    assert_eq!(read(&again, 55).await, told("a-b", 1, 55), "who comes back starts at the start");
    server.stop().await;
}

#[tokio::test]
async fn a_mirror_waits_for_its_feed_and_a_cluster_keeps_it_threefold() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Replicated, dir.path()).await;
    let access = partners::add(dir.path(), "ou").await.unwrap();
    assert_eq!(access.servers.split(',').count(), 3);
    let jetstream = jetstream::new(platform(&server).await);
    feed(&jetstream, "ou", 3).await;
    assert!(partners::open_mirror(dir.path(), "ou").await.unwrap());
    tell(&jetstream, "ou", 1, 20).await;
    assert_eq!(read(&access, 20).await, told("ou", 1, 20));
    let info = jetstream::new(partner(&access).await.unwrap()).get_stream(MIRROR).await.unwrap();
    assert_eq!(info.cached_info().config.num_replicas, 3);
    server.kill_node(0).await;
    server.restart().await.unwrap();
    tell(&jetstream, "ou", 21, 5).await;
    assert_eq!(read(&access, 5).await, told("ou", 21, 5));
    partners::remove(dir.path(), "ou").await.unwrap();
    assert!(partner(&access).await.is_err());
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_partners_fit_into_one_server() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Process, dir.path()).await;
    let jetstream = jetstream::new(platform(&server).await);
    let mut last = None;
    let began = std::time::Instant::now();
    for number in 1..=100 {
        last = Some(partners::add(dir.path(), &format!("p{number}")).await.unwrap());
    }
    eprintln!("100 partners took {:?}", began.elapsed());
    feed(&jetstream, "p100", 1).await;
    tell(&jetstream, "p100", 1, 3).await;
    assert_eq!(read(&last.unwrap(), 3).await, told("p100", 1, 3));
    server.stop().await;
}

#[tokio::test]
async fn streams_of_a_build_without_accounts_become_the_platforms() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = start(Durability::Disk, dir.path()).await;
    feed(&jetstream::new(platform(&server).await), "ou", 1).await;
    tell(&jetstream::new(platform(&server).await), "ou", 1, 10).await;
    server.stop().await;
    let kept = dir.path().join("single-1/jetstream");
    fs::rename(kept.join(accounts::PLATFORM), kept.join("$G")).unwrap();
    let mut server = start(Durability::Disk, dir.path()).await;
    tell(&jetstream::new(platform(&server).await), "ou", 11, 1).await;
    server.stop().await;

    let cluster = tempfile::tempdir().unwrap();
    fs::create_dir_all(cluster.path().join("replicated-1/jetstream/$G/streams/catalogue")).unwrap();
    let refused = NatsServer::start(&executable(), Durability::Replicated, cluster.path(), None).await;
    let said = refused.err().unwrap().to_string();
    assert!(said.contains("studium log restore"), "{said}");
}
