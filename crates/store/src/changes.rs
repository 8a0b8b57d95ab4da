//! Changes: the rows that a batch of events touches, and what happens to them, worked out in memory.

use crate::{ColumnKind, IntoKey, Row, StoreError, Value};
use quick_cache::unsync::Cache;
use std::{any::Any, collections::HashMap};

/// Rows of one view that are remembered after they were written, so that they need not be read again.
const REMEMBERED_MAX: usize = 4096;

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

/// Rows that were written lately. Only the process that folds may trust it, and only while nobody else does.
pub(crate) type Memory = Option<Box<dyn Any + Send>>;

fn remembered<R: Row>(memory: &mut Memory) -> Option<&mut Cache<Key, R>> {
    memory.get_or_insert_with(|| Box::new(Cache::<Key, R>::new(REMEMBERED_MAX))).downcast_mut()
}

impl<R: Row> Folded for Changes<R> {
    fn missing(&mut self, memory: &mut Memory) -> Vec<Value> {
        let memory = remembered::<R>(memory);
        self.slots.clear();
        self.slots.resize_with(self.index.len(), || Slot { row: None, is_stored: false });
        let mut missing = Vec::new();
        let Some(memory) = memory else { return missing };
        for (key, slot) in &self.index {
            match memory.remove(key) {
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
        let memory = remembered::<R>(memory);
        let mut written = Written::default();
        let Some(memory) = memory else { return Ok(written) };
        for (key, slot) in self.index {
            let slot = &mut self.slots[slot];
            match slot.row.take() {
                Some(row) => {
                    let start = written.rows.len();
                    row.write(&mut written.rows);
                    if written.rows[start..start + R::KEYS] != *key {
                        return Err(format!("the row made for the key {key:?} has another key"));
                    }
                    memory.insert(key, row);
                }
                None if slot.is_stored => written.deleted.extend(key),
                None => {}
            }
        }
        Ok(written)
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
