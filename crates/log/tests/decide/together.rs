//! Commands that wait for one aggregate together, decided and appended as one batch.

use crate::room::{Command, Happened, No, Process};
use std::{sync::Arc, time::Duration};
use studium_log::{DecideError, Decided, Durability, Fault, Log, Stored};
use tokio::{task::JoinHandle, time::timeout};

/// What is asked at once.
const MANY: usize = 300;

const PATIENCE: Duration = Duration::from_secs(50);

type Asked = JoinHandle<Result<Decided<Happened>, DecideError<No>>>;

/// Asks, and waits until it stands in line behind an append that is held.
async fn in_line(process: &Arc<Process>, request: &str, command: Command) -> Asked {
    let (process, request) = (Arc::clone(process), request.to_owned());
    let asked = tokio::spawn(async move { process.ask(&request, command).await });
    // On one thread: whoever was spawned has run as far as it can when this goes on.
    tokio::task::yield_now().await;
    assert!(!asked.is_finished());
    asked
}

/// A process whose first append is held while others come to stand behind it.
async fn held(log: &Log, more: impl IntoIterator<Item = Fault>) -> (Arc<Process>, Asked) {
    let process = Arc::new(Process::new(log));
    log.faults().script([Fault::Hold].into_iter().chain(more));
    let first = tokio::spawn({
        let process = Arc::clone(&process);
        async move { process.ask("first", Command::Say("first".to_owned())).await }
    });
    log.faults().held().await;
    (process, first)
}

async fn stream(log: &Log) -> Vec<Stored> {
    let (head, mut follow, mut all) = (log.head("test").await.unwrap(), log.follow("test", 0), Vec::new());
    while follow.position() < head {
        all.extend(follow.next().await.unwrap());
    }
    all
}

/// Versions, positions and hashes link each commit of the room to the one before.
fn is_whole(all: &[Stored]) {
    for (n, it) in all.iter().enumerate() {
        let before = n.checked_sub(1).map(|it| &all[it]);
        assert_eq!((it.position, it.commit.version), (n as u64 + 1, n as u64 + 1));
        assert_eq!(it.commit.previous_position, n as u64);
        assert_eq!(it.commit.previous_hash[..], before.map_or(vec![], |it| it.hash().to_vec()));
    }
}

/// Commits that came to stand in a batch, right behind another.
fn behind_another(all: &[Stored]) -> usize {
    all.iter().filter(|it| it.commit.previous_is_before).count()
}

async fn many_at_once(log: Log) {
    log.open("test").await.unwrap();
    let (process, first) = held(&log, []).await;
    let mut asked = Vec::new();
    for n in 0..MANY {
        asked.push(in_line(&process, &format!("r{n}"), Command::Say(format!("{n}"))).await);
    }
    log.faults().release();
    timeout(PATIENCE, first).await.unwrap().unwrap().unwrap();
    let answers = timeout(PATIENCE, futures::future::join_all(asked)).await.unwrap();

    let all = stream(&log).await;
    is_whole(&all);
    assert_eq!(all.len(), MANY + 1);
    // They go as 256 and 44; a cluster that is busy may refuse one of the two, which then goes one by one.
    assert!(behind_another(&all) > 20, "{} came in batches", behind_another(&all));
    for (n, answer) in answers.into_iter().enumerate() {
        let answer = answer.unwrap().unwrap();
        let stored = &all[answer.position as usize - 1];
        assert_eq!((&stored.commit.id, stored.commit.version), (&answer.commit_id, answer.version));
        assert_eq!((stored.commit.request_id.clone(), answer.already), (format!("r{n}"), false));
        assert_eq!(answer.events, [Happened::Said(format!("{n}"))]);
    }
    // Another process, that has seen nothing, reads along the links; and what was in batches can be put back.
    let other = Process::new(&log);
    assert_eq!(other.ask("last", Command::Say("last".to_owned())).await.unwrap().version, MANY as u64 + 2);
    assert_eq!(other.ask("r7", Command::Say("7".to_owned())).await.unwrap().position, all[8].position);
    let again = log.emptied();
    again.restore("test", &all).await.unwrap();
    is_whole(&stream(&again).await);
}

#[tokio::test]
async fn whoever_waits_together_is_stored_together_in_memory() {
    many_at_once(Log::memory()).await;
}

#[tokio::test]
async fn whoever_waits_together_is_stored_together_by_nats() {
    for durability in [Durability::Process, Durability::Disk, Durability::Replicated] {
        let broker = studium_testkit::nats(durability).await;
        many_at_once(broker.log().await).await;
    }
}

async fn overtaken(log: Log) {
    log.open("test").await.unwrap();
    let other = Process::new(&log);
    let (process, first) = held(&log, [Fault::Hold]).await;
    let mut asked = Vec::new();
    for n in 0..30 {
        asked.push(in_line(&process, &format!("r{n}"), Command::Say(format!("{n}"))).await);
    }
    log.faults().release();
    first.await.unwrap().unwrap();
    // The batch is on its way when another process is faster.
    log.faults().held().await;
    other.ask("other", Command::Say("other".to_owned())).await.unwrap();
    log.faults().release();
    for it in timeout(PATIENCE, futures::future::join_all(asked)).await.unwrap() {
        assert!(!it.unwrap().unwrap().already);
    }
    let all = stream(&log).await;
    is_whole(&all);
    assert_eq!((all.len(), all[1].commit.request_id.as_str()), (32, "other"), "each once, behind the faster one");
}

#[tokio::test]
async fn a_batch_that_is_too_late_leaves_nothing_in_nats() {
    for durability in [Durability::Process, Durability::Disk, Durability::Replicated] {
        let broker = studium_testkit::nats(durability).await;
        overtaken(broker.log().await).await;
    }
}

#[tokio::test]
async fn in_a_batch_the_rules_hold_and_a_request_counts_once() {
    let log = Log::memory();
    let (process, first) = held(&log, []).await;
    let mut asked = Vec::new();
    for (request, command) in [
        ("hello", Command::Say("hello".to_owned())),
        ("hello", Command::Say("hello".to_owned())),
        ("a", Command::Take("a")),
        ("b", Command::Take("b")),
        ("b-again", Command::Take("b")),
        ("c", Command::Take("c")),
        ("d", Command::Take("d")),
        ("a-leaves", Command::Leave("a")),
        ("d-again", Command::Take("d")),
    ] {
        asked.push(in_line(&process, request, command).await);
    }
    log.faults().release();
    first.await.unwrap().unwrap();
    let mut seen = Vec::new();
    for it in asked {
        seen.push(it.await.unwrap().map(|it| (it.position, it.version, it.already)).map_err(|e| e.to_string()));
    }
    let full = || Err("ROOM_FULL: three places, three people".to_owned());
    assert_eq!(
        seen,
        [
            Ok((2, 2, false)),
            Ok((2, 2, true)),
            Ok((3, 3, false)),
            Ok((4, 4, false)),
            Ok((4, 4, true)),
            Ok((5, 5, false)),
            full(),
            Ok((6, 6, false)),
            Ok((7, 7, false))
        ]
    );
    is_whole(&stream(&log).await);
    assert_eq!(behind_another(&stream(&log).await), 5, "one batch of six");
}

#[tokio::test]
async fn a_batch_of_refusals_asks_the_leader_first() {
    let log = Log::memory();
    let other = Process::new(&log);
    let (process, first) = held(&log, []).await;
    let mut asked = Vec::new();
    for request in ["x-leaves", "y-leaves"] {
        asked.push(in_line(&process, request, Command::Leave("x")).await);
    }
    // Another process lets in whom this one does not know, and the append that would have told is given up.
    other.ask("x", Command::Take("x")).await.unwrap();
    first.abort();
    let answers = futures::future::join_all(asked).await;
    let already: Vec<_> = answers.into_iter().map(|it| it.unwrap().unwrap().already).collect();
    assert_eq!(already, [false, true], "the first leaves, the second was gone");
}

async fn outcome_of(fault: Fault) -> Vec<Stored> {
    let log = Log::memory();
    let (process, first) = held(&log, [fault]).await;
    let mut asked = Vec::new();
    for n in 0..5 {
        asked.push(in_line(&process, &format!("r{n}"), Command::Say(format!("{n}"))).await);
    }
    log.faults().release();
    first.await.unwrap().unwrap();
    for it in asked {
        it.await.unwrap().unwrap();
    }
    let all = stream(&log).await;
    is_whole(&all);
    assert_eq!(all.len(), 6, "each once");
    all
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_outcome_is_unknown_is_written_once() {
    assert_eq!(behind_another(&outcome_of(Fault::LoseAck).await), 4, "it was stored, and found");
    assert_eq!(behind_another(&outcome_of(Fault::LoseRequest).await), 0, "it was not, and each went alone");
}

#[tokio::test]
async fn a_batch_that_was_overtaken_is_decided_again() {
    let log = Log::memory();
    let other = Process::new(&log);
    let (process, first) = held(&log, [Fault::Hold]).await;
    let mut asked = Vec::new();
    for who in ["a", "b", "c"] {
        asked.push(in_line(&process, who, Command::Take(who)).await);
    }
    log.faults().release();
    first.await.unwrap().unwrap();
    // The batch is on its way when another process gives away a place.
    log.faults().held().await;
    other.ask("x", Command::Take("x")).await.unwrap();
    log.faults().release();
    let answers = futures::future::join_all(asked).await;
    let granted: Vec<_> = answers.into_iter().map(|it| it.unwrap().is_ok()).collect();
    assert_eq!(granted, [true, true, false], "three places, and one was gone");
    let all = stream(&log).await;
    is_whole(&all);
    assert_eq!((all.len(), behind_another(&all)), (4, 1), "in a batch again");
}

#[tokio::test]
async fn whoever_decides_for_others_and_leaves_leaves_nobody_behind() {
    let log = Log::memory();
    let (process, first) = held(&log, [Fault::Hold]).await;
    let leader = in_line(&process, "leader", Command::Take("a")).await;
    let others = [in_line(&process, "b", Command::Take("b")).await, in_line(&process, "c", Command::Take("c")).await];
    log.faults().release();
    first.await.unwrap().unwrap();
    log.faults().held().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    for it in others {
        assert!(timeout(PATIENCE, it).await.expect("somebody else decides").unwrap().is_ok());
    }
    let all = stream(&log).await;
    is_whole(&all);
    assert_eq!(all.len(), 3, "what the leader asked for was on its way to nobody");
}

#[tokio::test]
async fn whoever_leaves_the_line_is_not_decided_for() {
    let log = Log::memory();
    let (process, first) = held(&log, []).await;
    let gone = in_line(&process, "gone", Command::Take("a")).await;
    let stays = [in_line(&process, "b", Command::Take("b")).await, in_line(&process, "c", Command::Take("c")).await];
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    log.faults().release();
    first.await.unwrap().unwrap();
    for it in stays {
        it.await.unwrap().unwrap();
    }
    let said = stream(&log).await.iter().map(|it| it.commit.request_id.clone()).collect::<Vec<_>>();
    assert_eq!(said, ["first", "b", "c"]);
}
