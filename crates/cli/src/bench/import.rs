//! The import of a whole registry, until every view and policy has seen it, and the memory that services have then.

use super::{bare::Limits, cost::Cost};
use crate::{
    import::{OuladArgs, oulad},
    platform::Platform,
    progress::{Output, count},
};
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use studium_broker::process::memory_bytes;
use studium_log::{Log, LogConfig};

/// Imports the files as `studium import oulad` does, on a platform that has seen nothing before.
pub async fn measure(registry: &Path, platform: &Platform, time: Duration, output: Output) -> Result<Value> {
    let args = OuladArgs::all_of(registry);
    let limit = Limits::measure_with(platform, time, "import", args.in_flight()).await?.per_second();
    let (cost, started) = (Cost::now(platform), Instant::now());
    oulad(args, platform).await?;
    let seconds = started.elapsed().as_secs_f64();
    let state = &platform.state;
    let log = LogConfig { url: state.nats.clone(), durability: state.durability, ..LogConfig::default() };
    let commits = Log::connect(&log).await?.head("enrolment").await?;
    let mut memory = Map::new();
    for it in &state.services {
        // What the system does not tell is not measured, and not judged.
        if let Some(bytes) = memory_bytes(it.pid) {
            memory.insert(it.name.clone(), json!((bytes as f64 / 1e6).round()));
        }
    }
    let per_second = commits as f64 / seconds;
    let largest = memory.values().filter_map(Value::as_f64).reduce(f64::max);
    let largest =
        largest.map_or("memory is not told here".to_owned(), |it| format!("the largest service has {it:.0} MB"));
    output.say(format!(
        "import    {:<10} {} commits in {seconds:.1} s until all views had seen them: {per_second:.0}/s = {:.2} of the \
         serial limit {limit:.0}/s; {largest}",
        state.durability,
        count(commits),
        per_second / limit
    ));
    Ok(json!({
        "seconds": seconds,
        "commits": commits,
        "per_second": per_second,
        "limit_per_second": limit,
        "ratio_to_limit": per_second / limit,
        "cpu_us_per_call": cost.per_call(platform, commits),
        "memory_mb": memory,
    }))
}
