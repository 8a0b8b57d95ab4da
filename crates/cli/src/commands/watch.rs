//! `studium status --watch`: what each service does at present, from its metrics, as often as wanted.

use crate::{
    commands::scrape::{Scrape, total},
    platform::{Platform, ServiceState},
    progress::{count, table},
    transport::Transport,
};
use anyhow::Result;
use serde::Serialize;
use std::{
    collections::BTreeMap,
    io::{IsTerminal as _, stdout},
    time::Duration,
};
use studium_broker::process::memory_bytes;
use studium_kit::now_ms;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// Clears a terminal and goes to its upper left corner (ECMA-48, `ED` and `CUP`).
const CLEAR: &str = "\x1b[2J\x1b[H";

/// What happened in a service between two looks. Rates are per second.
#[derive(Serialize)]
struct Activity {
    service: String,
    /// Commands by what they came to.
    commands: BTreeMap<String, f64>,
    /// Of the time that commands took, milliseconds; none if there were none.
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// Of the time that their appends took.
    append_p99_ms: Option<f64>,
    /// Times another writer was faster.
    conflicts: f64,
    /// What the service did by itself, such as deliveries of webhooks, by what it came to.
    work: BTreeMap<String, f64>,
    /// Positions that the view furthest behind lacks.
    behind: u64,
    /// Reactions that are parked or wait behind one.
    parked: u64,
    /// Deadlines whose time has come and that have not fired.
    due: u64,
    memory_bytes: Option<u64>,
}

#[derive(Serialize)]
struct Round {
    at_ms: i64,
    /// For how long the rates are.
    seconds: f64,
    services: Vec<Activity>,
}

/// One look at all services; one that does not answer is not there.
struct Look {
    at: Instant,
    seen: BTreeMap<String, Scrape>,
}

/// Shows it until whoever reads it has gone.
pub async fn watch(platform: &Platform, every: Duration) -> Result<()> {
    let services = &platform.state.services;
    let transport = Transport::of(&platform.data)?;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut before = look(&transport, services).await;
    while !platform.output.is_closed() {
        ticks.tick().await;
        let now = look(&transport, services).await;
        let seconds = (now.at - before.at).as_secs_f64();
        let services = services.iter().filter_map(|it| activity(it, &before, &now, seconds)).collect();
        let round = Round { at_ms: now_ms(), seconds, services };
        platform.output.json(&round);
        platform.output.say(people(&round, platform));
        before = now;
    }
    Ok(())
}

async fn look(transport: &Transport, services: &[ServiceState]) -> Look {
    let mut seen = BTreeMap::new();
    for it in services {
        if let Ok((200, text)) = transport.get(&it.address, "/metrics").await {
            seen.insert(it.name.clone(), Scrape::read(&text));
        }
    }
    Look { at: Instant::now(), seen }
}

fn activity(service: &ServiceState, before: &Look, now: &Look, seconds: f64) -> Option<Activity> {
    let now = now.seen.get(&service.name)?;
    // A service that was started again counts from zero, and so does one that was not there.
    let since = before.seen.get(&service.name).map_or_else(|| now.clone(), |it| now.since(it));
    let rates = |name: &str| since.by(name, "outcome").into_iter().map(|(it, n)| (it, n / seconds)).collect();
    let ms = |name: &str, share: f64| since.quantile(name, share).map(|it| it * 1_000.0);
    Some(Activity {
        service: service.name.clone(),
        commands: rates("studium_commands_total"),
        p50_ms: ms("studium_command_seconds", 0.5),
        p99_ms: ms("studium_command_seconds", 0.99),
        append_p99_ms: ms("studium_append_seconds", 0.99),
        conflicts: since.sum("studium_conflicts_total") / seconds,
        work: rates("studium_work_total"),
        behind: now.most("studium_view_lag") as u64,
        parked: now.sum("studium_parked") as u64,
        due: now.sum("studium_deadlines_due") as u64,
        memory_bytes: memory_bytes(service.pid),
    })
}

fn people(round: &Round, platform: &Platform) -> String {
    let names = ["service", "accepted/s", "refused/s", "failed/s", "p50 ms", "p99 ms", "append p99 ms", "conflicts/s"];
    let more = ["work/s", "behind", "parked", "due", "memory"];
    let mut rows = vec![names.iter().chain(&more).map(|it| (*it).to_owned()).collect::<Vec<_>>()];
    let rate = |of: &BTreeMap<String, f64>, names: &[&str]| -> String {
        format!("{:.1}", total(names.iter().filter_map(|it| of.get(*it)).copied()))
    };
    let ms = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), |it| format!("{it:.1}"));
    for it in &round.services {
        rows.push(vec![
            it.service.clone(),
            rate(&it.commands, &["accepted", "already"]),
            rate(&it.commands, &["refused"]),
            rate(&it.commands, &["busy", "fault"]),
            ms(it.p50_ms),
            ms(it.p99_ms),
            ms(it.append_p99_ms),
            format!("{:.1}", it.conflicts),
            format!("{:.1}", total(it.work.values().copied())),
            count(it.behind),
            count(it.parked),
            count(it.due),
            it.memory_bytes.map_or_else(|| "-".to_owned(), |it| format!("{} MB", it / 1_000_000)),
        ]);
    }
    let answered = |name: &str| round.services.iter().any(|it| it.service == name);
    let all = platform.state.services.iter().map(|it| it.name.as_str());
    let missing: Vec<_> = all.filter(|it| !answered(it)).collect();
    let silent = if missing.is_empty() { String::new() } else { format!("\nNo answer from {}.", missing.join(", ")) };
    let clear = if stdout().is_terminal() { CLEAR } else { "" };
    format!("{clear}{}\nThe last {:.0} s on {}.{silent}", table(&rows), round.seconds, platform.data.display())
}
