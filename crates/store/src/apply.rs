//! One batch: fold in memory, write set by set, move the checkpoints, all in one transaction.

use crate::{
    Store, StoreError,
    changes::{Folded, Written},
    checkpoint::{self, Step},
    member::{Member, State, guarded},
};
use futures::future::try_join_all;
use std::sync::Arc;
use studium_log::Stored;
use tokio::sync::MutexGuard;

/// Why a batch was not written. Nothing of it is in the database.
pub(crate) enum Halt {
    /// Somebody else moved a checkpoint: read them again and go on from there.
    Fenced,
    /// One view cannot go on; the others can.
    Broken(Arc<Member>, String),
    /// The database or the log did not answer.
    Fault(StoreError),
}

impl From<StoreError> for Halt {
    fn from(e: StoreError) -> Self {
        Self::Fault(e)
    }
}

/// A batch with what was folded of it ahead of time, by name of the member.
pub(crate) struct Batch {
    pub(crate) commits: Vec<Stored>,
    pub(crate) folded: Vec<(String, Box<dyn Folded>)>,
}

/// One member's part in a batch.
struct Part<'a> {
    member: &'a Arc<Member>,
    state: MutexGuard<'a, State>,
    folded: Option<Box<dyn Folded>>,
    written: Written,
}

/// Writes what a batch means to the members. Each takes only what it has not seen, so a redelivery changes nothing.
pub(crate) async fn apply(store: &Store, stream: &str, members: &[Arc<Member>], mut batch: Batch) -> Result<(), Halt> {
    let Some(to) = batch.commits.last().map(|it| it.position) else { return Ok(()) };
    let mut parts = Vec::with_capacity(members.len());
    for member in members {
        let mut state = member.state.lock().await;
        if state.is_torn {
            return Err(Halt::Fenced);
        }
        let start = batch.commits.partition_point(|it| it.position <= state.position(stream));
        if start == batch.commits.len() || !state.fault.is_empty() {
            continue;
        }
        let ahead = batch.folded.iter().position(|(name, _)| *name == member.name);
        let folded = match ahead.map(|it| batch.folded.swap_remove(it).1) {
            Some(it) if start == 0 => it,
            _ => member.fold.fold(stream, &batch.commits[start..]).map_err(|e| Halt::Broken(Arc::clone(member), e))?,
        };
        state.is_torn = true;
        parts.push(Part { member, state, folded: Some(folded), written: Written::default() });
    }
    if parts.is_empty() {
        return Ok(());
    }
    let t0 = std::time::Instant::now();
    fold(store, &mut parts).await?;
    add("fold+prefetch", t0);
    write(store, stream, &mut parts, to).await?;
    for part in &mut parts {
        part.state.is_torn = false;
        part.state.revision += 1;
        part.state.positions.insert(stream.to_owned(), to);
        store.announce(&part.member.name, stream, to);
    }
    Ok(())
}

/// Reads the touched rows outside of the transaction: if anybody changes them before it commits, the fence holds.
async fn fold(store: &Store, parts: &mut [Part<'_>]) -> Result<(), Halt> {
    let reads = parts.iter_mut().map(|part| {
        let keys = part.folded.as_mut().map(|it| it.missing(&mut part.state.memory)).unwrap_or_default();
        let member = part.member;
        async move { store.fetch_rows(&member.table, keys).await.map_err(|e| blame(member, e)) }
    });
    let t0 = std::time::Instant::now();
    let fetched = try_join_all(reads).await?;
    add("prefetch", t0);
    for (part, rows) in parts.iter_mut().zip(fetched) {
        let Some(folded) = part.folded.take() else { continue };
        let memory = &mut part.state.memory;
        part.written = guarded(|| folded.apply(memory, rows))
            .and_then(|it| it)
            .map_err(|e| Halt::Broken(Arc::clone(part.member), e))?;
    }
    Ok(())
}

async fn write(store: &Store, stream: &str, parts: &mut [Part<'_>], to: u64) -> Result<(), Halt> {
    let mut tx = store.begin_batch().await?;
    for part in &mut *parts {
        let Written { rows, deleted } = std::mem::take(&mut part.written);
        let db = tx.connection()?;
        let blame = |e| blame(part.member, e);
        let t0 = std::time::Instant::now();
        part.member.table.write(db, rows).await.map_err(blame)?;
        add(&format!("write {}", part.member.name), t0);
        part.member.table.delete(db, deleted).await.map_err(blame)?;
    }
    let steps: Vec<_> = parts
        .iter()
        .map(|part| Step {
            view: &part.member.name,
            from: part.state.position(stream),
            to,
            revision: part.state.revision,
            streams: part.state.positions.len(),
        })
        .collect();
    if !checkpoint::advance(&mut tx, store.dialect(), stream, &steps).await? {
        tx.rollback().await?;
        return Err(Halt::Fenced);
    }
    let t0 = std::time::Instant::now();
    tx.commit().await?;
    add("commit", t0);
    Ok(())
}

/// A statement that is refused is the view's fault; a database that does not answer is nobody's.
fn blame(member: &Arc<Member>, e: StoreError) -> Halt {
    match e {
        StoreError::Query(e) => Halt::Broken(Arc::clone(member), e),
        e => Halt::Fault(e),
    }
}

static T: std::sync::Mutex<std::collections::BTreeMap<String, (u32, std::time::Duration)>> =
    std::sync::Mutex::new(std::collections::BTreeMap::new());
pub fn add(n: &str, t: std::time::Instant) {
    let mut m = T.lock().unwrap();
    let e = m.entry(n.to_owned()).or_default();
    e.0 += 1;
    e.1 += t.elapsed();
}
pub fn show() {
    for (n, (c, d)) in T.lock().unwrap().iter() {
        println!("{n:24} {c:6} {d:?}");
    }
}
