//! Addresses: which database, and how it is opened.

use crate::StoreError;
use sqlx::{
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    fs::{File, TryLockError},
    path::Path,
    str::FromStr as _,
    time::Duration,
};

/// Statements kept prepared per connection.
const STATEMENTS: usize = 512;

/// SQLite's page caches, KiB with a minus. The writer comes back to the pages of its indexes; readers have the
/// operating system's cache below them.
const READER_CACHE: &str = "-2048";
pub(crate) const WRITER_CACHE: &str = "-16384";

/// How to make a connection.
#[derive(Clone)]
pub(crate) enum Address {
    Sqlite(Box<SqliteConnectOptions>),
    Postgres(Box<PgConnectOptions>),
}

/// A file that this process alone may use, as long as it holds the lock.
pub(crate) fn sqlite(path: &str) -> Result<(Address, Option<File>), StoreError> {
    let refused = |e: &dyn std::fmt::Display| {
        StoreError::Setup(format!(
            "the store `{path}` cannot be opened ({e}); make its folder writable, or name another with --store (STUDIUM_STORE_URL)"
        ))
    };
    if path.is_empty() || path.starts_with(':') {
        return Err(StoreError::Setup("a SQLite store is a file; write sqlite:PATH".to_owned()));
    }
    if let Some(folder) = Path::new(path).parent() {
        std::fs::create_dir_all(folder).map_err(|e| refused(&e))?;
    }
    let lock = File::options().create(true).truncate(false).write(true).open(format!("{path}.lock"));
    let lock = lock.map_err(|e| refused(&e))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StoreError::Setup(format!(
                "the store `{path}` is in use by another process; stop that one, give this one another data directory, \
                 or use PostgreSQL for several replicas"
            )));
        }
        Err(TryLockError::Error(e)) => return Err(refused(&e)),
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(STATEMENTS)
        .row_buffer_size(1024)
        .pragma("cache_size", READER_CACHE)
        .pragma("temp_store", "MEMORY")
        // What is erased is overwritten where it lay.
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", "16000")
        .pragma("journal_size_limit", "67108864");
    Ok((Address::Sqlite(Box::new(options)), Some(lock)))
}

/// The other machine to which a store's data would travel unencrypted.
///
/// # Errors
/// When the address is malformed.
pub fn in_plaintext(url: &str) -> Result<Option<String>, StoreError> {
    if !url.starts_with("postgres") {
        return Ok(None);
    }
    let options = options(url)?;
    let host = options.get_host();
    let stays = options.get_socket().is_some() || host.starts_with('/') || studium_log::address::is_here(host);
    let encrypted = matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    Ok((!stays && !encrypted).then(|| host.to_owned()))
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    PgConnectOptions::from_str(url).map_err(|e| {
        StoreError::Setup(format!("the PostgreSQL address is malformed ({e}); write postgres://USER@HOST/DATABASE"))
    })
}

pub(crate) fn postgres(url: &str) -> Result<Address, StoreError> {
    Ok(Address::Postgres(Box::new(
        options(url)?
            .application_name("studium")
            .statement_cache_capacity(STATEMENTS)
            .options([("client_min_messages", "warning")]),
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::in_plaintext;

    #[test]
    fn only_this_machine_is_spoken_to_in_plaintext() {
        for safe in [
            "sqlite:x.db",
            "postgres://ann@localhost/x",
            "postgres://ann@127.0.0.1:5433/x",
            "postgres://ann@[::1]/x",
            "postgres:///x?host=/run/postgresql",
            "postgres://ann@db.example.org/x?sslmode=verify-full&sslrootcert=ca.pem",
            "postgresql://ann@db.example.org/x?sslmode=require",
        ] {
            assert_eq!(in_plaintext(safe).unwrap(), None, "{safe}");
        }
        for told in ["postgres://ann@db.example.org/x", "postgres://ann@db.example.org/x?sslmode=disable"] {
            assert_eq!(in_plaintext(told).unwrap().as_deref(), Some("db.example.org"), "{told}");
        }
    }
}
