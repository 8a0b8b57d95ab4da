//! `studium status`: what runs, where, how durable, how far, how large.

use crate::{
    client::failed,
    platform::{Platform, ServiceState},
    progress::{count, table},
    supervise::promise,
};
use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use studium_broker::process::memory_bytes;
use studium_proto::admin::v1::GetStatusRequest;

#[derive(Serialize)]
struct Status<'a> {
    data: String,
    pid: u32,
    durability: String,
    promise: &'static str,
    store: &'a str,
    nats: &'a str,
    nats_memory_bytes: Vec<Option<u64>>,
    services: Vec<ServiceStatus>,
}

#[derive(Serialize)]
struct ServiceStatus {
    name: String,
    address: String,
    pid: u32,
    version: String,
    log_position: u64,
    journal_position: u64,
    memory_bytes: Option<u64>,
    settings: BTreeMap<String, String>,
}

/// Prints the platform that runs on the directory.
pub async fn status(platform: &Platform) -> Result<()> {
    let state = &platform.state.shown();
    let mut services = vec![];
    for service in state.services.iter().chain(&state.replicas) {
        services.push(ask(platform, service).await?);
    }
    let status = Status {
        data: platform.data.display().to_string(),
        pid: state.pid,
        durability: state.durability.to_string(),
        promise: promise(state.durability),
        store: &state.store,
        nats: &state.nats,
        nats_memory_bytes: state.nats_pids.iter().map(|it| memory_bytes(*it)).collect(),
        services,
    };
    platform.output.json(&status);
    platform.output.say(people(&status));
    Ok(())
}

async fn ask(platform: &Platform, service: &ServiceState) -> Result<ServiceStatus> {
    let reply = platform.admin_at(service).await?.get_status(GetStatusRequest {}).await.map_err(failed)?.into_inner();
    Ok(ServiceStatus {
        name: service.name.clone(),
        address: service.address.clone(),
        pid: service.pid,
        version: reply.version,
        log_position: reply.log_position,
        journal_position: reply.journal_position,
        memory_bytes: memory_bytes(service.pid).or(Some(reply.memory_bytes).filter(|it| *it > 0)),
        settings: reply.settings.into_iter().collect(),
    })
}

fn people(status: &Status<'_>) -> String {
    let mut rows =
        vec![["service", "address", "process", "log position", "behind", "memory"].map(str::to_owned).to_vec()];
    for it in &status.services {
        rows.push(vec![
            it.name.clone(),
            it.address.clone(),
            it.pid.to_string(),
            count(it.log_position),
            count(it.log_position.saturating_sub(it.journal_position)),
            memory(it.memory_bytes),
        ]);
    }
    for (address, bytes) in status.nats.split(',').zip(&status.nats_memory_bytes) {
        let address = address.trim_start_matches("nats://").to_owned();
        rows.push(vec!["nats".to_owned(), address, String::new(), String::new(), String::new(), memory(*bytes)]);
    }
    format!(
        "Studium runs on {} (process {}, {}).\nDurability {}.\n{}",
        status.data,
        status.pid,
        status.store,
        status.promise,
        table(&rows)
    )
}

fn memory(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "unknown".to_owned(), |it| format!("{} MB", it / 1_000_000))
}
