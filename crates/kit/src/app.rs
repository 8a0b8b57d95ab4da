//! What handlers, policies and deadlines hold: deciders to ask, views to read.

use crate::{Call, Metrics, status};
use futures::future::BoxFuture;
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::Arc,
    time::Duration,
};
use studium_core::{Decider, Event, Reason};
use studium_log::{Aggregates, DecideError, Decided, Deciding, Log, LogError, Meta};
use studium_store::{Journal, Store, StoreError, View};
use tokio::{sync::RwLock, time::Instant};
use tonic::Status;

/// How long a query waits for a view to catch up with `min_position`.
const REACHED_WITHIN: Duration = Duration::from_secs(2);

/// How long a view may take to see what something else at work here waits for, before that is begun again.
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// States that one process keeps in memory for each kind of aggregate.
const CACHED_STATES: usize = 6_000;

/// What a service is made of while it runs. Cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    service: &'static str,
    log: Log,
    store: Store,
    metrics: Metrics,
    aggregates: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    belongings: Belongings,
    redaction: RwLock<()>,
}

/// What only one service has, by type.
pub(crate) type Belongings = HashMap<TypeId, Box<dyn Any + Send + Sync>>;

/// What came of a command, as a reply tells it.
#[derive(Debug, Clone)]
pub struct Outcome<E> {
    /// Id of the aggregate.
    pub id: String,
    /// Position of the commit; pass it as `min_position` to read your own write.
    pub position: u64,
    /// It was already so: nothing was written now.
    pub already: bool,
    /// What happened; empty when it was so before any request.
    pub events: Vec<E>,
}

/// Makes a command's reply from its outcome: what every reply to one says, and more fields if any.
#[macro_export]
macro_rules! done {
    ($response:ident, $outcome:expr $(, $field:ident: $value:expr)*) => {{
        let outcome = $outcome;
        Ok(tonic::Response::new($response {
            $($field: $value,)*
            id: outcome.id,
            position: outcome.position,
            already: outcome.already,
        }))
    }};
}

impl App {
    pub(crate) fn new(
        service: &'static str,
        log: Log,
        store: Store,
        metrics: Metrics,
        deciders: &[fn(&mut Deciders, &Log, &Store)],
        belongings: Belongings,
    ) -> Self {
        let mut aggregates = Deciders::default();
        for register in deciders {
            register(&mut aggregates, &log, &store);
        }
        Self {
            inner: Arc::new(Inner {
                service,
                log,
                store,
                metrics,
                aggregates: aggregates.0,
                belongings,
                redaction: RwLock::default(),
            }),
        }
    }

    /// What the service was given with [`crate::Service::with`], if it was.
    pub fn belonging<T: Any>(&self) -> Option<&T> {
        self.inner.belongings.get(&TypeId::of::<T>())?.downcast_ref()
    }

    /// Name of the service, which is its stream's.
    pub fn service(&self) -> &'static str {
        self.inner.service
    }

    /// The service's store.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn log(&self) -> &Log {
        &self.inner.log
    }

    /// Read while something is kept that may be personal and that no view holds, written while it is taken out.
    pub(crate) fn redaction(&self) -> &RwLock<()> {
        &self.inner.redaction
    }

    /// Counters of the service.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Decides a command for a caller.
    ///
    /// # Errors
    /// A refusal becomes a status with `google.rpc.ErrorInfo`; a fault shows no internals.
    pub async fn decide<D: Decider>(
        &self,
        call: &Call,
        id: &str,
        command: &D::Command,
    ) -> Result<Outcome<D::Event>, Status> {
        match self.decide_as::<D>(&call.meta, id, command).await {
            Ok(it) => Ok(Outcome { id: id.to_owned(), position: it.position, already: it.already, events: it.events }),
            Err(DecideError::Refused(it)) => {
                Err(status::refused(&it, [("aggregate", D::Event::AGGREGATE), ("id", id)]))
            }
            Err(DecideError::Busy) => Err(status::busy()),
            Err(DecideError::Outdated) => Err(status::outdated()),
            Err(DecideError::Fault(e)) => Err(status::fault(e)),
        }
    }

    /// Decides a command for a policy or a deadline.
    pub async fn decide_as<D: Decider>(
        &self,
        meta: &Meta,
        id: &str,
        command: &D::Command,
    ) -> Result<Decided<D::Event>, DecideError<D::Reason>> {
        let mut cost = Deciding::default();
        let started = Instant::now();
        let decided = match self.aggregates::<D>() {
            Some(it) => it.decide(id, command, meta, &mut cost).await,
            None => Err(DecideError::Fault(LogError::Setup(format!(
                "`{}` is not listed among the deciders of {}",
                D::Event::AGGREGATE,
                self.inner.service
            )))),
        };
        let outcome = match &decided {
            Ok(it) if it.already => "already",
            Ok(_) => "accepted",
            Err(DecideError::Refused(it)) => {
                tracing::debug!(aggregate = D::Event::AGGREGATE, id, reason = it.reason.name(), "refused");
                "refused"
            }
            Err(DecideError::Busy) => "busy",
            Err(DecideError::Outdated | DecideError::Fault(_)) => "fault",
        };
        self.inner.metrics.decided(D::Event::AGGREGATE, outcome, started.elapsed(), &cost);
        decided
    }

    /// The state of an aggregate as the log's leader knows it: for the rare question that no view answers in time.
    pub async fn state<D: Decider>(&self, id: &str) -> Result<D, Status> {
        self.look(id, D::clone).await
    }

    /// Looks at the state of an aggregate as the log's leader knows it, without copying it: what it would decide,
    /// and why not.
    pub async fn look<D: Decider, T>(&self, id: &str, what: impl FnOnce(&D) -> T) -> Result<T, Status> {
        match self.aggregates::<D>() {
            Some(it) => it.look(id, what).await.map_err(status::fault),
            None => Ok(what(&D::default())),
        }
    }

    fn aggregates<D: Decider>(&self) -> Option<&Aggregates<D>> {
        self.inner.aggregates.get(&TypeId::of::<D>())?.downcast_ref()
    }

    /// Waits until the journal holds the service's own stream up to a position. Whoever remembers that something followed
    /// does so only then: a lost broker comes back from the journal, and what is not in it has to follow again.
    pub(crate) async fn kept(&self, position: u64) -> Result<(), StoreError> {
        self.seen_by(Journal::NAME, self.inner.service, position).await
    }

    /// Waits until a view, or the journal, has seen a position of a stream, 30 s at most: for what is at work by itself.
    ///
    /// # Errors
    /// `Unavailable` when it has not; whoever waits begins again.
    pub async fn seen_by(&self, view: &str, stream: &str, position: u64) -> Result<(), StoreError> {
        self.inner.store.reached(view, stream, position, SEEN_WITHIN).await.map_err(|late| {
            StoreError::Unavailable(format!(
                "`{view}` has seen position {} of `{stream}`, not yet {position}; `studium views list` says what keeps it",
                late.at
            ))
        })
    }

    /// Waits until a view has seen a position of the service's own stream, 2 s at most.
    pub async fn reached<V: View>(&self, min_position: u64) -> Result<(), Status> {
        self.reached_stream::<V>(self.inner.service, min_position).await
    }

    /// Waits until a view has seen a position of a stream, 2 s at most.
    pub async fn reached_stream<V: View>(&self, stream: &str, min_position: u64) -> Result<(), Status> {
        if min_position == 0 {
            return Ok(());
        }
        self.inner.store.reached(V::NAME, stream, min_position, REACHED_WITHIN).await.map_err(|late| {
            status::late(format!(
                "`{}` has seen position {} of `{stream}`, not yet {min_position}; ask again",
                V::NAME,
                late.at
            ))
        })
    }
}

/// The deciders of a service, by type.
#[derive(Default)]
pub(crate) struct Deciders(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Deciders {
    pub(crate) fn register<D: Decider>(&mut self, log: &Log, store: &Store) {
        let aggregates = Aggregates::<D>::new(log.clone(), Arc::new(store.journal()), CACHED_STATES);
        self.0.insert(TypeId::of::<D>(), Box::new(aggregates));
    }
}

/// What an erased reaction comes to.
pub(crate) enum Answer {
    /// Written, or already so, at this position of the service's own stream.
    Done(u64),
    /// Refused, with the reason's name: an answer, and recorded.
    Refused(String),
    /// To be tried again.
    Failed(String),
    /// The log or the journal did not answer, as it would not answer anybody just now.
    Unreachable(String),
}

/// One command of a policy or deadline, with its types erased.
pub(crate) struct Todo {
    /// Subject of the aggregate that is asked.
    pub target: String,
    /// The command in words, for people.
    pub payload: String,
    run: Box<dyn Fn(App, Meta) -> BoxFuture<'static, Answer> + Send + Sync>,
}

impl Todo {
    pub(crate) fn new<D: Decider>(id: String, command: D::Command) -> Self {
        let target = format!("{}.{id}", D::Event::AGGREGATE);
        let payload = format!("{command:?}");
        let work = Arc::new((id, command));
        let run = move |app: App, meta: Meta| -> BoxFuture<'static, Answer> {
            let work = Arc::clone(&work);
            Box::pin(async move {
                match app.decide_as::<D>(&meta, &work.0, &work.1).await {
                    Ok(it) => Answer::Done(it.position),
                    Err(DecideError::Refused(it)) => Answer::Refused(it.to_string()),
                    Err(e @ DecideError::Fault(LogError::Unreachable(_) | LogError::History(_))) => {
                        Answer::Unreachable(e.to_string())
                    }
                    Err(e) => Answer::Failed(e.to_string()),
                }
            })
        };
        Self { target, payload, run: Box::new(run) }
    }

    /// A look-up that cannot be made until somebody acts: it keeps failing, and is parked like a command that does.
    pub(crate) fn stuck(source: &str, why: String) -> Self {
        let (target, payload) = (source.to_owned(), "what follows is to be looked up".to_owned());
        let run = move |_: App, _: Meta| -> BoxFuture<'static, Answer> {
            Box::pin(std::future::ready(Answer::Failed(why.clone())))
        };
        Self { target, payload, run: Box::new(run) }
    }

    pub(crate) async fn run(&self, app: &App, meta: Meta) -> Answer {
        (self.run)(app.clone(), meta).await
    }
}
