//! Views: how fast they catch up from nothing, and how soon an event is a visible row under load.

use super::commands::Desk;
use crate::{platform::Platform, progress::Output, rest::at_rest, token};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use studium_kit::{DevelopmentIssuer, Surroundings, Verifier};
use studium_log::{Durability, Log, LogConfig};
use studium_proto::enrolment::v1::{GetEnrolmentRequest, enrolment_query_service_client::EnrolmentQueryServiceClient};
use studium_store::Store;
use tokio::task::JoinSet;

/// Commands a second while freshness is measured.
const RATE: u32 = 1000;

/// Commits that the log holds at least before catch-up is measured.
const COMMITS: u64 = 100_000;

/// From the acknowledged event to the row that a query shows, at 1,000 commands a second.
pub async fn freshness(desk: &Desk, profile: Durability, time: Duration, output: Output) -> Result<Value> {
    let query = EnrolmentQueryServiceClient::new(desk.platform.connect("enrolment", &["registrar"]).await?);
    let mut tasks = JoinSet::new();
    let mut took = super::load::histogram()?;
    let (started, commands) = (Instant::now(), (time.as_secs_f64() * f64::from(RATE)) as u32);
    for n in 0..commands {
        // An open loop: the next command is due whether the last one is back or not.
        tokio::time::sleep_until((started + Duration::from_secs(1) * n / RATE).into()).await;
        let (desk_clients, mut query) = (desk.clients.clone(), query.clone());
        let (run_id, learner_id) = (desk.run_id.clone(), format!("bench-fresh-{profile}-{n}"));
        tasks.spawn(async move {
            let mut enrol = desk_clients[n as usize % desk_clients.len()].clone();
            let request = studium_proto::enrolment::v1::EnrolRequest {
                run_id: run_id.clone(),
                learner_id: learner_id.clone(),
                source: studium_proto::enrolment::v1::EnrolmentSource::Staff.into(),
                ..Default::default()
            };
            let min_position = enrol.enrol(request).await?.into_inner().position;
            let acknowledged = Instant::now();
            query.get_enrolment(GetEnrolmentRequest { run_id, learner_id, min_position, ..Default::default() }).await?;
            anyhow::Ok(acknowledged.elapsed())
        });
    }
    while let Some(task) = tasks.join_next().await {
        took.saturating_record(task??.as_micros() as u64);
    }
    let figures = super::load::figures(&took, started.elapsed(), 0);
    output.say(format!(
        "freshness {profile:<10} from event to visible row at {RATE} commands/s: p50 {:.1} ms, p99 {:.1} ms",
        figures.p50_ms, figures.p99_ms
    ));
    Ok(serde_json::to_value(figures)?)
}

/// All views of enrolment built from nothing, journal included, on each database.
pub async fn catch_up(desk: &Desk, platform: &Platform, postgres: Option<&str>, output: Output) -> Result<Value> {
    let log =
        LogConfig { url: platform.state.nats.clone(), durability: platform.state.durability, ..LogConfig::default() };
    let log = Log::connect(&log).await?;
    fill(desk, &log).await?;
    // What the platform's own views still have to fold must not be in the way.
    at_rest(platform).await?;
    let mut all = json!({});
    let folder = tempfile::Builder::new().prefix("catch-up-").tempdir_in(&platform.data)?;
    let sqlite = format!("sqlite:{}", folder.path().join("enrolment.db").display());
    // What runs on PostgreSQL is measured there alone.
    let mut stores = if platform.state.store == "postgres" { vec![] } else { vec![("sqlite", sqlite)] };
    if let Some(server) = postgres {
        let name = format!("studium_bench_{}", std::process::id());
        stores.push(("postgres", studium_store::create_database(server, &name).await?));
    }
    for (name, url) in stores {
        let store = Store::open(&url).await?;
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let verifier =
            Verifier::development(&DevelopmentIssuer::load_or_create(&token::key_file(&platform.data))?, "studium");
        let head = log.head("enrolment").await?;
        let started = Instant::now();
        let surroundings = Surroundings {
            log: log.clone(),
            store: store.clone(),
            verifier,
            listener,
            settings: Vec::new(),
            drain: Duration::from_secs(5),
            limits: studium_kit::Limits::default(),
            tls: None,
        };
        let running = studium_enrolment::service().start(surroundings).await?;
        while !running.is_caught_up().await? {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let took = started.elapsed();
        running.stop().await?;
        let per_second = head as f64 / took.as_secs_f64();
        output.say(format!(
            "views     {name:<10} {head} commits into the journal and all views: {per_second:.0} commits/s"
        ));
        all[name] = json!({"commits": head, "per_second": per_second, "seconds": took.as_secs_f64()});
    }
    Ok(all)
}

/// Makes sure that there is something to catch up with.
async fn fill(desk: &Desk, log: &Log) -> Result<()> {
    let mut tasks = JoinSet::new();
    let missing = COMMITS.saturating_sub(log.head("enrolment").await?);
    for n in 0..missing {
        if tasks.len() == 512 {
            tasks.join_next().await.transpose()?.transpose()?;
        }
        let mut enrol = desk.clients[n as usize % desk.clients.len()].clone();
        let request = studium_proto::enrolment::v1::EnrolRequest {
            run_id: desk.run_id.clone(),
            learner_id: format!("bench-fill-{n}"),
            source: studium_proto::enrolment::v1::EnrolmentSource::Staff.into(),
            ..Default::default()
        };
        tasks.spawn(async move { enrol.enrol(request).await.map(drop) });
    }
    while let Some(task) = tasks.join_next().await {
        task??;
    }
    Ok(())
}
