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
    /// Nothing can be written until somebody acts; the sentence says what to do.
    #[error("{0}")]
    Stuck(String),
    /// What was found cannot be worked with until somebody acts; the sentence says what to do. Whatever else is there
    /// can be worked with: a look-up policy that says so is parked for the one aggregate.
    #[error("{0}")]
    Unfit(String),
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
    pub const READONLY: u32 = 8;
    pub const IOERR: u32 = 10;
    pub const CORRUPT: u32 = 11;
    pub const FULL: u32 = 13;
    pub const CANTOPEN: u32 = 14;
    pub const NOTADB: u32 = 26;
}

fn from_database(e: &dyn DatabaseError) -> StoreError {
    let code = e.code().unwrap_or_default();
    // SQLite reports numbers (extended codes: the low byte is the primary one), PostgreSQL five characters.
    let passes = match (code.len(), code.parse::<u32>()) {
        (5, _) | (_, Err(_)) => {
            if code == "53100" {
                return StoreError::Stuck("the disk of the PostgreSQL server is full; free space on it".to_owned());
            }
            ["08", "40", "53", "55", "57"].iter().any(|it| code.starts_with(it))
        }
        (_, Ok(number)) => {
            matches!(number & 0xff, sqlite::BUSY | sqlite::LOCKED | sqlite::IOERR | sqlite::FULL | sqlite::CANTOPEN)
        }
    };
    if passes { StoreError::Unavailable(e.to_string()) } else { StoreError::Query(e.to_string()) }
}

/// What went wrong with a SQLite file, where somebody must act with what to do about that file.
pub(crate) fn of_file(e: sqlx::Error, file: &str) -> StoreError {
    let Some(it) = e.as_database_error() else { return e.into() };
    let Some(code) = it.code().and_then(|it| it.parse::<u32>().ok()) else { return e.into() };
    StoreError::Stuck(match code & 0xff {
        sqlite::FULL => format!("the disk that holds `{file}` is full; free space on it"),
        // Some writes of SQLite say no more of a full disk than this.
        sqlite::IOERR => format!("the disk that holds `{file}` is full or fails {it}; free space on it or replace it"),
        sqlite::BUSY | sqlite::LOCKED => format!("`{file}` is locked by another program; end that one"),
        sqlite::READONLY => format!("`{file}` may not be written; give this user the right to"),
        sqlite::CANTOPEN => format!("`{file}` cannot be opened; check that its folder is there and may be written"),
        sqlite::NOTADB | sqlite::CORRUPT => {
            format!("`{file}` is no whole SQLite database {it}; move it away, and it is made anew from the log")
        }
        _ => return e.into(),
    })
}
