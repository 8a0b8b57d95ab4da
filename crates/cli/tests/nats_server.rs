//! A real nats-server: started, ready, killed, started again, nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use studium_broker::{NatsServer, binary, process};
use studium_log::Durability;

fn executable() -> PathBuf {
    binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path
}

async fn stream(server: &NatsServer, replicas: usize) -> async_nats::jetstream::Context {
    let (servers, options) = studium_log::address::connection(&server.url()).unwrap();
    let jetstream = async_nats::jetstream::new(options.connect(servers).await.unwrap());
    let config = async_nats::jetstream::stream::Config {
        name: "trial".into(),
        subjects: vec!["trial.>".into()],
        num_replicas: replicas,
        ..Default::default()
    };
    // After the loss of a leader an election takes 4 to 9 seconds, in which requests time out.
    for _ in 0..4 {
        if jetstream.get_or_create_stream(&config).await.is_ok() {
            return jetstream;
        }
    }
    panic!("no stream in time");
}

async fn append(jetstream: &async_nats::jetstream::Context) -> u64 {
    jetstream.publish("trial.one", "x".into()).await.unwrap().await.unwrap().sequence
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_kill() {
    for durability in [Durability::Disk, Durability::Process] {
        let dir = tempfile::tempdir().unwrap();
        let mut server = NatsServer::start(&executable(), durability, dir.path(), None).await.unwrap();
        let url = server.url();
        let jetstream = stream(&server, 1).await;
        for position in 1..=20 {
            assert_eq!(append(&jetstream).await, position);
        }
        server.kill().await;
        server.restart().await.unwrap();
        assert_eq!(server.url(), url, "clients come back to the same address");
        assert_eq!(append(&stream(&server, 1).await).await, 21);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_was_left_running_is_stopped_before_another_starts_on_its_store() {
    let dir = tempfile::tempdir().unwrap();
    let first = NatsServer::start(&executable(), Durability::Disk, dir.path(), None).await.unwrap();
    assert_eq!(append(&stream(&first, 1).await).await, 1);
    // Nobody drops a server whose owner was killed.
    let left = first.pids();
    std::mem::forget(first);
    let mut second = NatsServer::start(&executable(), Durability::Disk, dir.path(), None).await.unwrap();
    assert!(!process::is_alive(left[0]));
    assert_eq!(append(&stream(&second, 1).await).await, 2);
    second.stop().await;
}

#[tokio::test]
async fn three_servers_are_ready_for_replicated_streams_and_survive_the_loss_of_one() {
    let dir = tempfile::tempdir().unwrap();
    let mut server = NatsServer::start(&executable(), Durability::Replicated, dir.path(), None).await.unwrap();
    assert_eq!(server.pids().len(), 3);
    let jetstream = stream(&server, 3).await;
    assert_eq!(append(&jetstream).await, 1);
    server.kill_node(2).await;
    server.restart().await.unwrap();
    assert_eq!(append(&stream(&server, 3).await).await, 2);
    server.stop().await;

    let error = NatsServer::start(&executable(), Durability::Disk, dir.path(), None).await.err().unwrap().to_string();
    assert!(error.contains("was made with three servers"), "{error}");
}

#[tokio::test]
async fn a_taken_port_is_one_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error =
        NatsServer::start(&executable(), Durability::Disk, dir.path(), Some(port)).await.err().unwrap().to_string();
    assert_eq!(error, format!("port {port} is taken; stop what uses it, or choose others with --port"));
}
