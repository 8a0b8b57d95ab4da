//! Deliveries that are lost, repeated or overtaken: a follower hands over each commit once and in order all the same.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;
use studium_log::{Delivery, Durability, Entry, Follow, Log};
use studium_testkit::Broker;

/// Commits in the stream when the follower begins.
const MANY: u64 = 5;

/// How long a follower may take; it stands still for ever when it misses something.
const PATIENCE: Duration = Duration::from_secs(20);

async fn append(log: &Log, many: u64) {
    for n in 0..many {
        log.append(Entry::bare(&format!("t.a.{}-{n}", log.head("t").await.unwrap()), 0, "r", vec![])).await.unwrap();
    }
}

async fn broker() -> (Broker, Log) {
    let broker = studium_testkit::nats(Durability::Process).await;
    let log = broker.log().await;
    log.open("t").await.unwrap();
    append(&log, MANY).await;
    (broker, log)
}

/// The positions that are handed over, until `last` is among them.
async fn handed_over(follow: &mut Follow, last: u64) -> Vec<u64> {
    let mut all = Vec::new();
    while all.last().is_none_or(|it| *it < last) {
        let batch = tokio::time::timeout(PATIENCE, follow.next()).await;
        all.extend(
            batch.unwrap_or_else(|_| panic!("nothing comes after {all:?}")).unwrap().iter().map(|it| it.position),
        );
    }
    all
}

/// One delivery fares as told, the first of all, the last of all, and each between.
async fn once_and_in_order(fault: Delivery) {
    let (broker, log) = broker().await;
    for place in 0..MANY {
        let there = log.head("t").await.unwrap();
        let unlucky = broker.log().await;
        unlucky.faults().deliveries((0..there - 1 - place).map(|_| Delivery::Fine).chain([fault]));
        let mut follow = unlucky.follow("t", 0);
        assert_eq!(
            handed_over(&mut follow, there).await,
            (1..=there).collect::<Vec<_>>(),
            "{fault:?}, {place} before the end"
        );
        // What was repeated last would come now.
        append(&log, 1).await;
        assert_eq!(handed_over(&mut follow, there + 1).await, [there + 1], "{fault:?}, {place} before the end");
    }
}

#[tokio::test]
async fn a_lost_delivery_is_read_again() {
    once_and_in_order(Delivery::Lost).await;
}

#[tokio::test]
async fn a_repeated_delivery_is_handed_over_once() {
    once_and_in_order(Delivery::Twice).await;
}

#[tokio::test]
async fn an_overtaken_delivery_keeps_its_place() {
    once_and_in_order(Delivery::Late).await;
}

#[tokio::test]
async fn one_misfortune_after_the_other_changes_nothing() {
    use Delivery::{Fine, Late, Lost, Twice};
    let (broker, log) = broker().await;
    let unlucky = broker.log().await;
    unlucky.faults().deliveries([Fine, Lost, Lost, Fine, Twice, Late, Fine, Late, Late, Twice, Lost].repeat(20));
    let mut follow = unlucky.follow("t", 2);
    let ((), seen) = tokio::join!(append(&log, 295), handed_over(&mut follow, 300));
    assert_eq!(seen, (3..=300).collect::<Vec<_>>());
}
