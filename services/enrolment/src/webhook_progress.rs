//! How far each webhook is, what waits for a retry, and what failed of late, in the service's store.

use crate::{
    endpoints::EndpointRow,
    webhook_queue::{Changes, Waiting},
};
use std::collections::BTreeSet;
use studium_kit::{Page, Store, StoreError, Value, row};

/// Failures of a webhook that are kept.
pub const FAILURES_MAX: u64 = 200;

/// Columns that `webhook_progress` did not have in its first version, and what they hold there.
const LATER: [(&str, &str); 4] = [
    ("told_ms", "BIGINT NOT NULL DEFAULT 0"),
    ("quiet_until_ms", "BIGINT NOT NULL DEFAULT 0"),
    ("url", "TEXT NOT NULL DEFAULT ''"),
    ("types", "TEXT NOT NULL DEFAULT ''"),
];

row! {
    /// One attempt that failed: of a webhook `<institution>~<webhook>`, the how manieth.
    pub struct FailureRow {
        key { endpoint: String, number: u64 }
        position: u64,
        event_id: String,
        subject: String,
        attempt: u32,
        tried_ms: i64,
        status: u32,
        failure: String,
        /// 0 = not before it is enabled again.
        next_try_ms: i64,
    }
}

row! {
    /// What a webhook was last seen with.
    pub struct Seen {
        key { endpoint: String }
        first_round: u32,
        enablings: u32,
        replays: u32,
        read_position: u64,
        /// When it last acknowledged something, Unix milliseconds; 0 = never.
        told_ms: i64,
        quiet_until_ms: i64,
        /// Empty if an earlier version of this service kept it.
        url: String,
        types: String,
    }
}

/// Creates the tables of this file where they are missing.
pub async fn prepare(store: &Store) -> Result<(), StoreError> {
    let tables = [
        "CREATE TABLE IF NOT EXISTS webhook_progress (endpoint TEXT NOT NULL PRIMARY KEY, first_round BIGINT NOT NULL, \
         enablings BIGINT NOT NULL, replays BIGINT NOT NULL, read_position BIGINT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS webhook_waiting (endpoint TEXT NOT NULL, position BIGINT NOT NULL, subject TEXT NOT NULL, \
         attempts BIGINT NOT NULL, next_try_ms BIGINT NOT NULL, PRIMARY KEY (endpoint, position))",
        "CREATE TABLE IF NOT EXISTS webhook_failure (endpoint TEXT NOT NULL, number BIGINT NOT NULL, position BIGINT NOT NULL, \
         event_id TEXT NOT NULL, subject TEXT NOT NULL, attempt BIGINT NOT NULL, tried_ms BIGINT NOT NULL, \
         status BIGINT NOT NULL, failure TEXT NOT NULL, next_try_ms BIGINT NOT NULL, PRIMARY KEY (endpoint, number))",
    ];
    store.create(tables).await?;
    for (name, kind) in LATER {
        // The two databases have no words in common for "unless it is there".
        let look = format!("SELECT COUNT({name}) FROM webhook_progress");
        if store.query::<(u64,)>(&look, &[]).await.is_ok() {
            continue;
        }
        let added = store.execute(&format!("ALTER TABLE webhook_progress ADD COLUMN {name} {kind}"), &[]).await;
        // A replica that starts at the same time may have been faster.
        if added.is_err() && store.query::<(u64,)>(&look, &[]).await.is_err() {
            return added.map(drop);
        }
    }
    Ok(())
}

/// A statement with its parameters, to be run together with others.
pub type Statement = (&'static str, Vec<Value>);

/// Where a webhook begins to send: what it was asked since it was here last is done to it.
pub struct Begun {
    /// Everything up to this position is delivered, or among what waits.
    pub read: u64,
    /// What waits, by position.
    pub waiting: Vec<Waiting>,
    /// Number of the last failure.
    pub failures: u64,
    /// The address asked to be left alone until then, Unix milliseconds.
    pub quiet_until_ms: i64,
}

impl Seen {
    /// Whether it sends elsewhere, or something else, by now.
    fn is_changed(&self, endpoint: &EndpointRow) -> bool {
        self.is_moved(endpoint) || !self.url.is_empty() && self.types != types(endpoint)
    }

    fn is_moved(&self, endpoint: &EndpointRow) -> bool {
        !self.url.is_empty() && self.url != endpoint.url
    }
}

fn types(endpoint: &EndpointRow) -> String {
    endpoint.types.0.join(" ")
}

async fn seen(store: &Store, endpoint: &EndpointRow) -> Result<Option<Seen>, StoreError> {
    let sql = format!("SELECT {} FROM webhook_progress WHERE endpoint = $1", Seen::COLUMN_LIST);
    let found: Option<Seen> = store.query(&sql, &[endpoint.endpoint.as_str().into()]).await?.pop();
    // One of the same id that was removed has nothing to do with it.
    Ok(found.filter(|it| it.first_round == endpoint.first_round))
}

/// Where everything up to is delivered, or among what waits, after what was asked.
fn begins(endpoint: &EndpointRow, seen: Option<&Seen>) -> u64 {
    let (replays, read) = seen.map_or((0, endpoint.after_position), |it| (it.replays, it.read_position));
    // Only ever back: a replay from further on must not leave anything out.
    endpoint.replay_from(replays).map_or(read, |it| read.min(it.saturating_sub(1)))
}

/// Begins, or goes on where it was.
pub async fn begin(store: &Store, endpoint: &EndpointRow) -> Result<Begun, StoreError> {
    let id: Value = endpoint.endpoint.as_str().into();
    let seen = seen(store, endpoint).await?;
    let read = begins(endpoint, seen.as_ref());
    // What another address asked for is nothing to this one.
    let quiet_until_ms = seen.as_ref().filter(|it| !it.is_moved(endpoint)).map_or(0, |it| it.quiet_until_ms);
    let mut statements: Vec<Statement> = Vec::new();
    if seen.is_none() {
        statements.push(("DELETE FROM webhook_failure WHERE endpoint = $1", vec![id.clone()]));
    }
    // What waits beyond is read again, in its order.
    let beyond = if seen.is_none() { 0 } else { read };
    statements
        .push(("DELETE FROM webhook_waiting WHERE endpoint = $1 AND position > $2", vec![id.clone(), beyond.into()]));
    if seen.as_ref().is_some_and(|it| it.enablings < endpoint.enablings || it.is_changed(endpoint)) {
        // What failed elsewhere may arrive here; and what nobody wants any more is found out when its turn comes.
        let sql = "UPDATE webhook_waiting SET attempts = 0, next_try_ms = 0 WHERE endpoint = $1";
        statements.push((sql, vec![id.clone()]));
    }
    statements.push((
        "INSERT INTO webhook_progress (endpoint, first_round, enablings, replays, read_position, told_ms, quiet_until_ms, url, types) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (endpoint) DO UPDATE SET first_round = excluded.first_round, enablings = excluded.enablings, \
         replays = excluded.replays, read_position = excluded.read_position, told_ms = excluded.told_ms, \
         quiet_until_ms = excluded.quiet_until_ms, url = excluded.url, types = excluded.types",
        vec![
            id.clone(),
            endpoint.first_round.into(),
            endpoint.enablings.into(),
            endpoint.replays.into(),
            read.into(),
            seen.as_ref().map_or(0, |it| it.told_ms).into(),
            quiet_until_ms.into(),
            endpoint.url.as_str().into(),
            types(endpoint).into(),
        ],
    ));
    run(store, &statements).await?;
    let sql =
        "SELECT position, subject, attempts, next_try_ms FROM webhook_waiting WHERE endpoint = $1 ORDER BY position";
    let rows: Vec<(u64, String, u32, i64)> = store.query(sql, std::slice::from_ref(&id)).await?;
    let waiting = |(position, subject, attempts, next_try_ms)| Waiting { position, subject, attempts, next_try_ms };
    let sql = "SELECT COALESCE(MAX(number), 0) FROM webhook_failure WHERE endpoint = $1";
    let failures: Vec<(u64,)> = store.query(sql, &[id]).await?;
    Ok(Begun {
        read,
        waiting: rows.into_iter().map(waiting).collect(),
        failures: failures.first().map_or(0, |it| it.0),
        quiet_until_ms,
    })
}

/// What keeps changes of a webhook's queue, its newest failures, and until when it is to be left alone.
pub fn keeping(
    endpoint: &EndpointRow,
    changes: Changes,
    failures: Vec<FailureRow>,
    quiet_until_ms: i64,
    now_ms: i64,
) -> Vec<Statement> {
    let id: Value = endpoint.endpoint.as_str().into();
    let mut statements: Vec<Statement> = Vec::new();
    if changes.is_told {
        let sql = "UPDATE webhook_progress SET told_ms = $2 WHERE endpoint = $1 AND first_round = $3";
        statements.push((sql, vec![id.clone(), now_ms.into(), endpoint.first_round.into()]));
    }
    if quiet_until_ms > now_ms {
        let sql =
            "UPDATE webhook_progress SET quiet_until_ms = $2 WHERE endpoint = $1 AND first_round = $3 AND url = $4";
        let url = endpoint.url.as_str().into();
        statements.push((sql, vec![id.clone(), quiet_until_ms.into(), endpoint.first_round.into(), url]));
    }
    for it in changes.waiting {
        statements.push((
            "INSERT INTO webhook_waiting (endpoint, position, subject, attempts, next_try_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (endpoint, position) DO UPDATE SET attempts = excluded.attempts, next_try_ms = excluded.next_try_ms",
            vec![id.clone(), it.position.into(), it.subject.into(), it.attempts.into(), it.next_try_ms.into()],
        ));
    }
    for position in changes.settled {
        let sql = "DELETE FROM webhook_waiting WHERE endpoint = $1 AND position = $2";
        statements.push((sql, vec![id.clone(), position.into()]));
    }
    if let Some(last) = failures.last().map(|it| it.number) {
        let sql = "DELETE FROM webhook_failure WHERE endpoint = $1 AND number <= $2";
        statements.push((sql, vec![id.clone(), last.saturating_sub(FAILURES_MAX).into()]));
    }
    statements.extend(failures.into_iter().map(failure));
    statements.push((
        // Somebody who began after us knows better.
        "UPDATE webhook_progress SET read_position = $2 WHERE endpoint = $1 AND first_round = $3 AND replays = $4 \
         AND read_position < $2",
        vec![id, changes.read.into(), endpoint.first_round.into(), endpoint.replays.into()],
    ));
    statements
}

fn failure(it: FailureRow) -> Statement {
    (
        "INSERT INTO webhook_failure (endpoint, number, position, event_id, subject, attempt, tried_ms, status, failure, \
         next_try_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        vec![
            it.endpoint.into(),
            it.number.into(),
            it.position.into(),
            it.event_id.into(),
            it.subject.into(),
            it.attempt.into(),
            it.tried_ms.into(),
            it.status.into(),
            it.failure.into(),
            it.next_try_ms.into(),
        ],
    )
}

/// All webhooks of which something is kept, also of some that were removed while nobody was at work.
pub async fn known(store: &Store) -> Result<BTreeSet<String>, StoreError> {
    let found: Vec<(String,)> = store.query("SELECT endpoint FROM webhook_progress", &[]).await?;
    Ok(found.into_iter().map(|(it,)| it).collect())
}

/// Forgets a webhook that was removed.
pub async fn forget(store: &Store, endpoint: &str) -> Result<(), StoreError> {
    let id = || vec![endpoint.into()];
    let statements = [
        ("DELETE FROM webhook_progress WHERE endpoint = $1", id()),
        ("DELETE FROM webhook_waiting WHERE endpoint = $1", id()),
        ("DELETE FROM webhook_failure WHERE endpoint = $1", id()),
    ];
    run(store, &statements).await
}

/// Runs statements in one transaction.
pub async fn run(store: &Store, statements: &[Statement]) -> Result<(), StoreError> {
    let statements: Vec<(&str, &[Value])> = statements.iter().map(|(sql, args)| (*sql, args.as_slice())).collect();
    store.execute_all(&statements).await.map(drop)
}

/// How far a webhook is, for those who ask.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// All up to this position is delivered.
    pub acknowledged: u64,
    /// Events that wait.
    pub waiting: u32,
    /// When the next of them is tried, Unix milliseconds; 0 = none waits.
    pub next_try_ms: i64,
    /// When it last acknowledged something, Unix milliseconds; 0 = never.
    pub told_ms: i64,
}

/// How far a webhook is.
pub async fn progress(store: &Store, endpoint: &EndpointRow) -> Result<Progress, StoreError> {
    let seen = seen(store, endpoint).await?;
    let read = begins(endpoint, seen.as_ref());
    let sql = "SELECT COUNT(*), COALESCE(MIN(position), 0), COALESCE(MIN(CASE WHEN next_try_ms > 0 THEN next_try_ms END), 0) \
               FROM webhook_waiting WHERE endpoint = $1 AND position <= $2";
    let found: Vec<(u32, u64, i64)> = match &seen {
        Some(_) => store.query(sql, &[endpoint.endpoint.as_str().into(), read.into()]).await?,
        None => Vec::new(),
    };
    let (waiting, first, next_try_ms) = found.first().copied().unwrap_or_default();
    let acknowledged = if waiting > 0 { first.saturating_sub(1).min(read) } else { read };
    Ok(Progress { acknowledged, waiting, next_try_ms, told_ms: seen.map_or(0, |it| it.told_ms) })
}

/// A page of a webhook's failures, the last first.
pub async fn failures(store: &Store, endpoint: &EndpointRow, page: &Page) -> Result<Vec<FailureRow>, StoreError> {
    let before = page.after.parse().unwrap_or(i64::MAX);
    let sql = format!(
        "SELECT {} FROM webhook_failure WHERE endpoint = $1 AND number < $2 AND EXISTS (SELECT 1 FROM webhook_progress p \
         WHERE p.endpoint = $1 AND p.first_round = $4) ORDER BY number DESC LIMIT $3",
        FailureRow::COLUMN_LIST
    );
    // One of the same id that was removed has nothing to do with it.
    let args = [endpoint.endpoint.as_str().into(), before.into(), page.size.into(), endpoint.first_round.into()];
    store.query(&sql, &args).await
}
