//! As of: what a view showed at a time, folded from the journal without a table.

use crate::{Changes, Recorded, Store, StoreError, View, changes};
use studium_log::Stored;

/// Folds commits of a stream through a view, in memory, and returns the rows that are left.
///
/// # Errors
/// When the bytes of a commit are no event at all, or the fold touches a key that is none of the table.
pub fn fold_in_memory<V: View>(stream: &str, commits: &[Stored]) -> Result<Vec<V::Row>, StoreError> {
    let mut rows = Changes::default();
    Recorded::each(stream, commits, |event| V::fold(event, &mut rows)).map_err(StoreError::Query)?;
    changes::rows_of(rows)
}

impl Store {
    /// What a view showed of some aggregates at `at_ms` (Unix milliseconds, inclusive): the journal's commits of these
    /// subjects whose business time is not later, in the order of the stream, through the same fold.
    /// Only the service's own stream has a journal.
    pub async fn as_of<V: View>(
        &self,
        stream: &str,
        subjects: &[String],
        at_ms: i64,
    ) -> Result<Vec<V::Row>, StoreError> {
        let mut commits = self.journal().commits_of(subjects).await?;
        commits.retain(|it| it.commit.at_ms <= at_ms);
        commits.sort_unstable_by_key(|it| it.position);
        fold_in_memory::<V>(stream, &commits)
    }
}
