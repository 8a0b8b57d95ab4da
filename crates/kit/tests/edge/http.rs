//! What else lies behind the port: plain HTTP, gRPC-Web, health, reflection.

use super::server::{Running, SERVICE, start};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::sync::atomic::Ordering;
use tonic::{
    Code,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tower::ServiceExt as _;

async fn get(url: String) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn channel(running: &Running) -> Channel {
    Endpoint::from_shared(running.url("")).unwrap().connect().await.unwrap()
}

#[tokio::test]
async fn http_is_answered_beside_grpc() {
    let running = start().await;
    assert_eq!(get(running.url("/healthz")).await, (200, "ok\n".to_owned()));
    assert_eq!(get(running.url("/page")).await, (200, "a page".to_owned()));
    assert_eq!(get(running.url("/nowhere")).await.0, 404);
    let (code, metrics) = get(running.url("/metrics")).await;
    assert_eq!(code, 200);
    assert!(metrics.is_empty() || metrics.contains("studium_"), "{metrics}");
    let jwks: Value = serde_json::from_str(&get(running.url("/.well-known/jwks.json")).await.1).unwrap();
    assert_eq!(jwks, running.issuer.jwks());

    // The same over HTTP/2 without TLS.
    let request = http::Request::get(running.url("/healthz")).body(tonic::body::Body::empty()).unwrap();
    let answer = channel(&running).await.oneshot(request).await.unwrap();
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "ok\n");
}

#[tokio::test]
async fn readiness_says_what_is_missing() {
    let running = start().await;
    let (code, body) = get(running.url("/readyz")).await;
    assert_eq!((code, serde_json::from_str::<Value>(&body).unwrap()), (200, json!({"ready": true, "not_ready": []})));

    let mut health = HealthClient::new(channel(&running).await);
    let mut watch = health.watch(HealthCheckRequest { service: SERVICE.to_owned() }).await.unwrap().into_inner();
    for service in ["", SERVICE] {
        let told = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(told.status(), ServingStatus::Serving);
    }
    let unknown = health.check(HealthCheckRequest { service: "no.such".to_owned() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    running.ready.store(false, Ordering::SeqCst);
    let (code, body) = get(running.url("/readyz")).await;
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((code, &told["not_ready"]), (503, &json!(["view `roster_1` is 7 behind"])));
    while watch.message().await.unwrap().unwrap().status() != ServingStatus::NotServing {}
}

#[tokio::test]
async fn reflection_lists_what_is_served_here() {
    let running = start().await;
    let mut client = ServerReflectionClient::new(channel(&running).await);
    let ask = |what| ServerReflectionRequest { host: String::new(), message_request: Some(what) };
    let asked = futures::stream::iter([
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(SERVICE.to_owned())),
    ]);
    let mut answers = client.server_reflection_info(asked).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(listed)) =
        answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("no list")
    };
    let mut names: Vec<_> = listed.service.iter().map(|it| it.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["grpc.health.v1.Health", SERVICE]);
    let file = answers.message().await.unwrap().unwrap().message_response.unwrap();
    assert!(matches!(file, MessageResponse::FileDescriptorResponse(_)), "{file:?}");
}

/// One call from a browser: gRPC-Web over HTTP/1.1. Gives the answer's frames.
async fn from_browser(url: String, token: &str, message: &[u8]) -> Vec<u8> {
    let body = [&[0, 0, 0, 0, message.len() as u8], message].concat();
    let request = reqwest::Client::new().post(url).bearer_auth(token).header("origin", "https://uni.example");
    let answer = request.header("content-type", "application/grpc-web+proto").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "*");
    let status = answer.headers().get("grpc-status").map(|it| format!("grpc-status:{}", it.to_str().unwrap()));
    let mut frames = answer.bytes().await.unwrap().to_vec();
    frames.extend(status.unwrap_or_default().into_bytes());
    frames
}

#[tokio::test]
async fn browsers_call_with_the_same_rights() {
    let running = start().await;
    let ann = running.token("ann", &["learner"], &[]);
    let url = running.url("/studium.admin.v1.AdminService/Trace");
    let has = |frames: &[u8], what: &str| String::from_utf8_lossy(frames).contains(what);
    let mine = from_browser(url.clone(), &ann, b"\n\x03ann").await;
    assert!(has(&mine, "grpc-status:0") && has(&mine, "ann"), "{mine:?}");
    let others = from_browser(url.clone(), &ann, b"\n\x03bob").await;
    assert!(has(&others, "grpc-status:7") && !has(&others, "bob"), "{others:?}");
    let nobody = from_browser(url.clone(), "x", b"").await;
    assert!(has(&nobody, "grpc-status:16"), "{nobody:?}");
    let operator = running.token("olga", &["operator"], &[]);
    let broken = from_browser(running.url("/studium.admin.v1.AdminService/ListViews"), &operator, b"").await;
    assert!(has(&broken, "grpc-status:13"), "{broken:?}");

    let asked = reqwest::Client::new()
        .request(http::Method::OPTIONS, url)
        .header("origin", "https://uni.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type,x-grpc-web")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 200);
    assert_eq!(asked.headers()["access-control-allow-headers"], "authorization,content-type,x-grpc-web");
}
