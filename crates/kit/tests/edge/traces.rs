//! Spans and logs of one story carry one trace id, and reach a collector when one is named.

use super::server::{by, start};
use bytes::Bytes;
use std::{convert::Infallible, future::ready, process::Stdio, sync::Mutex};
use studium_kit::telemetry;
use studium_proto::admin::v1::{GetStatusRequest, ListViewsRequest};
use studium_testkit::Raw;
use tokio::io::AsyncReadExt as _;
use tonic::{
    Code, Request, Response, Status,
    server::{Grpc, NamedService, UnaryService},
    transport::{Server, server::TcpIncoming},
};
use tracing::Instrument as _;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// All that the collector was sent.
static SENT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// A collector that keeps the bytes it is sent: the ids are looked for in them.
#[derive(Clone)]
struct Collector;

impl NamedService for Collector {
    const NAME: &'static str = "opentelemetry.proto.collector.trace.v1.TraceService";
}

impl UnaryService<Bytes> for Collector {
    type Response = Bytes;
    type Future = std::future::Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        SENT.lock().unwrap().extend_from_slice(&request.into_inner());
        ready(Ok(Response::new(Bytes::new())))
    }
}

async fn collector() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let service = tower::service_fn(|request: http::Request<tonic::body::Body>| async {
        Ok::<_, Infallible>(Grpc::new(Raw).unary(Collector, request).await)
    });
    let router = axum::Router::new().route_service(
        &format!("/{}/Export", Collector::NAME),
        tower::util::MapRequest::new(service, |it: axum::extract::Request| it.map(tonic::body::Body::new)),
    );
    tokio::spawn(Server::builder().add_routes(router.into()).serve_with_incoming(TcpIncoming::from(listener)));
    address
}

/// The set-up holds for a whole process, so this test runs [`a_process_that_exports`] in one of its own.
#[tokio::test]
async fn one_trace_goes_through_calls_logs_and_policies() {
    let child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "edge::traces::a_process_that_exports", "--nocapture"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector().await)
        .env_remove("RUST_LOG")
        .env_remove("STUDIUM_LOG")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    let ended = child.await.unwrap();
    let logs = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success(), "{logs}{}", String::from_utf8_lossy(&ended.stderr));
    let lines: Vec<serde_json::Value> = logs.lines().filter_map(|it| serde_json::from_str(it).ok()).collect();
    let fault = lines.iter().find(|it| it["message"] == "fault").unwrap();
    assert_eq!(fault["spans"][0]["trace_id"], TRACE, "{fault}");
    assert!(fault["error"].as_str().unwrap().contains("no row 7"), "{fault}");

    let sent = SENT.lock().unwrap().clone();
    let id: Vec<u8> = (0..16).map(|n| u8::from_str_radix(&TRACE[n * 2..n * 2 + 2], 16).unwrap()).collect();
    let count = |needle: &[u8]| sent.windows(needle.len()).filter(|it| *it == needle).count();
    // Two rpcs and the policy's span; the third rpc began a trace of its own.
    assert_eq!(count(&id), 3);
    assert_eq!(count(b"studium.admin.v1.AdminService/GetStatus"), 2);
    assert_eq!(count(b"a policy"), 1);
    assert_eq!(count(b"studium-echo"), 1);
}

/// A collector behind TLS is spoken to in TLS, with the machine's certificate authorities.
#[tokio::test]
async fn a_collector_behind_tls_is_greeted_in_tls() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "edge::traces::a_process_that_exports", "--nocapture"])
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("https://localhost:{port}"))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut hello = [0; 6];
    tokio::select! {
        _ = child.wait() => panic!("it ended without a word to the collector"),
        greeted = async { listener.accept().await.unwrap().0.read_exact(&mut hello).await } => drop(greeted.unwrap()),
    }
    // A TLS record of type handshake (22), version 3.1; in it a ClientHello (1).
    assert_eq!((hello[0], hello[1], hello[5]), (22, 3, 1));
}

#[tokio::test]
#[ignore = "run by another test, as a process of its own"]
async fn a_process_that_exports() {
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
