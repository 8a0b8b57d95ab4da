//! The store: one database of one service, SQLite or PostgreSQL, asked with the same SQL.

use crate::{
    FromRow, Journal, Late, StoreError, Value,
    address::{Address, WRITER_CACHE, postgres, sqlite},
    checkpoint,
    connection::{Args, Connection, Held, Lane},
    journal::{self, Lookup},
    mark,
};
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use studium_log::{Keys, Stored};
use tokio::sync::{mpsc, watch};

/// Connections that read at the same time on SQLite.
const READERS: usize = 4;

/// Connections to PostgreSQL; with three replicas of five services they stay below half of its default limit of 100
/// only if every service has a server of its own or the limit is raised.
const CONNECTIONS: usize = 8;

/// How often a process that does not fold itself looks how far the views are, while somebody waits.
const POLL: Duration = Duration::from_millis(10);

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Embedded, one file, one process.
    Sqlite,
    /// A server, any number of processes.
    Postgres,
}

/// One database of one service.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) address: Address,
    dialect: Dialect,
    readers: Arc<Lane>,
    writer: Arc<Lane>,
    /// Held as long as the store is open: SQLite means one process.
    _lock: Option<File>,
    positions: Mutex<HashMap<(String, String), watch::Sender<u64>>>,
    /// Why the views of a stream stand still at present, by stream.
    troubles: Mutex<BTreeMap<String, String>>,
    pub(crate) journal_position: AtomicU64,
    /// This process folds the views, so positions need not be asked of the database.
    pub(crate) is_active: AtomicBool,
    polling: tokio::sync::Mutex<()>,
    pub(crate) lookups: mpsc::Sender<Lookup>,
    /// Opens what is sealed in the journal.
    keys: OnceLock<Keys>,
}

impl Store {
    /// Opens a store and makes what the kernel needs in it: `sqlite:path/file.db` (created) or `postgres://…`.
    ///
    /// # Errors
    /// One sentence that says what to do: locked by another process, cannot be reached, no such address.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let (address, lock) = match url.split_once(':') {
            Some(("sqlite", path)) => sqlite(path.strip_prefix("//").unwrap_or(path))?,
            Some(("postgres" | "postgresql", _)) => (postgres(url)?, None),
            _ => {
                return Err(StoreError::Setup(format!(
                    "`{}` is no store; write sqlite:PATH or postgres://USER@HOST/DATABASE",
                    url.split('@').next_back().unwrap_or_default()
                )));
            }
        };
        let (dialect, readers, writer) = match &address {
            Address::Sqlite(it) => {
                let lane = |name: &'static str, value: &'static str, most| {
                    Lane::new(Address::Sqlite(Box::new(it.as_ref().clone().pragma(name, value))), most)
                };
                let readers = lane("query_only", "ON", READERS);
                (Dialect::Sqlite, readers, lane("cache_size", WRITER_CACHE, 1))
            }
            Address::Postgres(_) => {
                let lane = Lane::new(address.clone(), CONNECTIONS);
                (Dialect::Postgres, Arc::clone(&lane), lane)
            }
        };
        let (lookups, waiting) = mpsc::channel(journal::GATHERED_MAX);
        let store = Self {
            inner: Arc::new(Inner {
                address,
                dialect,
                readers,
                writer,
                _lock: lock,
                positions: Mutex::default(),
                troubles: Mutex::default(),
                journal_position: AtomicU64::new(0),
                is_active: AtomicBool::new(false),
                polling: tokio::sync::Mutex::default(),
                lookups,
                keys: OnceLock::new(),
            }),
        };
        tokio::spawn(journal::gather(Arc::downgrade(&store.inner), waiting));
        store.prepare().await.map_err(|e| match e {
            StoreError::Stuck(e) => StoreError::Setup(format!("the store cannot be opened: {e}")),
            StoreError::Unavailable(e) | StoreError::Query(e) => StoreError::Setup(format!(
                "the store cannot be opened ({e}); check that STUDIUM_STORE_URL names a database that runs and may be written"
            )),
            other => other,
        })?;
        Ok(store)
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        let tables = checkpoint::ddl().into_iter().chain(mark::ddl()).chain(journal::ddl(self.dialect()));
        self.create(tables).await?;
        self.refresh().await
    }

    /// Runs statements that make tables and indexes where they are missing (`CREATE … IF NOT EXISTS`).
    pub async fn create(&self, statements: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        if self.dialect() == Dialect::Postgres {
            // Replicas that start together must not create the same tables at once: even `IF NOT EXISTS` fails then.
            tx.execute("SELECT pg_advisory_xact_lock(8387234651)", &[]).await?;
        }
        for sql in statements {
            tx.execute(sql.as_ref(), &[]).await?;
        }
        tx.commit().await
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.inner.dialect
    }

    /// The service's own commits.
    pub fn journal(&self) -> Journal {
        Journal::new(self.clone())
    }

    /// From now on the journal's commits come opened, as far as there are keys.
    pub fn open_with(&self, keys: &Keys) {
        self.inner.keys.get_or_init(|| keys.clone());
    }

    pub(crate) async fn opened(&self, mut commits: Vec<Stored>) -> Result<Vec<Stored>, StoreError> {
        if let Some(keys) = self.inner.keys.get() {
            keys.open(&mut commits).await?;
        }
        Ok(commits)
    }

    /// Asks with ordinary SQL; parameters are `$1`, `$2` … in both databases.
    pub async fn query<R: FromRow>(&self, sql: &str, args: &[Value]) -> Result<Vec<R>, StoreError> {
        self.fetch(sql.into(), args).await?.into_iter().map(R::from_row).collect()
    }

    pub(crate) async fn fetch(&self, sql: Arc<str>, args: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        // `UPDATE … RETURNING` asks, too, but on the writer.
        let is_read = ["select", "with", "values", "explain", "pragma"]
            .iter()
            .any(|it| sql.trim_start().get(..it.len()).is_some_and(|start| start.eq_ignore_ascii_case(it)));
        if !is_read {
            let mut held = self.inner.writer.take().await?;
            let rows = Box::pin(held.get()?.fetch(sql, Args::List(args))).await?;
            held.done();
            return Ok(rows);
        }
        loop {
            let mut held = self.inner.readers.take().await?;
            // Boxed, since the driver's futures are large and handlers would carry them through every call.
            match Box::pin(held.get()?.fetch(Arc::clone(&sql), Args::List(args))).await {
                // An idle connection may have died of age: a read may be asked again.
                Err(StoreError::Unavailable(_)) if !held.is_fresh() => self.inner.readers.forget(),
                Err(e @ StoreError::Query(_)) => {
                    held.done();
                    return Err(e);
                }
                rows => {
                    if rows.is_ok() {
                        held.done();
                    }
                    return rows;
                }
            }
        }
    }

    /// Runs one statement and returns how many rows it changed.
    pub async fn execute(&self, sql: &str, args: &[Value]) -> Result<u64, StoreError> {
        let mut held = self.inner.writer.take().await?;
        let changed = Box::pin(held.get()?.execute(sql.into(), Args::List(args))).await;
        if matches!(changed, Ok(_) | Err(StoreError::Query(_))) {
            held.done();
        }
        changed
    }

    /// Runs several statements in one transaction and returns how many rows each changed.
    pub async fn execute_all(&self, statements: &[(&str, &[Value])]) -> Result<Vec<u64>, StoreError> {
        let mut tx = self.begin().await?;
        let mut changed = Vec::with_capacity(statements.len());
        for (sql, args) in statements {
            changed.push(tx.execute(sql, args).await?);
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// Waits until a view has seen a position of a stream.
    ///
    /// # Errors
    /// [`Late`] with the position that it has seen, when the time is over.
    pub async fn reached(&self, view: &str, stream: &str, position: u64, timeout: Duration) -> Result<(), Late> {
        if position == 0 {
            return Ok(());
        }
        let mut seen = self.progress(view, stream).subscribe();
        let wait = async {
            while *seen.borrow_and_update() < position {
                if self.inner.is_active.load(Ordering::Acquire) {
                    // Looks up now and then, since another process may take over meanwhile.
                    let _ = tokio::time::timeout(Duration::from_millis(100), seen.changed()).await;
                    continue;
                }
                tokio::select! {
                    _ = seen.changed() => {}
                    _turn = self.inner.polling.lock() => {
                        // A database that does not answer makes the wait end late, which says enough.
                        let _ = self.refresh().await;
                        tokio::time::sleep(POLL).await;
                    }
                }
            }
        };
        let is_late = tokio::time::timeout(timeout, wait).await.is_err();
        let at = self.position_of(view, stream);
        if is_late && at < position { Err(Late { at }) } else { Ok(()) }
    }

    /// Position of a stream that a view has seen, as far as this process knows.
    pub fn position_of(&self, view: &str, stream: &str) -> u64 {
        *self.progress(view, stream).borrow()
    }

    /// Announces positions of a view and a stream.
    pub(crate) fn progress(&self, view: &str, stream: &str) -> watch::Sender<u64> {
        let mut positions = self.inner.positions.lock().unwrap_or_else(PoisonError::into_inner);
        positions.entry((view.to_owned(), stream.to_owned())).or_default().clone()
    }

    /// Says how far a view is. What was read before somebody else said more is no news.
    pub(crate) fn announce(&self, view: &str, stream: &str, position: u64) {
        if view == journal::NAME {
            self.inner.journal_position.fetch_max(position, Ordering::AcqRel);
        }
        self.progress(view, stream).send_if_modified(|it| {
            let is_news = position > *it;
            *it = position.max(*it);
            is_news
        });
    }

    /// Says why the views of a stream stand still, or that they do not.
    pub(crate) fn trouble(&self, stream: &str, why: Option<String>) {
        let mut troubles = self.inner.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(it) => drop(troubles.insert(stream.to_owned(), it)),
            None => drop(troubles.remove(stream)),
        }
    }

    /// Why views stand still at present, a sentence each; they go on by themselves when that is over.
    pub fn troubles(&self) -> Vec<String> {
        let troubles = self.inner.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles.iter().map(|(stream, why)| format!("the views of `{stream}` stand still: {why}")).collect()
    }

    /// Reads all positions from the database.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        for it in checkpoint::all(self).await? {
            self.announce(&it.view, &it.stream, it.position);
        }
        Ok(())
    }

    /// Begins a transaction that writes; on SQLite there is one at a time.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_with("BEGIN").await
    }

    /// Begins a transaction that folds a batch. A crash may lose the last ones, rows and checkpoints together:
    /// what they folded is read again from the stream.
    pub(crate) async fn begin_batch(&self) -> Result<Tx, StoreError> {
        self.begin_with("BEGIN; SET LOCAL synchronous_commit TO OFF").await
    }

    async fn begin_with(&self, on_postgres: &str) -> Result<Tx, StoreError> {
        let begin = if self.dialect() == Dialect::Sqlite { "BEGIN IMMEDIATE" } else { on_postgres };
        loop {
            let mut held = self.inner.writer.take().await?;
            match held.get()?.run(begin).await {
                Err(StoreError::Unavailable(_)) if !held.is_fresh() => self.inner.writer.forget(),
                Err(e) => return Err(e),
                Ok(()) => return Ok(Tx { held }),
            }
        }
    }
}

/// A transaction. Dropped without a commit, it takes its connection with it and changes nothing.
pub(crate) struct Tx {
    held: Held,
}

impl Tx {
    pub(crate) fn is_postgres(&mut self) -> bool {
        matches!(self.held.get(), Ok(Connection::Postgres(_)))
    }

    pub(crate) fn connection(&mut self) -> Result<&mut Connection, StoreError> {
        self.held.get()
    }

    pub(crate) async fn execute(&mut self, sql: &str, args: &[Value]) -> Result<u64, StoreError> {
        self.held.get()?.execute(sql.into(), Args::List(args)).await
    }

    pub(crate) async fn fetch(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Vec<Value>>, StoreError> {
        self.held.get()?.fetch(sql.into(), Args::List(args)).await
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.held.get()?.run("COMMIT").await?;
        self.held.done();
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), StoreError> {
        self.held.get()?.run("ROLLBACK").await?;
        self.held.done();
        Ok(())
    }
}

/// Runs one statement on a database without making anything else in it: for tests that make databases.
pub async fn run_once(url: &str, sql: &str) -> Result<(), StoreError> {
    Connection::open(&postgres(url)?).await?.run(sql).await
}
