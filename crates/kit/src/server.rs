//! One port for all: gRPC, gRPC-Web, health, reflection, and plain HTTP/1.1 and HTTP/2.

use crate::{
    Caller, Metrics,
    access::{AccessTable, Admitted},
    auth::Verifier,
    ending::Ending,
    limits::{Cause, Gate, Limits, Line, Measured, Place, deadline, guarded, over},
    ready::Start,
    status, telemetry,
    tls::{Tls, secured},
};
use anyhow::Context as _;
use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderName, Method, StatusCode, header::CONTENT_TYPE};
use http_body_util::Limited;
use serde_json::json;
use std::{
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{Instant, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Status,
    service::{Routes, RoutesBuilder},
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::{
    Layer as _, ServiceExt as _,
    util::{BoxCloneSyncService, MapResponse},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowHeaders, Any, CorsLayer},
};
use tracing::Instrument as _;

/// How often gRPC health asks whether the service is ready.
const HEALTH_EVERY: Duration = Duration::from_secs(1);

/// Requests that one connection may have under way: more wait with the client.
const STREAMS_MAX: u32 = 1024;

/// What is answered whatever else there is to do. Who watches health instead has a stream like any other.
const HEALTH: &str = "/grpc.health.v1.Health/Check";
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// Bytes that may be on the way in one stream and in one connection: enough for bulk calls.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;

/// Says what is not ready, a sentence each; an empty list is ready.
pub type Ready = Arc<dyn Fn() -> BoxFuture<'static, Vec<String>> + Send + Sync>;

/// What is served on the port of one service.
pub struct Edge {
    /// Full names of the gRPC services, as in [`AccessTable::for_services`]: for health and reflection.
    pub rpcs: Vec<&'static str>,
    /// Their implementations; start from [`routes`].
    pub routes: Routes,
    /// Who may call them.
    pub access: AccessTable,
    /// Who verifies the callers' tokens.
    pub verifier: Verifier,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// What `/readyz` and gRPC health ask.
    pub ready: Ready,
    /// Whether the views have seen what was written before the start; until then callers are told to come again.
    pub caught_up: watch::Receiver<bool>,
    /// Further HTTP routes: webhooks, public pages.
    pub http: Router,
    /// How long running requests may take to finish at the end.
    pub drain: Duration,
    /// How far it lets itself be used.
    pub limits: Limits,
    /// Its certificates; none = plaintext.
    pub tls: Option<Tls>,
}

/// An empty set of gRPC routes, to which the services are added.
pub fn routes() -> RoutesBuilder {
    // `Routes::default()` would bring a fallback that answers every unknown plain path with 200.
    RoutesBuilder::from(Router::new())
}

/// Takes an address to listen on; port 0 takes a free one, `local_addr` of what comes back says which.
///
/// # Errors
/// With a sentence that says what to do.
pub async fn bind(listen: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|e| match e.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "`{listen}` is in use by another process; stop that one or choose another address with --listen (STUDIUM_LISTEN)"
        ),
        io::ErrorKind::PermissionDenied => anyhow::anyhow!(
            "this user may not listen on `{listen}`; choose a port above 1023 with --listen (STUDIUM_LISTEN)"
        ),
        _ => anyhow::anyhow!("cannot listen on `{listen}` ({e}); choose another address with --listen (STUDIUM_LISTEN)"),
    })
}

/// Waits until the process is asked to stop: Ctrl-C, SIGTERM or the end of the terminal; listens from the moment it is
/// called.
///
/// # Errors
/// When the system does not let it listen.
pub fn asked_to_stop() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<io::Result<Vec<_>>>()?;
    Ok(async move {
        futures::future::select_all(kinds.iter_mut().map(|it| Box::pin(it.recv()))).await;
    })
}

/// Serves until told to stop, then drains: not ready any more, no new connections,
/// streams end UNAVAILABLE, other running requests finish within `drain`.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, edge: Edge, stop: CancellationToken) -> anyhow::Result<()> {
    let address: SocketAddr = listener.local_addr()?;
    let (health, health_service) = tonic_health::server::health_reporter();
    let (drain, ready) = (edge.drain, Arc::clone(&edge.ready));
    let names: Vec<_> = std::iter::once("").chain(edge.rpcs.iter().copied()).collect();

    let start = Start::new(edge.caught_up.clone());
    let http = http(&edge, start.clone(), stop.clone());
    let mut routes = RoutesBuilder::from(edge.routes);
    let contract = studium_proto::file_descriptor_set(&edge.rpcs);
    routes.add_service(health_service).add_service(reflection(&edge.rpcs, &contract).build_v1()?);
    routes.add_service(reflection(&edge.rpcs, &contract).build_v1alpha()?);
    let gate = Arc::new(Gate::new(edge.limits, edge.metrics));
    let rpc = Arc::new(Rpc {
        gate: Arc::clone(&gate),
        access: edge.access,
        verifier: edge.verifier,
        routes: routes.routes().prepare().into_axum_router(),
        start,
        stop: stop.clone(),
    });
    let doors = Arc::new(Doors { web: web(Arc::clone(&rpc)), rpc, http });
    let app = Router::new().fallback(enter).with_state(doors);

    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).with_keepalive(Some(Duration::from_mins(1)));
    let incoming = secured(guarded(incoming, &gate.limits, &gate.metrics), edge.tls, gate.limits.connections as usize);
    let server = Server::builder()
        .accept_http1(true)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .max_concurrent_streams(Some(STREAMS_MAX))
        .http2_max_header_list_size(Some(gate.limits.header_bytes))
        .initial_stream_window_size(Some(STREAM_WINDOW_BYTES))
        .initial_connection_window_size(Some(CONNECTION_WINDOW_BYTES))
        .add_routes(Routes::from(app))
        .serve_with_incoming_shutdown(incoming, stop.clone().cancelled_owned());
    tracing::info!(%address, "listening");
    tokio::select! {
        ended = server => ended.context("the port cannot be served any more"),
        () = report_health(&health, &names, &ready, &stop) => Ok(()),
        () = async { stop.cancelled().await; tokio::time::sleep(drain).await } => {
            tracing::warn!(seconds = drain.as_secs(), "requests are still running after the time they had to finish");
            Ok(())
        }
    }
}

/// What lies behind the port.
struct Doors {
    rpc: Arc<Rpc>,
    web: BoxCloneSyncService<Request, Response, Infallible>,
    http: Router,
}

/// Plain gRPC takes the short way; only browsers pay for translation and CORS.
async fn enter(State(doors): State<Arc<Doors>>, request: Request) -> Response {
    if let Some(line) = request.extensions().get::<Line>() {
        line.begin();
    }
    if doors.rpc.gate.is_top_heavy(request.headers()) {
        return StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE.into_response();
    }
    let content = request.headers().get(CONTENT_TYPE).map_or(&[][..], |it| it.as_bytes());
    let asks_first = *request.method() == Method::OPTIONS && doors.rpc.access.knows(request.uri().path());
    let answered = if content.starts_with(b"application/grpc-web") || asks_first {
        doors.web.clone().oneshot(request).await
    } else if content.starts_with(b"application/grpc") {
        return doors.rpc.call(request).await;
    } else {
        return doors.page(request).await;
    };
    answered.unwrap_or_else(|never| match never {})
}

impl Doors {
    /// Plain HTTP, under the same limits as calls; whether the service is well may be asked whatever it has to do.
    async fn page(&self, request: Request) -> Response {
        let gate = &self.rpc.gate;
        let http = self.http.clone();
        if PROBES.contains(&request.uri().path()) {
            return http.oneshot(request).await.unwrap_or_else(|never| match never {});
        }
        let places = gate.place().and_then(|it| Ok((it, gate.charge(&Caller::default(), address(&request))?)));
        let _places = match places {
            Ok(it) => it,
            Err(turned) => return turned.into_page(),
        };
        let request = request.map(|it| Body::new(Limited::new(it, gate.limits.message_bytes as usize)));
        let answered = tokio::time::timeout(gate.limits.call_time(), http.oneshot(request)).await;
        if let Ok(answered) = answered {
            return answered.unwrap_or_else(|never| match never {});
        }
        gate.metrics.refused(Cause::Deadline);
        StatusCode::GATEWAY_TIMEOUT.into_response()
    }
}

/// Who is at the other end of the connection.
fn address(request: &Request) -> Option<IpAddr> {
    request.extensions().get::<Line>()?.address
}

/// The gRPC services behind access control and limits.
struct Rpc {
    gate: Arc<Gate>,
    access: AccessTable,
    verifier: Verifier,
    routes: Router,
    start: Start,
    stop: CancellationToken,
}

impl Rpc {
    async fn call(&self, mut request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let span = telemetry::rpc_span(&path, request.headers_mut());
        let work = async {
            match AssertUnwindSafe(self.admit_and_run(request)).catch_unwind().await {
                Ok(Ok(response)) => response,
                Ok(Err(refusal)) => refusal.into_http(),
                Err(payload) => status::panicked(&*payload).into_http(),
            }
        };
        work.instrument(span).await
    }

    async fn admit_and_run(&self, request: Request) -> Result<Response, Status> {
        let gate = &self.gate;
        if request.uri().path() == HEALTH {
            let response = self.run(request).await?;
            return Ok(response.map(|it| Body::new(Ending::unary(it, gate))));
        }
        let _place = gate.place()?;
        let time = deadline(request.headers(), &gate.limits, self.access.streams(request.uri().path()));
        let until = time.map(|it| Instant::now() + it);
        let work = async {
            let from = address(&request);
            let (Admitted { request, caller, streams }, _own) = self.admit(request, from).await?;
            self.start.lets(request.uri().path()).await?;
            // A handler of a stream need not know that the service is about to stop, or that its client's time is over.
            let place = if streams { Some(gate.stream_place(&caller, from)?) } else { None };
            let request = request.map(|it| Body::new(Measured::new(it, Arc::clone(gate))));
            let response = self.run(request).await?;
            Ok(response.map(|it| match place {
                Some(it_takes) => Body::new(Ending::stream(it, gate, &self.stop, until, it_takes)),
                None => Body::new(Ending::unary(it, gate)),
            }))
        };
        match until {
            Some(until) => timeout_at(until, work).await.unwrap_or_else(|_| Err(over(&gate.metrics))),
            None => work.await,
        }
    }

    /// Whoever knocks without a token that is good, or for what is not here, pays for it as a stranger.
    /// The place is one of the caller's own.
    async fn admit(&self, request: Request, from: Option<IpAddr>) -> Result<(Admitted, Option<Place>), Status> {
        // The stranger's place is given back as soon as it is known who that is.
        let own = Mutex::new(None);
        let charge = |caller: &Caller| {
            let place = self.gate.charge(caller, from)?;
            *own.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
            Ok(())
        };
        let admitted = self.access.admit(&self.verifier, &self.gate, charge, request).await;
        let own = own.into_inner().unwrap_or_else(PoisonError::into_inner);
        match admitted {
            Ok(admitted) => Ok((admitted, own)),
            Err(refusal) => {
                if own.is_none() && matches!(refusal.code(), Code::Unauthenticated | Code::Unimplemented) {
                    self.gate.charge(&Caller::default(), from)?;
                }
                Err(refusal)
            }
        }
    }

    async fn run(&self, request: Request) -> Result<Response, Status> {
        let response = self.routes.clone().oneshot(request).await.unwrap_or_else(|never| match never {});
        match status::undecodable(response.headers()) {
            Some(malformed) => Err(malformed),
            None => Ok(response),
        }
    }
}

/// The same services for browsers: gRPC-Web is translated first, so that access control sees plain gRPC.
fn web(rpc: Arc<Rpc>) -> BoxCloneSyncService<Request, Response, Infallible> {
    let plain = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
        let rpc = Arc::clone(&rpc);
        async move { Ok::<_, Infallible>(rpc.call(request.map(Body::new)).await) }
    });
    // Who calls is said by a token and never by a cookie, so any page may ask.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .max_age(Duration::from_hours(1))
        .expose_headers(["grpc-status", "grpc-message", "grpc-status-details-bin"].map(HeaderName::from_static));
    let translated = tonic_web::GrpcWebLayer::new().layer(plain);
    BoxCloneSyncService::new(MapResponse::new(cors.layer(translated), |it: http::Response<_>| it.map(Body::new)))
}

fn http(edge: &Edge, start: Start, stop: CancellationToken) -> Router {
    let (ready, metrics) = (Arc::clone(&edge.ready), edge.metrics.clone());
    let is_ready = move || {
        let (ready, stop) = (Arc::clone(&ready), stop.clone());
        async move {
            let missing = if stop.is_cancelled() { vec!["stopping".to_owned()] } else { ready().await };
            let code = if missing.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            (code, Json(json!({"ready": missing.is_empty(), "not_ready": missing})))
        }
    };
    let show_metrics = move || async move {
        match metrics.render() {
            Ok(text) => ([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
            Err(e) => {
                tracing::error!(error = %e, "metrics cannot be shown");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    };
    let mut router = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(is_ready))
        .route("/metrics", get(show_metrics));
    if let Some(jwks) = edge.verifier.jwks().cloned() {
        router = router.route("/.well-known/jwks.json", get(move || async move { Json(jwks) }));
    }
    router.merge(start.before(edge.http.clone())).layer(CatchPanicLayer::new())
}

/// Reflection of what is served here, not of the whole platform's contract.
fn reflection<'a>(rpcs: &[&'static str], contract: &'a [u8]) -> tonic_reflection::server::Builder<'a> {
    let all = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(contract)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        .with_service_name("grpc.health.v1.Health");
    rpcs.iter().fold(all, |all, name| all.with_service_name(*name))
}

/// Keeps gRPC health at what `ready` says; never returns.
async fn report_health(health: &HealthReporter, names: &[&str], ready: &Ready, stop: &CancellationToken) {
    loop {
        let serving = !stop.is_cancelled() && ready().await.is_empty();
        let state = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in names {
            health.set_service_status(*name, state).await;
        }
        if stop.is_cancelled() {
            return std::future::pending().await;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(HEALTH_EVERY) => {}
        }
    }
}
