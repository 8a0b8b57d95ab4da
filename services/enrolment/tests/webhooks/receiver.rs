//! A partner's receiver: keeps what it gets and answers as it is told.

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle, time::Instant};

/// One request as it came in.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: String,
    pub timestamp: String,
    pub signature: String,
    pub body: Bytes,
    pub event: Value,
    pub at: Instant,
    /// What it was answered.
    pub status: u16,
}

impl Delivery {
    pub fn subject(&self) -> &str {
        self.event["subject"].as_str().unwrap()
    }

    pub fn position(&self) -> u64 {
        self.event["sequence"].as_str().unwrap().parse().unwrap()
    }
}

/// An answer: status, and seconds after which to come again.
pub type Answer = (u16, Option<u64>);

type Script = Box<dyn Fn(&[Delivery], &Value) -> Answer + Send + Sync>;

struct Inner {
    got: Mutex<Vec<Delivery>>,
    script: Mutex<Script>,
    /// Requests that may be answered.
    gate: Semaphore,
    /// Requests that are not answered, now and at most.
    open: AtomicUsize,
    most: AtomicUsize,
}

pub struct Receiver {
    pub at: SocketAddr,
    inner: Arc<Inner>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn receive(State(inner): State<Arc<Inner>>, headers: HeaderMap, body: Bytes) -> Response {
    let open = inner.open.fetch_add(1, Ordering::SeqCst) + 1;
    inner.most.fetch_max(open, Ordering::SeqCst);
    inner.gate.acquire().await.unwrap().forget();
    inner.gate.add_permits(1);
    // Before the answer, so that the next request finds it closed.
    inner.open.fetch_sub(1, Ordering::SeqCst);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/cloudevents+json; charset=utf-8");
    let event: Value = serde_json::from_slice(&body).unwrap();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let mut got = inner.got.lock().unwrap();
    let (status, wait) = (inner.script.lock().unwrap())(&got, &event);
    got.push(Delivery { id, timestamp, signature, body, event, at: Instant::now(), status });
    let mut headers = HeaderMap::new();
    if let Some(seconds) = wait {
        headers.insert("retry-after", seconds.into());
    }
    (StatusCode::from_u16(status).unwrap(), headers).into_response()
}

impl Receiver {
    /// One that takes everything.
    pub async fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let at = listener.local_addr().unwrap();
        let inner = Inner {
            got: Mutex::default(),
            script: Mutex::new(Box::new(|_, _| (204, None))),
            gate: Semaphore::new(1_000),
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        };
        let inner = Arc::new(inner);
        let routes = Router::new().fallback(post(receive)).with_state(Arc::clone(&inner));
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { at, inner, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.at)
    }

    /// Answers so from now on; told what came before.
    pub fn answers(&self, script: impl Fn(&[Delivery], &Value) -> Answer + Send + Sync + 'static) {
        *self.inner.script.lock().unwrap() = Box::new(script);
    }

    /// Answers nothing until it is let go.
    pub fn holds(&self) {
        self.inner.gate.forget_permits(1_000);
    }

    pub fn lets_go(&self) {
        self.inner.gate.add_permits(1_000);
    }

    pub fn got(&self) -> Vec<Delivery> {
        self.inner.got.lock().unwrap().clone()
    }

    /// How many requests it had at most that were not answered.
    pub fn most_open(&self) -> usize {
        self.inner.most.load(Ordering::SeqCst)
    }

    /// Waits until it has, or had, so many requests that were not answered.
    pub async fn has_open(&self, count: usize) {
        for _ in 0..1_200 {
            if self.most_open() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{count} requests should be open, but {} are", self.most_open());
    }

    /// What it took, in the order in which each came first.
    pub fn taken(&self) -> Vec<Delivery> {
        let mut taken: Vec<Delivery> = Vec::new();
        for it in self.got().into_iter().filter(|it| it.status < 300) {
            if taken.iter().all(|before| before.id != it.id) {
                taken.push(it);
            }
        }
        taken
    }

    /// Waits until it has taken so many different events, and gives them.
    pub async fn has_taken(&self, count: usize) -> Vec<Delivery> {
        for _ in 0..1_200 {
            let taken = self.taken();
            if taken.len() >= count {
                assert_eq!(taken.len(), count, "more came than there was");
                return taken;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{count} events should have come, but {} did", self.taken().len());
    }
}

/// Of every subject the events came in the order of the feed.
pub fn are_in_order(taken: &[Delivery]) {
    let mut last = std::collections::HashMap::new();
    for it in taken {
        let before = last.insert(it.subject().to_owned(), it.position()).unwrap_or(0);
        assert!(before < it.position(), "{} at {} came after {before}", it.subject(), it.position());
    }
}
