//! Folding: what a view makes of events, whatever happens to its runner.

use crate::{
    Database,
    shop::{Fragile, InStock, PATIENCE, Priced, PricedRow, StockRow, Writer, projector, seen, started, stock_rows},
};
use std::time::{Duration, Instant};
use studium_store::Store;
use tokio::time::timeout;

fn row(item: &str, count: i64, note: Option<&str>) -> StockRow {
    StockRow { item: item.to_owned(), count, note: note.map(str::to_owned) }
}

pub async fn rows_are_made_changed_and_deleted(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.pen", 0, &["add:3", "note:blue", "unknown"]).await;
    writer.append("shop.item.ink", 0, &["add:1"]).await;
    writer.append("shop.box.pen", 0, &["add:7"]).await;
    let last = writer.append("shop.item.ink", 0, &["close"]).await;
    let projection = started(&store, &writer).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await, [row("pen", 3, Some("blue"))]);
    // Idle by now: the next ones are small batches on rows that are there.
    for (event, expected) in
        [("add:4", vec![row("pen", 7, Some("blue"))]), ("close", vec![]), ("add:1", vec![row("pen", 1, None)])]
    {
        let last = writer.append("shop.item.pen", 0, &[event]).await;
        seen(&store, "in_stock_1", last).await;
        assert_eq!(stock_rows(&store).await, expected);
    }
    let states: Vec<_> =
        projection.views().await.unwrap().into_iter().map(|it| (it.name, it.position, it.state)).collect();
    let all = ["in_stock_1", "journal", "sealed_1"].map(|it| (it.to_owned(), 7, "serving".to_owned()));
    assert_eq!(states, all);
    projection.stop().await;
}

/// Plays another runner that has folded up to `position`: its row says so.
async fn other_runner(store: &Store, view: &str, moves: &str) {
    store.execute("UPDATE in_stock_1 SET count = 1000, note = 'the other runner'", &[]).await.unwrap();
    store
        .execute(&format!("UPDATE checkpoint SET {moves} WHERE view = $1 AND stream = 'shop'"), &[view.into()])
        .await
        .unwrap();
}

async fn outrun(database: &Database, moves: &str) -> (Store, Writer, studium_store::Projection) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let last = writer.append("shop.item.pen", 0, &["add:1"]).await;
    let projection = started(&store, &writer).await;
    seen(&store, "journal", last).await;
    seen(&store, "in_stock_1", last).await;
    other_runner(&store, "in_stock_1", moves).await;
    (store, writer, projection)
}

pub async fn a_runner_whose_checkpoint_was_moved_changes_nothing(database: &Database) {
    // The other runner has folded positions 2 and 3; this one still believes to stand at 1 when they arrive.
    let (store, mut writer, projection) = outrun(database, "position = 3").await;
    let commits = [writer.seal("shop.item.pen", 0, &["add:1"]), writer.seal("shop.item.pen", 0, &["add:1"])];
    writer.log.restore("shop", &commits).await.unwrap();
    seen(&store, "journal", 3).await;
    assert_eq!(stock_rows(&store).await, [row("pen", 1000, Some("the other runner"))]);
    let last = writer.append("shop.item.pen", 0, &["add:5"]).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await, [row("pen", 1005, Some("the other runner"))]);
    projection.stop().await;
}

pub async fn a_runner_whose_rows_were_changed_through_another_stream_changes_nothing(database: &Database) {
    // Same position, but the rows that this runner remembers are no longer those of the table.
    let (store, mut writer, projection) = outrun(database, "revision = revision + 1").await;
    let last = writer.append("shop.item.pen", 0, &["add:5"]).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await, [row("pen", 1005, Some("the other runner"))]);
    projection.stop().await;
}

pub async fn a_fold_that_was_stopped_midway_goes_on_where_it_stopped(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let last = writer.add(700, 9000).await;
    for stop_at in [1, 3000, 6000, last] {
        let projection = projector(&store, &writer).view::<InStock>().view::<Priced>().start().await.unwrap();
        seen(&store, "priced_1", stop_at).await;
        projection.stop().await;
    }
    let sums: Vec<(i64, i64, i64)> =
        store.query("SELECT COUNT(*), MIN(count), SUM(count) FROM in_stock_1", &[]).await.unwrap();
    assert_eq!(sums, [(700, 12, 9000)]);
    assert_eq!(store.query::<(i64,)>("SELECT SUM(count) FROM priced_1", &[]).await.unwrap(), [(9000,)]);
    assert_eq!(store.query::<(i64,)>("SELECT COUNT(*) FROM journal", &[]).await.unwrap(), [(9000,)]);
}

/// Where a view that folds prices stands in the database, and how often that was written.
async fn of_prices(store: &Store) -> (u64, u64) {
    let sql = "SELECT position, revision FROM checkpoint WHERE view = 'priced_1' AND stream = 'price'";
    store.query(sql, &[]).await.unwrap()[0]
}

pub async fn commits_that_touch_no_row_are_seen_at_once_and_kept_together(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = projector(&store, &writer).view::<Priced>().start().await.unwrap();
    let see = async |position: u64| store.reached("priced_1", "price", position, PATIENCE).await.unwrap();
    see(writer.append("price.tag.pen", 0, &["3"]).await).await;
    let ((_, before), began, mut last) = (of_prices(&store).await, Instant::now(), 0);
    for _ in 0..300 {
        last = writer.append("price.offer.pen", 0, &["half"]).await;
        see(last).await;
    }
    let ticks = began.elapsed().as_millis() as u64 / 100 + 1;
    let (_, after) = of_prices(&store).await;
    assert!(after - before <= ticks, "{} transactions for 300 commits in {ticks} tenths of a second", after - before);
    let kept = timeout(PATIENCE, async { while of_prices(&store).await.0 < last {} }).await;
    assert!(kept.is_ok(), "a restart would see all of them again");
    see(writer.append("price.offer.pen", 0, &["half"]).await).await;
    see(writer.append("price.tag.pen", 0, &["4"]).await).await;
    assert_eq!(store.query::<(i64,)>("SELECT price FROM priced_1", &[]).await.unwrap(), [(7,)]);
    let last = writer.append("price.offer.pen", 0, &["half"]).await;
    see(last).await;
    projection.stop().await;
    assert_eq!(of_prices(&store).await.0, last, "who stops keeps what was seen");
}

pub async fn a_store_that_takes_nothing_is_in_trouble_until_it_does(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = projector(&store, &writer).view::<Priced>().start().await.unwrap();
    store.execute("ALTER TABLE stream_mark RENAME TO hidden", &[]).await.unwrap();
    writer.append("price.offer.pen", 0, &["half"]).await;
    let until = async |is_in_trouble: bool| {
        let changed = timeout(PATIENCE, async {
            while store.troubles().is_empty() == is_in_trouble {
                of_prices(&store).await;
            }
        });
        assert!(changed.await.is_ok(), "{:?}", store.troubles());
    };
    until(true).await;
    // It is tried again several times meanwhile, and each time begins with what touches no row.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(1) {
        of_prices(&store).await;
        assert!(!store.troubles().is_empty(), "nothing was written, and all is said to be well");
    }
    store.execute("ALTER TABLE hidden RENAME TO stream_mark", &[]).await.unwrap();
    until(false).await;
    projection.stop().await;
}

pub async fn two_streams_may_change_the_same_rows(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = projector(&store, &writer).view::<InStock>().view::<Priced>().start().await.unwrap();
    let (mut shop, mut price) = (0, 0);
    for i in 0..2000 {
        shop = writer.append(&format!("shop.item.item-{}", i % 5), 0, &["add:1"]).await;
        price = writer.append(&format!("price.tag.item-{}", i % 5), 0, &["3"]).await;
        tokio::task::yield_now().await;
    }
    seen(&store, "priced_1", shop).await;
    store.reached("priced_1", "price", price, PATIENCE).await.unwrap();
    let sql = format!("SELECT {} FROM priced_1 ORDER BY item", PricedRow::COLUMN_LIST);
    let expected: Vec<_> = (0..5).map(|i| PricedRow { item: format!("item-{i}"), count: 400, price: 1200 }).collect();
    assert_eq!(store.query::<PricedRow>(&sql, &[]).await.unwrap(), expected);
    projection.stop().await;
}

pub async fn a_late_view_catches_up_and_joins(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let last = writer.add(50, 5000).await;
    let projection = started(&store, &writer).await;
    seen(&store, "in_stock_1", last).await;
    projection.stop().await;
    let projection = projector(&store, &writer).view::<Priced>().view::<InStock>().start().await.unwrap();
    let mut last = 0;
    for _ in 0..20 {
        last = writer.add(50, 100).await;
        tokio::task::yield_now().await;
    }
    seen(&store, "priced_1", last).await;
    seen(&store, "in_stock_1", last).await;
    let sums: Vec<(i64, i64)> = store
        .query("SELECT (SELECT SUM(count) FROM priced_1), (SELECT SUM(count) FROM in_stock_1)", &[])
        .await
        .unwrap();
    assert_eq!(sums, [(7000, 7000)]);
    projection.stop().await;
}

async fn breaks(database: &Database, event: &str, why: &str) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    let projection = projector(&store, &writer).view::<Fragile>().view::<InStock>().start().await.unwrap();
    seen(&store, "fragile_1", 1).await;
    writer.append("shop.item.ink", 0, &[event]).await;
    let last = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await, [row("ink", 0, None), row("pen", 2, None)]);
    let views = projection.views().await.unwrap();
    let broken = views.iter().find(|it| it.name == "fragile_1").unwrap();
    assert!(broken.state.starts_with("broken: ") && broken.state.contains(why), "{}", broken.state);
    assert_eq!(broken.position, 1);
    let late = store.reached("fragile_1", "shop", last, Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(late.at, 1);
    projection.stop().await;
}

pub async fn a_fold_that_panics_stops_its_view_alone(database: &Database) {
    breaks(database, "boom", "a boom").await;
}

pub async fn a_row_that_the_table_refuses_stops_its_view_alone(database: &Database) {
    breaks(database, "huge", "has no `count`").await;
}

pub async fn a_reader_waits_until_its_write_is_visible(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = started(&store, &writer).await;
    for round in 1..=50 {
        let position = writer.append("shop.item.pen", 0, &["add:1"]).await;
        seen(&store, "in_stock_1", position).await;
        assert_eq!(stock_rows(&store).await[0].count, round);
    }
    store.reached("in_stock_1", "shop", 0, Duration::ZERO).await.unwrap();
    let late = store.reached("in_stock_1", "shop", 51, Duration::from_millis(30)).await.unwrap_err();
    assert_eq!(late.at, 50);
    projection.stop().await;
}

pub async fn many_rows_go_through_every_size_of_statement(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = started(&store, &writer).await;
    let mut total = 0;
    for size in [1, 2, 3, 5, 9, 17, 33, 65, 129, 257, 600] {
        let commits: Vec<_> = (0..size).map(|i| writer.seal(&format!("shop.item.{size}-{i}"), 0, &["add:1"])).collect();
        writer.log.restore("shop", &commits).await.unwrap();
        total += size;
        seen(&store, "in_stock_1", total).await;
        let closed: Vec<_> = (0..size).map(|i| writer.seal(&format!("shop.item.{size}-{i}"), 0, &["close"])).collect();
        writer.log.restore("shop", &closed[..closed.len() / 2]).await.unwrap();
        for it in &closed[closed.len() / 2..] {
            writer.log.restore("shop", std::slice::from_ref(it)).await.unwrap();
        }
        total += size;
        seen(&store, "in_stock_1", total).await;
        assert_eq!(stock_rows(&store).await, []);
    }
    projection.stop().await;
}
