//! More replicas of each service: what enrolment's do together on distinct aggregates and on one, and what each costs.

use super::{
    Bench,
    commands::{Desk, enrol_on, hot_on, registrar},
    cost::Cost,
    load::Figures,
};
use crate::{platform::Platform, progress::Output, rest::at_rest};
use anyhow::Result;
use serde_json::{Value, json};
use std::time::Duration;
use studium_log::Durability;
use studium_proto::enrolment::v1::enrolment_service_client::EnrolmentServiceClient;

/// Replicas of each service that are measured, one set after the other.
const REPLICAS: [u16; 3] = [1, 2, 4];

/// Calls in flight over all replicas.
const IN_FLIGHT: usize = 256;

/// Measures one replica, two, and four, each on a platform of its own with a PostgreSQL server of its own: replicas
/// share a store only there.
pub async fn measure(bench: &Bench, profile: Durability, output: Output) -> Result<Value> {
    let (mut all, mut first) = (json!({}), None);
    for replicas in REPLICAS {
        let (folder, mut setup) = bench.setup(profile, true)?;
        setup.replicas = replicas;
        let (distinct, cost, hot) = Platform::with(&setup, async |it| of(it, bench.time()).await).await?;
        drop(folder);
        let to_one = distinct.per_second / *first.get_or_insert(distinct.per_second);
        output.say(format!(
            "scale     {profile:<10} {replicas} replicas: {:.0}/s = {to_one:.2} of one (p99 {:.1} ms, {} failed); \
             on one aggregate {:.0}/s, {} failed",
            distinct.per_second, distinct.p99_ms, distinct.failed, hot.per_second, hot.failed
        ));
        output.say(format!("          processor time of a call, µs: {cost}"));
        let mut figures = serde_json::to_value(distinct)?;
        figures["ratio_to_one_replica"] = json!(to_one);
        figures["cpu_us_per_call"] = cost;
        figures["one_aggregate"] = serde_json::to_value(hot)?;
        all[replicas.to_string()] = figures;
    }
    Ok(all)
}

/// What a platform does on distinct aggregates, what that costs, and what it does on one.
async fn of(platform: &Platform, time: Duration) -> Result<(Figures, Value, Figures)> {
    let desk = spread(Desk::open(platform).await?).await?;
    at_rest(platform).await?;
    let cost = Cost::now(platform);
    let distinct = enrol_on(&desk, IN_FLIGHT, time, "scale".to_owned()).await?;
    let cost = cost.per_call(platform, distinct.made);
    at_rest(platform).await?;
    Ok((distinct, cost, hot_on(&desk, "bench-scale-hot", time).await?))
}

/// The desk with as many connections, evenly to all replicas of enrolment.
async fn spread(desk: Desk) -> Result<Desk> {
    let state = &desk.platform.state;
    let all: Vec<_> = state.services.iter().chain(&state.replicas).filter(|it| it.name == "enrolment").collect();
    let mut clients = Vec::new();
    for it in all.iter().cycle().take(desk.clients.len()) {
        clients.push(EnrolmentServiceClient::new(desk.platform.connect_to(&it.address, &registrar()).await?));
    }
    Ok(Desk { clients: clients.into(), ..desk })
}
