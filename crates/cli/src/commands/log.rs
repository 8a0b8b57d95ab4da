//! `studium log tail` and `log verify`: reading the record, and proving that it is whole.

use crate::{
    client::failed,
    platform::Platform,
    progress::{Output, count, time},
};
use anyhow::{Result, bail};
use clap::Args;
use serde_json::{Value, json};
use std::collections::VecDeque;
use studium_log::{Follow, Log, LogConfig, Stored};
use studium_proto::{admin::v1::VerifyLogRequest, event_json};

/// What `studium log tail` takes.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Only this service's stream.
    #[arg(long)]
    service: Option<String>,
    /// Go on with what comes, until Ctrl-C.
    #[arg(long, short)]
    follow: bool,
    /// First position; without it the last 20 commits of each stream.
    #[arg(long)]
    from: Option<u64>,
}

/// One stream on its way to its head.
struct Tail {
    stream: String,
    follow: Follow,
    head: u64,
    position: u64,
    waiting: VecDeque<Stored>,
}

/// Prints commits in the order in which they were recorded.
pub async fn tail(platform: &Platform, args: &TailArgs) -> Result<()> {
    let log = connect(platform).await?;
    let mut tails = vec![];
    for stream in platform.services(args.service.as_deref())? {
        let head = log.head(&stream).await?;
        let position = args.from.map_or(head.saturating_sub(20), |it| it.saturating_sub(1));
        tails.push(Tail { follow: log.follow(&stream, position), stream, head, position, waiting: VecDeque::new() });
    }
    while let Some(next) = earliest(&mut tails).await? {
        let tail = &mut tails[next];
        if let Some(stored) = tail.waiting.pop_front() {
            print(platform.output, &tail.stream, &stored);
        }
    }
    if !args.follow {
        return Ok(());
    }
    while !platform.output.is_closed() {
        let (batch, index, _) =
            futures::future::select_all(tails.iter_mut().map(|it| Box::pin(it.follow.next()))).await;
        for stored in batch? {
            print(platform.output, &tails[index].stream, &stored);
        }
    }
    Ok(())
}

/// Connects to the platform's broker.
pub async fn connect(platform: &Platform) -> Result<Log> {
    let config =
        LogConfig { url: platform.state.nats.clone(), durability: platform.state.durability, ..LogConfig::default() };
    Ok(Log::connect(&config).await?)
}

/// The stream whose next commit was recorded first; `None` when all have reached their heads.
async fn earliest(tails: &mut [Tail]) -> Result<Option<usize>> {
    for tail in tails.iter_mut() {
        if tail.waiting.is_empty() && tail.position < tail.head {
            tail.waiting.extend(tail.follow.next().await?);
            tail.position = tail.waiting.back().map_or(tail.position, |it| it.position);
        }
    }
    let waiting =
        tails.iter().enumerate().filter_map(|(index, it)| Some((it.waiting.front()?.commit.recorded_at_ms, index)));
    Ok(waiting.min().map(|(_, index)| index))
}

fn print(output: Output, stream: &str, stored: &Stored) {
    let (commit, events) = (&stored.commit, events(stored));
    output.json(&json!({
        "stream": stream, "position": stored.position, "subject": commit.subject, "version": commit.version,
        "at": time(commit.at_ms), "recorded_at": time(commit.recorded_at_ms), "actor": commit.actor,
        "on_behalf_of": commit.on_behalf_of, "id": commit.id, "request_id": commit.request_id,
        "correlation_id": commit.correlation_id, "causation_id": commit.causation_id, "events": events,
    }));
    let events: Vec<_> = events.iter().map(Value::to_string).collect();
    output.say(format!(
        "{}  {}  v{}  {}  {}  {}",
        stored.position,
        commit.subject,
        commit.version,
        time(commit.at_ms),
        commit.actor,
        events.join(" ")
    ));
}

/// The commit's events; one that this build does not know is shown as its size.
fn events(stored: &Stored) -> Vec<Value> {
    let json = |bytes: &[u8]| {
        event_json(stored.aggregate(), bytes).unwrap_or_else(|| json!({"event": "unknown", "bytes": bytes.len()}))
    };
    stored.commit.events.iter().map(|it| json(it)).collect()
}

/// What `log verify` found in one service.
pub struct Verdict {
    /// The service.
    pub service: String,
    /// Commits that were checked.
    pub checked: u64,
    /// Aggregates that they belong to.
    pub aggregates: u64,
    /// What is wrong, a sentence each; at most 100.
    pub problems: Vec<String>,
    /// How many problems there are.
    pub problem_count: u64,
}

/// Compares stream and journal of one service and checks every hash chain.
pub async fn verify_service(platform: &Platform, service: &str) -> Result<Verdict> {
    let bar = platform.output.bar(&format!("verifying {service}"), 0);
    let mut steps = platform.admin(service).await?.verify_log(VerifyLogRequest {}).await.map_err(failed)?.into_inner();
    let mut last = None;
    while let Some(step) = steps.message().await.map_err(failed)? {
        bar.set_total(step.total);
        bar.set(step.checked);
        last = Some(step);
    }
    bar.finish();
    match last {
        Some(it) if it.done => Ok(Verdict {
            service: service.to_owned(),
            checked: it.checked,
            aggregates: it.aggregates,
            problems: it.problems,
            problem_count: it.problem_count,
        }),
        _ => bail!("{service} ended its check half-way; run it again and see `studium status`"),
    }
}

/// Verifies the logs of all services.
///
/// # Errors
/// When a problem was found.
pub async fn verify(platform: &Platform, only: Option<&str>) -> Result<()> {
    let mut problems = 0;
    for service in platform.services(only)? {
        let it = verify_service(platform, &service).await?;
        platform.output.json(&json!({
            "service": it.service, "clean": it.problem_count == 0, "checked": it.checked, "aggregates": it.aggregates,
            "problem_count": it.problem_count, "problems": it.problems,
        }));
        platform.output.say(sentence(&it));
        for problem in &it.problems {
            platform.output.say(format!("  {problem}"));
        }
        problems += it.problem_count;
    }
    if problems > 0 {
        bail!(
            "the log has {problems} problems; keep the directory as it is and compare with a backup before anything else is written"
        );
    }
    Ok(())
}

/// The verdict in a sentence.
pub fn sentence(it: &Verdict) -> String {
    let (service, commits, aggregates) = (&it.service, count(it.checked), count(it.aggregates));
    if it.problem_count == 0 {
        format!(
            "{service}: {commits} commits of {aggregates} aggregates; stream and journal agree and every hash chain is whole."
        )
    } else {
        format!("{service}: {commits} commits of {aggregates} aggregates, {} PROBLEMS:", count(it.problem_count))
    }
}
