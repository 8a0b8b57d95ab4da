//! A small shop: events, a writer of commits, and views to fold them with.

use prost::Message as _;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};
use studium_core::{DecodeError, Event};
use studium_log::{Log, Stored, commit_id};
use studium_proto::log::v1::Commit;
use studium_store::{Changes, Dialect, Projection, Projector, Recorded, Store, View, row};

/// An event of the shop as text: `add:3`, `note:text`, `close`, `boom`, `huge`, `gate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Stock(pub String);

/// An event of another service: the price of an item.
#[derive(Clone, Debug, PartialEq)]
pub struct Price(pub i64);

impl Event for Stock {
    const AGGREGATE: &'static str = "shop.item";

    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        let text = String::from_utf8(bytes.to_vec()).map_err(|e| DecodeError(e.to_string()))?;
        Ok((text != "unknown").then_some(Self(text)))
    }

    fn name(&self) -> &'static str {
        "Stock"
    }
}

impl Event for Price {
    const AGGREGATE: &'static str = "price.tag";

    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_string().into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError> {
        Ok(std::str::from_utf8(bytes).ok().and_then(|it| it.parse().ok()).map(Self))
    }

    fn name(&self) -> &'static str {
        "Price"
    }
}

/// Writes commits that link to each other as those of the log do.
pub struct Writer {
    pub log: Log,
    heads: HashMap<String, u64>,
    tips: HashMap<String, (u64, u64, Vec<u8>)>,
}

impl Writer {
    pub fn new() -> Self {
        Self { log: Log::memory(), heads: HashMap::new(), tips: HashMap::new() }
    }

    /// A commit that would follow, at the next position.
    pub fn seal(&mut self, subject: &str, at_ms: i64, events: &[&str]) -> Stored {
        let stream = subject.split('.').next().unwrap().to_owned();
        let head = self.heads.entry(stream).or_default();
        *head += 1;
        let (version, previous_position, previous_hash) = self.tips.get(subject).cloned().unwrap_or_default();
        let request_id = format!("request {}", *head);
        let commit = Commit {
            id: commit_id(subject, &request_id).to_string(),
            subject: subject.to_owned(),
            version: version + 1,
            previous_position,
            previous_hash: previous_hash.into(),
            at_ms,
            recorded_at_ms: at_ms,
            request_id,
            correlation_id: format!("story of {}", at_ms / 1000),
            events: events.iter().map(|it| it.as_bytes().to_vec().into()).collect(),
            ..Commit::default()
        };
        let stored = Stored::decode(*head, commit.encode_to_vec().into()).unwrap();
        self.tips.insert(subject.to_owned(), (version + 1, *head, stored.hash().to_vec()));
        stored
    }

    /// Appends one commit and returns its position.
    pub async fn append(&mut self, subject: &str, at_ms: i64, events: &[&str]) -> u64 {
        let stored = self.seal(subject, at_ms, events);
        let stream = stored.stream().to_owned();
        self.log.restore(&stream, std::slice::from_ref(&stored)).await.unwrap();
        stored.position
    }

    /// Appends `add:1` to `items` items in turn, `count` times altogether, and returns the last position.
    pub async fn add(&mut self, items: u64, count: u64) -> u64 {
        let mut last = 0;
        for i in 0..count {
            last = self.append(&format!("shop.item.item-{}", i % items), i as i64, &["add:1"]).await;
        }
        last
    }
}

row! {
    /// What is in stock of one item.
    pub struct StockRow {
        key { item: String }
        count: i64,
        note: Option<String>,
    }
}

/// Closed while a test wants a fold to wait at `gate`.
pub static GATE: Mutex<()> = Mutex::new(());

/// The stock of every item.
pub struct InStock;

impl View for InStock {
    type Row = StockRow;
    const NAME: &'static str = "in_stock_1";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_count ON {table} (count)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StockRow>) {
        stock(event, rows);
    }
}

pub fn stock(event: &Recorded<'_>, rows: &mut Changes<StockRow>) {
    let Some(Stock(it)) = event.read() else { return };
    let item = event.id().to_owned();
    if it == "gate" {
        tokio::task::block_in_place(|| drop(GATE.lock().unwrap_or_else(PoisonError::into_inner)));
    }
    rows.row(event.id(), move |row| {
        if it == "close" {
            *row = None;
            return;
        }
        let row = row.get_or_insert_with(|| StockRow { item, ..StockRow::default() });
        match it.split_once(':') {
            Some(("add", count)) => row.count += count.parse::<i64>().unwrap(),
            Some(("note", text)) => row.note = Some(text.to_owned()),
            _ => {}
        }
    });
}

row! {
    /// Stock and price of one item.
    pub struct PricedRow {
        key { item: String }
        count: i64,
        price: i64,
    }
}

/// Stock and price, from two streams.
pub struct Priced;

impl View for Priced {
    type Row = PricedRow;
    const NAME: &'static str = "priced_1";
    const STREAMS: &'static [&'static str] = &["shop", "price"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<PricedRow>) {
        let item = event.id().to_owned();
        let new = move || PricedRow { item, ..PricedRow::default() };
        if let Some(Price(price)) = event.read() {
            rows.row(event.id(), move |row| row.get_or_insert_with(new).price += price);
        } else if event.read::<Stock>().is_some() {
            rows.row(event.id(), move |row| row.get_or_insert_with(new).count += 1);
        }
    }
}

/// Whether [`Fragile`] panics.
pub static IS_FRAGILE: AtomicBool = AtomicBool::new(true);

/// Panics at `boom`, and makes a row that no table takes at `huge`.
pub struct Fragile;

row! {
    /// A count that may be missing, which the table does not allow.
    pub struct FragileRow {
        key { item: String }
        count: Never,
    }
}

/// Said to be never null, and null all the same when it is negative.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Never(pub i64);

impl studium_store::Column for Never {
    const KIND: studium_store::ColumnKind = studium_store::ColumnKind::Int;

    fn into_value(self) -> studium_store::Value {
        if self.0 < 0 { studium_store::Value::Null } else { self.0.into() }
    }

    fn from_value(value: studium_store::Value) -> Result<Self, studium_store::StoreError> {
        i64::from_value(value).map(Self)
    }
}

impl View for Fragile {
    type Row = FragileRow;
    const NAME: &'static str = "fragile_1";
    const STREAMS: &'static [&'static str] = &["shop"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<FragileRow>) {
        let Some(Stock(it)) = event.read() else { return };
        let is_fragile = IS_FRAGILE.load(Ordering::SeqCst);
        assert!(!is_fragile || it != "boom", "a boom");
        let item = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| FragileRow { item, ..FragileRow::default() });
            row.count.0 = if is_fragile && it == "huge" { -1 } else { row.count.0 + 1 };
        });
    }
}

pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits until a view has seen a position of the shop's stream.
pub async fn seen(store: &Store, view: &str, position: u64) {
    store.reached(view, "shop", position, PATIENCE).await.unwrap();
}

pub fn projector(store: &Store, writer: &Writer) -> Projector {
    Projector::new("shop", store.clone(), writer.log.clone())
}

/// Folds the whole log into stock, and goes on doing so.
pub async fn started(store: &Store, writer: &Writer) -> Projection {
    projector(store, writer).view::<InStock>().start().await.unwrap()
}

pub async fn stock_rows(store: &Store) -> Vec<StockRow> {
    let sql = format!("SELECT {} FROM in_stock_1 ORDER BY item", StockRow::COLUMN_LIST);
    store.query(&sql, &[]).await.unwrap()
}
