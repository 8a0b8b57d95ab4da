//! What has changed since a position: the journal, told in names.

use studium_kit::{Store, StoreError, Stored};
use studium_proto::catalogue::v1::Change;

/// One page of the feed.
pub struct Page {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Ask on after this position.
    pub position: u64,
    /// There is more already.
    pub more: bool,
}

/// Who wants to know, and what.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Only of these kinds; empty = all.
    pub kinds: Vec<String>,
    /// Compositions, which are private to their campus, are shown, too.
    pub with_compositions: bool,
}

/// What happened after a position, looking at `limit` commits at most.
pub async fn after(store: &Store, position: u64, wanted: &Wanted, limit: u32) -> Result<Page, StoreError> {
    let commits = store.journal().range(position, limit).await?;
    let last = commits.last().map_or(position, |it| it.position);
    let more = last < store.journal().position();
    let changes = commits.iter().filter_map(|it| change(it, wanted)).collect();
    Ok(Page { changes, position: last, more })
}

fn change(stored: &Stored, wanted: &Wanted) -> Option<Change> {
    let aggregate = stored.aggregate();
    let kind = aggregate.strip_prefix("catalogue.")?;
    let is_wanted = wanted.kinds.is_empty() || wanted.kinds.iter().any(|it| it == kind);
    if !is_wanted || (kind == "composition" && !wanted.with_compositions) {
        return None;
    }
    let commit = &stored.commit;
    Some(Change {
        position: stored.position,
        at_ms: commit.at_ms,
        kind: kind.to_owned(),
        id: stored.id().to_owned(),
        subject_version: commit.version,
        events: commit.events.iter().map(|it| studium_proto::name_of_event(aggregate, it).to_owned()).collect(),
        correlation_id: commit.correlation_id.clone(),
    })
}
