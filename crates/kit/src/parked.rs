//! What policies remember durably: how far they are, what was refused, and what is parked.

use crate::policies::Step;
use std::collections::HashSet;
use studium_log::now_ms;
use studium_proto::admin::v1::Parked;
use studium_store::{Dialect, Store, StoreError, Value};

/// Creates the tables of this file where they are missing.
pub(crate) async fn prepare(store: &Store) -> Result<(), StoreError> {
    let id = match store.dialect() {
        Dialect::Sqlite => "INTEGER PRIMARY KEY AUTOINCREMENT",
        Dialect::Postgres => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
    };
    let tables = [
        "CREATE TABLE IF NOT EXISTS policy_checkpoint (policy TEXT NOT NULL, stream TEXT NOT NULL, position BIGINT NOT NULL, \
         PRIMARY KEY (policy, stream))"
            .to_owned(),
        format!(
            "CREATE TABLE IF NOT EXISTS reaction (id {id}, policy TEXT NOT NULL, stream TEXT NOT NULL, position BIGINT NOT NULL, \
             step BIGINT NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL, \
             payload TEXT NOT NULL, attempts BIGINT NOT NULL, at_ms BIGINT NOT NULL, UNIQUE (policy, stream, position, step))"
        ),
        "CREATE TABLE IF NOT EXISTS deadline_fired (deadline TEXT NOT NULL, id TEXT NOT NULL, due_ms BIGINT NOT NULL, \
         outcome TEXT NOT NULL, at_ms BIGINT NOT NULL, PRIMARY KEY (deadline, id, due_ms))"
            .to_owned(),
    ];
    for table in tables {
        store.execute(&table, &[]).await?;
    }
    Ok(())
}

/// Forgets what was to be said to these aggregates, and what was said of it; whoever tries again derives it anew.
pub(crate) async fn redact(store: &Store, subjects: &[String]) -> Result<(), StoreError> {
    for subject in subjects {
        let sql = "UPDATE reaction SET payload = '' WHERE source = $1 OR target = $1";
        store.execute(sql, &[subject.as_str().into()]).await?;
    }
    Ok(())
}

/// How far a policy has come.
pub(crate) async fn checkpoint(store: &Store, policy: &str, stream: &str) -> Result<u64, StoreError> {
    let sql = "SELECT position FROM policy_checkpoint WHERE policy = $1 AND stream = $2";
    let found: Vec<(u64,)> = store.query(sql, &[policy.into(), stream.into()]).await?;
    Ok(found.first().map_or(0, |it| it.0))
}

/// Moves a policy's checkpoint; it never goes back.
pub(crate) async fn advance(store: &Store, policy: &str, stream: &str, position: u64) -> Result<(), StoreError> {
    let sql = "INSERT INTO policy_checkpoint (policy, stream, position) VALUES ($1, $2, $3) \
               ON CONFLICT (policy, stream) DO UPDATE SET position = excluded.position \
               WHERE policy_checkpoint.position < excluded.position";
    store.execute(sql, &[policy.into(), stream.into(), position.into()]).await.map(drop)
}

/// Keeps a refusal: it is an answer, and somebody may ask why nothing followed.
pub(crate) async fn record_refusal(store: &Store, policy: &str, step: &Step, why: &str) -> Result<(), StoreError> {
    insert(store, policy, step, "refused", why, 1).await
}

async fn insert(
    store: &Store,
    policy: &str,
    step: &Step,
    state: &str,
    cause: &str,
    tries: u32,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO reaction (policy, stream, position, step, source, target, state, cause, payload, attempts, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (policy, stream, position, step) DO UPDATE SET state = excluded.state, cause = excluded.cause, \
               attempts = reaction.attempts + excluded.attempts";
    let args: [Value; 11] = [
        policy.into(),
        step.stream.into(),
        step.position.into(),
        (step.index as u64).into(),
        step.source.as_str().into(),
        step.todo.target.as_str().into(),
        state.into(),
        cause.into(),
        step.todo.payload.as_str().into(),
        tries.into(),
        now_ms().into(),
    ];
    store.execute(sql, &args).await.map(drop)
}

/// A reaction without an answer yet.
pub(crate) struct Row {
    pub id: i64,
    pub position: u64,
    pub step: u64,
    pub source: String,
    pub target: String,
    pub state: String,
}

/// Reactions of a policy that have no answer yet, in the order of their events.
pub(crate) async fn unanswered(store: &Store, policy: &str) -> Result<Vec<Row>, StoreError> {
    let sql = "SELECT id, position, step, source, target, state FROM reaction \
               WHERE policy = $1 AND state IN ('parked', 'waiting', 'retry') ORDER BY position, step";
    let rows: Vec<(i64, u64, u64, String, String, String)> = store.query(sql, &[policy.into()]).await?;
    let row = |(id, position, step, source, target, state)| Row { id, position, step, source, target, state };
    Ok(rows.into_iter().map(row).collect())
}

/// Forgets a reaction that has its answer; a refusal is kept.
pub(crate) async fn forget(store: &Store, id: i64) -> Result<(), StoreError> {
    store.execute("DELETE FROM reaction WHERE id = $1 AND state <> 'refused'", &[id.into()]).await.map(drop)
}

/// Parks a reaction again that failed once more.
pub(crate) async fn still(store: &Store, id: i64, cause: &str) -> Result<(), StoreError> {
    let sql = "UPDATE reaction SET state = 'parked', cause = $2, attempts = attempts + 1 WHERE id = $1";
    store.execute(sql, &[id.into(), cause.into()]).await.map(drop)
}

/// What of one policy is parked: nothing may overtake it on the same aggregate.
pub(crate) struct Parking {
    policy: &'static str,
    aggregates: HashSet<String>,
    parked: usize,
}

impl Parking {
    pub(crate) fn empty(policy: &'static str) -> Self {
        Self { policy, aggregates: HashSet::new(), parked: 0 }
    }

    pub(crate) async fn load(store: &Store, policy: &'static str) -> Result<Self, StoreError> {
        let mut parking = Self::empty(policy);
        for row in unanswered(store, policy).await? {
            parking.block(row.source, row.target);
        }
        Ok(parking)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parked == 0
    }

    /// How many reactions have no answer.
    pub(crate) fn len(&self) -> usize {
        self.parked
    }

    pub(crate) fn block(&mut self, source: String, target: String) {
        self.aggregates.extend([source, target]);
        self.parked += 1;
    }

    pub(crate) fn blocks(&self, source: &str, target: &str) -> bool {
        self.aggregates.contains(source) || self.aggregates.contains(target)
    }

    pub(crate) fn holds(&self, step: &Step) -> bool {
        self.blocks(&step.source, &step.todo.target)
    }

    pub(crate) async fn park(&mut self, store: &Store, step: &Step, cause: &str, tries: u32) -> Result<(), StoreError> {
        insert(store, self.policy, step, "parked", cause, tries).await?;
        self.block(step.source.clone(), step.todo.target.clone());
        Ok(())
    }

    pub(crate) async fn wait_behind(&mut self, store: &Store, step: &Step) -> Result<(), StoreError> {
        insert(store, self.policy, step, "waiting", "waits behind a parked reaction of the same aggregate", 0).await?;
        self.block(step.source.clone(), step.todo.target.clone());
        Ok(())
    }
}

const LISTED: &str = "id, policy, stream, position, target, cause, attempts, at_ms, state, payload";

type Listed = (i64, String, String, u64, String, String, u32, i64, String, String);

fn listed(
    (id, policy, stream, position, target, cause, attempts, parked_at_ms, state, payload): Listed,
) -> (Parked, String) {
    (Parked { id, policy, stream, position, target, cause, attempts, parked_at_ms, state }, payload)
}

/// All that is parked in a service, oldest first.
pub(crate) async fn list(store: &Store) -> Result<Vec<Parked>, StoreError> {
    let sql = format!("SELECT {LISTED} FROM reaction WHERE state IN ('parked', 'waiting', 'retry') ORDER BY id");
    let rows: Vec<Listed> = store.query(&sql, &[]).await?;
    Ok(rows.into_iter().map(|it| listed(it).0).collect())
}

/// One reaction that is parked, refused or dropped, with its payload.
pub(crate) async fn show(store: &Store, id: i64) -> Result<Option<(Parked, String)>, StoreError> {
    let sql = format!("SELECT {LISTED} FROM reaction WHERE id = $1");
    let rows: Vec<Listed> = store.query(&sql, &[id.into()]).await?;
    Ok(rows.into_iter().next().map(listed))
}

/// Asks the policy to try a parked reaction again; says whether there was one.
pub(crate) async fn ask_to_retry(store: &Store, id: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE reaction SET state = 'retry' WHERE id = $1 AND state = 'parked'";
    Ok(store.execute(sql, &[id.into()]).await? > 0)
}

/// Gives a parked reaction up; the row stays, with who and why. Says whether there was one.
pub(crate) async fn give_up(store: &Store, id: i64, who: &str, why: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE reaction SET state = 'dropped', cause = $2 WHERE id = $1 AND state IN ('parked', 'retry')";
    Ok(store.execute(sql, &[id.into(), format!("dropped by {who}: {why}").into()]).await? > 0)
}
