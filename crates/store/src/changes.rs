//! Changes: the rows that a batch of events touches, and what happens to them, worked out in memory.

use crate::{ColumnKind, IntoKey, Row, StoreError, Value};
use quick_cache::unsync::Cache;
use std::{
    any::Any,
    collections::{HashMap, HashSet},
    hash::{BuildHasher as _, RandomState},
};

/// Rows of one view that are remembered after they were written, so that they need not be read again.
const REMEMBERED_MAX: usize = 16_384;

/// Keys of one view that are counted up to know which are new, if the table was empty at first.
const COUNTED_MAX: usize = 300_000;

type Key = Box<[Value]>;
type Change<R> = Box<dyn FnOnce(&mut Option<R>) + Send>;

/// Collects which rows events touch and how they change.
pub struct Changes<R> {
    index: HashMap<Key, usize>,
    steps: Vec<(usize, Change<R>)>,
    /// The touched rows as far as they are known; filled after all events were seen.
    slots: Vec<Slot<R>>,
    wrong: Option<String>,
}

struct Slot<R> {
    row: Option<R>,
    /// The table has the row.
    is_stored: bool,
}

impl<R> Default for Changes<R> {
    fn default() -> Self {
        Self { index: HashMap::new(), steps: Vec::new(), slots: Vec::new(), wrong: None }
    }
}

impl<R: Row> Changes<R> {
    /// Touches one row. `None` stands for no row; setting it to `None` deletes.
    /// The key is a tuple in key-column order: `(&run_id, &learner_id)`.
    pub fn row(&mut self, key: impl IntoKey, change: impl FnOnce(&mut Option<R>) + Send + 'static) {
        let key = key.into_key();
        if !is_key_of::<R>(&key) {
            self.wrong.get_or_insert_with(|| format!("{key:?} is no key of the table: its columns are others"));
            return;
        }
        let next = self.index.len();
        let slot = *self.index.entry(key.into_boxed_slice()).or_insert(next);
        self.steps.push((slot, Box::new(change)));
    }

    /// What is wrong with the keys, if anything.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        self.wrong.take().map_or(Ok(()), Err)
    }
}

fn is_key_of<R: Row>(key: &[Value]) -> bool {
    key.len() == R::KEYS
        && key.iter().zip(R::COLUMNS).all(|(value, column)| {
            matches!(
                (value, column.kind),
                (Value::Text(_), ColumnKind::Text)
                    | (Value::Int(_), ColumnKind::Int)
                    | (Value::Real(_), ColumnKind::Real)
                    | (Value::Bool(_), ColumnKind::Bool)
                    | (Value::Bytes(_), ColumnKind::Bytes)
            )
        })
}

/// What a batch writes: rows one after the other, and keys of rows that go.
#[derive(Default)]
pub(crate) struct Written {
    pub(crate) rows: Vec<Value>,
    pub(crate) deleted: Vec<Value>,
}

/// The folded events of one batch, whatever the view.
pub(crate) trait Folded: Send {
    /// Keys of touched rows that are not remembered, one after the other.
    fn missing(&mut self, memory: &mut Memory) -> Vec<Value>;

    /// Changes the rows; those that were missing are given as the table has them.
    fn apply(self: Box<Self>, memory: &mut Memory, fetched: Vec<Vec<Value>>) -> Result<Written, String>;
}

/// What a runner knows of a table without asking. Only the process that folds may trust it, and only while nobody
/// else does.
#[derive(Default)]
pub(crate) struct Memory {
    /// Rows that were written lately, by key.
    rows: Option<Box<dyn Any + Send>>,
    /// Hashes of all keys that were ever written; what is not among them is not in the table.
    keys: Option<HashSet<u64>>,
    hasher: RandomState,
}

impl Memory {
    /// Of a table that nothing was written to yet.
    pub(crate) fn of_empty_table() -> Self {
        Self { keys: Some(HashSet::new()), ..Self::default() }
    }

    /// Gives most of its room back.
    pub(crate) fn shrink(&mut self) {
        self.rows = None;
    }

    fn rows<R: Row>(&mut self) -> Option<&mut Cache<Key, R>> {
        self.rows.get_or_insert_with(|| Box::new(Cache::<Key, R>::new(REMEMBERED_MAX))).downcast_mut()
    }

    fn is_new(&self, key: &Key) -> bool {
        self.keys.as_ref().is_some_and(|it| !it.contains(&self.hasher.hash_one(key)))
    }

    fn count(&mut self, key: &Key) {
        let Some(keys) = &mut self.keys else { return };
        keys.insert(self.hasher.hash_one(key));
        if keys.len() > COUNTED_MAX {
            self.keys = None;
        }
    }
}

impl<R: Row> Folded for Changes<R> {
    fn missing(&mut self, memory: &mut Memory) -> Vec<Value> {
        self.slots.clear();
        self.slots.resize_with(self.index.len(), || Slot { row: None, is_stored: false });
        let mut missing = Vec::new();
        for (key, slot) in &self.index {
            if memory.is_new(key) {
                continue;
            }
            match memory.rows::<R>().and_then(|it| it.remove(key)) {
                Some((_, row)) => self.slots[*slot] = Slot { row: Some(row), is_stored: true },
                None => missing.extend_from_slice(key),
            }
        }
        missing
    }

    fn apply(mut self: Box<Self>, memory: &mut Memory, fetched: Vec<Vec<Value>>) -> Result<Written, String> {
        for values in fetched {
            let row = R::from_row(values).map_err(|e| e.to_string())?;
            let mut key = Vec::with_capacity(R::COLUMNS.len());
            row.write(&mut key);
            key.truncate(R::KEYS);
            if let Some(slot) = self.index.get(key.as_slice()) {
                self.slots[*slot] = Slot { row: Some(row), is_stored: true };
            }
        }
        for (slot, change) in self.steps {
            change(&mut self.slots[slot].row);
        }
        // In the order of the keys, neighbours meet on the same page of the table.
        let mut keys: Vec<_> = self.index.into_iter().collect();
        keys.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let mut written = Written::default();
        for (key, slot) in keys {
            let slot = &mut self.slots[slot];
            match slot.row.take() {
                Some(row) => {
                    let start = written.rows.len();
                    row.write(&mut written.rows);
                    check::<R>(&key, &written.rows[start..])?;
                    if !slot.is_stored {
                        memory.count(&key);
                    }
                    if let Some(rows) = memory.rows() {
                        rows.insert(key, row);
                    }
                }
                None if slot.is_stored => written.deleted.extend(key),
                None => {}
            }
        }
        Ok(written)
    }
}

/// A fold must leave a row under its own key, and nothing out that the table needs.
fn check<R: Row>(key: &[Value], row: &[Value]) -> Result<(), String> {
    if row[..R::KEYS] != *key {
        return Err(format!("the row made for the key {key:?} has another key"));
    }
    match row.iter().zip(R::COLUMNS).find(|(value, column)| !column.nullable && **value == Value::Null) {
        Some((_, column)) => Err(format!("the row {key:?} has no `{}`", column.name)),
        None => Ok(()),
    }
}

/// Folds into memory only: the rows that are left at the end, in the order of first touch.
pub(crate) fn rows_of<R: Row>(mut changes: Changes<R>) -> Result<Vec<R>, StoreError> {
    changes.check().map_err(StoreError::Query)?;
    let mut rows: Vec<Option<R>> = Vec::new();
    rows.resize_with(changes.index.len(), || None);
    for (slot, change) in changes.steps {
        change(&mut rows[slot]);
    }
    Ok(rows.into_iter().flatten().collect())
}
