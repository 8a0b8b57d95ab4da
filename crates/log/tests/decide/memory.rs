//! Which states a process keeps in memory, and which it lets go.

use crate::room::Process;
use studium_log::Log;

/// Many more rooms than a process keeps.
const MANY: usize = 1000;

/// Somebody takes a place in each of many rooms.
async fn many(process: &Process, prefix: &str, who: &'static str) {
    for n in 0..MANY {
        assert_eq!(process.take(&format!("{prefix}{n}"), who).await, 0);
    }
}

#[tokio::test]
async fn what_the_journal_does_not_know_yet_is_kept() {
    let process = Process::new(&Log::memory());
    process.take("a", "x").await;
    many(&process, "b", "x").await;
    let loads = process.journal.loads();
    assert_eq!(process.take("a", "y").await, 0, "loaded from the journal it would be old");
    many(&process, "b", "y").await;
    assert_eq!(process.journal.loads(), loads);
}

#[tokio::test]
async fn what_the_journal_knows_is_let_go() {
    let process = Process::new(&Log::memory());
    process.take("a", "x").await;
    process.journal.catch_up(&process.log).await;
    many(&process, "b", "x").await;
    let loads = process.journal.loads();
    assert_eq!(process.take("a", "y").await, 0);
    assert_eq!(process.journal.loads(), loads + 1);
}

#[tokio::test]
async fn where_the_journal_stands_still_states_do_not_gather() {
    let process = Process::new(&Log::memory());
    process.take("a", "x").await;
    for prefix in ["b", "c", "d"] {
        many(&process, prefix, "x").await;
    }
    let loads = process.journal.loads();
    assert_eq!(process.take("d500", "y").await, 1, "it was let go, and the leader knows better than the journal");
    assert_eq!(process.journal.loads(), loads + 1);
}
