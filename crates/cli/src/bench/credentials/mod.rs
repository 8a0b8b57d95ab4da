//! Credentials: how fast one core signs and checks, how fast the platform issues, how soon a revocation is seen.

mod desk;
mod signing;

use super::{Bench, load};
use crate::{
    platform::Platform,
    progress::{Output, count},
};
use anyhow::{Result, bail};
use desk::IssuingDesk;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Revocations, one after the other.
const REVOCATIONS: u32 = 50;

/// How often it is looked, and how long.
const EVERY: Duration = Duration::from_millis(2);
const COUNT_EVERY: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_mins(5);

/// Measures credentials on a platform of its own.
pub async fn measure(bench: &Bench, platform: &Platform, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let time = bench.time();
    let core = tokio::task::spawn_blocking(move || signing::measure(time)).await??;
    core.say(output);
    let mut desk = IssuingDesk::open(platform).await?;
    desk.set_up().await?;
    let all = bench.credentials;
    let started = Instant::now();
    desk.issue(0..all).await?;
    let called = f64::from(all) / started.elapsed().as_secs_f64();
    while desk.signed().await? < u64::from(all) {
        if started.elapsed() > PATIENCE {
            bail!("credentials are not signed after {} seconds", PATIENCE.as_secs());
        }
        sleep(COUNT_EVERY).await;
    }
    let signed = f64::from(all) / started.elapsed().as_secs_f64();
    let limit = core.proof_and_token;
    output.say(format!(
        "credentials {profile:<8} {} issued by staff: {called:.0} calls/s, {signed:.0} signed/s ({:.2} of what one core signs)",
        count(u64::from(all)),
        signed / limit
    ));
    let mut seen = load::histogram()?;
    for n in 0..REVOCATIONS.min(all) {
        let (list, index) = desk.bit(n).await?;
        let started = Instant::now();
        desk.revoke(n).await?;
        while !desk.is_revoked(list, index).await? {
            if started.elapsed() > PATIENCE {
                bail!("a revocation is not in the status list after {} seconds", PATIENCE.as_secs());
            }
            sleep(EVERY).await;
        }
        seen.saturating_record(started.elapsed().as_micros() as u64);
    }
    let visible = load::figures(&seen, Duration::from_secs(1), 0);
    output.say(format!(
        "credentials {profile:<8} revocation, from the call to the signed status list that anyone reads: p50 {:.1} ms, p99 {:.1} ms",
        visible.p50_ms, visible.p99_ms
    ));
    Ok(json!({
        "core": core.json(),
        "issuing": {"credentials": all, "calls_per_second": called, "signed_per_second": signed, "ratio_to_one_core": signed / limit},
        "revocation_to_visible": {"revocations": REVOCATIONS.min(all), "p50_ms": visible.p50_ms, "p99_ms": visible.p99_ms},
    }))
}
