//! Restore: rebuilds a stream that was lost from the journal, with the same order and versions.

use crate::{Store, StoreError};
use studium_log::Log;

/// Commits written back at once.
const BATCH: u32 = 1000;

/// How far a restore is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restored {
    /// Commits that the stream has again.
    pub restored: u64,
    /// Commits that the journal has.
    pub total: u64,
}

/// Writes the journal's commits back into the service's stream. A stream that holds exactly the beginning of the
/// journal (an earlier restore was cut short, or only the end was lost) is continued.
///
/// # Errors
/// When the stream holds anything else, or the journal has gaps. Nothing is written then.
pub async fn restore(
    log: &Log,
    store: &Store,
    service: &str,
    mut progress: impl FnMut(Restored) + Send,
) -> Result<Restored, StoreError> {
    store.refresh().await?;
    let total = store.journal().position();
    check_journal(store, service, total).await?;
    log.open(service).await?;
    let mut state = Restored { restored: check_beginning(log, store, service, total).await?, total };
    while state.restored < total {
        let commits = store.journal().range(state.restored, BATCH).await?;
        log.restore(service, &commits).await?;
        state.restored = commits.last().map_or(total, |it| it.position);
        progress(state);
    }
    Ok(state)
}

async fn check_journal(store: &Store, service: &str, total: u64) -> Result<(), StoreError> {
    let sql = "SELECT COUNT(*), COALESCE(MIN(position), 1), COALESCE(MAX(position), 0) FROM journal";
    let counted: Vec<(u64, u64, u64)> = store.query(sql, &[]).await?;
    if counted != [(total, 1, total)] {
        return Err(StoreError::Setup(format!(
            "the journal of `{service}` has gaps, so the stream cannot be rebuilt from it; restore the store from a backup first"
        )));
    }
    Ok(())
}

/// How much of the journal the stream holds already.
async fn check_beginning(log: &Log, store: &Store, service: &str, total: u64) -> Result<u64, StoreError> {
    let head = log.head(service).await?;
    let foreign = |position: u64| {
        StoreError::Setup(format!(
            "the stream `{service}` is not empty and is not what the journal remembers (position {position}); \
             remove the stream, then run `studium log restore {service}` again"
        ))
    };
    if head > total {
        return Err(foreign(total + 1));
    }
    let mut follow = log.follow(service, 0).as_stored();
    let mut at = 0;
    while at < head {
        let there = follow.next().await?;
        let kept = store.journal().range(at, there.len() as u32).await?;
        for (there, kept) in there.iter().zip(&kept) {
            if there.bytes != kept.bytes {
                return Err(foreign(there.position));
            }
        }
        at = there.last().map_or(head, |it| it.position);
    }
    Ok(head)
}
