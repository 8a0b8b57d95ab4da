//! Commands through gRPC to the acknowledged event, against the serial limit of a bare call and a bare append.

use super::{
    bare,
    cost::{Cost, Paused},
    load::{Figures, closed_loop},
};
use crate::{client::Bare, platform::Platform, progress::Output, rest::at_rest, token, transport};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use studium_log::Durability;
use studium_proto::enrolment::v1::{
    EnrolRequest, EnrolmentSource, RecordProgressRequest, enrolment_service_client::EnrolmentServiceClient,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinSet,
    time::sleep_until,
};

/// Connections that the load is spread over.
pub const CONNECTIONS: usize = 4;

/// Calls in flight on the one hot aggregate.
const HOT_IN_FLIGHT: usize = 64;

/// Events of the short and of the long history.
const SHORT: u64 = 10;
const LONG: u64 = 10_000;

/// A registrar's desk: connections to enrolment, and a run that everybody may join.
#[derive(Clone)]
pub struct Desk {
    pub clients: Arc<[EnrolmentServiceClient<Bare>]>,
    pub run_id: String,
    pub platform: Platform,
}

impl Desk {
    /// Connects, and has the catalogue offer a run with unlimited seats.
    pub async fn open(platform: &Platform) -> Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..CONNECTIONS {
            // As bare as what it is compared with.
            let channel = platform.connect_to(platform.address("enrolment")?, &registrar()).await?;
            clients.push(EnrolmentServiceClient::new(channel));
        }
        let run_id = super::run::offer(platform).await?;
        Ok(Self { clients: clients.into(), run_id, platform: platform.clone() })
    }

    fn client(&self, n: u64) -> EnrolmentServiceClient<Bare> {
        self.clients[n as usize % self.clients.len()].clone()
    }

    /// Enrols a learner of the bench.
    pub async fn enrol(&self, learner_id: String) -> Result<u64> {
        let request = enrol_request(&self.run_id, learner_id);
        Ok(self.client(0).enrol(request).await?.into_inner().position)
    }

    /// Enrols so many learners at a pace, whether the ones before are enrolled or not.
    pub async fn enrol_live(&self, run: &str, many: u32, per_second: u32) -> Result<()> {
        let started = Instant::now();
        let mut enrolled = JoinSet::new();
        for n in 0..many {
            sleep_until((started + Duration::from_secs(1) * n / per_second).into()).await;
            let (desk, learner) = (self.clone(), format!("bench-live-{run}-{n}"));
            enrolled.spawn(async move { desk.enrol(learner).await });
        }
        while let Some(it) = enrolled.join_next().await {
            it??;
        }
        Ok(())
    }

    async fn progress(&self, n: u64, learner_id: &str, minutes: u32) -> Result<()> {
        self.client(n).record_progress(progress_request(&self.run_id, learner_id, minutes)).await?;
        Ok(())
    }
}

/// Who enrols.
pub fn registrar() -> token::Wanted {
    token::Wanted { roles: vec!["registrar".to_owned()], ..token::Wanted::default() }
}

fn enrol_request(run_id: &str, learner_id: String) -> EnrolRequest {
    EnrolRequest {
        run_id: run_id.to_owned(),
        learner_id,
        source: EnrolmentSource::Staff.into(),
        ..EnrolRequest::default()
    }
}

fn progress_request(run_id: &str, learner_id: &str, minutes: u32) -> RecordProgressRequest {
    RecordProgressRequest {
        run_id: run_id.to_owned(),
        learner_id: learner_id.to_owned(),
        module_id: "m1".to_owned(),
        minutes,
        ..RecordProgressRequest::default()
    }
}

/// `enrol` over distinct aggregates, with one, 64 and 512 calls in flight: with all services at work, and, where it is
/// the processors that limit, once more with those standing still that only read what enrolment writes.
pub async fn distinct(
    desk: &Desk,
    platform: &Platform,
    profile: Durability,
    time: Duration,
    output: Output,
) -> Result<Value> {
    let mut all = json!({});
    let (mut echo_process, address) = start_echo(platform).await?;
    let channels = bare::channels(platform, &address, CONNECTIONS).await?;
    bare::open(&platform.state.nats, profile).await?;
    for in_flight in [1, 64, 512] {
        // What the last loop left to be folded must not be in the way of what the machine can do.
        at_rest(platform).await?;
        let run = format!("{profile}-{in_flight}");
        let echo = bare::echo(&channels, in_flight, time).await?;
        let append = bare::append(&platform.state.nats, profile, in_flight, time, &run).await?;
        let limit = bare::Limits::of(&echo, &append).per_second();
        let cost = Cost::now(platform);
        let together = enrol_on(desk, in_flight, time, run.clone()).await?;
        let mut figures = beside_limit(&together, limit)?;
        figures["cpu_us_per_call"] = cost.per_call(platform, together.made);
        say(output, &format!("{profile:<10} {in_flight:>3} in flight"), &together, limit);
        output.say(format!("          processor time of a call, µs: {}", figures["cpu_us_per_call"]));
        if in_flight > 1 {
            let _paused = Paused::but(platform, &["catalogue", "enrolment"]);
            let alone = enrol_on(desk, in_flight, time, format!("{run}-alone")).await?;
            figures["alone"] = beside_limit(&alone, limit)?;
            say(output, "           the others stand still", &alone, limit);
        }
        figures["echo"] = serde_json::to_value(echo)?;
        figures["append"] = serde_json::to_value(append)?;
        all[in_flight.to_string()] = figures;
    }
    echo_process.kill().await?;
    at_rest(platform).await?;
    Ok(all)
}

fn beside_limit(enrol: &Figures, limit: f64) -> Result<Value> {
    let mut figures = serde_json::to_value(enrol)?;
    figures["ratio_to_limit"] = json!(enrol.per_second / limit);
    figures["limit_per_second"] = json!(limit);
    Ok(figures)
}

fn say(output: Output, how: &str, it: &Figures, limit: f64) {
    output.say(format!(
        "commands  {how}: {:>6.0}/s = {:.2} of the serial limit {limit:.0}/s; p50 {:.2} ms, p99 {:.2} ms, {} failed",
        it.per_second,
        it.per_second / limit,
        it.p50_ms,
        it.p99_ms,
        it.failed
    ));
}

/// `enrol` over distinct aggregates, so many in flight.
pub async fn enrol_on(desk: &Desk, in_flight: usize, time: Duration, run: String) -> Result<Figures> {
    let (clients, run_id): (_, Arc<str>) = (Arc::clone(&desk.clients), desk.run_id.as_str().into());
    let run: Arc<str> = run.into();
    closed_loop(in_flight, Duration::from_millis(500), time, move |n| {
        let mut client = clients[n as usize % clients.len()].clone();
        let request = enrol_request(&run_id, format!("bench-{run}-{n}"));
        async move {
            client.enrol(request).await?;
            Ok(())
        }
    })
    .await
}

/// One aggregate, 64 calls in flight.
pub async fn hot(desk: &Desk, profile: Durability, time: Duration, output: Output) -> Result<Value> {
    let measured = hot_on(desk, &format!("bench-hot-{profile}"), time).await?;
    output.say(format!(
        "hot       {profile:<10} {HOT_IN_FLIGHT:>3} in flight on one aggregate: {:.0}/s, {} failed; p50 {:.2} ms, p99 {:.2} ms",
        measured.per_second, measured.failed, measured.p50_ms, measured.p99_ms
    ));
    Ok(serde_json::to_value(measured)?)
}

/// The same for an aggregate of a learner.
pub async fn hot_on(desk: &Desk, learner: &str, time: Duration) -> Result<Figures> {
    let learner: Arc<str> = learner.into();
    desk.enrol(learner.to_string()).await?;
    let (clients, run_id): (_, Arc<str>) = (Arc::clone(&desk.clients), desk.run_id.as_str().into());
    closed_loop(HOT_IN_FLIGHT, Duration::from_millis(500), time, move |n| {
        let mut client = clients[n as usize % clients.len()].clone();
        // More minutes each time, or it would be so already; what overtakes is "already so", which is an answer, too.
        let request = progress_request(&run_id, &learner, n as u32 + 1);
        async move {
            client.record_progress(request).await?;
            Ok(())
        }
    })
    .await
}

/// One command at a time on an aggregate with a short and on one with a long history, turn by turn.
pub async fn length(desk: &Desk, profile: Durability, time: Duration, output: Output) -> Result<Value> {
    let (short, long) = (format!("bench-short-{profile}"), format!("bench-long-{profile}"));
    for (learner, events) in [(&short, SHORT), (&long, LONG)] {
        desk.enrol(learner.clone()).await?;
        for minutes in 1..events {
            desk.progress(0, learner, minutes as u32).await?;
        }
    }
    let (mut took_short, mut took_long) = (super::load::histogram()?, super::load::histogram()?);
    let until = Instant::now() + time;
    let mut minutes = LONG as u32;
    while Instant::now() < until {
        for (learner, took) in [(&short, &mut took_short), (&long, &mut took_long)] {
            let started = Instant::now();
            desk.progress(0, learner, minutes).await?;
            took.saturating_record(started.elapsed().as_nanos() as u64 / 1000);
        }
        minutes += 1;
    }
    let (p50_short, p50_long) = (took_short.value_at_quantile(0.5) as f64, took_long.value_at_quantile(0.5) as f64);
    let ratio = p50_long / p50_short;
    output.say(format!(
        "length    {profile:<10} a command on {LONG} events costs {ratio:.2} of one on {SHORT} (p50 {:.3} and {:.3} ms)",
        p50_long / 1000.0,
        p50_short / 1000.0
    ));
    Ok(json!({"ratio": ratio, "p50_ms_short": p50_short / 1000.0, "p50_ms_long": p50_long / 1000.0}))
}

/// Starts the bare call's server, with a certificate where the services have one; gives its address.
pub async fn start_echo(platform: &Platform) -> Result<(Child, String)> {
    let program = std::env::current_exe()?;
    let identity = transport::identity(&platform.data, "enrolment");
    let mut child = Command::new(program)
        .arg("bench-echo")
        .args(identity.iter().flat_map(|it| [Path::new("--identity"), it]))
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("the bare call's server cannot be started")?;
    let Some(stdout) = child.stdout.take() else { bail!("the bare call's server has no output") };
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).await?;
    ensure!(!line.is_empty(), "the bare call's server ended at once");
    Ok((child, line.trim().to_owned()))
}
