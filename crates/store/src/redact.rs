//! Redaction: what only destroyed keys could open is taken out of the tables. The rows that its commits touch are folded
//! anew from the log, which says no more than it may.

use crate::{
    Dialect, Projection, StoreError,
    changes::Memory,
    checkpoint::{self, INCOMPLETE, Step},
    holders,
    member::{Anew, Member, Touched},
    projector::Runner,
    rebuild,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    mem,
    sync::Arc,
    time::Duration,
};
use studium_log::Stored;

/// How long the index of holders may take to see what views have seen.
const INDEXED_WITHIN: Duration = Duration::from_mins(1);

/// Commits that are read at the same time.
const AT_ONCE: usize = 64;

/// How often and with what pause SQLite is asked to empty its log while somebody reads.
const EMPTIED_ATTEMPTS: u32 = 100;
const EMPTIED_PAUSE: Duration = Duration::from_millis(50);

/// Rows of a view on their way.
struct Part {
    member: Arc<Member>,
    rows: Box<dyn Anew>,
    at: HashMap<String, u64>,
    /// A key that was lost and would have said more of these rows.
    lacks: Option<String>,
}

impl Part {
    fn take(&mut self, stream: &str, read: &Read, to: u64) -> Result<(), StoreError> {
        let mine = read.commits.partition_point(|it| it.position <= to);
        let is_locked = |it: &Stored| read.locked.contains_key(&it.position);
        for commits in read.commits[..mine].chunk_by(|a, b| is_locked(a) == is_locked(b)) {
            let touched = self.rows.take(stream, commits).map_err(StoreError::Query)?;
            if touched && let Some(key) = read.locked.get(&commits[0].position) {
                self.lacks.get_or_insert_with(|| key.clone());
            }
        }
        Ok(())
    }
}

/// Commits that are opened as far as keys go; those that a lost key keeps locked are known. One person's lost key must
/// not keep another's data from being erased.
struct Read {
    commits: Vec<Stored>,
    locked: BTreeMap<u64, String>,
}

impl Read {
    async fn of(runner: &Runner, mut commits: Vec<Stored>) -> Result<Self, StoreError> {
        let locked = runner.log.keys().open_what_can_be(&mut commits).await?;
        Ok(Self { commits, locked })
    }
}

impl Projection {
    /// The aggregates in whose commits something is sealed with these keys.
    pub async fn subjects(&self, key_names: &[String]) -> Result<Vec<String>, StoreError> {
        let commits = stored(&self.runner, key_names).await?;
        let subjects: BTreeSet<_> = commits.iter().flat_map(|it| &it.1).map(|it| it.commit.subject.clone()).collect();
        Ok(subjects.into_iter().collect())
    }

    /// Takes out of all views what these keys, which were destroyed and forgotten, could open. Done again it changes
    /// nothing. Only for the process that folds.
    pub async fn redact(&self, key_names: &[String]) -> Result<(), StoreError> {
        let runner = &*self.runner;
        let (mut touched, tables) = redact(runner, &runner.members, key_names).await?;
        for name in tables {
            let mut steps = self.rebuild(&name);
            while let Some(step) = steps.recv().await {
                step?;
            }
            touched.push(name);
        }
        drop_retired(self).await?;
        leave_no_trace(runner, &touched).await
    }
}

/// Redacts these members; names those whose rows were written anew, and those that have to be rebuilt.
pub(crate) async fn redact(
    runner: &Runner,
    members: &[Arc<Member>],
    key_names: &[String],
) -> Result<(Vec<String>, Vec<String>), StoreError> {
    wait_for_index(runner, members).await?;
    let mut commits = Vec::new();
    for (stream, read) in stored(runner, key_names).await? {
        commits.push((stream, Read::of(runner, read).await?.commits));
    }
    let (mut parts, mut tables) = (Vec::new(), Vec::new());
    for member in members {
        match member.fold.anew(&commits).map_err(StoreError::Query)? {
            Touched::Nothing => {}
            Touched::Rows(rows) => {
                parts.push(Part { member: Arc::clone(member), rows, at: HashMap::new(), lacks: None });
            }
            Touched::Table => tables.push(member.name.clone()),
        }
    }
    let touched = parts.iter().map(|it| it.member.name.clone()).collect();
    read_once(runner, &mut parts).await?;
    for part in parts {
        put(runner, part).await?;
    }
    Ok((touched, tables))
}

/// Whatever was opened before the keys were forgotten is written by now, or will be refused; the index has to know of it.
async fn wait_for_index(runner: &Runner, members: &[Arc<Member>]) -> Result<(), StoreError> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for member in members {
        for (stream, at) in &member.state.lock().await.positions {
            let most = seen.entry(stream.clone()).or_default();
            *most = (*most).max(*at);
        }
    }
    for (stream, at) in seen {
        let reached = runner.store.reached(holders::NAME, &stream, at, INDEXED_WITHIN).await;
        reached.map_err(|late| {
            StoreError::Unavailable(format!("the index of holders has seen {} of {at} commits of `{stream}`", late.at))
        })?;
    }
    Ok(())
}

/// The commits in which something is sealed with these keys, by stream and in order, as they are stored.
async fn stored(runner: &Runner, key_names: &[String]) -> Result<Vec<(String, Vec<Stored>)>, StoreError> {
    let mut places: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for name in key_names {
        for (stream, position) in holders::commits(&runner.store, name).await? {
            places.entry(stream).or_default().insert(position);
        }
    }
    let mut commits = Vec::new();
    for (stream, positions) in places {
        let read = positions.into_iter().map(|it| runner.log.read_stored(&stream, it));
        let read: Vec<_> = stream::iter(read).buffered(AT_ONCE).try_collect().await?;
        commits.push((stream, read.into_iter().flatten().collect()));
    }
    Ok(commits)
}

/// Reads each stream once, for all parts, as far as their members have folded it.
async fn read_once(runner: &Runner, parts: &mut [Part]) -> Result<(), StoreError> {
    let streams: BTreeSet<_> = parts.iter().flat_map(|it| it.member.fold.streams()).map(str::to_owned).collect();
    for stream in streams {
        let mut following: Vec<_> = parts.iter_mut().filter(|it| it.member.listens_to(&stream)).collect();
        let mut goals = Vec::new();
        for part in &mut following {
            goals.push(part.member.position(&stream).await);
        }
        let mut at = 0;
        let mut follow = runner.log.follow(&stream, 0).as_stored();
        while goals.iter().any(|it| at < *it) {
            let read = Read::of(runner, follow.next().await?).await?;
            for (part, goal) in following.iter_mut().zip(&goals) {
                part.take(&stream, &read, *goal)?;
            }
            at = follow.position();
        }
        for (part, goal) in following.into_iter().zip(goals) {
            part.at.insert(stream.clone(), goal);
        }
    }
    Ok(())
}

/// Brings rows level with their view, which stands still meanwhile, and writes them.
async fn put(runner: &Runner, part: Part) -> Result<(), StoreError> {
    let mut part = part;
    let member = Arc::clone(&part.member);
    let mut state = member.state.lock().await;
    if state.is_torn {
        return Err(StoreError::Unavailable(format!("the view `{}` is being read again", member.name)));
    }
    for (stream, from) in mem::take(&mut part.at) {
        let to = state.position(&stream);
        let mut follow = runner.log.follow(&stream, from).as_stored();
        while follow.position() < to {
            let read = Read::of(runner, follow.next().await?).await?;
            part.take(&stream, &read, to)?;
        }
    }
    let written = part.rows.written().map_err(StoreError::Query)?;
    let mut tx = runner.store.begin().await?;
    member.table.write(tx.connection()?, written.rows).await?;
    member.table.delete(tx.connection()?, written.deleted).await?;
    let stream = member.fold.streams().first().map_or_else(String::new, |it| (*it).to_owned());
    let stands = state.position(&stream);
    let (revision, streams) = (state.revision, state.positions.len());
    let step = Step { view: &member.name, from: stands, to: stands, revision, streams };
    if !checkpoint::advance(&mut tx, runner.store.dialect(), &stream, &[step]).await? {
        tx.rollback().await?;
        return Err(StoreError::Unavailable(format!("another process folds the view `{}`", member.name)));
    }
    let lacking = part.lacks.map(|key| lacking(&key));
    if let Some(fault) = &lacking {
        let sql = "UPDATE checkpoint SET fault = $2 WHERE view = $1";
        tx.execute(sql, &[member.name.as_str().into(), fault.as_str().into()]).await?;
    }
    tx.commit().await?;
    if let Some(fault) = lacking {
        tracing::error!(view = member.name, why = fault, "the view stands still; the others go on");
        state.fault = fault;
    }
    state.revision += 1;
    state.memory = Memory::default();
    Ok(())
}

fn lacking(key: &str) -> String {
    format!(
        "{INCOMPLETE}the personal key `{key}` is lost, and rows that somebody else was erased from lack what it opens; \
         bring it back with `studium privacy keys restore`, then rebuild the view"
    )
}

/// Tables of earlier versions of views are folded by nobody, so nobody can redact them.
async fn drop_retired(projection: &Projection) -> Result<(), StoreError> {
    let store = &projection.runner.store;
    let names: BTreeSet<_> = checkpoint::all(store).await?.into_iter().map(|it| it.view).collect();
    for name in names {
        let is_in_use = projection.runner.members.iter().any(|it| it.name == name || rebuild::beside(&it.name) == name);
        if !is_in_use {
            rebuild::drop_table(store, &name).await?;
        }
    }
    Ok(())
}

/// What was overwritten goes from the files, as far as the database lets us: all of it on SQLite, what is not yet reused
/// of a page stays for a while on PostgreSQL.
async fn leave_no_trace(runner: &Runner, tables: &[String]) -> Result<(), StoreError> {
    let store = &runner.store;
    if store.dialect() == Dialect::Postgres {
        for table in tables {
            store.execute(&format!("VACUUM {table}"), &[]).await?;
        }
        return Ok(());
    }
    for _ in 0..EMPTIED_ATTEMPTS {
        let emptied: Vec<(i64, i64, i64)> = store.query("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await?;
        if emptied.first().is_some_and(|it| it.0 == 0) {
            return Ok(());
        }
        tokio::time::sleep(EMPTIED_PAUSE).await;
    }
    Err(StoreError::Unavailable("the log of the SQLite store is never without readers".to_owned()))
}
