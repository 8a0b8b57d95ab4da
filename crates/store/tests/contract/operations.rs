//! What operators do with views: rebuild, retire, and set up.

use crate::{
    Database,
    shop::{GATE, InStock, StockRow, Writer, projector, seen, started, stock, stock_rows},
};
use std::sync::PoisonError;
use studium_store::{Changes, Dialect, Progress, Projection, Projector, Recorded, Store, StoreError, View};

async fn rebuilt(projection: &Projection, view: &str) -> Result<Progress, StoreError> {
    let mut progress = projection.rebuild(view);
    let mut last = None;
    while let Some(it) = progress.recv().await {
        last = Some(it);
    }
    last.unwrap()
}

pub async fn the_old_table_serves_until_the_new_one_takes_its_place(database: &Database) {
    // Only one test at a time may close the gate.
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _turn = TURN.lock().await;
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.pen", 0, &["add:1", "gate"]).await;
    let last = writer.append("shop.item.ink", 0, &["add:1"]).await;
    let projection = started(&store, &writer).await;
    seen(&store, "in_stock_1", last).await;
    store.execute("UPDATE in_stock_1 SET note = 'old' WHERE item = 'pen'", &[]).await.unwrap();
    let (mut progress, last) = {
        let gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = projection.rebuild("in_stock_1");
        let work = async {
            let last = writer.append("shop.item.ink", 0, &["add:1"]).await;
            seen(&store, "in_stock_1", last).await;
            let rows = stock_rows(&store).await;
            assert_eq!((rows[0].count, rows[1].count), (2, 1));
            assert_eq!(rows[1].note.as_deref(), Some("old"));
            last
        };
        let last = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work));
        drop(gate);
        (progress, last)
    };
    let mut done = None;
    while let Some(it) = progress.recv().await {
        done = Some(it.unwrap());
    }
    assert!(done.unwrap().done);
    let rows = stock_rows(&store).await;
    assert_eq!((rows[0].count, rows[1].count, rows[1].note.as_deref()), (2, 1, None));
    assert!(store.position_of("in_stock_1", "shop") >= last);
    let last = writer.append("shop.item.pen", 0, &["add:5"]).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await[1].count, 6);
    let names: Vec<_> = projection.views().await.unwrap().into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["in_stock_1", "journal", "sealed_1"]);
    // And once more, since names of indexes must not collide.
    assert!(rebuilt(&projection, "in_stock_1").await.unwrap().done);
    projection.stop().await;
}

pub async fn a_rebuild_mends_a_broken_view(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    for _ in 0..3 {
        writer.append("shop.item.pen", 0, &["add:1"]).await;
    }
    let projection = projector(&store, &writer).view::<InStock>().start().await.unwrap();
    seen(&store, "in_stock_1", 3).await;
    // A row that cannot be read any more breaks the view at the next event.
    projection.stop().await;
    store.execute("UPDATE in_stock_1 SET item = 'lost'", &[]).await.unwrap();
    let projection = projector(&store, &writer).view::<InStock>().start().await.unwrap();
    store.execute("UPDATE checkpoint SET fault = 'by hand' WHERE view = 'in_stock_1'", &[]).await.unwrap();
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&store, "journal", 4).await;
    assert!(rebuilt(&projection, "in_stock_1").await.unwrap().done);
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&store, "in_stock_1", 5).await;
    assert_eq!(stock_rows(&store).await, [StockRow { item: "pen".to_owned(), count: 5, note: None }]);
    assert!(projection.views().await.unwrap().iter().all(|it| it.state == "serving"));
    let refused = rebuilt(&projection, "nothing_1").await.unwrap_err().to_string();
    assert!(refused.contains("no view `nothing_1`"), "{refused}");
    projection.stop().await;
}

pub async fn a_rebuild_brings_a_lost_table_back_and_counts_nothing_twice(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    let projection = started(&store, &writer).await;
    let first = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&store, "in_stock_1", first).await;
    store.execute("DROP TABLE in_stock_1", &[]).await.unwrap();
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    // The view stands still where it was; the new table is ahead of it when it takes its place.
    let mut is_broken = false;
    for _ in 0..400 {
        let views = projection.views().await.unwrap();
        is_broken = views.iter().any(|it| it.name == "in_stock_1" && it.state.starts_with("broken"));
        if is_broken {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    assert!(is_broken);
    assert!(rebuilt(&projection, "in_stock_1").await.unwrap().done);
    let last = writer.append("shop.item.pen", 0, &["add:1"]).await;
    seen(&store, "in_stock_1", last).await;
    assert_eq!(stock_rows(&store).await[0].count, 3);
    assert!(projection.views().await.unwrap().iter().all(|it| it.state == "serving"));
    projection.stop().await;
}

/// Stock that can be searched, on either database.
struct Searchable;

impl View for Searchable {
    type Row = StockRow;
    const NAME: &'static str = "searchable_1";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn ddl(dialect: Dialect) -> Vec<String> {
        let statements: &[&str] = match dialect {
            Dialect::Sqlite => &[
                "CREATE VIRTUAL TABLE {table}_fts USING fts5 (note, content = '{table}', content_rowid = 'rowid')",
                "CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN \
                 INSERT INTO {table}_fts (rowid, note) VALUES (new.rowid, new.note); END",
                "CREATE TRIGGER {table}_gone AFTER DELETE ON {table} BEGIN \
                 INSERT INTO {table}_fts ({table}_fts, rowid, note) VALUES ('delete', old.rowid, old.note); END",
                "CREATE TRIGGER {table}_changed AFTER UPDATE ON {table} BEGIN \
                 INSERT INTO {table}_fts ({table}_fts, rowid, note) VALUES ('delete', old.rowid, old.note); \
                 INSERT INTO {table}_fts (rowid, note) VALUES (new.rowid, new.note); END",
                "INSERT INTO {table}_fts ({table}_fts) VALUES ('rebuild')",
                "CREATE INDEX {table}_by_count ON {table} (count)",
            ],
            Dialect::Postgres => &[
                "CREATE INDEX {table}_fts ON {table} USING gin (to_tsvector('simple', COALESCE(note, '')))",
                "CREATE INDEX {table}_by_count ON {table} (count)",
            ],
        };
        statements.iter().map(|it| (*it).to_owned()).collect()
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StockRow>) {
        stock(event, rows);
    }
}

async fn search(store: &Store, word: &str) -> Vec<(String,)> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "SELECT t.item FROM searchable_1_fts f JOIN searchable_1 t ON t.rowid = f.rowid \
             WHERE searchable_1_fts MATCH $1 ORDER BY t.item"
        }
        Dialect::Postgres => {
            "SELECT item FROM searchable_1 WHERE to_tsvector('simple', COALESCE(note, '')) @@ to_tsquery('simple', $1) \
             ORDER BY item"
        }
    };
    store.query(sql, &[word.into()]).await.unwrap()
}

pub async fn indexes_and_search_survive_a_rebuild(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.pen", 0, &["note:royal blue"]).await;
    writer.append("shop.item.ink", 0, &["note:dark blue"]).await;
    let projection = projector(&store, &writer).view::<Searchable>().start().await.unwrap();
    seen(&store, "searchable_1", 2).await;
    for _ in 0..3 {
        assert_eq!(search(&store, "blue").await, [("ink".to_owned(),), ("pen".to_owned(),)]);
        assert_eq!(search(&store, "red").await, []);
        assert!(rebuilt(&projection, "searchable_1").await.unwrap().done);
    }
    let last = writer.append("shop.item.pen", 0, &["note:red"]).await;
    seen(&store, "searchable_1", last).await;
    assert_eq!(search(&store, "blue").await, [("ink".to_owned(),)]);
    assert_eq!(search(&store, "red").await, [("pen".to_owned(),)]);
    let sql = match store.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index' AND name LIKE 'searchable%'",
        Dialect::Postgres => "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'searchable%by_count'",
    };
    assert_eq!(store.query::<(String,)>(sql, &[]).await.unwrap(), [("searchable_1_by_count".to_owned(),)]);
    projection.stop().await;
}

/// The next version of [`InStock`].
struct InStock2;

impl View for InStock2 {
    type Row = StockRow;
    const NAME: &'static str = "in_stock_2";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StockRow>) {
        stock(event, rows);
    }
}

pub async fn tables_of_earlier_versions_stay_until_they_are_dropped(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.pen", 0, &["add:1"]).await;
    let projection = started(&store, &writer).await;
    seen(&store, "in_stock_1", 1).await;
    projection.stop().await;
    let projection = projector(&store, &writer).view::<InStock2>().start().await.unwrap();
    seen(&store, "in_stock_2", 1).await;
    let states = async || {
        let views = projection.views().await.unwrap();
        views.into_iter().map(|it| format!("{} {}", it.name, it.state)).collect::<Vec<_>>()
    };
    assert_eq!(states().await, ["in_stock_1 retired", "in_stock_2 serving", "journal serving", "sealed_1 serving"]);
    assert_eq!(stock_rows(&store).await.len(), 1);
    for name in ["in_stock_2", "journal", "in_stock_3"] {
        assert!(projection.drop_retired(name).await.is_err(), "{name}");
    }
    projection.drop_retired("in_stock_1").await.unwrap();
    assert_eq!(states().await, ["in_stock_2 serving", "journal serving", "sealed_1 serving"]);
    assert!(store.query::<(i64,)>("SELECT count FROM in_stock_1", &[]).await.is_err());
    projection.stop().await;
}

pub async fn a_table_with_other_columns_is_refused(database: &Database) {
    let store = database.open().await;
    let writer = Writer::new();
    started(&store, &writer).await.stop().await;
    store.execute("ALTER TABLE in_stock_1 RENAME COLUMN note TO remark", &[]).await.unwrap();
    let refused = projector(&store, &writer).view::<InStock>().start().await.err().unwrap().to_string();
    assert!(refused.contains("raise the number"), "{refused}");
}

pub async fn a_store_belongs_to_one_service(database: &Database) {
    let store = database.open().await;
    let writer = Writer::new();
    started(&store, &writer).await.stop().await;
    let refused = Projector::new("market", store, writer.log.clone()).start().await.err().unwrap().to_string();
    assert!(refused.contains("belongs to the service `shop`"), "{refused}");
}

struct Unnumbered;

impl View for Unnumbered {
    type Row = StockRow;
    const NAME: &'static str = "unnumbered";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn fold(_: &Recorded<'_>, _: &mut Changes<StockRow>) {}
}

pub async fn names_that_do_not_fit_are_refused(database: &Database) {
    let (store, writer) = (database.open().await, Writer::new());
    let refused = projector(&store, &writer).view::<Unnumbered>().start().await.err().unwrap().to_string();
    assert!(refused.contains("`run_roster_1`"), "{refused}");
    let refused =
        projector(&store, &writer).view::<InStock>().view::<InStock>().start().await.err().unwrap().to_string();
    assert!(refused.contains("differ"), "{refused}");
}
