//! The past of one aggregate up to something that happened: how a published version is shown as it was.

use studium_kit::{Event, Store, StoreError, Stored};

/// The commits of an aggregate up to the first with such an event; none if it never happened.
pub async fn until<E: Event>(
    store: &Store,
    id: &str,
    is_it: impl Fn(&E) -> bool + Send,
) -> Result<Vec<Stored>, StoreError> {
    let mut commits = store.journal().commits(&format!("{}.{id}", E::AGGREGATE)).await?;
    let happened = |it: &Stored| it.commit.events.iter().any(|it| matches!(E::from_bytes(it), Ok(Some(it)) if is_it(&it)));
    let end = commits.iter().position(happened).map_or(0, |last| last + 1);
    commits.truncate(end);
    Ok(commits)
}
