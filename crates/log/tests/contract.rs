//! One suite of promises, run on the in-memory twin and on a real nats-server.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use bytes::Bytes;
use std::time::Duration;
use studium_log::{AppendError, Document, Durability, Entry, Log, Stored};

fn entry(subject: &str, expected: u64, request: &str) -> Entry {
    Entry::bare(subject, expected, request, vec![Bytes::from_static(b"\x0a\x00")])
}

async fn take(log: &Log, stream: &str, after: u64, many: usize) -> Vec<Stored> {
    let mut follow = log.follow(stream, after);
    let mut all = Vec::new();
    while all.len() < many {
        all.extend(follow.next().await.unwrap());
    }
    all
}

async fn an_append_needs_the_expected_position(log: &Log) {
    let first = log.append(entry("t1.a.x", 0, "r1")).await.unwrap();
    assert!(matches!(log.append(entry("t1.a.x", 0, "r2")).await, Err(AppendError::Conflict)), "outdated");
    assert!(matches!(log.append(entry("t1.a.x", first + 5, "r3")).await, Err(AppendError::Conflict)), "too high");
    let second = log.append(entry("t1.a.x", first, "r4")).await.unwrap();
    log.append(entry("t1.a.y", 0, "r5")).await.unwrap();
    assert_eq!(log.last("t1.a.x").await.unwrap().unwrap().position, second, "another aggregate does not matter");
    assert_eq!(log.head("t1").await.unwrap(), 3, "what was refused is not in the stream");
}

async fn the_same_request_is_stored_once(log: &Log) {
    log.append(entry("t2.a.x", 0, "r1")).await.unwrap();
    for expected in [0, 1] {
        let again = log.append(entry("t2.a.x", expected, "r1")).await;
        if expected == 0 {
            assert!(matches!(again, Err(AppendError::Conflict | AppendError::Unknown(_))), "{again:?}");
        }
    }
    let known = log.last("t2.a.x").await.unwrap().unwrap();
    assert_eq!(known.commit.request_id, "r1");
}

async fn what_is_not_there_is_not_an_error(log: &Log) {
    assert!(log.last("t3.a.x").await.unwrap().is_none());
    assert!(log.read("t3", 7).await.unwrap().is_none());
    assert_eq!(log.head("t3").await.unwrap(), 0);
}

/// Appends, and asks again as deciders do: a loaded cluster may say of a subject that it is busy with the one before.
async fn appended(log: &Log, subject: &str, expected: u64, request: &str) -> u64 {
    for _ in 0..500 {
        match log.append(entry(subject, expected, request)).await {
            Ok(position) => return position,
            Err(AppendError::Unknown(_) | AppendError::Conflict) => {}
            Err(e) => panic!("{e:?}"),
        }
        let last = log.last(subject).await.unwrap();
        if let Some(it) = last.filter(|it| it.commit.request_id == request) {
            return it.position;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no answer in time")
}

async fn followers_see_each_commit_once_and_in_order_while_64_writers_append(log: &Log) {
    let following = tokio::spawn({
        let log = log.clone();
        async move { take(&log, "t4", 0, 64 * 50).await }
    });
    let writers: Vec<_> = (0..64)
        .map(|w| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut last = 0;
                for n in 0..50 {
                    last = appended(&log, &format!("t4.a.{w}"), last, &format!("{w}-{n}")).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let live = following.await.unwrap();
    let later = take(log, "t4", 0, 64 * 50).await;
    for seen in [live, later] {
        let positions: Vec<_> = seen.iter().map(|it| it.position).collect();
        assert_eq!(positions, (1..=64 * 50).collect::<Vec<_>>());
    }
    assert_eq!(take(log, "t4", 3000, 10).await[0].position, 3001);
}

async fn conflicts_among_packed_commits_refuse_only_themselves(log: &Log) {
    for n in 0..100 {
        log.append(entry(&format!("t5.a.{n}"), 0, "first")).await.unwrap();
    }
    // Every third expects what is not so; all are sent at once and so meet in the same batches.
    let appends = (0..100u64).map(|n| {
        let log = log.clone();
        let expected = if n % 3 == 0 { 0 } else { n + 1 };
        async move { log.append(entry(&format!("t5.a.{n}"), expected, "second")).await }
    });
    let answers = futures::future::join_all(appends).await;
    for (n, answer) in answers.iter().enumerate() {
        match n % 3 {
            0 => assert!(matches!(answer, Err(AppendError::Conflict)), "{n}: {answer:?}"),
            _ => assert!(answer.is_ok(), "{n}: {answer:?}"),
        }
    }
    assert_eq!(log.head("t5").await.unwrap(), 100 + 66);
}

async fn a_stream_is_restored_as_it_was(log: &Log) {
    let other = Log::memory();
    let first = other.append(entry("t6.a.x", 0, "r1")).await.unwrap();
    other.append(entry("t6.a.y", 0, "r2")).await.unwrap();
    other.append(entry("t6.a.x", first, "r3")).await.unwrap();
    let was = take(&other, "t6", 0, 3).await;
    log.restore("t6", &was).await.unwrap();
    let is = take(log, "t6", 0, 3).await;
    for (was, is) in was.iter().zip(&is) {
        assert_eq!((was.position, &was.bytes), (is.position, &is.bytes));
    }
    assert!(log.restore("t6", &was).await.is_err(), "a stream that is not empty is left alone");
}

fn document(id: &str, of: &str) -> Document {
    let bytes = Bytes::from(format!(r#"{{"specversion":"1.0","id":"{id}","subject":"{of}","subjectversion":1}}"#));
    Document { id: id.to_owned(), subject: format!("t7.a.{of}"), bytes }
}

async fn a_feed_grows_only_at_its_end_and_keeps_its_order(log: &Log) {
    // The same subject comes twice in a batch, and there are more than fit into one.
    let documents: Vec<_> = (0..1300).map(|n| document(&format!("d{n}"), &format!("s{}", n % 7))).collect();
    assert_eq!(log.extend("t7", 0, &documents[..3]).await.unwrap(), 3);
    let late = log.extend("t7", 2, &[document("late", "s0")]).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    let late = log.extend("t7", 2, &[document("late", "s0"), document("later", "s0")]).await;
    assert!(matches!(late, Err(AppendError::Conflict)), "{late:?}");
    assert_eq!(log.extend("t7", 3, &documents[3..]).await.unwrap(), 1300);
    let all = take(log, "t7", 0, 1300).await;
    for (document, stored) in documents.iter().zip(&all) {
        assert_eq!((&document.id, &document.bytes), (&stored.commit.id, &stored.bytes), "at {}", stored.position);
    }
    let mut follow = log.follow("t7", 5).among_many();
    let mut seen = Vec::new();
    while seen.len() < 1295 {
        seen.extend(follow.next().await.unwrap().iter().map(|it| it.position));
    }
    assert_eq!(seen, (6..=1300).collect::<Vec<_>>());
    assert_eq!(log.last("t7.a.s0").await.unwrap().unwrap().commit.id, "d1295");
}

async fn suite(log: Log) {
    for stream in ["t1", "t2", "t3", "t4", "t5", "t6", "t7"] {
        log.open(stream).await.unwrap();
        log.open(stream).await.unwrap();
    }
    an_append_needs_the_expected_position(&log).await;
    the_same_request_is_stored_once(&log).await;
    what_is_not_there_is_not_an_error(&log).await;
    followers_see_each_commit_once_and_in_order_while_64_writers_append(&log).await;
    conflicts_among_packed_commits_refuse_only_themselves(&log).await;
    a_stream_is_restored_as_it_was(&log).await;
    a_feed_grows_only_at_its_end_and_keeps_its_order(&log).await;
}

#[tokio::test]
async fn the_in_memory_twin_keeps_the_contract() {
    suite(Log::memory()).await;
}

#[tokio::test]
async fn nats_keeps_the_contract_in_process() {
    let server = studium_testkit::nats(Durability::Process).await;
    suite(server.log().await).await;
}

#[tokio::test]
async fn nats_keeps_the_contract_on_disk() {
    let server = studium_testkit::nats(Durability::Disk).await;
    suite(server.log().await).await;
}

#[tokio::test]
async fn nats_keeps_the_contract_replicated() {
    let server = studium_testkit::nats(Durability::Replicated).await;
    suite(server.log().await).await;
}
