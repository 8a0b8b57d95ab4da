//! Changes: the rows that a batch of events touches, and what happens to them, worked out in memory.

use crate::{ColumnKind, IntoKey, Row, StoreError, Value};
use std::{
    any::Any,
    collections::{HashMap, HashSet},
    hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher},
    mem,
};

/// Rows of one view that are remembered after they were written, so that they need not be read again;
/// there are between one and two times as many, the latest ones.
const REMEMBERED_MAX: usize = 4_000;

/// Keys of one view that are counted up to know which are new, if the table was empty at first.
const COUNTED_MAX: usize = 300_000;

/// A key that is hashed once.
#[derive(PartialEq, Eq)]
struct Key {
    hash: u64,
    values: Box<[Value]>,
}

impl Key {
    fn new(values: Vec<Value>) -> Self {
        let mut hasher = DefaultHasher::new();
        values.hash(&mut hasher);
        Self { hash: hasher.finish(), values: values.into_boxed_slice() }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Passes on what is a hash already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

type ByKey<T> = HashMap<Key, T, BuildHasherDefault<Hashed>>;
type Change<R> = Box<dyn FnOnce(&mut Option<R>) + Send>;

/// Collects which rows events touch and how they change.
pub struct Changes<R> {
    index: ByKey<usize>,
    steps: Vec<(usize, Change<R>)>,
    /// The touched rows as far as they are known; filled after all events were seen.
    slots: Vec<Slot<R>>,
    wrong: Option<String>,
    /// No other rows than those touched so far are looked at.
    is_closed: bool,
}

struct Slot<R> {
    row: Option<R>,
    /// The table has the row.
    is_stored: bool,
}

impl<R> Default for Changes<R> {
    fn default() -> Self {
        Self { index: ByKey::default(), steps: Vec::new(), slots: Vec::new(), wrong: None, is_closed: false }
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
        let slot = if self.is_closed {
            let Some(slot) = self.index.get(&Key::new(key)) else { return };
            *slot
        } else {
            *self.index.entry(Key::new(key)).or_insert(next)
        };
        self.steps.push((slot, Box::new(change)));
    }

    /// Begins anew with the rows touched so far, which are none yet, and with no others.
    pub(crate) fn close(&mut self) {
        self.steps.clear();
        self.slots.clear();
        self.slots.resize_with(self.index.len(), || Slot { row: None, is_stored: false });
        self.is_closed = true;
    }

    /// Changes the rows as far as events were seen; says whether there was anything to change.
    pub(crate) fn settle(&mut self) -> bool {
        let any = !self.steps.is_empty();
        for (slot, change) in self.steps.drain(..) {
            change(&mut self.slots[slot].row);
        }
        any
    }

    /// What the table has to hold of the touched rows.
    pub(crate) fn written(mut self) -> Result<Written, String> {
        let mut written = Written::default();
        for (key, slot) in self.index {
            let Some(row) = self.slots[slot].row.take() else {
                written.deleted.extend_from_slice(&key.values);
                continue;
            };
            let start = written.rows.len();
            row.write(&mut written.rows);
            check::<R>(&key.values, &written.rows[start..])?;
        }
        Ok(written)
    }

    /// Whether the same rows are touched here and there.
    pub(crate) fn touch_the_same(&self, other: &Self) -> bool {
        self.index.len() == other.index.len() && self.index.keys().all(|it| other.index.contains_key(it))
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
    /// Whether no row is touched.
    fn touches_nothing(&self) -> bool;

    /// Keys of touched rows that are not remembered, one after the other.
    fn missing(&mut self, memory: &mut Memory) -> Result<Vec<Value>, String>;

    /// Changes the rows; those that were missing are given as the table has them.
    fn apply(self: Box<Self>, memory: &mut Memory, fetched: Vec<Vec<Value>>) -> Result<Written, String>;
}

/// What a runner knows of a table without asking. Only the process that folds may trust it, and only while nobody
/// else does.
#[derive(Default)]
pub(crate) struct Memory {
    /// `Rows` of the view's row type.
    rows: Option<Box<dyn Any + Send>>,
    /// Hashes of all keys that were ever written; what is not among them is not in the table.
    keys: Option<HashSet<u64, BuildHasherDefault<Hashed>>>,
}

/// Rows that were touched lately; `None` is known not to be in the table.
struct Rows<R> {
    young: ByKey<Option<R>>,
    old: ByKey<Option<R>>,
}

impl Memory {
    /// Of a table that nothing was written to yet.
    pub(crate) fn of_empty_table() -> Self {
        Self { rows: None, keys: Some(HashSet::default()) }
    }

    fn rows<R: Row>(&mut self) -> Result<&mut Rows<R>, String> {
        let new = || -> Box<dyn Any + Send> { Box::new(Rows::<R> { young: ByKey::default(), old: ByKey::default() }) };
        self.rows.get_or_insert_with(new).downcast_mut().ok_or_else(|| "the memory is another view's".to_owned())
    }

    fn count(&mut self, key: &Key) {
        let Some(keys) = &mut self.keys else { return };
        keys.insert(key.hash);
        if keys.len() > COUNTED_MAX {
            self.keys = None;
        }
    }

    fn is_new(&self, key: &Key) -> bool {
        self.keys.as_ref().is_some_and(|it| !it.contains(&key.hash))
    }
}

impl<R: Row> Folded for Changes<R> {
    fn touches_nothing(&self) -> bool {
        self.index.is_empty()
    }

    fn missing(&mut self, memory: &mut Memory) -> Result<Vec<Value>, String> {
        self.slots.clear();
        self.slots.resize_with(self.index.len(), || Slot { row: None, is_stored: false });
        let mut missing = Vec::new();
        for (key, slot) in &self.index {
            if memory.is_new(key) {
                continue;
            }
            let rows = memory.rows::<R>()?;
            match rows.young.remove(key).or_else(|| rows.old.remove(key)) {
                Some(row) => self.slots[*slot] = Slot { is_stored: row.is_some(), row },
                None => missing.extend_from_slice(&key.values),
            }
        }
        Ok(missing)
    }

    fn apply(mut self: Box<Self>, memory: &mut Memory, fetched: Vec<Vec<Value>>) -> Result<Written, String> {
        for values in fetched {
            let row = R::from_row(values).map_err(|e| e.to_string())?;
            let mut key = Vec::with_capacity(R::COLUMNS.len());
            row.write(&mut key);
            key.truncate(R::KEYS);
            if let Some(slot) = self.index.get(&Key::new(key)) {
                self.slots[*slot] = Slot { row: Some(row), is_stored: true };
            }
        }
        for (slot, change) in self.steps {
            change(&mut self.slots[slot].row);
        }
        // In the order of the keys, neighbours meet on the same page of the table.
        let mut keys: Vec<_> = self.index.into_iter().collect();
        keys.sort_unstable_by(|(a, _), (b, _)| a.values.cmp(&b.values));
        let mut written = Written::default();
        let rows = memory.rows::<R>()?;
        if rows.young.len() >= REMEMBERED_MAX {
            rows.old = mem::take(&mut rows.young);
        }
        for (key, slot) in keys {
            let slot = &mut self.slots[slot];
            let row = slot.row.take();
            if let Some(row) = &row {
                let start = written.rows.len();
                row.write(&mut written.rows);
                check::<R>(&key.values, &written.rows[start..])?;
                if !slot.is_stored {
                    memory.count(&key);
                }
            } else if slot.is_stored {
                written.deleted.extend_from_slice(&key.values);
            }
            memory.rows::<R>()?.young.insert(key, row);
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
