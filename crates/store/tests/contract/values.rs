//! Values and statements, the same on both databases.

use crate::{Database, shop::Writer};
use std::time::Duration;
use studium_store::{Changes, Json, Projector, Recorded, View, row};

row! {
    /// One column of each kind.
    pub struct KindsRow {
        key { name: String, number: u32, yes: bool }
        wide: u64,
        narrow: i32,
        real: f64,
        bytes: Vec<u8>,
        list: Json<Vec<String>>,
        maybe_text: Option<String>,
        maybe_int: Option<i64>,
        maybe_real: Option<f64>,
        maybe_bool: Option<bool>,
        maybe_bytes: Option<Vec<u8>>,
    }
}

fn full() -> KindsRow {
    KindsRow {
        name: "Ä \u{1f393} ' \" \\".to_owned(),
        number: u32::MAX,
        yes: true,
        wide: u64::MAX,
        narrow: i32::MIN,
        real: 0.1,
        bytes: vec![0, 255],
        list: Json(vec!["a".to_owned(), String::new()]),
        maybe_text: Some(String::new()),
        maybe_int: Some(-1),
        maybe_real: Some(f64::MAX),
        maybe_bool: Some(false),
        maybe_bytes: Some(Vec::new()),
    }
}

struct Kinds;

impl View for Kinds {
    type Row = KindsRow;
    const NAME: &'static str = "kinds_1";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<KindsRow>) {
        if event.position() == 1 {
            let row = full();
            rows.row((&row.name, row.number, row.yes), |it| *it = Some(full()));
            rows.row((event.id(), 0, false), |it| {
                *it = Some(KindsRow { name: "empty".to_owned(), ..KindsRow::default() });
            });
            // Text that PostgreSQL cannot hold must not stop a view.
            rows.row(("nul", 0, false), |it| {
                *it = Some(KindsRow {
                    name: "nul".to_owned(),
                    maybe_text: Some("a\0b".to_owned()),
                    ..KindsRow::default()
                });
            });
        } else {
            rows.row((event.id(), 0, false), |it| {
                assert_eq!(it.take(), Some(KindsRow { name: "empty".to_owned(), ..KindsRow::default() }));
            });
        }
    }
}

pub async fn every_kind_of_column_comes_back_as_it_went_in(database: &Database) {
    let mut writer = Writer::new();
    let store = database.open().await;
    writer.append("shop.item.empty", 0, &["add:1"]).await;
    for round in 1..=2 {
        // The second round reads the rows back from the table before it folds.
        let projection =
            Projector::new("shop", store.clone(), writer.log.clone()).view::<Kinds>().start().await.unwrap();
        store.reached("kinds_1", "shop", round, Duration::from_secs(10)).await.unwrap();
        projection.stop().await;
        let sql = format!("SELECT {} FROM kinds_1 WHERE yes ORDER BY name", KindsRow::COLUMN_LIST);
        assert_eq!(store.query::<KindsRow>(&sql, &[]).await.unwrap(), [full()]);
        let count: Vec<(i64,)> =
            store.query("SELECT COUNT(*) FROM kinds_1 WHERE name = $1", &["empty".into()]).await.unwrap();
        assert_eq!(count, [(2 - i64::try_from(round).unwrap(),)]);
        writer.append("shop.item.empty", 0, &["add:1"]).await;
    }
    let text: Vec<(String,)> = store.query("SELECT maybe_text FROM kinds_1 WHERE name = 'nul'", &[]).await.unwrap();
    assert_eq!(text[0].0.chars().count(), 3);
}

pub async fn one_sql_text_serves_both_databases(database: &Database) {
    let store = database.open().await;
    let execute = async |sql: &str, args: &[studium_store::Value]| store.execute(sql, args).await.unwrap();
    execute("CREATE TABLE things (id BIGINT PRIMARY KEY, name TEXT, price DOUBLE PRECISION, sold BOOLEAN)", &[]).await;
    for id in 1..=3i64 {
        let args = [id.into(), format!("thing {id}").into(), (id as f64 / 2.0).into(), (id == 2).into()];
        assert_eq!(execute("INSERT INTO things VALUES ($1, $2, $3, $4)", &args).await, 1);
    }
    // Nulls find their type wherever they stand.
    assert_eq!(
        execute(
            "INSERT INTO things VALUES (4, $1, $2, $3)",
            &[None::<&str>.into(), None::<f64>.into(), None::<bool>.into()]
        )
        .await,
        1
    );
    assert_eq!(execute("UPDATE things SET name = $1 WHERE id = $2", &[None::<String>.into(), 3i64.into()]).await, 1);
    let sums: Vec<(i64, i64, f64, f64)> = store
        .query("SELECT COUNT(*), SUM(id), AVG(id), SUM(price) FROM things WHERE id <= $1", &[3i64.into()])
        .await
        .unwrap();
    assert_eq!(sums, [(3, 6, 2.0, 3.0)]);
    let sold: Vec<(i64, bool, Option<String>)> =
        store.query("SELECT id, sold, name FROM things WHERE sold = $1 ORDER BY id", &[true.into()]).await.unwrap();
    assert_eq!(sold, [(2, true, Some("thing 2".to_owned()))]);
    let last: Vec<(i64, Option<f64>)> =
        store.query("SELECT id, price FROM things ORDER BY id DESC LIMIT $1", &[1i64.into()]).await.unwrap();
    assert_eq!(last, [(4, None)]);
    let changed: Vec<(i64,)> = store
        .query("UPDATE things SET sold = $1 WHERE id > $2 RETURNING id", &[false.into(), 3i64.into()])
        .await
        .unwrap();
    assert_eq!(changed, [(4,)]);
    let refused = store.query::<(i64,)>("SELECT nothing FROM things", &[]).await.unwrap_err().to_string();
    assert!(refused.contains("nothing"), "{refused}");
    assert!(store.query::<(i64,)>("SELECT name FROM things WHERE id = 1", &[]).await.is_err());
}

pub async fn statements_of_a_transaction_stand_or_fall_together(database: &Database) {
    let store = database.open().await;
    store.execute("CREATE TABLE pairs (id BIGINT PRIMARY KEY)", &[]).await.unwrap();
    let insert = "INSERT INTO pairs VALUES ($1)";
    let done = store.execute_all(&[(insert, &[1i64.into()]), (insert, &[2i64.into()])]).await.unwrap();
    assert_eq!(done, [1, 1]);
    assert!(store.execute_all(&[(insert, &[3i64.into()]), (insert, &[1i64.into()])]).await.is_err());
    assert_eq!(store.query::<(i64,)>("SELECT COUNT(*) FROM pairs", &[]).await.unwrap(), [(2,)]);
    assert_eq!(store.execute(insert, &[3i64.into()]).await.unwrap(), 1);
}
