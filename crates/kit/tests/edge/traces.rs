//! Spans and logs of one story carry one trace id, and reach a collector when one is named.

use super::server::{by, start};
use bytes::Bytes;
use std::{
    convert::Infallible,
    future::ready,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};
use studium_kit::telemetry;
use studium_proto::admin::v1::{GetStatusRequest, ListViewsRequest};
use studium_testkit::Raw;
use tonic::{
    Code, Request, Response, Status,
    server::{Grpc, NamedService, UnaryService},
    transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming},
};
use tracing::Instrument as _;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// Certificate and key of a collector on `localhost` that nobody runs but these tests; good until 2126.
const LOCALHOST: &str = include_str!("collector.pem");

/// A collector that keeps the bytes it is sent: the ids are looked for in them.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl UnaryService<Bytes> for Collector {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        self.0.lock().unwrap().extend_from_slice(&request.into_inner());
        ready(Ok(Response::new(Bytes::new())))
    }
}

impl Collector {
    /// The port that it is started on.
    async fn start(&self, mut server: Server) -> u16 {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let collector = self.clone();
        let service = tower::service_fn(move |request: http::Request<tonic::body::Body>| {
            let collector = collector.clone();
            async { Ok::<_, Infallible>(Grpc::new(Raw).unary(collector, request).await) }
        });
        let router = axum::Router::new().route_service(
            &format!("/{}/Export", Self::NAME),
            tower::util::MapRequest::new(service, |it: axum::extract::Request| it.map(tonic::body::Body::new)),
        );
        tokio::spawn(server.add_routes(router.into()).serve_with_incoming(TcpIncoming::from(listener)));
        port
    }

    /// How often it was sent something.
    fn count(&self, needle: &[u8]) -> usize {
        self.0.lock().unwrap().windows(needle.len()).filter(|it| *it == needle).count()
    }
}

/// Tells the process that [`export_to`] starts what it is there for.
const EXPORTS: &str = "STUDIUM_TEST_EXPORTS";

/// The set-up holds for a whole process, so tests run [`export`] in one of its own: this program again, at the test
/// that hands over to it. Gives its logs.
async fn export_to(endpoint: &str, authorities: Option<&Path>) -> String {
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child
        .args(["--exact", "edge::traces::one_trace_goes_through_calls_logs_and_policies", "--nocapture"])
        .env(EXPORTS, "1")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .env_remove("RUST_LOG")
        .env_remove("STUDIUM_LOG");
    if let Some(it) = authorities {
        child.env("SSL_CERT_FILE", it);
    }
    let ended = child.stdout(Stdio::piped()).stderr(Stdio::piped()).output().await.unwrap();
    let logs = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{logs}{}", String::from_utf8_lossy(&ended.stderr));
    logs
}

#[tokio::test]
async fn one_trace_goes_through_calls_logs_and_policies() {
    if std::env::var_os(EXPORTS).is_some() {
        return export().await;
    }
    let collector = Collector::default();
    // Nothing about TLS is read, or missed, where there is none.
    let nowhere = Path::new("/nowhere/authorities.pem");
    let port = collector.start(Server::builder()).await;
    let logs = export_to(&format!("http://127.0.0.1:{port}"), Some(nowhere)).await;
    let lines: Vec<serde_json::Value> = logs.lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
    let fault = lines.iter().find(|it| it["message"] == "fault").unwrap();
    assert_eq!(fault["spans"][0]["trace_id"], TRACE, "{fault}");
    assert!(fault["error"].as_str().unwrap().contains("no row 7"), "{fault}");

    let id: Vec<u8> = (0..16).map(|n| u8::from_str_radix(&TRACE[n * 2..n * 2 + 2], 16).unwrap()).collect();
    // Two rpcs and the policy's span; the third rpc began a trace of its own.
    assert_eq!(collector.count(&id), 3);
    assert_eq!(collector.count(b"studium.admin.v1.AdminService/GetStatus"), 2);
    assert_eq!(collector.count(b"a policy"), 1);
    assert_eq!(collector.count(b"studium-echo"), 1);
}

#[tokio::test]
async fn a_collector_behind_tls_must_be_one_that_the_machine_trusts() {
    let folder = tempfile::tempdir().unwrap();
    let known = folder.path().join("known.pem");
    std::fs::write(&known, LOCALHOST).unwrap();
    let collector = Collector::default();
    let tls = ServerTlsConfig::new().identity(Identity::from_pem(LOCALHOST, LOCALHOST));
    let port = collector.start(Server::builder().tls_config(tls).unwrap()).await;
    export_to(&format!("https://localhost:{port}"), Some(&known)).await;
    assert_eq!(collector.count(b"studium-echo"), 1);
    // By another name nobody vouches for it, and it is told nothing.
    export_to(&format!("https://127.0.0.1:{port}"), Some(&known)).await;
    assert_eq!(collector.count(b"studium-echo"), 1);
}

/// Calls a service and ends, with all that is told of it sent to the collector that the environment names.
async fn export() {
    let telemetry = telemetry::init("echo").unwrap();
    let running = start().await;
    let mut client = running.client().await;
    let operator = running.token("olga", &["operator"], &[]);

    let mut request = by(&operator, GetStatusRequest {});
    request.metadata_mut().insert("traceparent", CALLER.parse().unwrap());
    let stored = client.get_status(request).await.unwrap().into_inner().version;
    assert!(telemetry::is_traceparent(&stored) && stored.contains(TRACE) && stored != CALLER, "{stored}");

    // A policy goes on from what the commit has stored.
    let span = tracing::info_span!("a policy");
    telemetry::continue_from(&span, &stored);
    let inside = async { telemetry::traceparent_of_current_span().unwrap() }.instrument(span).await;
    assert!(inside.contains(TRACE) && inside != stored, "{inside}");

    let mut request = by(&operator, ListViewsRequest {});
    request.metadata_mut().insert("traceparent", CALLER.parse().unwrap());
    assert_eq!(client.list_views(request).await.unwrap_err().code(), Code::Internal);

    let own = client.get_status(by(&operator, GetStatusRequest {})).await.unwrap().into_inner().version;
    assert!(telemetry::is_traceparent(&own) && !own.contains(TRACE), "{own}");
    telemetry.shutdown().await;
}
