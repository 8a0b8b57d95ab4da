//! Webhooks: how many deliveries a second a receiver gets, against one who only posts, and how late a live event is.

use super::{EVERY, INSTITUTION, LIVE, PATIENCE, RATE, written};
use crate::{
    bench::{Bench, commands::Desk, load},
    platform::Platform,
    progress::Output,
};
use anyhow::{Result, bail, ensure};
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use studium_log::now_ms;
use studium_proto::partner::v1::{
    AddWebhookRequest, partner_feed_service_client::PartnerFeedServiceClient,
    webhook_service_client::WebhookServiceClient,
};
use tokio::{net::TcpListener, task::JoinHandle, time::sleep};

/// Requests in flight while a receiver is only posted to: as many as a webhook has.
const IN_FLIGHT: usize = 16;

/// Events that are delivered.
const EVENTS: u64 = 5_000;

/// A receiver that counts, and knows when events were decided.
#[derive(Clone)]
struct Receiver {
    got: Arc<AtomicU64>,
    lag: Arc<Mutex<Histogram<u64>>>,
}

async fn receive(State(it): State<Receiver>, body: Bytes) -> StatusCode {
    let decided = serde_json::from_slice::<Value>(&body).ok();
    let decided = decided.and_then(|it| it["recordedtime"].as_str()?.parse::<jiff::Timestamp>().ok());
    if let Some(decided) = decided {
        let lag = (now_ms() - decided.as_millisecond()).max(0) as u64;
        it.lag.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(lag);
    }
    it.got.fetch_add(1, Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

impl Receiver {
    async fn open() -> Result<(Self, SocketAddr, JoinHandle<()>)> {
        let receiver = Self { got: Arc::default(), lag: Arc::new(Mutex::new(load::histogram()?)) };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let at = listener.local_addr()?;
        let routes = Router::new().route("/", post(receive)).with_state(receiver.clone());
        let task = tokio::spawn(async move {
            if let Err(e) = axum::serve(listener, routes).await {
                tracing::warn!(error = %e, "the receiver of the bench ended");
            }
        });
        Ok((receiver, at, task))
    }

    fn got(&self) -> u64 {
        self.got.load(Ordering::Relaxed)
    }

    async fn gets(&self, many: u64) -> Result<()> {
        let started = Instant::now();
        while self.got() < many {
            if started.elapsed() > PATIENCE {
                bail!("{} of {many} events were delivered in {} seconds", self.got(), PATIENCE.as_secs());
            }
            sleep(EVERY).await;
        }
        Ok(())
    }

    fn clear(&self) {
        self.got.store(0, Ordering::Relaxed);
        self.lag.lock().unwrap_or_else(PoisonError::into_inner).reset();
    }
}

/// Measures webhooks on a feed that has been filled.
pub async fn measure(bench: &Bench, desk: &Desk, platform: &Platform, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let (receiver, at, task) = Receiver::open().await?;
    let channel = platform.connect("enrolment", &["operator"]).await?;
    let head = written(&mut PartnerFeedServiceClient::new(channel.clone()), 0).await?;
    let bare = bare(at, bench.time()).await?;
    receiver.clear();
    let many = EVENTS.min(head);
    let request = AddWebhookRequest {
        institution_id: INSTITUTION.to_owned(),
        webhook_id: "bench".to_owned(),
        url: format!("http://{at}/"),
        types: Vec::new(),
        after_position: Some(head - many),
    };
    let started = Instant::now();
    WebhookServiceClient::new(channel).add_webhook(request).await?;
    receiver.gets(many).await?;
    let per_second = many as f64 / started.elapsed().as_secs_f64();
    receiver.clear();
    desk.enrol_live(&format!("{profile}-webhook"), LIVE, RATE).await?;
    receiver.gets(u64::from(LIVE)).await?;
    task.abort();
    let lag = receiver.lag.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let (p50, p99) = (super::ms(&lag, 0.5), super::ms(&lag, 0.99));
    let ratio = per_second / bare;
    output.say(format!(
        "partners  {profile:<10} webhook: {per_second:.0} deliveries/s = {ratio:.2} of bare posts ({bare:.0}/s); \
         live at {RATE}/s, from the decision: p50 {p50:.0} ms, p99 {p99:.0} ms"
    ));
    Ok(json!({
        "per_second": per_second, "ratio_to_bare": ratio, "bare_per_second": bare,
        "live_p50_ms": p50, "live_p99_ms": p99,
    }))
}

/// Posts a second of a body of the same size, neither signed nor remembered.
async fn bare(at: SocketAddr, time: Duration) -> Result<f64> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let body = Bytes::from(json!({"recordedtime": "2026-01-01T00:00:00Z", "filled": "x".repeat(800)}).to_string());
    let url: Arc<str> = format!("http://{at}/").into();
    let figures = load::closed_loop(IN_FLIGHT, Duration::from_millis(300), time, move |_| {
        let (client, body, url) = (client.clone(), body.clone(), Arc::clone(&url));
        async move {
            client.post(&*url).body(body).send().await?.error_for_status()?;
            Ok(())
        }
    });
    let figures = figures.await?;
    ensure!(figures.failed == 0, "{} bare posts failed, so there is nothing to compare with", figures.failed);
    Ok(figures.per_second)
}
