//! What policies remember durably: how far they are, what was refused, and what is parked.

use crate::{App, policies::Step};
use std::collections::HashSet;
use studium_log::now_ms;
use studium_proto::admin::v1::Parked;
use studium_store::{Dialect, Projection, Store, StoreError, Value};

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
    store.create(tables).await
}

/// Takes back what is remembered of a stream `$1` after the position `$2`: that came to pass differently. What somebody
/// has given up stays.
pub(crate) const FORGETS: [&str; 2] = [
    "UPDATE policy_checkpoint SET position = $2 WHERE stream = $1 AND position > $2",
    "DELETE FROM reaction WHERE stream = $1 AND position > $2 AND state <> 'dropped'",
];

/// Who reacts to streams, beside the views.
pub(crate) const FOLLOWER: &str = "policies";

/// Stands where a cause stood that went with a person.
const FORGOTTEN: &str = "forgotten with a person who was erased";

/// Forgets what was to be said to or because of aggregates of which these keys sealed something, and what came of it.
/// Whoever tries again derives it anew. The keys are forgotten already, so nothing that they opened is kept after this.
pub(crate) async fn redact(app: &App, projection: &Projection, key_names: &[String]) -> Result<(), StoreError> {
    let store = app.store();
    let _turn = app.redaction().write().await;
    let streams: Vec<(String,)> = store.query("SELECT DISTINCT stream FROM reaction", &[]).await?;
    // Behind what the index of holders knows, nobody can say whose a reaction is.
    let known: Vec<_> = streams.iter().map(|(stream,)| (stream, store.holders_known_to(stream))).collect();
    for subject in projection.subjects(key_names).await? {
        let sql = "UPDATE reaction SET payload = '', cause = $2 WHERE source = $1 OR target = $1";
        store.execute(sql, &[subject.into(), FORGOTTEN.into()]).await?;
    }
    for (stream, known) in known {
        let sql = "UPDATE reaction SET payload = '', cause = $3 WHERE stream = $1 AND position > $2";
        store.execute(sql, &[stream.as_str().into(), known.into(), FORGOTTEN.into()]).await?;
    }
    Ok(())
}

/// How far a policy has come.
pub(crate) async fn checkpoint(store: &Store, policy: &str, stream: &str) -> Result<u64, StoreError> {
    let sql = "SELECT position FROM policy_checkpoint WHERE policy = $1 AND stream = $2";
    let found: Vec<(u64,)> = store.query(sql, &[policy.into(), stream.into()]).await?;
    Ok(found.first().map_or(0, |it| it.0))
}

/// How far each policy has come on each stream; none that has seen nothing yet.
pub(crate) async fn checkpoints(store: &Store) -> Result<Vec<(String, String, u64)>, StoreError> {
    store.query("SELECT policy, stream, position FROM policy_checkpoint", &[]).await
}

const ADVANCE: &str = "INSERT INTO policy_checkpoint (policy, stream, position) VALUES ($1, $2, $3) \
                       ON CONFLICT (policy, stream) DO UPDATE SET position = excluded.position \
                       WHERE policy_checkpoint.position < excluded.position";

/// Moves a policy's checkpoint; it never goes back.
pub(crate) async fn advance(store: &Store, policy: &str, stream: &str, position: u64) -> Result<(), StoreError> {
    store.execute(ADVANCE, &[policy.into(), stream.into(), position.into()]).await.map(drop)
}

/// The same for all policies of a stream, in one transaction.
pub(crate) async fn advance_all(store: &Store, stream: &str, reached: &[(&str, u64)]) -> Result<(), StoreError> {
    let args = |&(policy, position): &(&str, u64)| -> [Value; 3] { [policy.into(), stream.into(), position.into()] };
    let args: Vec<_> = reached.iter().map(args).collect();
    let statements: Vec<_> = args.iter().map(|it| (ADVANCE, it.as_slice())).collect();
    store.execute_all(&statements).await.map(drop)
}

/// Has a policy begin again.
pub(crate) async fn restart(store: &Store, policy: &str, stream: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM policy_checkpoint WHERE policy = $1 AND stream = $2";
    store.execute(sql, &[policy.into(), stream.into()]).await.map(drop)
}

/// Keeps a refusal: it is an answer, and somebody may ask why nothing followed.
pub(crate) async fn record_refusal(app: &App, policy: &str, step: &Step, why: &str) -> Result<(), StoreError> {
    insert(app, policy, step, "refused", why, 1).await
}

async fn insert(app: &App, policy: &str, step: &Step, state: &str, cause: &str, tries: u32) -> Result<(), StoreError> {
    let sql = "INSERT INTO reaction (policy, stream, position, step, source, target, state, cause, payload, attempts, at_ms) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
               ON CONFLICT (policy, stream, position, step) DO UPDATE SET state = excluded.state, cause = excluded.cause, \
               attempts = reaction.attempts + excluded.attempts";
    // A key that is forgotten after this look waits for the turn, and takes out what is kept here.
    let _turn = app.redaction().read().await;
    let is_known = app.log().keys().generation() == step.generation;
    let (payload, cause) = if is_known { (step.todo.payload.as_str(), cause) } else { ("", FORGOTTEN) };
    let args: [Value; 11] = [
        policy.into(),
        step.stream.into(),
        step.position.into(),
        (step.index as u64).into(),
        step.source.as_str().into(),
        step.todo.target.as_str().into(),
        state.into(),
        cause.into(),
        payload.into(),
        tries.into(),
        now_ms().into(),
    ];
    app.store().execute(sql, &args).await.map(drop)
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

/// Parks a reaction again that failed once more; what it says may be from before keys were forgotten.
pub(crate) async fn still(app: &App, id: i64, cause: &str, generation: u64) -> Result<(), StoreError> {
    let sql = "UPDATE reaction SET state = 'parked', cause = $2, attempts = attempts + 1 WHERE id = $1";
    let _turn = app.redaction().read().await;
    let cause = if app.log().keys().generation() == generation { cause } else { FORGOTTEN };
    app.store().execute(sql, &[id.into(), cause.into()]).await.map(drop)
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

    pub(crate) async fn park(&mut self, app: &App, step: &Step, cause: &str, tries: u32) -> Result<(), StoreError> {
        insert(app, self.policy, step, "parked", cause, tries).await?;
        self.block(step.source.clone(), step.todo.target.clone());
        Ok(())
    }

    pub(crate) async fn wait_behind(&mut self, app: &App, step: &Step) -> Result<(), StoreError> {
        insert(app, self.policy, step, "waiting", "waits behind a parked reaction of the same aggregate", 0).await?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;
    use crate::{
        Metrics,
        app::Todo,
        deadlines::{self, AnyDeadline},
        policies,
        policy::{AnyPolicy, Followed},
    };
    use futures::future::BoxFuture;
    use std::collections::HashMap;
    use std::time::Duration;
    use studium_log::{Log, Meta, Stored};
    use studium_store::Projector;
    use tokio::sync::watch;
    use tokio_util::sync::CancellationToken;

    async fn app(folder: &std::path::Path) -> App {
        let store = Store::open(&format!("sqlite:{}", folder.join("x.db").display())).await.unwrap();
        prepare(&store).await.unwrap();
        App::new("x", Log::memory(), store, Metrics::new("x").unwrap(), &[], HashMap::default())
    }

    fn step(position: u64, generation: u64) -> Step {
        let todo = Todo::stuck("x.y.z", String::new());
        let (source, meta) = (todo.target.clone(), Meta::default());
        Step { stream: "x", position, index: 0, source, todo, meta, generation }
    }

    async fn kept(store: &Store, position: u64) -> (String, String) {
        let sql = "SELECT payload, cause FROM reaction WHERE position = $1";
        store.query(sql, &[position.into()]).await.unwrap().pop().unwrap()
    }

    #[tokio::test]
    async fn what_a_reaction_says_does_not_outlive_whom_it_is_about() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let (log, store) = (app.log(), app.store());
        let projection = Projector::new("x", store.clone(), log.clone()).start().await.unwrap();
        let before = log.keys().generation();
        record_refusal(&app, "p", &step(5, before), "no").await.unwrap();
        assert_eq!(kept(store, 5).await, ("what follows is to be looked up".to_owned(), "no".to_owned()));
        // A key is destroyed while a reaction to what it opened is under way.
        log.keys().destroy("ada").await.unwrap();
        record_refusal(&app, "p", &step(6, before), "no").await.unwrap();
        assert_eq!(kept(store, 6).await, (String::new(), FORGOTTEN.to_owned()));
        // Nobody knows yet whose the fifth commit is: the index has seen none.
        redact(&app, &projection, &[studium_log::key_name("ada")]).await.unwrap();
        assert_eq!(kept(store, 5).await, (String::new(), FORGOTTEN.to_owned()));
        projection.stop().await;
    }

    #[tokio::test]
    async fn what_never_came_to_pass_is_forgotten_but_for_what_somebody_gave_up() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        let store = app.store();
        for position in 5..8 {
            record_refusal(&app, "p", &step(position, 0), "no").await.unwrap();
        }
        store.execute("UPDATE reaction SET state = 'dropped' WHERE position = 7", &[]).await.unwrap();
        advance(store, "p", "x", 7).await.unwrap();
        advance(store, "p", "y", 7).await.unwrap();
        for sql in FORGETS {
            store.execute(sql, &["x".into(), 5.into()]).await.unwrap();
        }
        let kept: Vec<(u64,)> = store.query("SELECT position FROM reaction ORDER BY position", &[]).await.unwrap();
        assert_eq!(kept, [(5,), (7,)]);
        let at = (checkpoint(store, "p", "x").await.unwrap(), checkpoint(store, "p", "y").await.unwrap());
        assert_eq!(at, (5, 7));
    }

    /// A policy to which nothing happens, and a deadline that is due and cannot fire.
    struct Idle;

    impl AnyPolicy for Idle {
        fn name(&self) -> &'static str {
            "p"
        }
        fn stream(&self) -> &'static str {
            "x"
        }
        fn concerned<'a>(&'a self, _: &'a App, it: &'a [Stored]) -> BoxFuture<'a, Result<Vec<&'a Stored>, String>> {
            Box::pin(std::future::ready(Ok(it.iter().collect())))
        }
        fn react<'a>(&'a self, _: &'a App, _: &'a Stored) -> BoxFuture<'a, Result<Followed, String>> {
            Box::pin(std::future::ready(Ok(Followed::Commands(Vec::new()))))
        }
    }

    impl AnyDeadline for Idle {
        fn name(&self) -> &'static str {
            "d"
        }
        fn due(&self) -> &'static str {
            "SELECT 'z' AS id, $1 AS due_ms"
        }
        fn todo(&self, _: String, _: i64) -> Todo {
            Todo::stuck("x.y.z", "it never fires".to_owned())
        }
    }

    #[tokio::test]
    async fn who_hands_over_shows_nothing_of_what_is_anothers_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let app = app(folder.path()).await;
        app.log().open("x").await.unwrap();
        Parking::empty("p").park(&app, &step(5, 0), "why", 1).await.unwrap();
        let (turn, active) = watch::channel(true);
        let (_, caught_up) = watch::channel(true);
        let stop = CancellationToken::new();
        let shown = async |wanted: [&str; 2]| {
            let looks = async {
                while !wanted.iter().all(|it| app.metrics().render().unwrap().contains(it)) {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(30), looks).await.expect("it shows what is wanted");
        };
        let lines = |n| {
            [
                format!(r#"studium_parked{{policy="p",service="x"}} {n}"#),
                format!(r#"studium_deadlines_due{{deadline="d",service="x"}} {n}"#),
            ]
        };
        let both = (active.clone(), caught_up.clone());
        let work = tokio::spawn(policies::run(app.clone(), "x", vec![Box::new(Idle)], both, stop.clone()));
        let fire = tokio::spawn(deadlines::run(app.clone(), Box::new(Idle), active, caught_up, stop.clone()));
        shown(lines(1).each_ref().map(String::as_str)).await;
        turn.send_replace(false);
        shown(lines(0).each_ref().map(String::as_str)).await;
        stop.cancel();
        work.await.unwrap();
        fire.await.unwrap();
    }
}
