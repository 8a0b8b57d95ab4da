//! What can go wrong in the store, by what the caller can do about it.

use sqlx::error::DatabaseError;
use studium_log::LogError;

/// The store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Something about the set-up is wrong; the sentence says what to do.
    #[error("{0}")]
    Setup(String),
    /// The database does not answer just now; trying again later may help.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// The database refused a statement, or a row is not what was expected.
    #[error("the store refused: {0}")]
    Query(String),
    /// The log did not answer.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// A view that has not seen a position in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the view has only seen position {at}")]
pub struct Late {
    /// Position that it has seen.
    pub at: u64,
}

impl From<sqlx::Error> for StoreError {
    fn from(e: sqlx::Error) -> Self {
        match &e {
            sqlx::Error::Database(it) => from_database(it.as_ref()),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(e.to_string())
            }
            _ => Self::Query(e.to_string()),
        }
    }
}

/// Primary result codes of SQLite that pass by themselves or by an operator's hand (sqlite.org/rescode.html).
mod sqlite {
    pub const BUSY: u32 = 5;
    pub const LOCKED: u32 = 6;
    pub const IOERR: u32 = 10;
    pub const FULL: u32 = 13;
    pub const CANTOPEN: u32 = 14;
}

fn from_database(e: &dyn DatabaseError) -> StoreError {
    let code = e.code().unwrap_or_default();
    // SQLite reports numbers (extended codes: the low byte is the primary one), PostgreSQL five characters.
    let passes = match (code.len(), code.parse::<u32>()) {
        (5, _) | (_, Err(_)) => {
            if code.starts_with("53100") {
                return StoreError::Unavailable("the database's disk is full; free some space".to_owned());
            }
            ["08", "40", "53", "55", "57"].iter().any(|it| code.starts_with(it))
        }
        (_, Ok(number)) => match number & 0xff {
            sqlite::FULL => {
                return StoreError::Unavailable("the disk of the data directory is full; free some space".to_owned());
            }
            it => matches!(it, sqlite::BUSY | sqlite::LOCKED | sqlite::IOERR | sqlite::CANTOPEN),
        },
    };
    if passes { StoreError::Unavailable(e.to_string()) } else { StoreError::Query(e.to_string()) }
}
