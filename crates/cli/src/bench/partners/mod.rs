//! Partners: how fast a feed is told, and read by one, a hundred and a thousand subscribers; what slow ones cost; and how
//! late a live event is, over gRPC and webhooks.

mod webhooks;

use super::{Bench, commands::Desk, load};
use crate::{
    client::Channel,
    platform::Platform,
    progress::{Output, count},
};
use anyhow::{Context as _, Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use studium_broker::process::memory_bytes;
use studium_log::{Log, LogConfig, now_ms};
use studium_proto::partner::v1::{
    GetFeedRequest, OpenFeedRequest, SubscribeRequest, partner_feed_service_client::PartnerFeedServiceClient,
};
use tokio::{sync::Barrier, task::JoinSet, time::sleep};

/// The institution that provides the course of the bench.
const INSTITUTION: &str = "bench-university";

/// Subscribers at once.
const SUBSCRIBERS: [u64; 3] = [1, 100, 1_000];

/// Events that are delivered in all while history is read, at most: the more subscribers, the fewer for each.
const DELIVERIES: u64 = 200_000;

/// Connections that subscribers share.
const CONNECTIONS: usize = 10;

/// Commands in flight while the feed is filled.
const IN_FLIGHT: usize = 64;

/// Live events, and how many a second.
const LIVE: u32 = 200;
const RATE: u32 = 50;

/// Subscribers who take nothing, and their connections.
const SLOW: usize = 1_000;
const SLOW_CONNECTIONS: usize = 100;

const EVERY: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_mins(5);

type Feeds = PartnerFeedServiceClient<Channel>;

/// Measures partners' feeds on a platform of its own.
pub async fn measure(bench: &Bench, desk: &Desk, platform: &Platform, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let mut channels = Vec::new();
    for _ in 0..CONNECTIONS {
        channels.push(PartnerFeedServiceClient::new(platform.connect("enrolment", &["operator"]).await?));
    }
    let told = fill(bench, desk, &mut channels[0].clone()).await?;
    output.say(format!(
        "partners  {profile:<10} {} enrolments at {:.0}/s are in the feed {:.0} ms later: {:.0} events/s",
        count(told.events),
        told.commands_per_second,
        told.lag.as_secs_f64() * 1000.0,
        told.per_second
    ));
    let head = written(&mut channels[0].clone(), 0).await?;
    let bare = bare(platform, head).await?;
    let mut all = json!({
        "told_per_second": told.per_second, "commands_per_second": told.commands_per_second, "bare_per_second": bare,
    });
    for subscribers in SUBSCRIBERS {
        let each = (DELIVERIES / subscribers).max(100).min(head);
        let history = history(&channels, subscribers, head - each, head).await?;
        let lag = live(desk, &channels, subscribers, head, &format!("{profile}-{subscribers}")).await?;
        let (p50, p99) = (ms(&lag, 0.5), ms(&lag, 0.99));
        let ratio = history / bare;
        output.say(format!(
            "partners  {profile:<10} {subscribers:>5} subscribers: history {history:.0} events/s = {ratio:.2} of a bare reader's {bare:.0}/s; \
             live at {RATE}/s, from the decision: p50 {p50:.0} ms, p99 {p99:.0} ms ({} deliveries)",
            lag.len()
        ));
        all[subscribers.to_string()] = json!({
            "history_per_second": history, "ratio_to_bare": ratio, "live_p50_ms": p50, "live_p99_ms": p99,
            "live_deliveries": lag.len(),
        });
    }
    all["slow"] = slow(desk, &channels, platform, head, output).await?;
    all["webhooks"] = webhooks::measure(bench, desk, platform, output).await?;
    Ok(all)
}

/// A thousand who ask for everything and take nothing: what they cost the service, and whether a live one feels them.
async fn slow(desk: &Desk, channels: &[Feeds], platform: &Platform, head: u64, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let service = platform.state.services.iter().find(|it| it.name == "enrolment").context("enrolment runs")?;
    let memory = || memory_bytes(service.pid).unwrap_or(0) as f64 / 1e6;
    let before = memory();
    let mut asleep = Vec::new();
    for connection in 0..SLOW_CONNECTIONS {
        // Connections of their own: on a shared one whoever takes nothing holds up the rest by itself.
        let mut feeds = PartnerFeedServiceClient::new(platform.connect("enrolment", &["operator"]).await?);
        for _ in 0..SLOW / SLOW_CONNECTIONS {
            asleep.push(feeds.subscribe(subscription(0)).await.with_context(|| format!("connection {connection}"))?);
        }
    }
    let lag = live(desk, channels, 1, head, &format!("{profile}-slow")).await?;
    let (grown, p50, p99) = (memory() - before, ms(&lag, 0.5), ms(&lag, 0.99));
    output.say(format!(
        "partners  {profile:<10} {SLOW} who ask for {} events and take none: {grown:.0} MB more memory; a live one beside them: p50 {p50:.0} ms, p99 {p99:.0} ms",
        count(head)
    ));
    Ok(json!({"subscribers": asleep.len(), "memory_mb": grown, "live_p50_ms": p50, "live_p99_ms": p99}))
}

/// How fast a feed was told.
struct Told {
    events: u64,
    commands_per_second: f64,
    per_second: f64,
    /// From the last answer to the last event.
    lag: Duration,
}

/// Enrols many and waits until the feed has them all.
async fn fill(bench: &Bench, desk: &Desk, feeds: &mut Feeds) -> Result<Told> {
    let request = OpenFeedRequest { institution_id: INSTITUTION.to_owned(), at_ms: 0 };
    let opened = feeds.open_feed(request).await?.into_inner().position;
    let events = bench.events;
    let before = written(feeds, opened).await?;
    let started = Instant::now();
    let enrolled = stream::iter((0..events).map(|n| desk.enrol(format!("bench-partner-{n}"))));
    let position = enrolled.buffer_unordered(IN_FLIGHT).try_fold(0, async |most, it| Ok(it.max(most))).await?;
    let answered = started.elapsed();
    while written(feeds, position).await? < before + events {
        if started.elapsed() > PATIENCE {
            bail!("the feed was not told in {} seconds", PATIENCE.as_secs());
        }
        sleep(EVERY).await;
    }
    let all = started.elapsed();
    Ok(Told {
        events,
        commands_per_second: events as f64 / answered.as_secs_f64(),
        per_second: events as f64 / all.as_secs_f64(),
        lag: all.saturating_sub(answered),
    })
}

/// Position of the feed's last event, once it was told of a position of the enrolment stream, or two seconds later.
async fn written(feeds: &mut Feeds, min_position: u64) -> Result<u64> {
    let ask = |min_position| GetFeedRequest { institution_id: INSTITUTION.to_owned(), min_position };
    let reply = match feeds.get_feed(ask(min_position)).await {
        Err(e) if e.code() == tonic::Code::Unavailable => feeds.get_feed(ask(0)).await?,
        it => it?,
    };
    Ok(reply.into_inner().feed.context("a feed")?.written_position)
}

/// Events a second that one reader gets from the broker by itself.
async fn bare(platform: &Platform, head: u64) -> Result<f64> {
    let config =
        LogConfig { url: platform.state.nats.clone(), durability: platform.state.durability, ..LogConfig::default() };
    let log = Log::connect(&config).await?;
    let mut follow = log.follow(&format!("partner_{INSTITUTION}"), 0);
    let started = Instant::now();
    while follow.position() < head {
        follow.next().await?;
    }
    Ok(head as f64 / started.elapsed().as_secs_f64())
}

fn subscription(after_position: u64) -> SubscribeRequest {
    SubscribeRequest { institution_id: INSTITUTION.to_owned(), after_position, ..SubscribeRequest::default() }
}

/// Events a second that so many subscribers get together of what is there.
async fn history(channels: &[Feeds], subscribers: u64, after: u64, until: u64) -> Result<f64> {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for n in 0..subscribers {
        let mut feeds = channels[n as usize % channels.len()].clone();
        tasks.spawn(async move {
            let mut events = feeds.subscribe(subscription(after)).await?.into_inner();
            let mut position = after;
            while position < until {
                position = events.message().await?.context("the feed ended")?.position;
            }
            anyhow::Ok(())
        });
    }
    while let Some(it) = tasks.join_next().await {
        it??;
    }
    Ok((subscribers * (until - after)) as f64 / started.elapsed().as_secs_f64())
}

/// From the decision to each subscriber, milliseconds, while a few learners a second enrol.
async fn live(desk: &Desk, channels: &[Feeds], subscribers: u64, head: u64, run: &str) -> Result<Histogram<u64>> {
    let from = written(&mut channels[0].clone(), 0).await?.max(head);
    let connected = Arc::new(Barrier::new(subscribers as usize + 1));
    let mut tasks = JoinSet::new();
    for n in 0..subscribers {
        let mut feeds = channels[n as usize % channels.len()].clone();
        let connected = Arc::clone(&connected);
        tasks.spawn(async move {
            let mut events = feeds.subscribe(subscription(from)).await?.into_inner();
            connected.wait().await;
            let mut lag = load::histogram()?;
            let mut position = from;
            while position < from + u64::from(LIVE) {
                let it = events.message().await?.context("the feed ended")?;
                position = it.position;
                let event: Value = serde_json::from_str(&it.event)?;
                let decided: jiff::Timestamp = event["recordedtime"].as_str().unwrap_or_default().parse()?;
                lag.saturating_record((now_ms() - decided.as_millisecond()).max(0) as u64);
            }
            anyhow::Ok(lag)
        });
    }
    connected.wait().await;
    desk.enrol_live(run, LIVE, RATE).await?;
    let mut all = load::histogram()?;
    while let Some(it) = tasks.join_next().await {
        all.add(it??)?;
    }
    Ok(all)
}

fn ms(lag: &Histogram<u64>, quantile: f64) -> f64 {
    lag.value_at_quantile(quantile) as f64
}
