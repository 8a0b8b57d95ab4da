//! Where the processor time of a load goes: what each process of the platform used.

use crate::platform::Platform;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use studium_broker::process::{cpu_time, pause};

/// Processor time that each process had used at some moment, by its name.
pub struct Cost(BTreeMap<String, Duration>);

impl Cost {
    /// As it is now. The callers are this process.
    pub fn now(platform: &Platform) -> Self {
        let state = &platform.state;
        let services = state.services.iter().chain(&state.replicas).map(|it| (it.name.clone(), it.pid));
        let nodes = state.nats_pids.iter().map(|it| ("nats".to_owned(), *it));
        let mut used = BTreeMap::new();
        for (name, pid) in services.chain(nodes).chain([("callers".to_owned(), std::process::id())]) {
            *used.entry(name).or_default() += cpu_time(pid).unwrap_or_default();
        }
        Self(used)
    }

    /// What has been used since, microseconds for each of so many calls.
    pub fn per_call(&self, platform: &Platform, calls: u64) -> Value {
        let now = Self::now(platform).0;
        let used = now.into_iter().map(|(name, now)| {
            let before = self.0.get(&name).copied().unwrap_or_default();
            let micros = now.saturating_sub(before).as_micros() as u64 / calls.max(1);
            (name, json!(micros))
        });
        Value::Object(used.collect())
    }
}

/// Services that stand still until this is dropped.
pub struct Paused(Vec<u32>);

impl Paused {
    /// All but these: as if the others ran on machines of their own.
    pub fn but(platform: &Platform, at_work: &[&str]) -> Self {
        let others = platform.state.services.iter().filter(|it| !at_work.contains(&it.name.as_str()));
        let pids: Vec<_> = others.map(|it| it.pid).collect();
        for pid in &pids {
            pause(*pid, true);
        }
        Self(pids)
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        for pid in &self.0 {
            pause(*pid, false);
        }
    }
}
