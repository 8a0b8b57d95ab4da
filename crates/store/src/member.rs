//! A member of a group: one view (or the journal) with its table, and where it stands.

use crate::{
    Changes, Dialect, Recorded, Store, StoreError, View,
    changes::{Folded, Memory, Written},
    checkpoint,
    row::Row as _,
    table::{Table, Write},
};
use std::{
    collections::HashMap,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};
use studium_log::Stored;
use tokio::sync::Mutex;

/// A fold without its types.
pub(crate) trait Fold: Send + Sync {
    fn name(&self) -> &str;
    fn streams(&self) -> Vec<&str>;
    /// The table under a name: its own, or another to build beside.
    fn table(&self, name: &str, dialect: Dialect) -> Table;
    fn ddl(&self, dialect: Dialect) -> Vec<String>;
    fn fold(&self, stream: &str, commits: &[Stored]) -> Result<Box<dyn Folded>, String>;
    /// What commits of several streams touch, to be folded anew.
    fn anew(&self, commits: &[(String, Vec<Stored>)]) -> Result<Touched, String>;
}

/// What commits touch in a table.
pub(crate) enum Touched {
    Nothing,
    /// These rows, to be folded anew.
    Rows(Box<dyn Anew>),
    /// Which rows follows from what is personal, and is known no more.
    Table,
}

/// Some rows of a table that are folded anew in memory, from the beginning of each stream.
pub(crate) trait Anew: Send {
    /// Takes in commits; says whether they touched any of the rows.
    fn take(&mut self, stream: &str, commits: &[Stored]) -> Result<bool, String>;
    fn written(self: Box<Self>) -> Result<Written, String>;
}

struct Closed<V: View>(Changes<V::Row>);

impl<V: View> Closed<V> {
    fn fold(rows: &mut Changes<V::Row>, stream: &str, commits: &[Stored]) -> Result<(), String> {
        guarded(|| Recorded::each(stream, commits, |event| V::fold(event, rows)))??;
        rows.check()
    }
}

impl<V: View> Anew for Closed<V> {
    fn take(&mut self, stream: &str, commits: &[Stored]) -> Result<bool, String> {
        Self::fold(&mut self.0, stream, commits)?;
        guarded(|| self.0.settle())
    }

    fn written(self: Box<Self>) -> Result<Written, String> {
        self.0.written()
    }
}

/// A view of a service.
pub(crate) struct ViewFold<V>(PhantomData<fn() -> V>);

impl<V: View> ViewFold<V> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<V: View> Fold for ViewFold<V> {
    fn name(&self) -> &str {
        V::NAME
    }

    fn streams(&self) -> Vec<&str> {
        V::STREAMS.to_vec()
    }

    fn table(&self, name: &str, dialect: Dialect) -> Table {
        Table::new(name, V::Row::COLUMNS, V::Row::KEYS, Write::Upsert, dialect)
    }

    fn ddl(&self, dialect: Dialect) -> Vec<String> {
        V::ddl(dialect)
    }

    fn fold(&self, stream: &str, commits: &[Stored]) -> Result<Box<dyn Folded>, String> {
        let mut rows = Changes::default();
        guarded(|| Recorded::each(stream, commits, |event| V::fold(event, &mut rows)))??;
        rows.check()?;
        Ok(Box::new(rows))
    }

    fn anew(&self, commits: &[(String, Vec<Stored>)]) -> Result<Touched, String> {
        let (mut rows, mut otherwise) = (Changes::default(), Changes::default());
        for (stream, commits) in commits.iter().filter(|(stream, _)| V::STREAMS.contains(&stream.as_str())) {
            Closed::<V>::fold(&mut rows, stream, commits)?;
            // A view whose keys are personal shows it: other texts lead it to other rows.
            let filled: Vec<_> = commits.iter().map(Stored::filled).collect();
            Closed::<V>::fold(&mut otherwise, stream, &filled)?;
        }
        if !rows.touch_the_same(&otherwise) {
            return Ok(Touched::Table);
        }
        if rows.touches_nothing() {
            return Ok(Touched::Nothing);
        }
        rows.close();
        Ok(Touched::Rows(Box::new(Closed::<V>(rows))))
    }
}

/// Runs a view's own code; a panic in it becomes what is wrong with the view.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        format!("the fold panicked: {}", text.as_deref().unwrap_or("without a word"))
    })
}

pub(crate) struct Member {
    /// Name of the checkpoint; another than the fold's while it is built beside.
    pub(crate) name: String,
    pub(crate) fold: Arc<dyn Fold>,
    pub(crate) table: Table,
    /// Members are locked in this order, so that two groups never wait for each other.
    pub(crate) order: usize,
    /// Locked from the first read of a batch to its commit, since two streams may change the same rows.
    pub(crate) state: Mutex<State>,
}

/// Where a member stands.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) memory: Memory,
    pub(crate) positions: HashMap<String, u64>,
    pub(crate) revision: i64,
    /// A batch was begun and not finished: what is here cannot be trusted until it is loaded again.
    pub(crate) is_torn: bool,
    pub(crate) fault: String,
}

impl Member {
    pub(crate) fn new(fold: Arc<dyn Fold>, name: &str, order: usize, dialect: Dialect) -> Self {
        let table = fold.table(name, dialect);
        Self { name: name.to_owned(), fold, table, order, state: Mutex::default() }
    }

    pub(crate) fn listens_to(&self, stream: &str) -> bool {
        self.fold.streams().contains(&stream)
    }

    /// Reads from the database where it stands, and forgets what it knew.
    pub(crate) async fn load(&self, store: &Store) -> Result<(), StoreError> {
        let mut state = self.state.lock().await;
        *state = State::default();
        for it in checkpoint::of(store, &self.name).await? {
            store.announce(&self.name, &it.stream, it.position);
            state.revision = it.revision;
            state.fault = it.fault;
            state.positions.insert(it.stream, it.position);
        }
        if state.positions.values().all(|it| *it == 0) {
            state.memory = Memory::of_empty_table();
        }
        Ok(())
    }

    pub(crate) async fn position(&self, stream: &str) -> u64 {
        self.state.lock().await.position(stream)
    }

    /// Statements that make the table complete under its name.
    pub(crate) fn ddl(&self, dialect: Dialect, name: &str) -> Vec<String> {
        self.fold.ddl(dialect).iter().map(|it| it.replace("{table}", name)).collect()
    }

    pub(crate) fn create_sql(&self, dialect: Dialect) -> String {
        let has_rowid = self.fold.ddl(dialect).iter().any(|it| it.contains("rowid"));
        self.table.create_sql(has_rowid)
    }
}

impl State {
    pub(crate) fn position(&self, stream: &str) -> u64 {
        self.positions.get(stream).copied().unwrap_or(0)
    }
}
