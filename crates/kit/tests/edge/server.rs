//! A real server on a free port, with handlers that say what they were given.

use super::contract;
use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use studium_kit::{Call, DevelopmentIssuer, Limits, Metrics, Tls, Verifier, access::AccessTable, server};
use studium_proto::admin::v1::{
    DropParkedRequest, DropParkedResponse, GetParkedRequest, GetParkedResponse, GetStatusRequest, GetStatusResponse,
    ListParkedRequest, ListParkedResponse, ListPersonalRequest, ListPersonalResponse, ListPoliciesRequest,
    ListPoliciesResponse, ListViewsRequest, ListViewsResponse, RebuildViewRequest, RebuildViewResponse,
    RetryParkedRequest, RetryParkedResponse, TraceRequest, TraceResponse, TracedCommit, VerifyLogRequest,
    VerifyLogResponse,
    admin_service_client::AdminServiceClient,
    admin_service_server::{AdminService, AdminServiceServer},
};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, transport::Channel};

pub const SERVICE: &str = "studium.admin.v1.AdminService";

/// How long an hour's token lives.
pub const HOUR: Duration = Duration::from_hours(1);

pub struct Running {
    pub address: SocketAddr,
    pub issuer: DevelopmentIssuer,
    pub folder: TempDir,
    pub stop: CancellationToken,
    pub task: JoinHandle<anyhow::Result<()>>,
    pub ready: Arc<AtomicBool>,
    pub endless: Arc<Endless>,
}

/// How many calls without an end were begun, and how many were broken off.
#[derive(Default)]
pub struct Endless {
    pub begun: AtomicUsize,
    pub broken_off: AtomicUsize,
}

/// One of them, while it runs.
struct One(Arc<Endless>);

impl Drop for One {
    fn drop(&mut self) {
        self.0.broken_off.fetch_add(1, Ordering::SeqCst);
    }
}

pub async fn start() -> Running {
    start_with(Limits::default()).await
}

/// The same with certificates.
pub async fn start_secured(tls: Option<Tls>) -> Running {
    let (folder, issuer, verifier) = development();
    serve(folder, issuer, verifier, Limits::default(), tls).await
}

pub async fn start_with(limits: Limits) -> Running {
    let (folder, issuer, verifier) = development();
    serve(folder, issuer, verifier, limits, None).await
}

fn development() -> (TempDir, DevelopmentIssuer, Verifier) {
    let folder = tempfile::tempdir().unwrap();
    let issuer = DevelopmentIssuer::load_or_create(&folder.path().join("issuer.pk8")).unwrap();
    let verifier = Verifier::development(&issuer, "studium");
    (folder, issuer, verifier)
}

/// A server for the tokens that a verifier lets pass.
pub async fn start_for(folder: TempDir, issuer: DevelopmentIssuer, verifier: Verifier) -> Running {
    serve(folder, issuer, verifier, Limits::default(), None).await
}

async fn serve(
    folder: TempDir,
    issuer: DevelopmentIssuer,
    verifier: Verifier,
    limits: Limits,
    tls: Option<Tls>,
) -> Running {
    let listener = server::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ready = Arc::new(AtomicBool::new(true));
    let asked = Arc::clone(&ready);
    let mut routes = server::routes();
    let endless = Arc::<Endless>::default();
    routes.add_service(AdminServiceServer::new(Echo(Arc::clone(&endless))));
    let edge = server::Edge {
        rpcs: vec![SERVICE],
        routes: routes.routes(),
        access: AccessTable::of_pool(&contract::changed(), &[SERVICE]).unwrap(),
        verifier,
        metrics: Metrics::new("echo").unwrap(),
        ready: Arc::new(move || {
            let missing =
                if asked.load(Ordering::SeqCst) { vec![] } else { vec!["view `roster_1` is 7 behind".to_owned()] };
            async move { missing }.boxed()
        }),
        caught_up: tokio::sync::watch::channel(true).1,
        http: axum::Router::new().route("/page", axum::routing::get(async || "a page")),
        drain: Duration::from_secs(5),
        limits,
        tls,
    };
    let stop = CancellationToken::new();
    let task = tokio::spawn(server::serve(listener, edge, stop.clone()));
    Running { address, issuer, folder, stop, task, ready, endless }
}

impl Running {
    pub async fn client(&self) -> AdminServiceClient<Channel> {
        AdminServiceClient::connect(format!("http://{}", self.address)).await.unwrap()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn token(&self, subject: &str, roles: &[&str], institutions: &[&str]) -> String {
        self.issuer.token(subject, roles, institutions, HOUR)
    }
}

/// A request with a bearer token.
pub fn by<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// Says back what it was given.
struct Echo(Arc<Endless>);

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl AdminService for Echo {
    type VerifyLogStream = BoxStream<'static, Result<VerifyLogResponse, Status>>;
    type RebuildViewStream = BoxStream<'static, Result<RebuildViewResponse, Status>>;
    type ListPersonalStream = BoxStream<'static, Result<ListPersonalResponse, Status>>;

    /// The caller as the service, the trace as the version.
    async fn get_status(&self, request: Request<GetStatusRequest>) -> Answer<GetStatusResponse> {
        let (call, _) = Call::open(request)?;
        let version = call.meta.traceparent;
        Ok(Response::new(GetStatusResponse { service: call.caller.subject, version, ..Default::default() }))
    }

    /// Never ends by itself.
    async fn verify_log(&self, _: Request<VerifyLogRequest>) -> Answer<Self::VerifyLogStream> {
        let first = futures::stream::iter([Ok(VerifyLogResponse { checked: 1, ..Default::default() })]);
        Ok(Response::new(first.chain(futures::stream::pending()).boxed()))
    }

    async fn list_personal(&self, _: Request<ListPersonalRequest>) -> Answer<Self::ListPersonalStream> {
        Ok(Response::new(futures::stream::empty().boxed()))
    }

    async fn list_views(&self, _: Request<ListViewsRequest>) -> Answer<ListViewsResponse> {
        panic!("the roster has no row 7")
    }

    async fn list_policies(&self, _: Request<ListPoliciesRequest>) -> Answer<ListPoliciesResponse> {
        Ok(Response::new(ListPoliciesResponse::default()))
    }

    async fn rebuild_view(&self, request: Request<RebuildViewRequest>) -> Answer<Self::RebuildViewStream> {
        let done = RebuildViewResponse { done: request.into_inner().name == "uni", ..Default::default() };
        Ok(Response::new(futures::stream::iter([Ok(done)]).boxed()))
    }

    /// Takes its time.
    async fn list_parked(&self, _: Request<ListParkedRequest>) -> Answer<ListParkedResponse> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok(Response::new(ListParkedResponse::default()))
    }

    /// The caller as the payload.
    async fn get_parked(&self, request: Request<GetParkedRequest>) -> Answer<GetParkedResponse> {
        let (call, _) = Call::open(request)?;
        Ok(Response::new(GetParkedResponse { payload: call.meta.actor, ..Default::default() }))
    }

    /// Never ends by itself for parked reaction 7.
    async fn retry_parked(&self, request: Request<RetryParkedRequest>) -> Answer<RetryParkedResponse> {
        if request.into_inner().id == 7 {
            let _one = One(Arc::clone(&self.0));
            self.0.begun.fetch_add(1, Ordering::SeqCst);
            std::future::pending::<()>().await;
        }
        Ok(Response::new(RetryParkedResponse::default()))
    }

    async fn drop_parked(&self, _: Request<DropParkedRequest>) -> Answer<DropParkedResponse> {
        Ok(Response::new(DropParkedResponse::default()))
    }

    /// The field that was checked, as the handler reads it, and the roles that it sees as the actor.
    async fn trace(&self, request: Request<TraceRequest>) -> Answer<TraceResponse> {
        let (call, it) = Call::open(request)?;
        let (subject, actor) = (it.correlation_id, call.caller.roles.join(" "));
        Ok(Response::new(TraceResponse { commits: vec![TracedCommit { subject, actor, ..Default::default() }] }))
    }
}
