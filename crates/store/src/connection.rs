//! Connections: one type for both drivers, kept in lanes that a caller waits for.

use crate::{ColumnKind, StoreError, Value, address::Address, decode, error::of_file};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions as _, Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgBindIterExt as _, PgConnection, PgTypeInfo, types::Oid},
    sqlite::{SqliteArguments, SqliteConnection},
};
use std::{
    borrow::Cow,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Parameters of one statement.
pub(crate) enum Args<'a> {
    /// One after the other, by reference.
    List(&'a [Value]),
    /// One after the other, given away.
    Owned(Vec<Value>),
    /// Rows as one array per column (PostgreSQL only), with parameters before them.
    Arrays { first: &'a [Value], rows: &'a [Value], kinds: &'a [ColumnKind] },
}

/// One connection to either database.
pub(crate) enum Connection {
    /// With the name of its file.
    Sqlite(SqliteConnection, Arc<str>),
    Postgres(PgConnection),
}

impl Connection {
    pub(crate) async fn open(address: &Address) -> Result<Self, StoreError> {
        Ok(match address {
            Address::Sqlite(it) => {
                let file = it.get_filename().to_string_lossy();
                Self::Sqlite(it.connect().await.map_err(|e| of_file(e, &file))?, file.into())
            }
            Address::Postgres(it) => Self::Postgres(it.connect().await?),
        })
    }

    /// Runs a statement and returns its lines.
    pub(crate) async fn fetch(&mut self, sql: Arc<str>, args: Args<'_>) -> Result<Vec<Vec<Value>>, StoreError> {
        match self {
            Self::Sqlite(it, file) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?);
                let rows = query.fetch_all(it).await.map_err(|e| of_file(e, file))?;
                rows.iter().map(decode::sqlite_row).collect()
            }
            Self::Postgres(it) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(&args)?);
                query.fetch_all(it).await?.iter().map(decode::postgres_row).collect()
            }
        }
    }

    /// Runs a statement and returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: Arc<str>, args: Args<'_>) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(it, file) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), sqlite_arguments(args)?);
                query.execute(it).await.map_err(|e| of_file(e, file))?.rows_affected()
            }
            Self::Postgres(it) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), postgres_arguments(&args)?);
                query.execute(it).await?.rows_affected()
            }
        })
    }

    /// Runs statements without parameters, unprepared and in one round trip.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(it, file) => sql.execute(it).await.map(|_| ()).map_err(|e| of_file(e, file))?,
            Self::Postgres(it) => sql.execute(it).await.map(|_| ())?,
        }
        Ok(())
    }
}

fn unbindable(e: &BoxDynError) -> StoreError {
    StoreError::Query(format!("a parameter cannot be sent: {e}"))
}

fn sqlite_arguments(args: Args<'_>) -> Result<SqliteArguments, StoreError> {
    let values = match args {
        Args::List(it) => it.to_vec(),
        Args::Owned(it) => it,
        Args::Arrays { .. } => return Err(StoreError::Query("SQLite knows no arrays".to_owned())),
    };
    let mut out = SqliteArguments::default();
    out.reserve(values.len(), 0);
    for value in values {
        match value {
            Value::Null => out.add(None::<i64>),
            Value::Int(it) => out.add(it),
            Value::Real(it) => out.add(it),
            Value::Text(it) => out.add(it),
            Value::Bool(it) => out.add(it),
            Value::Bytes(it) => out.add(it),
        }
        .map_err(|e| unbindable(&e))?;
    }
    Ok(out)
}

/// A null whose type the server works out from the statement.
struct Unknown;

impl Type<Postgres> for Unknown {
    fn type_info() -> PgTypeInfo {
        // `unknown` in pg_type.dat; a parameter of it is inferred like a literal.
        PgTypeInfo::with_oid(Oid(705))
    }
}

impl Encode<'_, Postgres> for Unknown {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

/// PostgreSQL's text cannot hold the character U+0000, which protobuf strings can.
fn clean(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

fn postgres_arguments(args: &Args<'_>) -> Result<PgArguments, StoreError> {
    let mut out = PgArguments::default();
    let (list, rows): (&[Value], _) = match args {
        Args::List(it) => (it, None),
        Args::Owned(it) => (it, None),
        Args::Arrays { first, rows, kinds } => (first, Some((*rows, *kinds))),
    };
    for value in list {
        match value {
            Value::Null => out.add(Unknown),
            Value::Int(it) => out.add(it),
            Value::Real(it) => out.add(it),
            Value::Text(it) => out.add(clean(it)),
            Value::Bool(it) => out.add(it),
            Value::Bytes(it) => out.add(it),
        }
        .map_err(|e| unbindable(&e))?;
    }
    if let Some((rows, kinds)) = rows {
        for (i, kind) in kinds.iter().enumerate() {
            add_array(&mut out, *kind, rows.iter().skip(i).step_by(kinds.len())).map_err(|e| unbindable(&e))?;
        }
    }
    Ok(out)
}

/// Adds one column of many rows; a value of another kind than the column's becomes null, which the table then refuses.
fn add_array<'a>(
    out: &mut PgArguments,
    kind: ColumnKind,
    column: impl Iterator<Item = &'a Value>,
) -> Result<(), BoxDynError> {
    macro_rules! array {
        ($($pattern:pat => $value:expr),+) => {
            out.add(column.map(|it| match it { $($pattern => Some($value),)+ _ => None }).bind_iter())
        };
    }
    match kind {
        ColumnKind::Text => array!(Value::Text(it) => clean(it)),
        ColumnKind::Int => array!(Value::Int(it) => *it, Value::Bool(it) => i64::from(*it)),
        ColumnKind::Real => array!(Value::Real(it) => *it, Value::Int(it) => *it as f64),
        ColumnKind::Bool => array!(Value::Bool(it) => *it),
        ColumnKind::Bytes => array!(Value::Bytes(it) => it.as_slice()),
    }
}

/// A few connections of one kind, handed out one by one.
pub(crate) struct Lane {
    address: Address,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Lane {
    pub(crate) fn new(address: Address, most: usize) -> Arc<Self> {
        Arc::new(Self { address, idle: Mutex::default(), permits: Arc::new(Semaphore::new(most)) })
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a connection. It comes back by itself when [`Held::done`] was said, and is closed when not.
    pub(crate) async fn take(self: &Arc<Self>) -> Result<Held, StoreError> {
        let closed = |_| StoreError::Unavailable("the store is closed".to_owned());
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let idle = self.idle().pop();
        let (connection, is_fresh) = match idle {
            Some(it) => (it, false),
            None => (Connection::open(&self.address).await?, true),
        };
        Ok(Held { connection: Some(connection), lane: Arc::clone(self), is_clean: false, is_fresh, _permit: permit })
    }

    /// Forgets idle connections: the server that they led to has gone.
    pub(crate) fn forget(&self) {
        self.idle().clear();
    }
}

/// A connection that is in use.
pub(crate) struct Held {
    connection: Option<Connection>,
    lane: Arc<Lane>,
    is_clean: bool,
    is_fresh: bool,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    pub(crate) fn get(&mut self) -> Result<&mut Connection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Unavailable("the connection is closed".to_owned()))
    }

    /// Says that nothing is left open on it, so that others may use it.
    pub(crate) fn done(mut self) {
        self.is_clean = true;
    }

    /// Whether it was made for this use, so that a failure is not one of age.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_fresh
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && self.is_clean
        {
            self.lane.idle().push(connection);
        }
    }
}
