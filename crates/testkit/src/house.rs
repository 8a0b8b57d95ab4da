//! A house of services in one process: real gRPC, real stores, and the log of your choice.

use crate::{Postgres, TestDatabase};
use anyhow::Context as _;
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use studium_kit::{DevelopmentIssuer, Limits, Running, Service, Surroundings, Verifier};
use studium_log::{Log, now_ms};
use studium_store::Store;
use tempfile::TempDir;
use tonic::{
    Request, Status,
    metadata::MetadataValue,
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Channel, Endpoint},
};

/// Where services of one test live.
pub struct House {
    log: Log,
    issuer: DevelopmentIssuer,
    folder: TempDir,
    postgres: Option<Postgres>,
    databases: Mutex<Vec<TestDatabase>>,
    stores: AtomicU32,
}

/// A connection that carries somebody's token.
pub type Caller = InterceptedService<Channel, Bearer>;

/// Adds somebody's token to every call.
#[derive(Clone)]
pub struct Bearer(MetadataValue<tonic::metadata::Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

impl House {
    /// Services over the given log, each with a SQLite file of its own.
    pub fn new(log: Log) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let issuer = DevelopmentIssuer::load_or_create(&folder.path().join("issuer.pk8"))?;
        Ok(Self { log, issuer, folder, postgres: None, databases: Mutex::default(), stores: AtomicU32::new(0) })
    }

    /// The same with a PostgreSQL database for each service.
    pub fn on_postgres(mut self, server: Postgres) -> Self {
        self.postgres = Some(server);
        self
    }

    /// Services that start from now on have another log.
    pub fn replace_log(&mut self, log: Log) {
        self.log = log;
    }

    /// The log that all services of the house share.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// A folder that is removed with the house.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// A store that nobody has used yet.
    pub async fn store_url(&self, name: &str) -> anyhow::Result<String> {
        let n = self.stores.fetch_add(1, Ordering::Relaxed);
        match &self.postgres {
            Some(it) => {
                let database = it.database().await?;
                let url = database.url.clone();
                self.databases.lock().unwrap_or_else(PoisonError::into_inner).push(database);
                Ok(url)
            }
            None => Ok(format!("sqlite:{}", self.folder.path().join(format!("{name}_{n}.db")).display())),
        }
    }

    /// Starts a service on a new store.
    pub async fn start(&self, service: Service) -> anyhow::Result<Running> {
        let url = self.store_url(service.name()).await?;
        self.start_on(service, &url).await
    }

    /// Starts a service on a store, for example the one that it had before.
    pub async fn start_on(&self, service: Service, store: &str) -> anyhow::Result<Running> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let verifier = Verifier::development(&self.issuer, "studium");
        let store = Store::open(store).await?;
        let log = self.log.clone();
        service
            .start(Surroundings {
                log,
                store,
                verifier,
                listener,
                settings: Vec::new(),
                drain: Duration::from_secs(5),
                // Tests ask faster than people.
                limits: Limits { calls_per_second: 0, anonymous_per_second: 0, ..Limits::default() },
                tls: None,
            })
            .await
    }

    /// Somebody's token, good for an hour.
    pub fn token(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> String {
        self.issuer.token(subject, roles, institutions, Duration::from_hours(1))
    }

    /// A connection to a service that speaks for somebody.
    pub async fn call(
        &self,
        service: &Running,
        subject: &str,
        roles: &[&str],
        institutions: &[&str],
    ) -> anyhow::Result<Caller> {
        self.call_at(service.address, subject, roles, institutions).await
    }

    /// A connection to where a service answers that speaks for somebody.
    pub async fn call_at(
        &self,
        address: SocketAddr,
        subject: &str,
        roles: &[&str],
        institutions: &[&str],
    ) -> anyhow::Result<Caller> {
        let token = self.token(subject, roles, institutions);
        let channel = Endpoint::from_shared(format!("http://{address}"))?.connect().await?;
        let bearer = format!("Bearer {token}").parse().context("a token is plain text")?;
        Ok(InterceptedService::new(channel, Bearer(bearer)))
    }

    /// A connection that speaks for a registrar.
    pub async fn registrar(&self, service: &Running) -> anyhow::Result<Caller> {
        self.registrar_at(service.address).await
    }

    /// A connection to where a service answers that speaks for a registrar.
    pub async fn registrar_at(&self, address: SocketAddr) -> anyhow::Result<Caller> {
        self.call_at(address, "registrar-1", &["registrar", "operator"], &[]).await
    }

    /// The present, Unix milliseconds.
    pub fn now_ms(&self) -> i64 {
        now_ms()
    }
}
