//! A view: a table, and how events change its rows.

use crate::{Changes, Dialect, Row};
use std::cell::RefCell;
use studium_core::Event;
use studium_log::Stored;
use studium_proto::log::v1::Commit;

/// Folds streams into a table. The author names the rows that an event touches; the kernel reads and writes them.
pub trait View: Send + Sync + 'static {
    /// One line of the table.
    type Row: Row;
    /// Name of the table and of the checkpoint. Ends in a number; raise it to build a new table beside the old one.
    const NAME: &'static str;
    /// The streams that it folds: names of services.
    const STREAMS: &'static [&'static str];

    /// Statements that follow the creation of the table: indexes, full-text search. `{table}` stands for its name,
    /// and every further object's name starts with `{table}_`. They run on an empty table at first and on a full one
    /// after a rebuild, so what is derived from rows must be filled here, too
    /// (`INSERT INTO {table}_fts({table}_fts) VALUES ('rebuild')`).
    /// On SQLite a table has a `rowid` only if a statement here speaks of it.
    fn ddl(dialect: Dialect) -> Vec<String> {
        let _ = dialect;
        Vec::new()
    }

    /// Says which rows an event touches and how it changes them.
    fn fold(event: &Recorded<'_>, rows: &mut Changes<Self::Row>);
}

/// One event of one commit.
pub struct Recorded<'a> {
    stream: &'a str,
    stored: &'a Stored,
    aggregate: &'a str,
    id: &'a str,
    event: &'a [u8],
    damage: &'a RefCell<String>,
}

impl<'a> Recorded<'a> {
    /// Calls `each` for the events of commits, in order. Stops at bytes that are no event at all, and says so.
    pub(crate) fn each(stream: &str, commits: &[Stored], mut each: impl FnMut(&Recorded<'_>)) -> Result<(), String> {
        let damage = RefCell::new(String::new());
        for stored in commits {
            let (aggregate, id) = stored.commit.subject.rsplit_once('.').unwrap_or_default();
            for event in &stored.commit.events {
                each(&Recorded { stream, stored, aggregate, id, event, damage: &damage });
            }
            if !damage.borrow().is_empty() {
                return Err(format!("position {} of `{stream}`: {}", stored.position, damage.borrow()));
            }
        }
        Ok(())
    }

    /// The event, if it is one of these; `None` when it is of another aggregate or unknown to this build.
    pub fn read<E: Event>(&self) -> Option<E> {
        if self.aggregate != E::AGGREGATE {
            return None;
        }
        E::from_bytes(self.event).unwrap_or_else(|e| {
            *self.damage.borrow_mut() = e.to_string();
            None
        })
    }

    /// The aggregate's id: the last token of the subject.
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// The kind of aggregate: `enrolment.enrolment`.
    pub fn aggregate(&self) -> &'a str {
        self.aggregate
    }

    /// The commit that it is part of.
    pub fn commit(&self) -> &'a Commit {
        &self.stored.commit
    }

    /// SHA-256 of the commit as it is stored, which the aggregate's next commit carries.
    pub fn hash(&self) -> [u8; 32] {
        self.stored.hash()
    }

    /// Position of the commit in its stream.
    pub fn position(&self) -> u64 {
        self.stored.position
    }

    /// The stream: a service's name.
    pub fn stream(&self) -> &'a str {
        self.stream
    }

    /// When it happened, Unix milliseconds.
    pub fn at_ms(&self) -> i64 {
        self.stored.commit.at_ms
    }
}
