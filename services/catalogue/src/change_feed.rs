//! What has changed in the catalogue since a position, in the order of the log, straight from the journal.

use studium_kit::{Store, StoreError, Stored};
use studium_proto::{
    catalogue::v1::{Change, ListChangesResponse},
    name_of_event,
};

/// Commits that are looked at for one answer, unless the caller says otherwise, and at most.
const LIMITS: (u32, u32) = (100, 1000);

/// The changes after a position among the next `limit` commits (0 = 100, at most 1,000); `shows` says of each kind of
/// aggregate (`course`, `course_run` …) whether it is among what the caller wants and may see.
pub async fn changes(
    store: &Store,
    after: u64,
    limit: u32,
    shows: impl Fn(&str) -> bool,
) -> Result<ListChangesResponse, StoreError> {
    let limit = if limit == 0 { LIMITS.0 } else { limit.min(LIMITS.1) };
    let mut commits = store.journal().range(after, limit + 1).await?;
    let more = commits.len() > limit as usize;
    commits.truncate(limit as usize);
    let position = commits.last().map_or(after, |it| it.position);
    let changes = commits.iter().map(change).filter(|it| shows(&it.kind)).collect();
    Ok(ListChangesResponse { changes, position, more })
}

/// What a commit is in the feed.
pub fn change(stored: &Stored) -> Change {
    let (aggregate, commit) = (stored.aggregate(), &stored.commit);
    Change {
        position: stored.position,
        at_ms: commit.at_ms,
        kind: aggregate.split_once('.').map_or(aggregate, |it| it.1).to_owned(),
        id: stored.id().to_owned(),
        subject_version: commit.version,
        events: commit.events.iter().map(|it| name_of_event(aggregate, it).to_owned()).collect(),
        correlation_id: commit.correlation_id.clone(),
    }
}
