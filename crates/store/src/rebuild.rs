//! Rebuild beside: a new table grows next to the one that serves, and takes its place in one transaction.

use crate::{
    Dialect, Projection, Store, StoreError, apply::Halt, checkpoint, group, journal, member::Member, projector::Runner,
    redact, store::Tx,
};
use std::sync::Arc;
use tokio::sync::mpsc;

/// How far a rebuild is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Position reached, summed over the view's streams.
    pub position: u64,
    /// Position to reach, summed over the view's streams.
    pub head: u64,
    /// The new table is in place.
    pub done: bool,
}

/// Name of the table that grows beside another.
pub(crate) fn beside(name: &str) -> String {
    format!("{name}__beside")
}

impl Projection {
    /// Builds a view anew from the beginning of its streams while the old table serves, then puts it in its place.
    /// The last message has `done`, or is the error that ended it; dropping the receiver does not stop it.
    pub fn rebuild(&self, name: &str) -> mpsc::Receiver<Result<Progress, StoreError>> {
        let (sender, receiver) = mpsc::channel(16);
        let (runner, name) = (Arc::clone(&self.runner), name.to_owned());
        tokio::spawn(async move {
            let last = rebuild(&runner, &name, &sender).await;
            // Nobody may be watching any more.
            let _ = sender.send(last).await;
        });
        receiver
    }

    /// Drops the table of an earlier version of a view.
    ///
    /// # Errors
    /// When this build still uses it.
    pub async fn drop_retired(&self, name: &str) -> Result<(), StoreError> {
        if self.runner.members.iter().any(|it| it.name == name) {
            return Err(StoreError::Setup(format!("the view `{name}` is in use; only retired ones can be dropped")));
        }
        if checkpoint::of(&self.runner.store, name).await?.is_empty() {
            return Err(StoreError::Setup(format!("there is no view `{name}`")));
        }
        drop_table(&self.runner.store, name).await
    }
}

/// Drops a table with its side objects and checkpoints, if it is there.
pub(crate) async fn drop_table(store: &Store, name: &str) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    drop_in(&mut tx, store.dialect(), name).await?;
    tx.commit().await
}

/// The same in a transaction.
pub(crate) async fn drop_in(tx: &mut Tx, dialect: Dialect, name: &str) -> Result<(), StoreError> {
    drop_objects(tx, dialect, name).await?;
    tx.execute("DELETE FROM checkpoint WHERE view = $1", &[name.into()]).await.map(drop)
}

/// Drops a table and what its `ddl` made beside it, which is found by its name.
async fn drop_objects(tx: &mut Tx, dialect: Dialect, name: &str) -> Result<(), StoreError> {
    let (source, cascade) = match dialect {
        // Virtual tables first: they take their shadow tables with them.
        Dialect::Sqlite => {
            ("SELECT name, sql LIKE 'CREATE VIRTUAL%' AS is_virtual FROM sqlite_master WHERE type = 'table'", "")
        }
        Dialect::Postgres => (
            "SELECT tablename::text AS name, FALSE AS is_virtual FROM pg_tables WHERE schemaname = current_schema()",
            " CASCADE",
        ),
    };
    let sql = format!(
        "SELECT name FROM ({source}) AS t WHERE (name = $1 OR substr(name, 1, length($1) + 1) = $1 || '_') \
         AND substr(name, 1, length($2)) <> $2 ORDER BY is_virtual DESC, name"
    );
    for row in tx.fetch(&sql, &[name.into(), beside(name).into()]).await? {
        if let Some(crate::Value::Text(table)) = row.first() {
            tx.execute(&format!("DROP TABLE IF EXISTS {table}{cascade}"), &[]).await?;
        }
    }
    Ok(())
}

async fn rebuild(
    runner: &Runner,
    name: &str,
    report: &mpsc::Sender<Result<Progress, StoreError>>,
) -> Result<Progress, StoreError> {
    let serving = runner.members.iter().find(|it| it.name == name && it.name != journal::NAME);
    let serving = serving.ok_or_else(|| StoreError::Setup(format!("there is no view `{name}` to rebuild")))?;
    let dialect = runner.store.dialect();
    let fresh = Arc::new(Member::new(Arc::clone(&serving.fold), &beside(name), serving.order, dialect));
    loop {
        let since = begin(runner, &fresh).await?;
        let total = fill(runner, &fresh, report).await?;
        if swap(runner, serving, &fresh, since).await? {
            return Ok(Progress { position: total, head: total, done: true });
        }
        // Which of its rows hold something of a person who was erased meanwhile cannot be known.
        tracing::info!(view = name, "somebody was erased meanwhile; the rebuild begins again");
    }
}

/// Folds all that there is into the new table. Returns how much that was.
async fn fill(
    runner: &Runner,
    fresh: &Arc<Member>,
    report: &mpsc::Sender<Result<Progress, StoreError>>,
) -> Result<u64, StoreError> {
    let mut progress = Progress { position: 0, head: 0, done: false };
    let mut heads = Vec::new();
    for stream in fresh.fold.streams() {
        let head = runner.log.head(stream).await?;
        progress.head += head;
        heads.push((stream, head));
    }
    for (stream, head) in heads {
        let base = progress.position;
        let step = |at: u64| {
            progress.position = base + at;
            progress.head = progress.head.max(progress.position);
            // A watcher that is slow misses steps, never the end.
            let _ = report.try_send(Ok(progress));
            at >= head
        };
        group::fold_until(runner, fresh, stream, step).await.map_err(stopped)?;
    }
    Ok(progress.head)
}

fn stopped(halt: Halt) -> StoreError {
    match halt {
        Halt::Fenced => StoreError::Setup("another rebuild of this view has begun; watch that one".to_owned()),
        Halt::Stale => StoreError::Unavailable("a key was destroyed meanwhile; rebuild the view again".to_owned()),
        Halt::Broken(_, why) => StoreError::Query(why),
        Halt::Fault(e) => e,
    }
}

/// Makes the empty table. It gets its indexes when it takes its place: filling it is faster without.
/// Returns the revision of the bucket of keys up to which no destroyed key opens anything that comes into the table.
async fn begin(runner: &Runner, fresh: &Member) -> Result<u64, StoreError> {
    let store = &runner.store;
    let mut tx = store.begin().await?;
    drop_objects(&mut tx, store.dialect(), &fresh.name).await?;
    tx.execute(&fresh.create_sql(store.dialect()), &[]).await?;
    // The revision goes on, so that a rebuild that was under way meets the fence.
    let old = checkpoint::locked(&mut tx, store.dialect(), &fresh.name).await?;
    let revision = old.iter().map(|it| it.revision).max().unwrap_or(0) + 1;
    tx.execute("DELETE FROM checkpoint WHERE view = $1", &[fresh.name.as_str().into()]).await?;
    for stream in fresh.fold.streams() {
        checkpoint::ensure(&mut tx, &fresh.name, stream).await?;
    }
    let sql = "UPDATE checkpoint SET revision = $2 WHERE view = $1";
    tx.execute(sql, &[fresh.name.as_str().into(), revision.into()]).await?;
    tx.commit().await?;
    fresh.load(store).await?;
    let keys = runner.log.keys();
    let since = if keys.can_open() { keys.revision().await?.0 } else { 0 };
    // This process may not have heard yet of keys that were destroyed.
    keys.forget_all();
    Ok(since)
}

/// Takes out of the new table what keys could open that were destroyed since it was begun. Returns what it then is
/// clean up to; `None` when it has to be begun again.
async fn clean(runner: &Runner, fresh: &Arc<Member>, since: u64) -> Result<Option<u64>, StoreError> {
    let (names, reached) = runner.log.keys().destroyed_since(since).await?;
    if names.is_empty() {
        return Ok(Some(reached));
    }
    runner.log.keys().forget(&names);
    let (_, tables) = redact::redact(runner, std::slice::from_ref(fresh), &names).await?;
    Ok(tables.is_empty().then_some(reached))
}

/// Puts the new table in the place of the old one; false when it has to be begun again. Meanwhile nobody moves the old
/// one's checkpoint, so the new one can be brought level with it: its readers never go back in time. Nor does anybody
/// redact the old one: whoever is erased from then on is erased from the new one.
async fn swap(runner: &Runner, serving: &Member, fresh: &Arc<Member>, since: u64) -> Result<bool, StoreError> {
    let mut since = since;
    loop {
        let Some(clean) = clean(runner, fresh, since).await? else { return Ok(false) };
        if swap_if_clean(runner, serving, fresh, clean).await? {
            return Ok(true);
        }
        since = clean;
    }
}

async fn swap_if_clean(runner: &Runner, serving: &Member, fresh: &Arc<Member>, since: u64) -> Result<bool, StoreError> {
    let (store, name) = (&runner.store, serving.name.as_str());
    let dialect = store.dialect();
    let mut state = serving.state.lock().await;
    // On SQLite, where this process is the only one, the state's lock suffices, and the one writer is still needed.
    let (old, early) = match dialect {
        Dialect::Sqlite => (checkpoint::of(store, name).await?, None),
        Dialect::Postgres => {
            let mut tx = store.begin().await?;
            (checkpoint::locked(&mut tx, dialect, name).await?, Some(tx))
        }
    };
    for it in &old {
        group::fold_until(runner, fresh, &it.stream, |at| at >= it.position).await.map_err(stopped)?;
    }
    if !runner.log.keys().destroyed_since(since).await?.0.is_empty() {
        if let Some(tx) = early {
            tx.rollback().await?;
        }
        return Ok(false);
    }
    let mut tx = match early {
        Some(tx) => tx,
        None => store.begin().await?,
    };
    drop_objects(&mut tx, dialect, name).await?;
    tx.execute(&format!("ALTER TABLE {} RENAME TO {name}", fresh.name), &[]).await?;
    for sql in serving.ddl(dialect, name) {
        tx.execute(&sql, &[]).await?;
    }
    tx.execute("DELETE FROM checkpoint WHERE view = $1", &[fresh.name.as_str().into()]).await?;
    let reached = fresh.state.lock().await;
    for it in &old {
        // What the new table lacks because of a lost key it still lacks in its place.
        let sql =
            "UPDATE checkpoint SET position = $3, revision = revision + 1, fault = $4 WHERE view = $1 AND stream = $2";
        let (stream, position) = (it.stream.as_str().into(), reached.position(&it.stream).into());
        tx.execute(sql, &[name.into(), stream, position, reached.fault.as_str().into()]).await?;
    }
    tx.commit().await?;
    // Whatever this process remembers of the old table is worth nothing now; its groups read it all again.
    state.is_torn = true;
    drop(state);
    runner.restarts.send_modify(|it| *it += 1);
    store.refresh().await?;
    Ok(true)
}
