//! A stream that came back without what was seen of it.

use crate::{
    Database,
    shop::{PATIENCE, Priced, PricedRow, Writer, projector, seen, stock_rows},
};
use studium_store::{Store, View as _};

/// What somebody beside the views remembers: a stream and a position.
const MEMO: &str = "CREATE TABLE IF NOT EXISTS memo (stream TEXT NOT NULL, position BIGINT NOT NULL)";
const FORGETS: &str = "DELETE FROM memo WHERE stream = $1 AND position > $2";

/// Three items and their prices.
async fn beginning() -> Writer {
    let mut writer = Writer::new();
    writer.add(3, 3).await;
    for i in 0..3 {
        writer.append(&format!("price.tag.item-{i}"), 0, &["3"]).await;
    }
    writer
}

async fn memo(store: &Store) -> Vec<(String, u64)> {
    store.query("SELECT stream, position FROM memo ORDER BY stream, position", &[]).await.unwrap()
}

async fn note(store: &Store, notes: &[(&str, u64)]) {
    store.create([MEMO]).await.unwrap();
    for (stream, position) in notes {
        let sql = "INSERT INTO memo (stream, position) VALUES ($1, $2)";
        store.execute(sql, &[(*stream).into(), (*position).into()]).await.unwrap();
    }
}

async fn prices(store: &Store, reached: u64) -> Vec<i64> {
    store.reached(Priced::NAME, "price", reached, PATIENCE).await.unwrap();
    let sql = format!("SELECT {} FROM priced_1 ORDER BY item", PricedRow::COLUMN_LIST);
    store.query::<PricedRow>(&sql, &[]).await.unwrap().iter().map(|it| it.price).collect()
}

/// What was seen of another's stream is gone, and its positions are taken by something else.
pub async fn a_stream_of_others_that_lost_its_end_is_folded_anew(database: &Database) {
    let store = database.open().await;
    let mut writer = beginning().await;
    writer.append("price.tag.item-0", 0, &["100"]).await;
    note(&store, &[("price", 2), ("price", 4), ("shop", 3)]).await;
    let start = |writer: &Writer| {
        projector(&store, writer).view::<crate::shop::InStock>().view::<Priced>().forgets(&[FORGETS]).start()
    };
    let projection = start(&writer).await.unwrap();
    assert_eq!(prices(&store, 4).await, [103, 3, 3]);
    seen(&store, Priced::NAME, 3).await;
    projection.stop().await;

    // Nothing is lost: nothing begins again.
    let projection = start(&writer).await.unwrap();
    assert_eq!(prices(&store, 4).await, [103, 3, 3]);
    assert_eq!(memo(&store).await.len(), 3);
    projection.stop().await;

    let mut other = beginning().await;
    other.append("price.tag.item-1", 0, &["50"]).await;
    let last = other.append("price.tag.item-2", 0, &["7"]).await;
    let projection = start(&other).await.unwrap();
    assert_eq!(prices(&store, last).await, [3, 53, 10], "what is gone is not in it, and what took its place is");
    assert_eq!(memo(&store).await, [("shop".to_owned(), 3)]);
    assert_eq!(stock_rows(&store).await.len(), 3);
    projection.stop().await;

    let mut shorter = Writer::new();
    shorter.add(3, 3).await;
    let refused = start(&shorter).await.err().unwrap().to_string();
    assert!(refused.contains("run `studium log restore price`"), "{refused}");
}

/// The service's own stream came back from its journal, and somebody had seen more than the journal had.
pub async fn what_the_journal_had_is_seen_once_and_what_it_had_not_is_forgotten(database: &Database) {
    let store = database.open().await;
    let mut writer = beginning().await;
    let projection = projector(&store, &writer).view::<crate::shop::InStock>().start().await.unwrap();
    seen(&store, "in_stock_1", 3).await;
    projection.stop().await;
    note(&store, &[("shop", 3), ("shop", 4)]).await;
    store.mark("somebody", &writer.seal("shop.item.item-0", 0, &["add:100"])).await.unwrap();

    let mut other = beginning().await;
    other.append("shop.item.item-1", 0, &["add:5"]).await;
    let start = || projector(&store, &other).view::<crate::shop::InStock>().forgets(&[FORGETS]).start();
    let projection = start().await.unwrap();
    seen(&store, "in_stock_1", 4).await;
    assert_eq!(stock_rows(&store).await.iter().map(|it| it.count).collect::<Vec<_>>(), [1, 6, 1]);
    assert_eq!(memo(&store).await, [("shop".to_owned(), 3)]);
    projection.stop().await;
}
