//! The servers that run on a directory, as they tell it there: their addresses, and how they are made to read their accounts again.

use crate::{http, process};
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use std::{fs, path::Path, time::Duration};
use tokio::time::{Instant, sleep};

/// How long a server may take to read its configuration again.
const PATIENCE: Duration = Duration::from_secs(30);

/// What nats-server writes into its ports file.
#[derive(Deserialize)]
pub struct Ports {
    /// Where clients connect.
    pub nats: Vec<String>,
    monitoring: Vec<String>,
}

/// What the server of this process id says of its ports.
pub fn ports(dir: &Path, pid: u32) -> Option<Ports> {
    let path = dir.join(format!("nats-server_{pid}.ports"));
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Where a server answers health checks.
pub fn monitoring(dir: &Path, pid: u32) -> Option<String> {
    Some(ports(dir, pid)?.monitoring.first()?.strip_prefix("http://")?.to_owned())
}

/// Process id of the last server of this number, which may have ended since.
pub fn last_pid(dir: &Path, index: usize) -> Option<u32> {
    fs::read_to_string(dir.join(format!("server-{index}.pid"))).ok()?.trim().parse().ok()
}

/// Process id of a server if it runs. Whoever has a dead one's id now does not count.
pub fn running_node(dir: &Path, index: usize) -> Option<u32> {
    let pid = last_pid(dir, index)?;
    let config = dir.join(format!("server-{index}.conf")).display().to_string();
    let ours = process::is_alive(pid) && process::command_line(pid).is_some_and(|it| it.contains(&config));
    ours.then_some(pid)
}

fn running(dir: &Path) -> impl Iterator<Item = u32> {
    (1..=3).filter_map(move |index| running_node(dir, index))
}

/// Addresses of the servers that run on a directory, with commas, without any user.
///
/// # Errors
/// When none runs.
pub fn addresses(dir: &Path) -> Result<String> {
    let found = running(dir).filter_map(|pid| ports(dir, pid)?.nats.into_iter().next());
    let addresses = found.collect::<Vec<_>>().join(",");
    if addresses.is_empty() {
        bail!("no nats-server runs on {}; `studium up` starts it", dir.display());
    }
    Ok(addresses)
}

/// Makes all servers read their accounts again, and waits until they have.
///
/// # Errors
/// When a server does not take them.
pub async fn reload(dir: &Path) -> Result<()> {
    for pid in running(dir) {
        let address = monitoring(dir, pid).context("a nats-server that runs has written no ports file")?;
        // Twice: what is imported from an account that gets JetStream by a reload answers after the next one.
        for _ in 0..2 {
            let before = loaded(&address).await?;
            process::hang_up(pid);
            let deadline = Instant::now() + PATIENCE;
            while loaded(&address).await? == before {
                if Instant::now() > deadline {
                    bail!("nats-server (process {pid}) does not take its accounts; see its log in {}", dir.display());
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
    Ok(())
}

/// When a server last read its configuration.
async fn loaded(address: &str) -> Result<String> {
    let (_, body) = http::get(address, "/varz").await.context("nats-server does not answer")?;
    let body: serde_json::Value = serde_json::from_str(&body)?;
    Ok(body["config_load_time"].as_str().context("nats-server does not say when it was configured")?.to_owned())
}
