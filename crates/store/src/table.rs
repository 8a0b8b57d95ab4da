//! Tables: how many rows are read, written and deleted at once in either dialect.

use crate::{
    ColumnKind, ColumnShape, Dialect, StoreError, Value,
    connection::{Args, Connection},
};
use std::sync::Arc;

/// Rows in one statement on SQLite: few texts, so that all of them stay prepared. What is left over is padded.
const CHUNKS: [usize; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/// Parameters in one statement, at most (`SQLITE_MAX_VARIABLE_NUMBER`).
const PARAMETERS_MAX: usize = 32_000;

/// A table and the statements on it.
pub(crate) struct Table {
    pub(crate) name: String,
    columns: Vec<ColumnShape>,
    kinds: Vec<ColumnKind>,
    keys: usize,
    fetch: Vec<Arc<str>>,
    write: Vec<Arc<str>>,
    delete: Vec<Arc<str>>,
    how: Write,
    dialect: Dialect,
}

/// How rows go in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Write {
    /// A row that is there already is replaced.
    Upsert,
    /// A row that is there already is an error.
    Insert,
}

impl Table {
    pub(crate) fn new(name: &str, columns: &[ColumnShape], keys: usize, how: Write, dialect: Dialect) -> Self {
        let mut table = Self {
            name: name.to_owned(),
            columns: columns.to_vec(),
            kinds: columns.iter().map(|it| it.kind).collect(),
            keys,
            fetch: Vec::new(),
            write: Vec::new(),
            delete: Vec::new(),
            how,
            dialect,
        };
        let sizes: &[usize] = if dialect == Dialect::Sqlite { &CHUNKS } else { &[0] };
        for size in sizes.iter().filter(|it| **it * columns.len() <= PARAMETERS_MAX) {
            table.fetch.push(table.fetch_sql(*size).into());
            table.write.push(table.write_sql(*size).into());
            table.delete.push(table.delete_sql(*size).into());
        }
        table
    }

    fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|it| it.name).collect()
    }

    /// The statement that makes the table. `has_rowid` keeps SQLite's row number, which external-content FTS needs.
    pub(crate) fn create_sql(&self, has_rowid: bool) -> String {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|it| {
                // SQLite copies every page that a statement changes if a row of it may still be refused for a null;
                // the fold checks for nulls before.
                let null = if it.nullable || self.dialect == Dialect::Sqlite { "" } else { " NOT NULL" };
                format!("{} {}{null}", it.name, kind_sql(it.kind, self.dialect))
            })
            .collect();
        let (columns, keys) = (columns.join(", "), self.names()[..self.keys].join(", "));
        // A single whole-number key is the row number itself.
        let is_numbered = self.keys == 1 && self.kinds[0] == ColumnKind::Int;
        let tail = if self.dialect == Dialect::Sqlite && !has_rowid && !is_numbered { " WITHOUT ROWID" } else { "" };
        format!("CREATE TABLE {} ({columns}, PRIMARY KEY ({keys})){tail}", self.name)
    }

    /// A statement that fails if the table has not these columns.
    pub(crate) fn probe_sql(&self) -> String {
        format!("SELECT {} FROM {} LIMIT 1", self.names().join(", "), self.name)
    }

    /// Rows as a source: `VALUES` with `size` rows on SQLite, arrays on PostgreSQL.
    fn source(&self, size: usize, columns: usize) -> String {
        match self.dialect {
            Dialect::Sqlite => {
                let row = format!("({})", vec!["?"; columns].join(","));
                format!("VALUES {}", vec![row; size].join(","))
            }
            Dialect::Postgres => {
                let arrays: Vec<_> =
                    (0..columns).map(|i| format!("${}::{}[]", i + 1, array_sql(self.kinds[i]))).collect();
                format!("UNNEST({})", arrays.join(", "))
            }
        }
    }

    fn on_keys(&self) -> String {
        let pairs: Vec<_> = (0..self.keys).map(|i| format!("t.{} = k.k{i}", self.columns[i].name)).collect();
        pairs.join(" AND ")
    }

    fn fetch_sql(&self, size: usize) -> String {
        let columns: Vec<_> = self.names().iter().map(|it| format!("t.{it}")).collect();
        let (columns, on, source) = (columns.join(", "), self.on_keys(), self.source(size, self.keys));
        let (name, aliases) = (&self.name, self.aliases());
        match self.dialect {
            Dialect::Sqlite => {
                format!("WITH k({aliases}) AS ({source}) SELECT {columns} FROM k CROSS JOIN {name} t ON {on}")
            }
            Dialect::Postgres => format!("SELECT {columns} FROM {source} AS k({aliases}) JOIN {name} t ON {on}"),
        }
    }

    fn aliases(&self) -> String {
        (0..self.keys).map(|i| format!("k{i}")).collect::<Vec<_>>().join(", ")
    }

    fn write_sql(&self, size: usize) -> String {
        let names = self.names();
        let source = self.source(size, names.len());
        let source = if self.dialect == Dialect::Sqlite { source } else { format!("SELECT * FROM {source}") };
        // What fails takes its transaction with it, so SQLite need not keep the means to undo one statement alone.
        let verb = if self.dialect == Dialect::Sqlite { "INSERT OR FAIL INTO" } else { "INSERT INTO" };
        let insert = format!("{verb} {} ({}) {source}", self.name, names.join(", "));
        if self.how == Write::Insert {
            return insert;
        }
        let keys = names[..self.keys].join(", ");
        let sets: Vec<_> = names[self.keys..].iter().map(|it| format!("{it} = excluded.{it}")).collect();
        let action = if sets.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", sets.join(", ")) };
        format!("{insert} ON CONFLICT ({keys}) DO {action}")
    }

    fn delete_sql(&self, size: usize) -> String {
        let (name, source) = (&self.name, self.source(size, self.keys));
        match self.dialect {
            Dialect::Sqlite => {
                format!("DELETE FROM {name} WHERE ({}) IN ({source})", self.names()[..self.keys].join(", "))
            }
            Dialect::Postgres => {
                format!("DELETE FROM {name} t USING {source} AS k({}) WHERE {}", self.aliases(), self.on_keys())
            }
        }
    }

    /// The rows with these keys, which are given one after the other.
    pub(crate) async fn fetch(&self, db: &mut Connection, keys: Vec<Value>) -> Result<Vec<Vec<Value>>, StoreError> {
        if self.dialect == Dialect::Postgres {
            let args = Args::Arrays { first: &[], rows: &keys, kinds: &self.kinds[..self.keys] };
            return db.fetch(Arc::clone(&self.fetch[0]), args).await;
        }
        let mut rows = Vec::with_capacity(keys.len() / self.keys);
        for (sql, chunk) in chunks(&self.fetch, keys, self.keys, true) {
            rows.append(&mut db.fetch(sql, Args::Owned(chunk)).await?);
        }
        Ok(rows)
    }

    /// Writes rows, which are given one after the other.
    pub(crate) async fn write(&self, db: &mut Connection, rows: Vec<Value>) -> Result<(), StoreError> {
        self.execute(db, &self.write, rows, self.columns.len()).await
    }

    /// Deletes the rows with these keys.
    pub(crate) async fn delete(&self, db: &mut Connection, keys: Vec<Value>) -> Result<(), StoreError> {
        self.execute(db, &self.delete, keys, self.keys).await
    }

    async fn execute(
        &self,
        db: &mut Connection,
        statements: &[Arc<str>],
        values: Vec<Value>,
        width: usize,
    ) -> Result<(), StoreError> {
        if values.is_empty() {
            return Ok(());
        }
        if self.dialect == Dialect::Postgres {
            let args = Args::Arrays { first: &[], rows: &values, kinds: &self.kinds[..width] };
            db.execute(Arc::clone(&statements[0]), args).await?;
            return Ok(());
        }
        for (sql, chunk) in chunks(statements, values, width, self.how == Write::Upsert) {
            db.execute(sql, Args::Owned(chunk)).await?;
        }
        Ok(())
    }
}

/// Cuts rows into the sizes that there are statements for. If it may be padded, the last chunk repeats its last row
/// until it fits, which changes nothing: reads look rows up by key, writes replace by key.
fn chunks(
    statements: &[Arc<str>],
    values: Vec<Value>,
    width: usize,
    is_padded: bool,
) -> impl Iterator<Item = (Arc<str>, Vec<Value>)> {
    let mut values = values.into_iter();
    std::iter::from_fn(move || {
        let left = values.len() / width;
        if left == 0 {
            return None;
        }
        let sizes = &CHUNKS[..statements.len()];
        let fit = if is_padded {
            sizes.iter().position(|it| *it >= left).unwrap_or(sizes.len() - 1)
        } else {
            sizes.iter().rposition(|it| *it <= left).unwrap_or(0)
        };
        let size = CHUNKS[fit];
        let mut chunk: Vec<_> = values.by_ref().take(size * width).collect();
        while chunk.len() < size * width {
            chunk.extend_from_within(chunk.len() - width..);
        }
        Some((Arc::clone(&statements[fit]), chunk))
    })
}

fn kind_sql(kind: ColumnKind, dialect: Dialect) -> &'static str {
    match (kind, dialect) {
        (ColumnKind::Text, Dialect::Sqlite) => "TEXT",
        // Ordered by bytes whatever the server's language, as SQLite does.
        (ColumnKind::Text, Dialect::Postgres) => "TEXT COLLATE \"C\"",
        (ColumnKind::Int | ColumnKind::Bool, Dialect::Sqlite) => "INTEGER",
        (ColumnKind::Int, Dialect::Postgres) => "BIGINT",
        (ColumnKind::Real, Dialect::Sqlite) => "REAL",
        (ColumnKind::Real, Dialect::Postgres) => "DOUBLE PRECISION",
        (ColumnKind::Bool, Dialect::Postgres) => "BOOLEAN",
        (ColumnKind::Bytes, Dialect::Sqlite) => "BLOB",
        (ColumnKind::Bytes, Dialect::Postgres) => "BYTEA",
    }
}

fn array_sql(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Int => "bigint",
        ColumnKind::Real => "double precision",
        ColumnKind::Bool => "boolean",
        ColumnKind::Bytes => "bytea",
    }
}
