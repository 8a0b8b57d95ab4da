//! Checkpoints: how far each view has seen each stream, and the fence that keeps two runners apart.

use crate::{ColumnKind, Dialect, Store, StoreError, Value, connection::Args, row::next_column, store::Tx};

/// How the fault of a view begins whose rows lack something that only a rebuild brings back.
pub(crate) const INCOMPLETE: &str = "incomplete: ";

/// One view and one stream.
pub(crate) struct Checkpoint {
    pub(crate) view: String,
    pub(crate) stream: String,
    pub(crate) position: u64,
    /// Counts every change of the view's rows, whichever stream it came from.
    pub(crate) revision: i64,
    /// Why the view stands still; empty while it does not.
    pub(crate) fault: String,
}

/// One view's step over a batch.
pub(crate) struct Step<'a> {
    pub(crate) view: &'a str,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) revision: i64,
    /// How many streams the view folds.
    pub(crate) streams: usize,
}

pub(crate) fn ddl() -> Vec<String> {
    vec![
        "CREATE TABLE IF NOT EXISTS checkpoint (view TEXT NOT NULL, stream TEXT NOT NULL, position BIGINT NOT NULL, \
         revision BIGINT NOT NULL, fault TEXT NOT NULL, PRIMARY KEY (view, stream))"
            .to_owned(),
    ]
}

const SELECT: &str = "SELECT view, stream, position, revision, fault FROM checkpoint";

fn read(row: Vec<Value>) -> Result<Checkpoint, StoreError> {
    let values = &mut row.into_iter();
    Ok(Checkpoint {
        view: next_column(values)?,
        stream: next_column(values)?,
        position: next_column(values)?,
        revision: next_column(values)?,
        fault: next_column(values)?,
    })
}

/// Every checkpoint.
pub(crate) async fn all(store: &Store) -> Result<Vec<Checkpoint>, StoreError> {
    store.fetch(SELECT.into(), &[]).await?.into_iter().map(read).collect()
}

/// The checkpoints of one view.
pub(crate) async fn of(store: &Store, view: &str) -> Result<Vec<Checkpoint>, StoreError> {
    let sql = format!("{SELECT} WHERE view = $1");
    store.fetch(sql.into(), &[view.into()]).await?.into_iter().map(read).collect()
}

/// The checkpoints of one view, which nobody else may move until the transaction ends.
pub(crate) async fn locked(tx: &mut Tx, dialect: Dialect, view: &str) -> Result<Vec<Checkpoint>, StoreError> {
    // On SQLite the transaction has the whole file.
    let lock = if dialect == Dialect::Postgres { " FOR UPDATE" } else { "" };
    tx.fetch(&format!("{SELECT} WHERE view = $1{lock}"), &[view.into()]).await?.into_iter().map(read).collect()
}

/// Makes sure that a view has a checkpoint for a stream.
pub(crate) async fn ensure(tx: &mut Tx, view: &str, stream: &str) -> Result<(), StoreError> {
    let sql = "INSERT INTO checkpoint (view, stream, position, revision, fault) \
               SELECT $1, $2, 0, COALESCE(MAX(revision), 0), '' FROM checkpoint WHERE view = $1 \
               ON CONFLICT (view, stream) DO NOTHING";
    tx.execute(sql, &[view.into(), stream.into()]).await.map(drop)
}

/// Writes down why a view stands still; nothing takes that back.
pub(crate) async fn set_fault(store: &Store, view: &str, fault: &str) -> Result<(), StoreError> {
    store.execute("UPDATE checkpoint SET fault = $2 WHERE view = $1", &[view.into(), fault.into()]).await.map(drop)
}

/// Lets a view go on that stood still, unless only a rebuild makes it whole.
pub(crate) async fn clear_fault(store: &Store, view: &str) -> Result<(), StoreError> {
    let sql = "UPDATE checkpoint SET fault = '' WHERE view = $1 AND substr(fault, 1, length($2)) <> $2";
    store.execute(sql, &[view.into(), INCOMPLETE.into()]).await.map(drop)
}

/// Moves the checkpoints of a batch, if they all stand where this runner left them. False: somebody else runs, too.
pub(crate) async fn advance(
    tx: &mut Tx,
    dialect: Dialect,
    stream: &str,
    steps: &[Step<'_>],
) -> Result<bool, StoreError> {
    let expected: usize = steps.iter().map(|it| it.streams).sum();
    let moved = match dialect {
        Dialect::Sqlite => {
            let steps: Vec<_> = steps.iter().map(|it| (it.view, it.from, it.to, it.revision)).collect();
            let steps = serde_json::to_string(&steps).map_err(|e| StoreError::Query(e.to_string()))?;
            let sql = "UPDATE checkpoint SET revision = n.revision + 1, \
                         position = CASE WHEN checkpoint.stream = $1 THEN n.target ELSE checkpoint.position END \
                       FROM (SELECT value ->> 0 AS name, value ->> 1 AS origin, value ->> 2 AS target, \
                             value ->> 3 AS revision FROM json_each($2)) AS n \
                       WHERE checkpoint.view = n.name AND checkpoint.revision = n.revision \
                         AND (checkpoint.stream <> $1 OR checkpoint.position = n.origin)";
            tx.execute(sql, &[stream.into(), steps.into()]).await?
        }
        Dialect::Postgres => {
            let rows: Vec<_> = steps
                .iter()
                .flat_map(|it| [it.view.into(), it.from.into(), it.to.into(), it.revision.into()])
                .collect();
            let sql = "UPDATE checkpoint c SET revision = n.revision + 1, \
                         position = CASE WHEN c.stream = $1 THEN n.target ELSE c.position END \
                       FROM UNNEST($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) \
                         AS n(name, origin, target, revision) \
                       WHERE c.view = n.name AND c.revision = n.revision AND (c.stream <> $1 OR c.position = n.origin)";
            let kinds = [ColumnKind::Text, ColumnKind::Int, ColumnKind::Int, ColumnKind::Int];
            let args = Args::Arrays { first: &[stream.into()], rows: &rows, kinds: &kinds };
            tx.connection()?.execute(sql.into(), args).await?
        }
    };
    Ok(moved == expected as u64)
}
