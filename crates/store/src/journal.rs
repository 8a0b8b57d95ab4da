//! The journal: the service's own commits, verbatim, found by aggregate, by request and by story.

use crate::{
    ColumnKind, ColumnShape, Dialect, Store, StoreError, Value,
    changes::{Folded, Memory, Written},
    member::{Fold, Touched},
    store::Inner,
    table::{Table, Write},
};
use futures::future::BoxFuture;
use std::{
    collections::HashMap,
    sync::{Weak, atomic::Ordering},
};
use studium_log::{History, LogError, Stored, commit_id};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

/// Name of the table and of the checkpoint.
pub(crate) const NAME: &str = "journal";

/// Aggregates that are looked up by one query, at most.
pub(crate) const GATHERED_MAX: usize = 256;

const COLUMNS: &[ColumnShape] = &[
    column("position", ColumnKind::Int),
    column("subject", ColumnKind::Text),
    column("version", ColumnKind::Int),
    // Derived from subject and request id, so this is the index by request, too.
    column("id", ColumnKind::Bytes),
    column("correlation", ColumnKind::Bytes),
    column("at_ms", ColumnKind::Int),
    column("recorded_at_ms", ColumnKind::Int),
    column("bytes", ColumnKind::Bytes),
];

const fn column(name: &'static str, kind: ColumnKind) -> ColumnShape {
    ColumnShape { name, kind, nullable: false }
}

fn table(dialect: Dialect) -> Table {
    Table::new(NAME, COLUMNS, 1, Write::Insert, dialect)
}

pub(crate) fn ddl(dialect: Dialect) -> Vec<String> {
    vec![
        table(dialect).create_sql(false).replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS"),
        // One index for two questions: what happened to an aggregate, and what a request left on it.
        "CREATE UNIQUE INDEX IF NOT EXISTS journal_by_subject ON journal (subject, id)".to_owned(),
        "CREATE INDEX IF NOT EXISTS journal_by_correlation ON journal (correlation)".to_owned(),
    ]
}

/// Sixteen bytes for a UUID, which nearly every id is; the text itself otherwise.
fn compact(id: &str) -> Value {
    Value::Bytes(Uuid::try_parse(id).map_or_else(|_| id.as_bytes().to_vec(), |it| it.as_bytes().to_vec()))
}

/// Feeds the journal: every commit of the service's own stream is a row.
pub(crate) struct JournalFold {
    pub(crate) service: String,
}

impl Fold for JournalFold {
    fn name(&self) -> &str {
        NAME
    }

    fn streams(&self) -> Vec<&str> {
        vec![&self.service]
    }

    fn table(&self, _: &str, dialect: Dialect) -> Table {
        table(dialect)
    }

    fn ddl(&self, _: Dialect) -> Vec<String> {
        Vec::new()
    }

    fn fold(&self, _: &str, commits: &[Stored]) -> Result<Box<dyn Folded>, String> {
        let mut rows = Vec::with_capacity(commits.len() * COLUMNS.len());
        for stored in commits {
            let commit = &stored.commit;
            rows.extend([
                stored.position.into(),
                Value::Text(commit.subject.clone()),
                commit.version.into(),
                compact(&commit.id),
                compact(&commit.correlation_id),
                commit.at_ms.into(),
                commit.recorded_at_ms.into(),
                Value::Bytes(stored.bytes.to_vec()),
            ]);
        }
        Ok(Box::new(Rows(rows)))
    }

    fn anew(&self, _: &[(String, Vec<Stored>)]) -> Result<Touched, String> {
        // It holds what is sealed as it is.
        Ok(Touched::Nothing)
    }
}

/// New rows only: nothing is read before and nothing is remembered.
pub(crate) struct Rows(pub(crate) Vec<Value>);

impl Folded for Rows {
    fn touches_nothing(&self) -> bool {
        self.0.is_empty()
    }

    fn missing(&mut self, _: &mut Memory) -> Result<Vec<Value>, String> {
        Ok(Vec::new())
    }

    fn apply(self: Box<Self>, _: &mut Memory, _: Vec<Vec<Value>>) -> Result<Written, String> {
        Ok(Written { rows: self.0, deleted: Vec::new() })
    }
}

/// Someone who wants the commits of an aggregate.
pub(crate) type Lookup = (String, oneshot::Sender<Result<Vec<Stored>, StoreError>>);

/// The service's own commits.
#[derive(Clone)]
pub struct Journal {
    store: Store,
    lookups: mpsc::Sender<Lookup>,
}

impl Journal {
    /// What waits for the journal, as for a view, calls it.
    pub const NAME: &'static str = NAME;

    pub(crate) fn new(store: Store) -> Self {
        Self { lookups: store.inner.lookups.clone(), store }
    }

    /// Position up to which the service's stream is in the journal. Never ahead of what the other methods see.
    pub fn position(&self) -> u64 {
        self.store.inner.journal_position.load(Ordering::Acquire)
    }

    /// All commits of an aggregate in version order. Look-ups that come together cost one query.
    pub async fn commits(&self, subject: &str) -> Result<Vec<Stored>, StoreError> {
        let gone = || StoreError::Unavailable("the store is shutting down".to_owned());
        let (sender, answer) = oneshot::channel();
        self.lookups.send((subject.to_owned(), sender)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// All commits of several aggregates, in no order.
    pub(crate) async fn commits_of(&self, subjects: &[String]) -> Result<Vec<Stored>, StoreError> {
        let mut commits = Vec::new();
        for subjects in subjects.chunks(GATHERED_MAX) {
            commits.append(&mut select_subjects(&self.store, subjects).await?);
        }
        Ok(commits)
    }

    /// The commit that a request left on an aggregate.
    pub async fn by_request(&self, subject: &str, request_id: &str) -> Result<Option<Stored>, StoreError> {
        self.by_id(subject, &commit_id(subject, request_id).to_string()).await
    }

    async fn by_id(&self, subject: &str, id: &str) -> Result<Option<Stored>, StoreError> {
        let sql = "SELECT position, bytes FROM journal WHERE subject = $1 AND id = $2";
        Ok(self.select(sql, &[subject.into(), compact(id)]).await?.pop())
    }

    /// All commits of a story, in order.
    pub async fn by_correlation(&self, correlation_id: &str) -> Result<Vec<Stored>, StoreError> {
        let sql = "SELECT position, bytes FROM journal WHERE correlation = $1 ORDER BY position";
        self.select(sql, &[compact(correlation_id)]).await
    }

    /// The commits after a position, in order, at most `limit`.
    pub async fn range(&self, after: u64, limit: u32) -> Result<Vec<Stored>, StoreError> {
        let sql = "SELECT position, bytes FROM journal WHERE position > $1 ORDER BY position LIMIT $2";
        self.select(sql, &[after.into(), limit.into()]).await
    }

    /// The bytes of the next thousand commits after a position, whatever they are.
    pub(crate) async fn raw_range(&self, after: u64) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        let sql = "SELECT position, bytes FROM journal WHERE position > $1 ORDER BY position LIMIT 1000";
        self.store.query(sql, &[after.into()]).await
    }

    async fn select(&self, sql: &str, args: &[Value]) -> Result<Vec<Stored>, StoreError> {
        let commits = self.store.query(sql, args).await?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.store.opened(commits).await
    }

    /// The commits at these positions, in order.
    pub(crate) async fn at(&self, positions: &[u64]) -> Result<Vec<Stored>, StoreError> {
        let mut commits = Vec::new();
        for positions in positions.chunks(GATHERED_MAX) {
            let list = positions.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
            let sql = format!("SELECT position, bytes FROM journal WHERE position IN ({list}) ORDER BY position");
            commits.append(&mut self.select(&sql, &[]).await?);
        }
        Ok(commits)
    }
}

fn read((position, bytes): (u64, Vec<u8>)) -> Result<Stored, StoreError> {
    Ok(Stored::decode(position, bytes.into())?)
}

async fn select_subjects(store: &Store, subjects: &[String]) -> Result<Vec<Stored>, StoreError> {
    let sql = match store.dialect() {
        Dialect::Sqlite => {
            "SELECT j.position, j.bytes FROM json_each($1) AS k CROSS JOIN journal j ON j.subject = k.value"
        }
        Dialect::Postgres => {
            "SELECT j.position, j.bytes FROM json_array_elements_text($1::json) AS k(subject) \
             CROSS JOIN LATERAL (SELECT position, bytes FROM journal WHERE subject = k.subject) AS j"
        }
    };
    let subjects = serde_json::to_string(subjects).map_err(|e| StoreError::Query(e.to_string()))?;
    let commits = store.query(sql, &[subjects.into()]).await?.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    store.opened(commits).await
}

/// While one query runs, the other look-ups wait and then go together. Ends with the store, which it does not keep open.
pub(crate) async fn gather(inner: Weak<Inner>, mut waiting: mpsc::Receiver<Lookup>) {
    let mut lookups = Vec::with_capacity(GATHERED_MAX);
    while waiting.recv_many(&mut lookups, GATHERED_MAX).await > 0 {
        let Some(inner) = inner.upgrade() else { return };
        let mut subjects: Vec<_> = lookups.iter().map(|(subject, _)| subject.clone()).collect();
        subjects.sort_unstable();
        subjects.dedup();
        let found = select_subjects(&Store { inner }, &subjects).await.map(|commits| {
            let mut by_subject: HashMap<String, Vec<Stored>> = HashMap::with_capacity(subjects.len());
            for it in commits {
                by_subject.entry(it.commit.subject.clone()).or_default().push(it);
            }
            for commits in by_subject.values_mut() {
                commits.sort_unstable_by_key(|it| it.commit.version);
            }
            by_subject
        });
        for (subject, answer) in lookups.drain(..) {
            let found = found.as_ref().map(|it| it.get(&subject).cloned().unwrap_or_default()).map_err(Clone::clone);
            // Who does not wait any more needs no answer.
            let _ = answer.send(found);
        }
    }
}

impl History for Journal {
    fn commits<'a>(&'a self, subject: &'a str) -> BoxFuture<'a, Result<Vec<Stored>, LogError>> {
        Box::pin(async move { self.commits(subject).await.map_err(|e| history(&e)) })
    }

    fn position(&self) -> u64 {
        self.position()
    }

    fn by_id<'a>(&'a self, subject: &'a str, id: &'a str) -> BoxFuture<'a, Result<Option<Stored>, LogError>> {
        Box::pin(async move { self.by_id(subject, id).await.map_err(|e| history(&e)) })
    }
}

fn history(e: &StoreError) -> LogError {
    LogError::History(e.to_string())
}
