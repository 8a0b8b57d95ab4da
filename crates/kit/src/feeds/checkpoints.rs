//! How far feeds are, in the service's store.

use super::lane::Lane;
use studium_store::{Store, StoreError, Value};

/// Creates the table where it is missing.
pub(crate) async fn prepare(store: &Store) -> Result<(), StoreError> {
    let sql = "CREATE TABLE IF NOT EXISTS feed_checkpoint (feed TEXT NOT NULL PRIMARY KEY, source BIGINT NOT NULL, head BIGINT NOT NULL)";
    store.execute(sql, &[]).await.map(drop)
}

/// Position of the service's stream that a feed was told of, and the feed's own position then.
pub(super) async fn of(store: &Store, feed: &str) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT source, head FROM feed_checkpoint WHERE feed = $1";
    Ok(store.query(sql, &[feed.into()]).await?.pop().unwrap_or_default())
}

/// Keeps how far these are.
pub(super) async fn keep<'a>(store: &Store, lanes: impl Iterator<Item = &'a Lane>) -> Result<(), StoreError> {
    let sql = "INSERT INTO feed_checkpoint (feed, source, head) VALUES ($1, $2, $3) \
               ON CONFLICT (feed) DO UPDATE SET source = excluded.source, head = excluded.head \
               WHERE feed_checkpoint.source < excluded.source";
    let rows: Vec<[Value; 3]> = lanes.map(|it| [it.stream.as_str().into(), it.source.into(), it.head.into()]).collect();
    let statements: Vec<(&str, &[Value])> = rows.iter().map(|it| (sql, it.as_slice())).collect();
    if statements.is_empty() { Ok(()) } else { store.execute_all(&statements).await.map(drop) }
}
