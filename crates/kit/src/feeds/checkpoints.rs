//! How far feeds are, in the service's store.

use super::lane::Lane;
use studium_log::now_ms;
use studium_store::{Store, StoreError, Value};

/// Creates the table where it is missing.
pub(crate) async fn prepare(store: &Store) -> Result<(), StoreError> {
    let tables = [
        "CREATE TABLE IF NOT EXISTS feed_checkpoint (feed TEXT NOT NULL PRIMARY KEY, source BIGINT NOT NULL, head BIGINT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS feed_reader (feed TEXT NOT NULL, reader TEXT NOT NULL, position BIGINT NOT NULL, \
         at_ms BIGINT NOT NULL, PRIMARY KEY (feed, reader))",
    ];
    store.create(tables).await
}

/// Keeps how far a reader of a feed says that it is.
pub(super) async fn acknowledge(store: &Store, feed: &str, reader: &str, position: u64) -> Result<(), StoreError> {
    let sql = "INSERT INTO feed_reader (feed, reader, position, at_ms) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (feed, reader) DO UPDATE SET position = excluded.position, at_ms = excluded.at_ms";
    store.execute(sql, &[feed.into(), reader.into(), position.into(), now_ms().into()]).await.map(drop)
}

/// Readers of a feed by name: position, and when it was said (Unix milliseconds).
pub(super) async fn readers(store: &Store, feed: &str) -> Result<Vec<(String, u64, i64)>, StoreError> {
    let sql = "SELECT reader, position, at_ms FROM feed_reader WHERE feed = $1 ORDER BY reader";
    store.query(sql, &[feed.into()]).await
}

/// Position of the service's stream that a feed was told of, and the feed's own position then.
pub(super) async fn of(store: &Store, feed: &str) -> Result<(u64, u64), StoreError> {
    let sql = "SELECT source, head FROM feed_checkpoint WHERE feed = $1";
    Ok(store.query(sql, &[feed.into()]).await?.pop().unwrap_or_default())
}

/// Keeps how far these are.
pub(super) async fn keep(store: &Store, lanes: &[&mut Lane]) -> Result<(), StoreError> {
    let sql = "INSERT INTO feed_checkpoint (feed, source, head) VALUES ($1, $2, $3) \
               ON CONFLICT (feed) DO UPDATE SET source = excluded.source, head = excluded.head \
               WHERE feed_checkpoint.source < excluded.source";
    let rows: Vec<[Value; 3]> =
        lanes.iter().map(|it| [it.stream.as_str().into(), it.source.into(), it.head.into()]).collect();
    let statements: Vec<(&str, &[Value])> = rows.iter().map(|it| (sql, it.as_slice())).collect();
    if statements.is_empty() { Ok(()) } else { store.execute_all(&statements).await.map(drop) }
}
