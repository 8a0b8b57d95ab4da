//! How a service stops, and what it says when it cannot start.

use super::server::{by, start};
use std::time::{Duration, Instant};
use studium_kit::server;
use studium_proto::admin::v1::{ListParkedRequest, VerifyLogRequest};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;

#[tokio::test]
async fn draining_ends_streams_and_finishes_requests() {
    let running = start().await;
    let operator = running.token("olga", &["operator"], &[]);
    let mut client = running.client().await;
    let mut stream = client.verify_log(by(&operator, VerifyLogRequest {})).await.unwrap().into_inner();
    assert_eq!(stream.message().await.unwrap().unwrap().checked, 1);
    let slow = tokio::spawn(async move { client.list_parked(by(&operator, ListParkedRequest {})).await });
    // It must be under way before the end begins.
    tokio::time::sleep(Duration::from_millis(150)).await;

    let stopped = Instant::now();
    running.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(4), stream.message()).await.expect("the stream ends");
    let ended = ended.unwrap_err();
    assert_eq!(ended.code(), Code::Unavailable);
    assert!(ended.message().contains("is stopping"), "{}", ended.message());
    slow.await.unwrap().unwrap();
    running.task.await.unwrap().unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(4), "it waits for what runs, not for the deadline");
    assert!(TcpStream::connect(running.address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_occupied_port_is_said_in_one_sentence() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    let why = server::bind(&address).await.unwrap_err().to_string();
    assert!(why.contains(&address) && why.contains("in use") && why.contains("--listen"), "{why}");
}

#[tokio::test]
async fn sigterm_asks_to_stop() {
    let asked = std::pin::pin!(server::asked_to_stop().unwrap());
    let me = std::process::id().to_string();
    tokio::process::Command::new("kill").args(["-TERM", &me]).status().await.unwrap();
    tokio::time::timeout(Duration::from_secs(5), asked).await.unwrap();
}
