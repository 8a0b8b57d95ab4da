//! A service: the list of its parts, and how they are started and stopped together.

mod fit;

use crate::{
    App, Config, Limits, Metrics, Tls, Verifier,
    access::AccessTable,
    admin::Admin,
    api_keys::{ApiKeys, Holder},
    app::{Belongings, Deciders},
    deadlines::{self, AnyDeadline, Deadline},
    erasure::{self, ErasedBy},
    feeds::{self, Feed},
    parked, policies,
    policy::{AnyPolicy, LookUp, LookUpPolicy, Pure},
    progress::{self, Roster},
    ready,
    server::{self, Edge},
    work::{self, Work},
};
use futures::future::BoxFuture;
use std::{
    any::{Any, TypeId},
    collections::{BTreeSet, HashMap},
    convert::Infallible,
    future::Future,
    marker::PhantomData,
    net::SocketAddr,
    time::Duration,
};
use studium_core::{Decider, Event, Policy};
use studium_log::{Log, LogConfig};
use studium_proto::{Contract, admin::v1::admin_service_server::AdminServiceServer};
use studium_store::{Projection, Projector, Store, StoreError, View};
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, server::NamedService, service::RoutesBuilder};
use tower::Service as TowerService;

type Register = fn(&mut Deciders, &Log, &Store);
type MakeApi = Box<dyn FnOnce(&App, &mut RoutesBuilder) + Send>;
type RunFeed = fn(App, watch::Receiver<bool>, CancellationToken) -> BoxFuture<'static, ()>;
type RunWork = fn(App, watch::Receiver<bool>, watch::Receiver<bool>, CancellationToken) -> BoxFuture<'static, ()>;
type Prepare = fn(Store) -> BoxFuture<'static, Result<(), StoreError>>;
type MakeHttp = Box<dyn FnOnce(&App) -> axum::Router + Send>;

/// The parts of a service. `lib.rs` of each service lists them, and nothing else does.
pub struct Service {
    name: &'static str,
    deciders: Vec<Register>,
    /// The kinds of aggregates that are decided about.
    aggregates: Vec<&'static str>,
    views: Vec<fn(Projector) -> Projector>,
    /// Which streams each view follows.
    followed: HashMap<&'static str, &'static [&'static str]>,
    policies: Vec<Box<dyn AnyPolicy>>,
    /// Policy, its stream, and the views that have to have seen it.
    awaited: Vec<(&'static str, &'static str, &'static [&'static str])>,
    deadlines: Vec<Box<dyn AnyDeadline>>,
    feeds: Vec<RunFeed>,
    /// The sorts of subjects in them.
    feed_sorts: Vec<&'static str>,
    works: Vec<(Prepare, RunWork)>,
    /// What each of them can come to.
    counted: Vec<(&'static str, &'static [&'static str])>,
    erased_by: Vec<ErasedBy>,
    rpcs: Vec<&'static str>,
    apis: Vec<MakeApi>,
    http: Vec<MakeHttp>,
    keys: Option<fn(&App) -> Holder>,
    belongings: Belongings,
    /// Why it cannot start.
    trouble: Option<String>,
}

/// What a service needs from outside: the same in production, in `up` and in tests.
pub struct Surroundings {
    /// The log.
    pub log: Log,
    /// The service's own store.
    pub store: Store,
    /// Who may call.
    pub verifier: Verifier,
    /// Where it listens.
    pub listener: TcpListener,
    /// Settings as `status` shows them, secrets hidden.
    pub settings: Vec<(String, String)>,
    /// How long running requests may take to finish at the end.
    pub drain: Duration,
    /// How far it lets itself be used.
    pub limits: Limits,
    /// Certificates of the port; none = plaintext.
    pub tls: Option<Tls>,
}

/// A service that runs.
pub struct Running {
    /// Where it answers.
    pub address: SocketAddr,
    /// What its handlers hold.
    pub app: App,
    /// Its views.
    pub projection: Projection,
    stop: CancellationToken,
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Service {
    /// A service without parts; the name is also its stream's.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            deciders: Vec::new(),
            aggregates: Vec::new(),
            views: Vec::new(),
            followed: HashMap::new(),
            policies: Vec::new(),
            awaited: Vec::new(),
            deadlines: Vec::new(),
            feeds: Vec::new(),
            feed_sorts: Vec::new(),
            works: Vec::new(),
            counted: Vec::new(),
            erased_by: Vec::new(),
            rpcs: Vec::new(),
            apis: Vec::new(),
            http: Vec::new(),
            keys: None,
            belongings: Belongings::default(),
            trouble: None,
        }
    }

    /// Gives the contract of a service beside the platform: without it nobody would know its rpcs, nor what is
    /// personal in its events.
    pub fn contract(self, contract: &'static Contract) -> Self {
        studium_proto::join(contract);
        self
    }

    /// The service's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The kinds of aggregates that it decides about: what it may write.
    pub fn writes(&self) -> &[&'static str] {
        &self.aggregates
    }

    /// The streams that its views and policies follow: what it may read.
    pub fn reads(&self) -> BTreeSet<&'static str> {
        let policies = self.policies.iter().map(|it| it.stream());
        self.followed.values().copied().flatten().copied().chain(policies).collect()
    }

    /// The sorts of subjects in the feeds that it keeps.
    pub fn feed_sorts(&self) -> &[&'static str] {
        &self.feed_sorts
    }

    /// Lists a decider.
    pub fn decider<D: Decider>(mut self) -> Self {
        self.deciders.push(Deciders::register::<D>);
        self.aggregates.push(<D::Event as Event>::AGGREGATE);
        self
    }

    /// Lists a view.
    pub fn view<V: View>(mut self) -> Self {
        self.views.push(Projector::view::<V>);
        self.followed.insert(V::NAME, V::STREAMS);
        self
    }

    /// Lists a policy.
    pub fn policy<P: Policy>(mut self, policy: P) -> Self {
        self.policies.push(Box::new(Pure(policy)));
        self
    }

    /// Lists a policy that reads views of this service.
    pub fn look_up_policy<P: LookUpPolicy>(mut self) -> Self {
        self.policies.push(Box::new(LookUp::<P>(PhantomData)));
        self.awaited.push((P::NAME, P::STREAM, P::VIEWS));
        if P::IN_TURN {
            self.awaited.push((P::NAME, self.name, P::VIEWS));
        }
        self
    }

    /// Lists a deadline.
    pub fn deadline<D: Deadline>(mut self) -> Self {
        self.deadlines.push(Box::new(deadlines::Erased::<D>(PhantomData)));
        self
    }

    /// Lists a kind of feed.
    pub fn feed<F: Feed>(mut self) -> Self {
        self.feed_sorts.extend(F::SORTS);
        self.feeds.push(|app, active, stop| Box::pin(feeds::run::<F>(app, active, stop)));
        self.awaited.push((F::NAME, self.name, F::VIEWS));
        self
    }

    /// Lists something that the service does by itself.
    pub fn work<W: Work>(mut self) -> Self {
        let prepare: Prepare = |store| Box::pin(async move { W::prepare(&store).await });
        self.counted.push((W::NAME, W::OUTCOMES));
        self.works
            .push((prepare, |app, active, caught_up, stop| Box::pin(work::run::<W>(app, active, caught_up, stop))));
        self
    }

    /// Lists the event after which nothing personal is kept anywhere of the person whose id its aggregate has.
    pub fn erased_by<E: Event>(mut self, is_it: fn(&E) -> bool) -> Self {
        self.erased_by.push(erasure::erased_by(is_it));
        self
    }

    /// Lists a gRPC service.
    pub fn grpc<S>(mut self, make: impl FnOnce(App) -> S + Send + 'static) -> Self
    where
        S: TowerService<http::Request<Body>, Error = Infallible> + NamedService + Clone + Send + Sync + 'static,
        S::Response: axum::response::IntoResponse,
        S::Future: Send + 'static,
    {
        self.rpcs.push(S::NAME);
        self.apis.push(Box::new(move |app, routes| {
            routes.add_service(make(app.clone()));
        }));
        self
    }

    /// Lists plain HTTP routes, public unless they ask for something themselves: pages for people, documents for
    /// programs of strangers.
    pub fn http(mut self, make: impl FnOnce(App) -> axum::Router + Send + 'static) -> Self {
        self.http.push(Box::new(move |app| make(app.clone())));
        self
    }

    /// Lets callers pass with keys that this service holds.
    pub fn api_keys<K: ApiKeys>(mut self) -> Self {
        self.keys = Some(Holder::new::<K>);
        self
    }

    /// Gives what only this service has, such as settings of its own, to all that hold its [`App`].
    pub fn with<T: Any + Send + Sync>(mut self, belonging: T) -> Self {
        self.belongings.insert(TypeId::of::<T>(), Box::new(belonging));
        self
    }

    /// Does not start: a setting of its own makes no sense. The sentence says which and what to do.
    pub fn cannot_start(mut self, why: String) -> Self {
        self.trouble = Some(why);
        self
    }

    /// Connects to what the configuration names and runs until it is told to stop.
    ///
    /// # Errors
    /// With one sentence that says what to do, when something it needs is not there.
    pub async fn run(
        self,
        config: Config,
        stop: CancellationToken,
        ready: impl FnOnce(SocketAddr),
    ) -> anyhow::Result<()> {
        config.check()?;
        self.is_well_set()?;
        let listener = server::bind(&config.listen).await?;
        config.security.check(listener.local_addr()?, &config.nats, &config.store)?;
        let tls = config.security.tls()?;
        let master_key = Some(config.master_key()?);
        let log = LogConfig { url: config.nats.clone(), durability: config.durability, master_key };
        let log = Log::connect(&log).await?;
        let store = Store::open(&config.store).await?;
        erasure::make_no_key_twice(&log, &store);
        let verifier = config.verifier().await?;
        let (settings, drain, limits) = (config.shown(), config.drain(), config.limits);
        let running = self.start(Surroundings { log, store, verifier, listener, settings, drain, limits, tls }).await?;
        ready(running.address);
        running.until(stop).await
    }

    /// Starts the service in given surroundings.
    ///
    /// # Errors
    /// When an rpc does not say who may call it, the log cannot be opened, or a view does not fit its table.
    pub async fn start(self, surroundings: Surroundings) -> anyhow::Result<Running> {
        let Surroundings { log, store, verifier, listener, settings, drain, limits, tls } = surroundings;
        self.fits_together()?;
        let metrics = Metrics::new(self.name)?.at_zero(&self.aggregates, &self.counted);
        let mut rpcs = self.rpcs;
        rpcs.push(AdminServiceServer::<Admin>::NAME);
        let access = AccessTable::for_services(&rpcs).map_err(anyhow::Error::msg)?;
        log.open(self.name).await?;
        prepare(&store, &self.works).await?;
        let app = App::new(self.name, log.clone(), store.clone(), metrics.clone(), &self.deciders, self.belongings);
        let projector = self
            .views
            .into_iter()
            .fold(Projector::new(self.name, store, log).forgets(&parked::FORGETS), |it, view| view(it));
        let projection = projector.start().await?;

        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        let (tell, caught_up) = watch::channel(false);
        tasks.spawn(finish(ready::tell_when_caught_up(projection.clone(), tell, stop.clone())));
        let roster = Roster::of(&self.policies);
        for (stream, policies) in policies::by_stream(self.policies) {
            let turn = (projection.active(), caught_up.clone());
            tasks.spawn(finish(policies::run(app.clone(), stream, policies, turn, stop.clone())));
        }
        for deadline in self.deadlines {
            let (active, caught_up) = (projection.active(), caught_up.clone());
            tasks.spawn(finish(deadlines::run(app.clone(), deadline, active, caught_up, stop.clone())));
        }
        for feed in self.feeds {
            tasks.spawn(finish(feed(app.clone(), projection.active(), stop.clone())));
        }
        for (_, work) in self.works {
            tasks.spawn(finish(work(app.clone(), projection.active(), caught_up.clone(), stop.clone())));
        }
        tasks.spawn(finish(erasure::run(app.clone(), projection.clone(), self.erased_by, stop.clone())));
        tasks.spawn(finish(progress::watch(app.clone(), projection.clone(), roster.clone(), stop.clone())));

        let verifier = verifier.with_keys(self.keys.map(|hold| hold(&app)));
        let mut routes = server::routes();
        for api in self.apis {
            api(&app, &mut routes);
        }
        let admin = Admin::new(app.clone(), projection.clone(), roster, settings);
        routes.add_service(AdminServiceServer::new(admin));
        let edge = Edge {
            rpcs,
            routes: routes.routes(),
            access,
            ready: ready::check(app.clone(), projection.clone(), verifier.clone(), caught_up.clone()),
            caught_up,
            verifier,
            metrics,
            http: self.http.into_iter().fold(axum::Router::new(), |all, make| all.merge(make(&app))),
            drain,
            limits,
            tls,
        };
        let address = listener.local_addr()?;
        tasks.spawn(server::serve(listener, edge, stop.clone()));
        Ok(Running { address, app, projection, stop, tasks })
    }
}

/// Makes the tables that are the kit's own and those of what the service does by itself.
async fn prepare(store: &Store, works: &[(Prepare, RunWork)]) -> anyhow::Result<()> {
    parked::prepare(store).await?;
    feeds::prepare(store).await?;
    for (prepare, _) in works {
        prepare(store.clone()).await?;
    }
    Ok(())
}

async fn finish(work: impl Future<Output = ()>) -> anyhow::Result<()> {
    work.await;
    Ok(())
}

impl Running {
    /// Runs until the token is cancelled or a part fails, then drains.
    pub async fn until(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        let failed = tokio::select! {
            () = stop.cancelled() => None,
            ended = self.tasks.join_next() => ended,
        };
        self.stop.cancel();
        self.projection.stop().await;
        let mut outcome = failed.map_or(Ok(()), |it| it.map_err(anyhow::Error::from).and_then(|it| it));
        while let Some(ended) = self.tasks.join_next().await {
            outcome = outcome.and(ended.map_err(anyhow::Error::from).and_then(|it| it));
        }
        outcome
    }

    /// Whether the journal and all views have seen all there is.
    pub async fn is_caught_up(&self) -> anyhow::Result<bool> {
        let views = self.projection.views().await?;
        Ok(views.iter().all(|it| it.position >= it.head && it.state == "serving"))
    }

    /// Stops it and waits until all it accepted is done.
    pub async fn stop(self) -> anyhow::Result<()> {
        let now = CancellationToken::new();
        now.cancel();
        self.until(now).await
    }
}
