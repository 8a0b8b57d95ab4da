//! What the guard lets through and what not, on real connections.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::retry_after::{WAIT_MAX_MS, date_ms};
use axum::{Router, body::Body, http::StatusCode, response::IntoResponse as _, routing::post};
use reqwest::Url;
use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};
use tokio::net::TcpListener;

/// A receiver that counts what it gets.
struct Receiver {
    at: SocketAddr,
    got: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receiver(at: SocketAddr, answer: fn() -> axum::response::Response) -> Receiver {
    let listener = TcpListener::bind(at).await.unwrap();
    let (at, got) = (listener.local_addr().unwrap(), Arc::<AtomicU32>::default());
    let counted = Arc::clone(&got);
    let count = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        async move { answer() }
    };
    let routes = Router::new().fallback(post(count));
    let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    Receiver { at, got, task }
}

fn free() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn ok() -> axum::response::Response {
    // Each request has a connection of its own, and so a look-up of its own.
    (StatusCode::NO_CONTENT, [("connection", "close")]).into_response()
}

/// Answers look-ups as it was told, one after the other, and the last one for ever.
struct Flipping {
    answers: Vec<Vec<IpAddr>>,
    asked: Arc<Mutex<usize>>,
}

impl LookUp for Flipping {
    fn look_up(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let mut asked = self.asked.lock().unwrap();
        let answer = self.answers[(*asked).min(self.answers.len() - 1)].clone();
        *asked += 1;
        Box::pin(std::future::ready(Ok(answer)))
    }
}

fn headers() -> [(&'static str, String); 3] {
    [("webhook-id", "e1".into()), ("webhook-timestamp", "1".into()), ("webhook-signature", "v1,x".into())]
}

/// Sends to a name over http, which the reading of an address would refuse: what is tried here is what comes after it.
async fn sent(sender: &Sender, port: u16) -> Answer {
    let url = Url::parse(&format!("http://hooks.example.edu:{port}/")).unwrap();
    sender.post_to(&Address { url, is_named: false }, headers(), b"{}".to_vec()).await
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_meanwhile_reaches_nobody_within() {
    // The partner's own host, for which the operator made an exception, stands for a public one.
    let theirs = receiver(SocketAddr::from(([127, 0, 0, 2], 0)), ok).await;
    let within = receiver(SocketAddr::from(([127, 0, 0, 1], theirs.at.port())), ok).await;
    let (good, bad): (IpAddr, IpAddr) = ([127, 0, 0, 2].into(), [127, 0, 0, 1].into());
    let asked = Arc::default();
    let names =
        Flipping { answers: vec![vec![good], vec![bad], vec![good, bad], vec![good]], asked: Arc::clone(&asked) };
    let sender = Sender::with(Allowed::read("127.0.0.2/32").unwrap(), Arc::new(names)).unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..4 {
        outcomes.push(sent(&sender, theirs.at.port()).await);
    }
    let delivered: Vec<_> = outcomes.iter().map(Answer::is_delivered).collect();
    assert_eq!(delivered, [true, false, false, true], "{outcomes:?}");
    assert!(outcomes[1].failure.ends_with(NOWHERE), "{outcomes:?}");
    assert_eq!((theirs.got.load(Ordering::Relaxed), within.got.load(Ordering::Relaxed)), (2, 0));
    assert_eq!(*asked.lock().unwrap(), 4, "one look-up a connection, and none between the check and the connection");
}

#[tokio::test]
async fn the_machines_own_names_lead_nowhere() {
    let within = receiver(free(), ok).await;
    let sender = Sender::new(Allowed::default()).unwrap();
    let url = Url::parse(&format!("http://localhost:{}/", within.at.port())).unwrap();
    let answer = sender.post_to(&Address { url, is_named: false }, headers(), b"{}".to_vec()).await;
    assert!(answer.failure.ends_with(NOWHERE), "{answer:?}");
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"] {
        let answer = sender.post(&format!("https://{host}:{}/", within.at.port()), headers(), Vec::new()).await;
        assert!(answer.status == 0 && answer.failure.contains("no public"), "{host}: {answer:?}");
    }
    assert_eq!(within.got.load(Ordering::Relaxed), 0);
}

/// Knows no name.
struct Unknowing;

impl LookUp for Unknowing {
    fn look_up(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async { Err(io::Error::other("Name or service not known")) })
    }
}

#[tokio::test]
async fn a_failure_tells_nothing_of_the_names_within() {
    let inside: IpAddr = [10, 1, 2, 3].into();
    let within = Flipping { answers: vec![vec![inside]], asked: Arc::default() };
    let none = Flipping { answers: vec![vec![]], asked: Arc::default() };
    let all: [Arc<dyn LookUp>; 3] = [Arc::new(within), Arc::new(Unknowing), Arc::new(none)];
    for names in all {
        let sender = Sender::with(Allowed::default(), names).unwrap();
        assert_eq!(sent(&sender, 443).await.failure, format!("cannot be connected to: {NOWHERE}"));
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    static WITHIN: Mutex<String> = Mutex::new(String::new());
    let within = receiver(free(), ok).await;
    *WITHIN.lock().unwrap() = format!("http://{}/", within.at);
    let away = || (StatusCode::TEMPORARY_REDIRECT, [("location", WITHIN.lock().unwrap().clone())]).into_response();
    let theirs = receiver(free(), away).await;
    let sender = Sender::new(Allowed::read(&theirs.at.to_string()).unwrap()).unwrap();
    let answer = sender.post(&format!("http://{}/", theirs.at), headers(), b"{}".to_vec()).await;
    assert!(answer.status == 307 && answer.failure.contains("not followed"), "{answer:?}");
    assert_eq!(within.got.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let endless = || {
        let parts = futures::stream::repeat_with(|| Ok::<_, io::Error>(vec![b'x'; 4_096]));
        Body::from_stream(parts).into_response()
    };
    let theirs = receiver(free(), endless).await;
    let sender = Sender::new(Allowed::read(&theirs.at.to_string()).unwrap()).unwrap();
    let answer = sender.post(&format!("http://{}/", theirs.at), headers(), b"{}".to_vec()).await;
    assert!(answer.is_delivered() && answer.took_ms < 10_000, "{answer:?}");
}

#[tokio::test]
async fn who_does_not_listen_is_said_in_words() {
    let nobody = TcpListener::bind(free()).await.unwrap().local_addr().unwrap();
    let sender = Sender::new(Allowed::read(&nobody.to_string()).unwrap()).unwrap();
    let answer = sender.post(&format!("http://{nobody}/"), headers(), b"{}".to_vec()).await;
    assert!(answer.failure.starts_with("cannot be connected to: "), "{answer:?}");
}

#[test]
fn times_to_wait_are_read_in_both_forms() {
    let now = 784_111_777_000;
    let wait = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        wait_until(&headers, now)
    };
    assert_eq!(wait("120"), now + 120_000);
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:40 GMT"), now + 3_000);
    assert_eq!(wait("Mon, 07 Nov 1994 09:49:37 GMT"), now + WAIT_MAX_MS);
    assert_eq!(wait("99999999999999999"), now + WAIT_MAX_MS);
    for unfit in ["", "soon", "-5", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 ovD 1994 08:49:37 GMT"] {
        assert_eq!(wait(unfit), 0, "{unfit}");
    }
    for (text, ms) in [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000_000),
        ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200_000),
        ("Tue, 31 Dec 2024 23:59:59 GMT", 1_735_689_599_000),
    ] {
        assert_eq!(date_ms(text), Some(ms), "{text}");
    }
}
