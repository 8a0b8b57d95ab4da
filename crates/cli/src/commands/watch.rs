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

/// What happened in a service, or in one process of it, between two looks. Rates are per second.
#[derive(Serialize)]
struct Activity {
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
    /// Positions that the view or policy furthest behind lacks.
    behind: u64,
    /// Reactions that are parked or wait behind one.
    parked: u64,
    /// Deadlines whose time has come and that have not fired.
    due: u64,
    memory_bytes: Option<u64>,
}

/// All processes of a service that answer.
#[derive(Serialize)]
struct Served {
    service: String,
    #[serde(flatten)]
    together: Activity,
    /// Each by itself.
    replicas: Vec<Replica>,
    /// Where one runs that gives no answer.
    silent: Vec<String>,
}

#[derive(Serialize)]
struct Replica {
    address: String,
    #[serde(flatten)]
    activity: Activity,
}

#[derive(Serialize)]
struct Round {
    at_ms: i64,
    /// For how long the rates are.
    seconds: f64,
    services: Vec<Served>,
}

/// One look at all processes, by where they answer; one that does not answer is not there.
struct Look {
    at: Instant,
    seen: BTreeMap<String, Scrape>,
}

/// Shows it until whoever reads it has gone.
pub async fn watch(platform: &Platform, every: Duration) -> Result<()> {
    let state = &platform.state;
    let processes: Vec<_> = state.services.iter().chain(&state.replicas).collect();
    let transport = Transport::of(&platform.data)?;
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut before = look(&transport, &processes).await;
    while !platform.output.is_closed() {
        ticks.tick().await;
        let now = look(&transport, &processes).await;
        let seconds = (now.at - before.at).as_secs_f64();
        let of = |name: &str| processes.iter().copied().filter(|it| it.name == name).collect::<Vec<_>>();
        let services = state.services.iter().map(|it| served(&it.name, &of(&it.name), &before, &now)).collect();
        let round = Round { at_ms: now_ms(), seconds, services };
        platform.output.json(&round);
        platform.output.say(people(&round, platform));
        before = now;
    }
    Ok(())
}

async fn look(transport: &Transport, processes: &[&ServiceState]) -> Look {
    let mut seen = BTreeMap::new();
    for it in processes {
        if let Ok((200, text)) = transport.get(&it.address, "/metrics").await {
            seen.insert(it.address.clone(), Scrape::read(&text));
        }
    }
    Look { at: Instant::now(), seen }
}

fn served(service: &str, processes: &[&ServiceState], before: &Look, now: &Look) -> Served {
    let seconds = (now.at - before.at).as_secs_f64();
    let (mut replicas, mut silent, mut all) = (vec![], vec![], vec![]);
    for it in processes {
        let Some(stands) = now.seen.get(&it.address) else {
            silent.push(it.address.clone());
            continue;
        };
        // A process that was started again counts from zero, and so does one that was not there.
        let since = before.seen.get(&it.address).map_or_else(|| stands.clone(), |it| stands.since(it));
        let activity = activity(&since, &[stands], seconds, memory_bytes(it.pid));
        replicas.push(Replica { address: it.address.clone(), activity });
        all.push((since, stands));
    }
    let (since, stands): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let memory = replicas.iter().map(|it| it.activity.memory_bytes).sum();
    let together = activity(&Scrape::added(since), &stands, seconds, memory);
    Served { service: service.to_owned(), together, replicas, silent }
}

/// What happened by itself, and how things stand; all processes of a service look at the same store, so that the worst
/// of what they say counts.
fn activity(since: &Scrape, stands: &[&Scrape], seconds: f64, memory_bytes: Option<u64>) -> Activity {
    let rates = |name: &str| since.by(name, "outcome").into_iter().map(|(it, n)| (it, n / seconds)).collect();
    let ms = |name: &str, share: f64| since.quantile(name, share).map(|it| it * 1_000.0);
    let worst = |of: &dyn Fn(&Scrape) -> f64| stands.iter().map(|it| of(it)).fold(0.0, f64::max) as u64;
    Activity {
        commands: rates("studium_commands_total"),
        p50_ms: ms("studium_command_seconds", 0.5),
        p99_ms: ms("studium_command_seconds", 0.99),
        append_p99_ms: ms("studium_append_seconds", 0.99),
        conflicts: since.sum("studium_conflicts_total") / seconds,
        work: rates("studium_work_total"),
        behind: worst(&|it| it.most("studium_view_lag").max(it.most("studium_policy_lag"))),
        parked: worst(&|it| it.sum("studium_parked")),
        due: worst(&|it| it.sum("studium_deadlines_due")),
        memory_bytes,
    }
}

fn people(round: &Round, platform: &Platform) -> String {
    let names = ["service", "accepted/s", "refused/s", "failed/s", "p50 ms", "p99 ms", "append p99 ms", "conflicts/s"];
    let more = ["work/s", "behind", "parked", "due", "memory"];
    let mut rows = vec![names.iter().chain(&more).map(|it| (*it).to_owned()).collect::<Vec<_>>()];
    let rate = |of: &BTreeMap<String, f64>, names: &[&str]| -> String {
        format!("{:.1}", total(names.iter().filter_map(|it| of.get(*it)).copied()))
    };
    let ms = |it: Option<f64>| it.map_or_else(|| "-".to_owned(), |it| format!("{it:.1}"));
    for served in round.services.iter().filter(|it| !it.replicas.is_empty()) {
        let it = &served.together;
        let many = served.replicas.len() + served.silent.len();
        rows.push(vec![
            if many == 1 { served.service.clone() } else { format!("{} x{}", served.service, served.replicas.len()) },
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
    let missing = |it: &Served| match (it.silent.as_slice(), it.replicas.as_slice()) {
        ([], _) => None,
        (_, []) => Some(it.service.clone()),
        (silent, _) => Some(format!("{} at {}", it.service, silent.join(" and "))),
    };
    let missing: Vec<_> = round.services.iter().filter_map(missing).collect();
    let silent = if missing.is_empty() { String::new() } else { format!("\nNo answer from {}.", missing.join(", ")) };
    let clear = if stdout().is_terminal() { CLEAR } else { "" };
    format!("{clear}{}\nThe last {:.0} s on {}.{silent}", table(&rows), round.seconds, platform.data.display())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn process(address: &str) -> ServiceState {
        ServiceState { name: "enrolment".to_owned(), address: address.to_owned(), pid: u32::MAX }
    }

    fn look(at: Instant, seen: &[(&str, u32, u32, u32)]) -> Look {
        let seen = seen.iter().map(|(address, accepted, lag, parked)| {
            let text = format!(
                "studium_commands_total{{aggregate=\"a\",outcome=\"accepted\"}} {accepted}\n\
                 studium_view_lag{{view=\"v\"}} {lag}\nstudium_parked{{policy=\"p\"}} {parked}\n"
            );
            ((*address).to_owned(), Scrape::read(&text))
        });
        Look { at, seen: seen.collect() }
    }

    #[test]
    fn replicas_are_shown_together_and_each_by_itself() {
        let at = Instant::now();
        let before = look(at, &[("a", 10, 0, 0), ("b", 100, 0, 0)]);
        // The second was started again meanwhile.
        let now = look(at + Duration::from_secs(2), &[("a", 30, 3, 1), ("b", 6, 7, 1)]);
        let processes = ["a", "b", "c"].map(process);
        let it = served("enrolment", &processes.iter().collect::<Vec<_>>(), &before, &now);
        assert_eq!((it.together.behind, it.together.parked), (7, 1), "all see the same store");
        let each: Vec<_> =
            it.replicas.iter().map(|it| (it.address.as_str(), it.activity.commands["accepted"])).collect();
        assert_eq!((each, it.silent.as_slice()), (vec![("a", 10.0), ("b", 3.0)], &["c".to_owned()][..]));
        let json = serde_json::to_value(&it).unwrap();
        assert_eq!((&json["commands"]["accepted"], &json["replicas"][1]["behind"]), (&13.0.into(), &7.into()));
    }
}
