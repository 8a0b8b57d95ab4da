//! What one caller, or all together, may ask for; and what whoever asks for more is told.

use super::server::{Endless, Running, by, start_with};
use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use studium_kit::Limits;
use studium_proto::admin::v1::{
    GetParkedRequest, GetStatusRequest, RetryParkedRequest, TraceRequest, TraceResponse, VerifyLogRequest,
    admin_service_client::AdminServiceClient,
};
use tonic::{
    Code, Response, Status,
    transport::{Channel, Endpoint},
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_client::ServerReflectionClient};
use tonic_types::StatusExt as _;

type Client = AdminServiceClient<Channel>;

/// Longer than anything here takes on a machine with too much to do.
const LONG: Duration = Duration::from_secs(20);

/// The call that never ends by itself.
const ENDLESS: RetryParkedRequest = RetryParkedRequest { id: 7 };

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < LONG, "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The reason of a refusal, and when to come again.
fn told(status: &Status) -> (Code, String, Option<Duration>) {
    let again = status.get_details_retry_info().and_then(|it| it.retry_delay);
    (status.code(), status.get_details_error_info().unwrap().reason, again)
}

async fn page(running: &Running, path: &str) -> reqwest::Response {
    reqwest::get(running.url(path)).await.unwrap()
}

async fn channel(running: &Running) -> Channel {
    Endpoint::from_shared(running.url("")).unwrap().connect().await.unwrap()
}

async fn counted(running: &Running, cause: &str) -> u64 {
    let shown = page(running, "/metrics").await.text().await.unwrap();
    let line = format!("studium_refused_total{{cause=\"{cause}\",service=\"echo\"}} ");
    shown.lines().find_map(|it| it.strip_prefix(&line)).unwrap().parse().unwrap()
}

async fn trace(client: &mut Client, token: &str, id: &str) -> Result<Response<TraceResponse>, Status> {
    client.trace(by(token, TraceRequest { correlation_id: id.to_owned() })).await
}

#[tokio::test]
async fn more_than_can_be_done_is_turned_away_while_health_answers() {
    let running = start_with(Limits { calls: 1, ..Limits::default() }).await;
    let operator = running.token("olga", &["operator"], &[]);
    let mut client = running.client().await;
    let (mut other, mine) = (client.clone(), operator.clone());
    let busy = tokio::spawn(async move { other.retry_parked(by(&mine, ENDLESS)).await });
    let Endless { begun, broken_off } = &*running.endless;
    until("it is under way", async || begun.load(Ordering::SeqCst) == 1).await;

    let refused = client.get_status(by(&operator, GetStatusRequest {})).await.unwrap_err();
    let (code, reason, again) = told(&refused);
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "OVERLOADED"));
    assert!(again.is_some_and(|it| !it.is_zero()), "{again:?}");
    let public = page(&running, "/page").await;
    assert_eq!((public.status().as_u16(), &public.headers()["retry-after"]), (503, &"1".parse().unwrap()));

    let mut health = HealthClient::new(channel(&running).await);
    health.check(HealthCheckRequest::default()).await.unwrap();
    for probe in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(page(&running, probe).await.status().as_u16(), 200, "{probe}");
    }
    assert_eq!(counted(&running, "calls").await, 2);

    busy.abort();
    until("its place is free again", async || broken_off.load(Ordering::SeqCst) == 1).await;
    until("a call is answered", async || client.clone().get_status(by(&operator, GetStatusRequest {})).await.is_ok())
        .await;
}

#[tokio::test]
async fn a_caller_who_asks_too_fast_waits_and_another_does_not() {
    let running = start_with(Limits { calls_per_second: 1, ..Limits::default() }).await;
    let mut client = running.client().await;
    let ann = running.token("ann", &["learner"], &[]);
    let mut refused = None;
    for _ in 0..1000 {
        refused = trace(&mut client, &ann, "ann").await.err();
        if refused.is_some() {
            break;
        }
    }
    let (code, reason, again) = told(&refused.unwrap());
    assert_eq!((code, reason.as_str()), (Code::ResourceExhausted, "TOO_FAST"));
    let again = again.unwrap();
    assert!(!again.is_zero() && again <= Duration::from_secs(1), "{again:?}");
    assert_eq!(counted(&running, "rate").await, 1);

    let bob = running.token("bob", &["learner"], &[]);
    trace(&mut client, &bob, "bob").await.unwrap();
    // Another token of the same person is the same person.
    let anew = running.issuer.token("ann", &["learner"], &[], Duration::from_mins(1));
    until("who waits is let in", async || trace(&mut client.clone(), &anew, "ann").await.is_ok()).await;
    // Whoever acts for the platform asks for many.
    let operator = running.token("olga", &["operator"], &[]);
    for _ in 0..50 {
        client.get_status(by(&operator, GetStatusRequest {})).await.unwrap();
    }
}

#[tokio::test]
async fn strangers_share_what_their_address_may() {
    let running = start_with(Limits { anonymous_per_second: 1, ..Limits::default() }).await;
    let mut client = running.client().await;
    let ann = running.token("ann", &["learner"], &[]);
    trace(&mut client, &ann, "ann").await.unwrap();
    // Tokens that are no good count, pages, and public calls.
    let mut refused = None;
    for _ in 0..1000 {
        let bad = client.get_status(by("no.such.token", GetStatusRequest {})).await.unwrap_err();
        if bad.code() == Code::ResourceExhausted {
            refused = Some(bad);
            break;
        }
        assert_eq!(bad.code(), Code::Unauthenticated);
    }
    assert_eq!(told(&refused.unwrap()).1, "TOO_FAST");
    let mut codes = Vec::new();
    for _ in 0..10 {
        let answer = page(&running, "/page").await;
        if answer.status() == 429 {
            assert_eq!(answer.headers()["retry-after"], "1");
        }
        codes.push(answer.status().as_u16());
    }
    assert!(codes.contains(&429), "{codes:?}");
    until("a public call is refused", async || client.clone().get_parked(GetParkedRequest { id: 1 }).await.is_err())
        .await;
    // A browser comes from the same address.
    let web = reqwest::Client::new();
    until("a call of a browser is refused", async || {
        let call = web.post(running.url("/studium.admin.v1.AdminService/GetParked"));
        let call = call.header("content-type", "application/grpc-web").body(vec![0, 0, 0, 0, 2, 8, 1]);
        let answer = call.send().await.unwrap();
        answer.headers().get("grpc-status").is_some_and(|it| it == "8")
    })
    .await;

    // A token that was seen to be good is nobody's stranger; one that has to be checked is, until it is known whose it is.
    trace(&mut client, &ann, "ann").await.unwrap();
    let unseen = running.token("bob", &["learner"], &[]);
    until("work for a token that nobody knows is refused", async || {
        let refused = trace(&mut client.clone(), &unseen, "bob").await;
        refused.err().is_some_and(|it| told(&it).1 == "TOO_FAST") || {
            client.clone().get_status(by("no.such.token", GetStatusRequest {})).await.unwrap_err();
            false
        }
    })
    .await;
    assert_eq!(page(&running, "/healthz").await.status(), 200);
}

#[tokio::test]
async fn one_caller_does_not_take_all_places() {
    let running = start_with(Limits { calls_per_caller: 1, ..Limits::default() }).await;
    let (olga, otto) = (running.token("olga", &["operator"], &[]), running.token("otto", &["operator"], &[]));
    let mut client = running.client().await;
    // Who acts for the platform has two places.
    let busy: Vec<_> = (0..2)
        .map(|_| {
            let (mut client, token) = (client.clone(), olga.clone());
            tokio::spawn(async move { client.retry_parked(by(&token, ENDLESS)).await })
        })
        .collect();
    let begun = &running.endless.begun;
    until("both are under way", async || begun.load(Ordering::SeqCst) == 2).await;
    let (code, reason, again) = told(&client.get_status(by(&olga, GetStatusRequest {})).await.unwrap_err());
    assert_eq!((code, reason.as_str(), again.is_some()), (Code::ResourceExhausted, "TOO_MANY_CALLS", true));
    assert_eq!(counted(&running, "own_calls").await, 1);
    client.get_status(by(&otto, GetStatusRequest {})).await.unwrap();
    trace(&mut client, &running.token("ann", &["learner"], &[]), "ann").await.unwrap();
    busy[0].abort();
    until("a place is free again", async || client.clone().get_status(by(&olga, GetStatusRequest {})).await.is_ok())
        .await;
}

#[tokio::test]
async fn a_call_whose_time_is_over_is_stopped() {
    let running = start_with(Limits { call_seconds: 1, ..Limits::default() }).await;
    let operator = running.token("olga", &["operator"], &[]);
    let mut client = running.client().await;
    let endless = Arc::clone(&running.endless);
    let over = tokio::time::timeout(LONG, client.retry_parked(by(&operator, ENDLESS))).await.unwrap().unwrap_err();
    assert_eq!(told(&over), (Code::DeadlineExceeded, "OVERDUE".to_owned(), None));
    assert_eq!(endless.broken_off.load(Ordering::SeqCst), 1, "what it was at is stopped");

    // A client may have less time, and is told so by the service itself.
    let call = |time: &'static str| {
        let call = reqwest::Client::new().post(running.url("/studium.admin.v1.AdminService/RetryParked"));
        let call = call.header("content-type", "application/grpc").header("grpc-timeout", time).bearer_auth(&operator);
        call.timeout(LONG).body(vec![0, 0, 0, 0, 2, 8, 7]).send()
    };
    for time in ["100m", "99H"] {
        let begun = Instant::now();
        assert_eq!(call(time).await.unwrap().headers()["grpc-status"], "4");
        assert!(time != "99H" || begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    }
    assert_eq!(endless.broken_off.load(Ordering::SeqCst), 3);
    assert_eq!(counted(&running, "deadline").await, 3);
}

#[tokio::test]
async fn a_stream_ends_at_its_clients_time_and_has_no_other() {
    let running = start_with(Limits { call_seconds: 1, ..Limits::default() }).await;
    let operator = running.token("olga", &["operator"], &[]);
    let mut client = running.client().await;
    let mut whole = client.verify_log(by(&operator, VerifyLogRequest {})).await.unwrap().into_inner();
    let mut request = by(&operator, VerifyLogRequest {});
    request.metadata_mut().insert("grpc-timeout", "1500m".parse().unwrap());
    let mut short = client.verify_log(request).await.unwrap().into_inner();
    for stream in [&mut whole, &mut short] {
        assert_eq!(stream.message().await.unwrap().unwrap().checked, 1);
    }
    let over = tokio::time::timeout(LONG, short.message()).await.unwrap().unwrap_err();
    assert_eq!(told(&over).1, "OVERDUE");
    assert!(futures::poll!(std::pin::pin!(whole.message())).is_pending(), "it goes on after the time of calls");
}

#[tokio::test]
async fn streams_of_one_caller_have_a_bound() {
    let running = start_with(Limits { streams_per_caller: 1, ..Limits::default() }).await;
    let (ann, bob) = (running.token("ann", &["learner"], &[]), running.token("bob", &["learner"], &[]));
    let operator = running.token("olga", &["operator"], &[]);
    let client = running.client().await;
    let open = async |token: &str| {
        let mut stream = client.clone().verify_log(by(token, VerifyLogRequest {})).await?.into_inner();
        stream.message().await?;
        Ok::<_, Status>(stream)
    };
    let first = open(&ann).await.unwrap();
    let refused = open(&ann).await.unwrap_err();
    let (code, reason, again) = told(&refused);
    assert_eq!((code, reason.as_str(), again.is_some()), (Code::ResourceExhausted, "TOO_MANY_STREAMS", true));
    let _others = [open(&bob).await.unwrap(), open(&operator).await.unwrap(), open(&operator).await.unwrap()];
    drop(first);
    until("the place is free again", async || open(&ann).await.is_ok()).await;
    // Who watches health has a stream like any other; who asks for it once does not wait.
    let mut health = HealthClient::new(channel(&running).await);
    let _watched = health.watch(HealthCheckRequest::default()).await.unwrap();
    let refused = health.watch(HealthCheckRequest::default()).await.unwrap_err();
    assert_eq!(told(&refused).1, "TOO_MANY_STREAMS");
    health.check(HealthCheckRequest::default()).await.unwrap();
}

#[tokio::test]
async fn messages_are_small_enough_either_way() {
    let running = start_with(Limits { message_bytes: 1024, ..Limits::default() }).await;
    let operator = running.token("olga", &["operator"], &[]);
    let ann = running.token("ann", &["learner"], &[]);
    let mut client = running.client().await;
    // A request is 3 bytes longer than its id, and the answer, which names the role, 16.
    // What is looked into before it is let pass is measured as well.
    for (token, id_bytes) in [(&operator, 1008), (&operator, 1022), (&operator, 1010), (&ann, 1022)] {
        let answer = trace(&mut client, token, &"a".repeat(id_bytes)).await;
        if id_bytes == 1008 {
            answer.unwrap();
        } else {
            let (code, reason, again) = told(&answer.unwrap_err());
            assert_eq!((code, reason.as_str(), again), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE", None));
        }
    }
    assert_eq!(counted(&running, "message").await, 3);
    assert_eq!(trace(&mut client, &ann, "ann").await.unwrap().into_inner().commits[0].subject, "ann");
}

#[tokio::test]
async fn a_stream_of_requests_has_an_end() {
    let running = start_with(Limits { batch: 3, ..Limits::default() }).await;
    let mut client = ServerReflectionClient::new(channel(&running).await);
    let asked = |number: usize| futures::stream::iter(vec![ServerReflectionRequest::default(); number]);
    let mut ended = Vec::new();
    for number in [3, 4] {
        let outcome = async {
            let mut answers = client.server_reflection_info(asked(number)).await?.into_inner();
            while answers.message().await?.is_some() {}
            Ok::<_, Status>(())
        };
        ended.push(outcome.await.err().map(|it| it.code()));
    }
    assert!(!matches!(ended[0], Some(Code::ResourceExhausted)), "{ended:?}");
    assert_eq!(counted(&running, "batch").await, 1);
}

#[tokio::test]
async fn headers_are_few_and_small() {
    let running = start_with(Limits { header_bytes: 4096, ..Limits::default() }).await;
    let web = reqwest::Client::new();
    let padded = |bytes: usize| web.get(running.url("/page")).header("x-padding", "x".repeat(bytes)).send();
    assert_eq!(padded(3000).await.unwrap().status(), 200);
    assert_eq!(padded(5000).await.unwrap().status(), 431);
    assert_eq!(counted(&running, "headers").await, 1);

    // Over HTTP/2.
    let operator = running.token("olga", &["operator"], &[]);
    let mut client = running.client().await;
    let mut request = by(&operator, GetStatusRequest {});
    request.metadata_mut().insert("x-padding", "x".repeat(5000).parse().unwrap());
    client.get_status(request).await.unwrap_err();
    client.get_status(by(&operator, GetStatusRequest {})).await.unwrap();
}
