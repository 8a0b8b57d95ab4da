//! The projector of one service: which views it has, and who folds them.

use crate::{
    Store, StoreError, View, checkpoint, group,
    holders::HoldersFold,
    journal::{self, JournalFold},
    mark,
    member::{Fold, Member, ViewFold},
    rebuild,
    store::Tx,
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use studium_log::Log;
use tokio::{
    sync::{Mutex, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often a replica asks whether it may fold, and the one that does whether it still may.
const LEASE_TICK: Duration = Duration::from_millis(500);

/// How long the database may take to say that the lease still holds.
const LEASE_PATIENCE: Duration = Duration::from_secs(2);

/// What one process folds for one service; a list of views until it is started.
pub struct Projector {
    service: String,
    store: Store,
    log: Log,
    members: Vec<Arc<Member>>,
    forget: Vec<&'static str>,
}

/// All that the parts of a started projector share.
pub(crate) struct Runner {
    pub(crate) service: String,
    pub(crate) store: Store,
    pub(crate) log: Log,
    /// The journal first, then the views in the order of registration.
    pub(crate) members: Vec<Arc<Member>>,
    /// Makes the groups read their checkpoints again.
    pub(crate) restarts: watch::Sender<u64>,
    stop: CancellationToken,
    active: watch::Sender<bool>,
}

impl Projector {
    /// A projector that feeds the journal and no view yet.
    pub fn new(service: &str, store: Store, log: Log) -> Self {
        let mut it = Self { service: service.to_owned(), store, log, members: Vec::new(), forget: Vec::new() };
        it.add(Arc::new(JournalFold { service: service.to_owned() }));
        it
    }

    /// Adds a view.
    pub fn view<V: View>(mut self) -> Self {
        self.add(Arc::new(ViewFold::<V>::new()));
        self
    }

    /// What others remember of a stream that came back without its end: statements that take back what is of the stream
    /// `$1` and after the position `$2`.
    pub fn forgets(mut self, statements: &[&'static str]) -> Self {
        self.forget.extend(statements);
        self
    }

    fn add(&mut self, fold: Arc<dyn Fold>) {
        let name = fold.name().to_owned();
        self.members.push(Arc::new(Member::new(fold, &name, self.members.len(), self.store.dialect())));
    }

    /// Makes the tables that are missing and starts to fold, as soon as no other process does.
    ///
    /// # Errors
    /// When a view's name or table does not fit, the store belongs to another service, or the stream has lost
    /// commits that the journal has: the sentence says what to do.
    pub async fn start(self) -> Result<Projection, StoreError> {
        let mut this = self;
        this.store.open_with(this.log.keys());
        this.add(Arc::new(HoldersFold::of(&this.members)));
        this.check_names()?;
        this.begin().await
    }

    async fn begin(self) -> Result<Projection, StoreError> {
        let (service, store) = (&self.service, &self.store);
        let checkpoints = checkpoint::all(store).await?;
        if let Some(it) = checkpoints.iter().find(|it| it.view == journal::NAME && it.stream != *service) {
            return Err(StoreError::Setup(format!(
                "this store belongs to the service `{}`; give `{service}` a store of its own",
                it.stream
            )));
        }
        let (head, journal) = (self.log.head(service).await?, store.journal().position());
        if journal > head {
            return Err(StoreError::Setup(format!(
                "the stream `{service}` ends at {head}, but its journal knows {journal} commits: the stream was lost; \
                 run `studium log restore {service}`"
            )));
        }
        mark::hold_to(&self.log, store, service, &self.members, &self.forget).await?;
        for member in &self.members {
            prepare(store, member).await?;
        }
        let runner = Arc::new(Runner {
            service: self.service,
            store: self.store,
            log: self.log,
            members: self.members,
            restarts: watch::Sender::new(0),
            stop: CancellationToken::new(),
            active: watch::Sender::new(false),
        });
        let task = tokio::spawn(lead(Arc::clone(&runner)));
        Ok(Projection { runner, task: Arc::new(Mutex::new(Some(task))) })
    }

    fn check_names(&self) -> Result<(), StoreError> {
        let names: Vec<_> = self.members.iter().skip(1).map(|it| it.name.as_str()).collect();
        for (i, name) in names.iter().enumerate() {
            let is_plain = name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_');
            if !is_plain || !name.ends_with(|it: char| it.is_ascii_digit()) || name.contains("__") {
                return Err(StoreError::Setup(format!(
                    "`{name}` is no name for a view; write lower case words and a number: `run_roster_1`"
                )));
            }
            // Side objects of a table are found by its name as their beginning.
            let clash = |(j, it): &(usize, &&str)| *j != i && (*it == name || it.starts_with(&format!("{name}_")));
            if let Some((_, other)) = names.iter().enumerate().find(clash) {
                return Err(StoreError::Setup(format!("the views `{name}` and `{other}` need names that differ more")));
            }
        }
        Ok(())
    }
}

/// Makes a view's table with its checkpoints, or checks that it is as the view says.
async fn prepare(store: &Store, member: &Member) -> Result<(), StoreError> {
    let name = &member.name;
    let dialect = store.dialect();
    let is_new = checkpoint::of(store, name).await?.is_empty() && name != journal::NAME;
    let mut tx = store.begin().await?;
    if is_new {
        create(&mut tx, name, &member.create_sql(dialect), member.ddl(dialect, name))
            .await
            .map_err(|e| StoreError::Setup(format!("the table of the view `{name}` cannot be made: {e}")))?;
    }
    for stream in member.fold.streams() {
        checkpoint::ensure(&mut tx, name, stream).await?;
    }
    tx.commit().await?;
    if dialect == crate::Dialect::Sqlite {
        // An unfinished rebuild of an earlier run; on PostgreSQL it may be another replica's that is at work.
        rebuild::drop_table(store, &rebuild::beside(name)).await?;
    }
    store.fetch(member.table.probe_sql().into(), &[]).await.map(drop).map_err(|e| {
        StoreError::Setup(format!(
            "the table `{name}` has other columns than its view; raise the number in its name ({e})"
        ))
    })
}

async fn create(tx: &mut Tx, view: &str, table: &str, ddl: Vec<String>) -> Result<(), StoreError> {
    if tx.is_postgres() {
        tx.execute("SELECT pg_advisory_xact_lock(8387234652)", &[]).await?;
        // A replica that starts at the same time may have been faster: then all of it is there.
        if !tx.fetch("SELECT 1 FROM checkpoint WHERE view = $1", &[view.into()]).await?.is_empty() {
            return Ok(());
        }
    }
    let table = table.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1);
    for sql in std::iter::once(table).chain(ddl) {
        tx.execute(&sql, &[]).await?;
    }
    Ok(())
}

/// A started projector. Clones are handles of the same one; [`Projection::stop`] ends it.
#[derive(Clone)]
pub struct Projection {
    pub(crate) runner: Arc<Runner>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Projection {
    /// Whether this process is the one that folds; changes when another takes over.
    pub fn active(&self) -> watch::Receiver<bool> {
        self.runner.active.subscribe()
    }

    /// Stops folding at the next batch boundary and lets another process take over.
    pub async fn stop(&self) {
        self.runner.stop.cancel();
        if let Some(task) = self.task.lock().await.take() {
            // A panic there has been reported by the runtime already.
            let _ = task.await;
        }
    }
}

/// The right to fold a service's views: the file lock on SQLite, an advisory lock of the session on PostgreSQL.
enum Lease {
    File,
    Session(Box<PgConnection>),
}

impl Lease {
    async fn try_take(runner: &Runner) -> Result<Option<Self>, StoreError> {
        let crate::address::Address::Postgres(options) = &runner.store.inner.address else {
            return Ok(Some(Self::File));
        };
        // So that the server notices within seconds when the machine of the holder is gone.
        let options: PgConnectOptions = options.as_ref().clone().options([
            ("tcp_keepalives_idle", "1"),
            ("tcp_keepalives_interval", "1"),
            ("tcp_keepalives_count", "2"),
        ]);
        let mut session = options.connect().await?;
        let name = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("studium runner {}", runner.service).as_bytes());
        let key = (name.as_u128() >> 64) as i64;
        let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key);
        let is_ours: bool = query.fetch_one(&mut session).await?;
        Ok(is_ours.then(|| Self::Session(Box::new(session))))
    }

    /// Returns when the lease is lost or given up.
    async fn hold(&mut self, runner: &Runner) {
        loop {
            tokio::select! {
                () = runner.stop.cancelled() => return,
                () = tokio::time::sleep(LEASE_TICK) => {}
            }
            let Self::Session(session) = self else { continue };
            if !matches!(tokio::time::timeout(LEASE_PATIENCE, session.ping()).await, Ok(Ok(()))) {
                tracing::warn!(
                    service = runner.service,
                    "the lease on the views was lost; another replica may fold them"
                );
                return;
            }
            if is_mended(runner).await {
                runner.restarts.send_modify(|it| *it += 1);
            }
        }
    }
}

/// Another replica has rebuilt a view that stands still here.
async fn is_mended(runner: &Runner) -> bool {
    for member in &runner.members {
        let is_broken = member.state.try_lock().is_ok_and(|it| !it.fault.is_empty());
        if is_broken
            && checkpoint::of(&runner.store, &member.name).await.is_ok_and(|it| it.iter().all(|it| it.fault.is_empty()))
        {
            return true;
        }
    }
    false
}

/// Waits for the lease, folds as long as it holds, and starts over.
async fn lead(runner: Arc<Runner>) {
    while !runner.stop.is_cancelled() {
        match take_up(&runner).await {
            Ok(Some(mut lease)) => {
                fold_all(&runner, &mut lease).await;
                if let Lease::Session(session) = lease {
                    // Closing gives the lock back; a connection that cannot be closed has lost it.
                    let _ = session.close().await;
                }
                continue;
            }
            Ok(None) => {}
            Err(e) => tracing::warn!(service = runner.service, error = %e, "the store does not answer; trying again"),
        }
        // Who does not fold keeps an eye on how far the one is that does.
        let _ = runner.store.refresh().await;
        tokio::select! {
            () = runner.stop.cancelled() => {}
            () = tokio::time::sleep(LEASE_TICK) => {}
        }
    }
}

/// Takes the lease; what stood still under the last holder is tried again.
async fn take_up(runner: &Runner) -> Result<Option<Lease>, StoreError> {
    let Some(lease) = Lease::try_take(runner).await? else { return Ok(None) };
    for member in &runner.members {
        checkpoint::clear_fault(&runner.store, &member.name).await?;
        member.load(&runner.store).await?;
    }
    Ok(Some(lease))
}

async fn fold_all(runner: &Arc<Runner>, lease: &mut Lease) {
    let is_active = &runner.store.inner.is_active;
    let stop = runner.stop.child_token();
    let mut streams: Vec<_> = runner.members.iter().flat_map(|it| it.fold.streams()).map(str::to_owned).collect();
    streams.sort_unstable();
    streams.dedup();
    let mut groups = JoinSet::new();
    for stream in streams {
        groups.spawn(group::run(Arc::clone(runner), stream, stop.clone()));
    }
    is_active.store(true, Ordering::Release);
    runner.active.send_replace(true);
    lease.hold(runner).await;
    stop.cancel();
    while groups.join_next().await.is_some() {}
    is_active.store(false, Ordering::Release);
    runner.active.send_replace(false);
}
