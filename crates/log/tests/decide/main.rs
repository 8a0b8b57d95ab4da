//! Decisions under contention, lost answers and repeated requests, each interleaving scripted.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod memory;
mod room;
mod together;

use prost::Message as _;
use room::{Command, Happened, Process};
use std::sync::Arc;
use studium_log::{DecideError, Deciding, Fault, Log, LogError, Meta, Stored};
use studium_proto::log::v1::Commit;

#[tokio::test]
async fn versions_and_hashes_form_a_chain() {
    let log = Log::memory();
    let process = Process::new(&log);
    for who in ["x", "y", "z"] {
        process.ask(who, Command::Take(who)).await.unwrap();
    }
    let commits: Vec<_> = log.follow("test", 0).next().await.unwrap();
    assert_eq!(commits.iter().map(|it| it.commit.version).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(commits[0].commit.previous_hash.is_empty());
    for pair in commits.windows(2) {
        assert_eq!(pair[1].commit.previous_hash[..], pair[0].hash()[..]);
        assert_eq!(pair[1].commit.previous_position, pair[0].position);
    }
}

#[tokio::test]
async fn an_outdated_state_decides_again() {
    let log = Log::memory();
    let (one, other) = (Process::new(&log), Process::new(&log));
    one.ask("r1", Command::Take("x")).await.unwrap();
    // The other process knows nothing of it: neither cached nor in its journal.
    let (meta, mut cost) = (Meta { request_id: "r2".to_owned(), ..Meta::default() }, Deciding::default());
    let second = other.rooms.decide("a", &Command::Take("y"), &meta, &mut cost).await.unwrap();
    assert_eq!((second.version, second.position, cost.conflicts), (2, 2, 1));
    assert_eq!(one.versions().await, [1, 2]);
}

#[tokio::test]
async fn a_state_that_is_asked_for_is_the_latest() {
    let log = Log::memory();
    let (one, other) = (Process::new(&log), Process::new(&log));
    for (who, expected) in [("x", &["x"][..]), ("y", &["x", "y"])] {
        one.ask(who, Command::Take(who)).await.unwrap();
        assert_eq!(other.rooms.state("a").await.unwrap().taken, expected);
    }
}

#[tokio::test]
async fn a_stale_state_never_refuses() {
    let log = Log::memory();
    let (one, other) = (Process::new(&log), Process::new(&log));
    for who in ["x", "y", "z"] {
        one.ask(who, Command::Take(who)).await.unwrap();
    }
    assert!(matches!(one.ask("r4", Command::Take("w")).await, Err(DecideError::Refused(_))));
    other.ask("r5", Command::Leave("y")).await.unwrap();
    let seated = one.ask("r6", Command::Take("w")).await.expect("there is a place, though this process had not heard");
    assert_eq!(seated.version, 5);
}

#[tokio::test]
async fn a_stale_state_never_says_already_so() {
    let log = Log::memory();
    let (one, other) = (Process::new(&log), Process::new(&log));
    one.ask("r1", Command::Take("x")).await.unwrap();
    other.ask("r2", Command::Leave("x")).await.unwrap();
    let again = one.ask("r3", Command::Take("x")).await.unwrap();
    assert!(!again.already, "x had left");
    assert_eq!(again.version, 3);
}

#[tokio::test]
async fn a_lost_acknowledgement_is_found_again() {
    let log = Log::memory();
    let process = Process::new(&log);
    // Nothing that is sent after it arrives: it is found by reading, not by sending it again.
    log.faults().script([Fault::LoseAck, Fault::LoseRequest, Fault::LoseRequest, Fault::LoseRequest]);
    let answer = process.ask("r1", Command::Take("x")).await.unwrap();
    assert_eq!((answer.position, answer.version), (1, 1));
    assert_eq!(answer.events, [Happened::Taken("x".to_owned())]);
    assert_eq!(log.head("test").await.unwrap(), 1, "stored once");
}

#[tokio::test]
async fn a_lost_request_is_sent_again() {
    let log = Log::memory();
    let process = Process::new(&log);
    log.faults().script([Fault::LoseRequest, Fault::LoseRequest]);
    let answer = process.ask("r1", Command::Take("x")).await.unwrap();
    assert!(!answer.already);
    assert_eq!(log.head("test").await.unwrap(), 1);
}

#[tokio::test]
async fn a_request_that_never_arrives_is_no_success() {
    let log = Log::memory();
    let process = Process::new(&log);
    log.faults().script([Fault::LoseRequest; 4]);
    let refused = process.ask("r1", Command::Take("x")).await.unwrap_err();
    assert!(matches!(refused, DecideError::Fault(LogError::Unreachable(_))), "nobody was faster: {refused}");
    assert_eq!(log.head("test").await.unwrap(), 0);
    assert!(process.ask("r1", Command::Take("x")).await.is_ok(), "the same request may be sent again");
}

#[tokio::test]
async fn a_repeated_request_gets_its_first_answer() {
    let log = Log::memory();
    let process = Process::new(&log);
    let first = process.ask("r1", Command::Take("x")).await.unwrap();
    process.ask("r2", Command::Leave("x")).await.unwrap();
    // Decided anew it would take a place again.
    let again = process.ask("r1", Command::Take("x")).await.unwrap();
    assert!(again.already);
    assert_eq!((again.position, again.events), (first.position, first.events));
    assert_eq!(log.head("test").await.unwrap(), 2);
}

#[tokio::test]
async fn a_repeated_request_is_known_after_a_restart_whatever_the_journal_has_seen() {
    let log = Log::memory();
    let process = Process::new(&log);
    process.ask("r1", Command::Take("x")).await.unwrap();
    process.ask("r2", Command::Leave("x")).await.unwrap();
    for journal_has_seen in [false, true] {
        let restarted = Process::new(&log);
        if journal_has_seen {
            restarted.journal.catch_up(&log).await;
        }
        let again = restarted.ask("r1", Command::Take("x")).await.unwrap();
        assert!(again.already, "journal has seen: {journal_has_seen}");
        assert_eq!(again.position, 1);
        assert_eq!(log.head("test").await.unwrap(), 2);
    }
}

#[tokio::test]
async fn commands_on_one_aggregate_queue_up_and_never_conflict_with_themselves() {
    let log = Log::memory();
    let process = Arc::new(Process::new(&log));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..64u32 {
        let process = Arc::clone(&process);
        tasks.spawn(async move {
            let mut cost = Deciding::default();
            let who: &'static str = ["x", "y", "z"][n as usize % 3];
            let command = if n % 2 == 0 { Command::Take(who) } else { Command::Leave(who) };
            let meta = Meta { request_id: n.to_string(), ..Meta::default() };
            process.rooms.decide("a", &command, &meta, &mut cost).await.unwrap();
            cost.conflicts
        });
    }
    assert_eq!(tasks.join_all().await.iter().sum::<u32>(), 0);
}

#[tokio::test]
async fn a_queue_that_is_full_says_so_and_empties_again() {
    let log = Log::memory();
    let process = Process::new(&log);
    log.faults().script([Fault::Hold]);
    let requests: Vec<_> = (0..1024).map(|it| it.to_string()).collect();
    let mut waiting: Vec<_> = requests.iter().map(|it| Box::pin(process.ask(it, Command::Take("x")))).collect();
    for it in &mut waiting {
        assert!(futures::poll!(it).is_pending());
    }
    assert!(matches!(process.ask("one too many", Command::Take("x")).await, Err(DecideError::Busy)));
    log.faults().release();
    for answer in futures::future::join_all(waiting).await {
        answer.unwrap();
    }
    process.ask("one too many", Command::Take("x")).await.unwrap();
}

#[tokio::test]
async fn a_request_that_the_state_no_longer_remembers_gets_its_first_answer() {
    let log = Log::memory();
    let process = Process::new(&log);
    // As many as a state remembers, and one more.
    let mut last = 0;
    for n in 0..=65_536u32 {
        let command = if n % 2 == 0 { Command::Take("x") } else { Command::Leave("x") };
        last = process.ask(&n.to_string(), command).await.unwrap().position;
    }
    process.ask("leave", Command::Leave("x")).await.unwrap();
    let again = process.ask("65536", Command::Take("x")).await.unwrap();
    assert_eq!((again.already, again.position), (true, last));
}

#[tokio::test]
async fn a_held_append_that_was_overtaken_decides_again() {
    let log = Log::memory();
    let one = Arc::new(Process::new(&log));
    let other = Process::new(&log);
    for who in ["x", "y"] {
        other.ask(who, Command::Take(who)).await.unwrap();
    }
    log.faults().script([Fault::Hold]);
    let late = tokio::spawn({
        let one = Arc::clone(&one);
        async move { one.ask("r1", Command::Take("z")).await }
    });
    log.faults().held().await;
    other.ask("r2", Command::Take("w")).await.unwrap();
    log.faults().release();
    let answer = late.await.unwrap();
    assert!(matches!(answer, Err(DecideError::Refused(_))), "the last place went to w: {answer:?}");
    assert_eq!(log.head("test").await.unwrap(), 3);
}

#[tokio::test]
async fn an_aggregate_with_an_event_of_a_newer_build_is_not_judged() {
    let log = Log::memory();
    let entry = studium_log::Entry::bare("test.room.a", 0, "newer", vec![bytes::Bytes::from_static(b"?new")]);
    log.append(entry).await.unwrap();
    assert!(matches!(Process::new(&log).ask("r1", Command::Take("x")).await, Err(DecideError::Outdated)));
}

/// A place taken past the rules: the second commit, with a version and the previous hash, the true one if none is told.
async fn forged(version: u64, previous_hash: Option<&[u8]>) -> Log {
    let log = Log::memory();
    let honest = Process::new(&log);
    honest.ask("r1", Command::Take("x")).await.unwrap();
    let first = log.read("test", 1).await.unwrap().unwrap();
    let commit = Commit {
        id: "forged".to_owned(),
        version,
        previous_position: 1,
        previous_hash: bytes::Bytes::copy_from_slice(previous_hash.unwrap_or(&first.hash())),
        events: vec![bytes::Bytes::from_static(b"+y")],
        ..first.commit.as_ref().clone()
    };
    log.restore("test", &[Stored::decode(2, commit.encode_to_vec().into()).unwrap()]).await.unwrap();
    log
}

async fn judged(log: &Log) -> String {
    format!("{:?}", Process::new(log).ask("r3", Command::Take("x")).await)
}

#[tokio::test]
async fn a_chain_that_is_broken_is_not_judged() {
    assert!(judged(&forged(2, None).await).await.contains("already: true"), "this one is whole");
    for version in [1, 3] {
        assert!(judged(&forged(version, None).await).await.contains("from version 1 to"), "{version}");
    }
    for other in [&b""[..], &[0; 32]] {
        assert!(judged(&forged(2, Some(other)).await).await.contains("the hash chain of `test.room.a` is broken"));
    }
}
