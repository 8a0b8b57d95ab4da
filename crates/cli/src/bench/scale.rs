//! More replicas of enrolment: what they do together on distinct aggregates and on one, and what each costs.

use super::{
    commands::{Desk, enrol_on, hot_on, registrar},
    cost::Cost,
    load::Figures,
};
use crate::{
    operator_key,
    platform::{Platform, ServiceState},
    progress::Output,
    supervise::nats_dir,
    token,
    transport::Transport,
};
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};
use studium_broker::process::Process;
use studium_proto::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;

/// Replicas that are measured, one set after the other.
const REPLICAS: [usize; 3] = [1, 2, 4];

/// Calls in flight over all replicas.
const IN_FLIGHT: usize = 256;

const SERVICE: &str = "enrolment";

/// How long a replica may take to catch up and be ready.
const PATIENCE: Duration = Duration::from_mins(2);

/// Where replicas have their stores.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// For files.
    pub folder: &'a Path,
    /// The service's own, where it is on a server: then there is no other.
    pub shared: Option<&'a str>,
}

/// A further process of enrolment.
struct Replica {
    process: Process,
    address: String,
}

/// Measures one replica, two, and four; each further one is a process like the first.
///
/// On PostgreSQL they share the service's store; on SQLite each has one of its own and folds everything itself.
pub async fn measure(
    desk: &Desk,
    platform: &Platform,
    place: Place<'_>,
    time: Duration,
    output: Output,
) -> Result<Value> {
    let profile = platform.state.durability;
    let mut all = json!({});
    let (mut replicas, mut first): (Vec<Replica>, Option<f64>) = (Vec::new(), None);
    for wanted in REPLICAS {
        while replicas.len() + 1 < wanted {
            replicas.push(Replica::start(platform, replicas.len() + 2, place).await?);
        }
        let seen = with(platform, &replicas);
        let desk = spread(desk, &seen).await?;
        let cost = Cost::now(&seen);
        let distinct = enrol_on(&desk, IN_FLIGHT, time, format!("scale-{profile}-{wanted}")).await?;
        let cpu = cost.per_call(&seen, distinct.made);
        let hot = hot_on(&desk, &format!("bench-scale-hot-{profile}-{wanted}"), time).await?;
        let to_one = distinct.per_second / *first.get_or_insert(distinct.per_second);
        say(output, &format!("{profile:<10} {wanted}"), &distinct, &hot, to_one);
        let mut figures = serde_json::to_value(distinct)?;
        figures["ratio_to_one_replica"] = json!(to_one);
        figures["cpu_us_per_call"] = cpu;
        figures["one_aggregate"] = serde_json::to_value(hot)?;
        all[wanted.to_string()] = figures;
    }
    for it in &mut replicas {
        it.process.stop(PATIENCE).await;
    }
    Ok(all)
}

fn say(output: Output, how: &str, distinct: &Figures, hot: &Figures, to_one: f64) {
    output.say(format!(
        "scale     {how} replicas of enrolment: {:.0}/s = {to_one:.2} of one (p99 {:.1} ms, {} failed); \
         on one aggregate {:.0}/s, {} failed",
        distinct.per_second, distinct.p99_ms, distinct.failed, hot.per_second, hot.failed
    ));
}

/// The platform with the replicas beside its own services.
fn with(platform: &Platform, replicas: &[Replica]) -> Platform {
    let mut platform = platform.clone();
    platform.state.services.extend((2..).zip(replicas).map(|(number, it)| ServiceState {
        name: format!("{SERVICE}-{number}"),
        address: it.address.clone(),
        pid: it.process.pid(),
    }));
    platform
}

/// The desk with as many connections, evenly to all replicas.
async fn spread(desk: &Desk, platform: &Platform) -> Result<Desk> {
    let all: Vec<_> = platform.state.services.iter().filter(|it| it.name.starts_with(SERVICE)).collect();
    let mut clients = Vec::new();
    for it in all.iter().cycle().take(desk.clients.len()) {
        clients.push(EnrolmentServiceClient::new(platform.connect_to(&it.address, &registrar()).await?));
    }
    Ok(Desk { clients: clients.into(), ..desk.clone() })
}

impl Replica {
    async fn start(platform: &Platform, number: usize, place: Place<'_>) -> Result<Self> {
        let name = format!("{SERVICE}-{number}");
        let file = platform.data.join(format!("run/{name}.address"));
        let store = match place.shared {
            Some(url) => url.to_owned(),
            None => format!("sqlite:{}", place.folder.join(format!("{name}.db")).display()),
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", SERVICE, "--with-parent", "--listen", "127.0.0.1:0", "--address-file"])
            .arg(&file)
            .args(["--durability", &platform.state.durability.to_string(), "--development-issuer"])
            .arg(token::key_file(&platform.data))
            .env("STUDIUM_MAX_CALLS_PER_SECOND", "100000")
            .env("STUDIUM_NATS_URL", own_url(platform)?)
            .env("STUDIUM_STORE_URL", store)
            .envs(operator_key::settings(SERVICE, &platform.data, "127.0.0.1:0")?);
        let process = Process::start(&name, command, &platform.data.join(format!("log/{name}.log")))?;
        let address = ready(platform, &process, &file).await?;
        Ok(Self { process, address })
    }
}

/// Waits until a replica is ready, and says where.
async fn ready(platform: &Platform, process: &Process, file: &PathBuf) -> Result<String> {
    let transport = Transport::of(&platform.data)?;
    let since = Instant::now();
    loop {
        if let Ok(address) = fs::read_to_string(file)
            && let Ok((200, _)) = transport.get(&address, "/readyz").await
        {
            return Ok(address);
        }
        ensure!(since.elapsed() < PATIENCE, "{} does not become ready; {}", process.name(), process.last_words());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The broker's address with the service's own user.
fn own_url(platform: &Platform) -> Result<String> {
    let password = |user: &str| {
        let file = nats_dir(&platform.data).join(format!("{user}.password"));
        let read = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        anyhow::Ok(format!("{user}:{}@", read.trim()))
    };
    Ok(platform.state.nats.replace(&password("operator")?, &password(SERVICE)?))
}
