//! Several processes on one store: refused on SQLite, one of them at work on PostgreSQL.

use crate::{
    Database,
    shop::{InStock, PATIENCE, Writer, projector, seen, started, stock_rows},
};
use std::time::{Duration, Instant};
use studium_store::Store;

#[tokio::test]
async fn a_second_process_on_one_sqlite_file_is_told_so() {
    let database = Database::sqlite();
    let store = database.open().await;
    let refused = Store::open(&database.url).await.err().unwrap().to_string();
    assert!(refused.contains("in use by another process"), "{refused}");
    store.query::<(i64,)>("SELECT 1", &[]).await.unwrap();
    drop(store);
    // The first one is gone altogether, with all that runs for it.
    database.open().await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_refused_in_a_sentence() {
    for (url, part) in [
        ("mysql://root@localhost/x", "write sqlite:PATH or postgres://"),
        ("sqlite::memory:", "a SQLite store is a file"),
        ("sqlite:/proc/nowhere/x.db", "cannot be opened"),
        ("postgres://nobody@127.0.0.1:1/x", "check that STUDIUM_STORE_URL"),
    ] {
        let refused = Store::open(url).await.err().unwrap().to_string();
        assert!(refused.contains(part) && !refused.contains('\n'), "{refused}");
    }
}

#[tokio::test]
async fn replicas_that_start_together_make_every_table_once() {
    let Some(database) = Database::postgres().await else { return };
    let writer = Writer::new();
    let stores = futures::future::join_all((0..4).map(|_| database.open())).await;
    let starts = stores.iter().map(async |store| {
        store.create(["CREATE TABLE IF NOT EXISTS beside (id BIGINT NOT NULL PRIMARY KEY)"]).await.unwrap();
        started(store, &writer).await
    });
    for projection in futures::future::join_all(starts).await {
        projection.stop().await;
    }
    drop(stores);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_replica_folds_and_another_takes_over() {
    let Some(database) = Database::postgres().await else { return };
    let mut writer = Writer::new();
    let (one, two) = (database.open().await, database.open().await);
    let first = started(&one, &writer).await;
    let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&one, "in_stock_1", position).await;
    let second = projector(&two, &writer).view::<InStock>().start().await.unwrap();
    // The one that does not fold sees the other's work, soon, and its journal's.
    for count in 2..=20 {
        let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
        seen(&two, "in_stock_1", position).await;
        assert_eq!(stock_rows(&two).await[0].count, count);
        assert_eq!(two.journal().commits("shop.item.pen").await.unwrap().len() as i64, count);
    }
    assert!(*first.active().borrow() && !*second.active().borrow());
    // A rebuild asked of the one that does not fold.
    one.execute("UPDATE in_stock_1 SET note = 'old'", &[]).await.unwrap();
    let mut progress = second.rebuild("in_stock_1");
    while let Some(it) = progress.recv().await {
        it.unwrap();
    }
    let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&two, "in_stock_1", position).await;
    let rows = stock_rows(&two).await;
    assert_eq!((rows[0].count, rows[0].note.as_deref()), (21, None));
    // The one that folds loses its session; it notices, and one of them goes on.
    let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
    one.query::<(bool,)>(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = \
         (SELECT oid FROM pg_database WHERE datname = current_database())",
        &[],
    )
    .await
    .unwrap();
    let since = Instant::now();
    seen(&two, "in_stock_1", position).await;
    let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&one, "in_stock_1", position).await;
    assert_eq!(stock_rows(&one).await[0].count, 23);
    assert!(since.elapsed() < Duration::from_secs(5));
    first.stop().await;
    let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
    let since = Instant::now();
    two.reached("in_stock_1", "shop", position, PATIENCE).await.unwrap();
    assert!(since.elapsed() < Duration::from_secs(5));
    assert!(*second.active().borrow());
    assert_eq!(stock_rows(&two).await[0].count, 24);
    second.stop().await;
    drop((one, two));
    database.close().await;
}
