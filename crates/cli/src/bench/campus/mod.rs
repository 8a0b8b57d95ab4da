//! Seats: assigned in bulk and one by one on a small and on a large plan, loaded anew, and used for an enrolment.

mod desk;
mod replica;
mod uses;

use super::{Bench, bare::Limits, load};
use crate::{platform::Platform, progress::Output};
use anyhow::{Result, ensure};
use desk::{FEW, MANY, SeatDesk};
use serde_json::{Value, json};
use std::time::Instant;
use studium_log::Durability;

/// Rows of one call in bulk.
const BULK: u32 = 10_000;

/// Seats that are held on the small plan.
const FEW_HELD: u32 = 90;

/// Single calls on each plan: the first ones are not counted.
const WARM_UP: u32 = 20;
const CALLS: u32 = 300;

/// One assign on the large plan may cost so much of one on the small.
const RATIO_MAX: f64 = 1.2;

/// Measures seats on a platform of its own.
pub async fn measure(bench: &Bench, platform: &Platform, run_id: &str, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let members = bench.held + WARM_UP + CALLS + 1;
    ensure!(bench.held > FEW_HELD && bench.seats > members, "--seats has to be above --held, and --held above 90");
    let limits = Limits::measure(platform, bench.time(), "campus").await?;
    let desk = SeatDesk::open(platform, bench.seats).await?;
    let started = Instant::now();
    desk.join(members).await?;
    let members_per_second = f64::from(members) / started.elapsed().as_secs_f64();
    output.say(format!("campus    {profile:<10} {members} members one by one: {members_per_second:.0}/s"));

    let bulk = bulk(&desk, bench.held, profile, output).await?;
    let single = single(&desk, bench, limits, profile, output).await?;
    let loaded = replica::first_assign(&desk, bench.held + WARM_UP + CALLS, output).await?;
    let uses = uses::measure(&desk, run_id, members, limits, output).await?;
    Ok(json!({
        "members_per_second": members_per_second,
        "bulk": bulk,
        "single": single,
        "loaded": loaded,
        "enrol_by_seat": uses,
    }))
}

/// Fills the large plan in calls of 10,000.
async fn bulk(desk: &SeatDesk, held: u32, profile: Durability, output: Output) -> Result<Value> {
    desk.assign(FEW, 0..FEW_HELD).await?;
    let mut rates = vec![];
    for from in (0..held).step_by(BULK as usize) {
        let rows = from..(from + BULK).min(held);
        let (many, started) = (rows.len(), Instant::now());
        desk.assign(MANY, rows).await?;
        rates.push((many, many as f64 / started.elapsed().as_secs_f64()));
    }
    let (first, last) = (rates[0], rates[rates.len() - 1]);
    output.say(format!(
        "campus    {profile:<10} {} seats in one call: {:.0} seats/s on an empty plan, {:.0} seats/s up to {held} held",
        first.0, first.1, last.1
    ));
    let rows = rates.iter().map(|it| it.0).max();
    Ok(json!({"rows_a_call": rows, "first_per_second": first.1, "last_per_second": last.1, "held": held}))
}

/// One seat at a time on the small and on the large plan, turn by turn.
async fn single(desk: &SeatDesk, bench: &Bench, limits: Limits, profile: Durability, output: Output) -> Result<Value> {
    let (mut took_few, mut took_many) = (load::histogram()?, load::histogram()?);
    for n in 0..WARM_UP + CALLS {
        for (plan, held, took) in [(FEW, FEW_HELD, &mut took_few), (MANY, bench.held, &mut took_many)] {
            let started = Instant::now();
            desk.assign(plan, held + n..held + n + 1).await?;
            if n >= WARM_UP {
                took.saturating_record(started.elapsed().as_micros() as u64);
            }
        }
    }
    let (few, many) = (load::figures(&took_few, bench.time(), 0), load::figures(&took_many, bench.time(), 0));
    let (ratio, limit_ms) = (many.p50_ms / few.p50_ms, limits.echo_ms + limits.append_ms);
    let (to_limit, held) = (limit_ms / many.p50_ms, bench.held);
    output.say(format!(
        "campus    {profile:<10} one assign at {held} held costs {ratio:.2} of one at {FEW_HELD}, at most {RATIO_MAX} is \
         wanted (p50 {:.2} and {:.2} ms, p99 {:.2} and {:.2} ms; {to_limit:.2} of the serial limit {limit_ms:.2} ms)",
        many.p50_ms, few.p50_ms, many.p99_ms, few.p99_ms
    ));
    Ok(json!({
        "ratio": ratio,
        "ratio_wanted": RATIO_MAX,
        "calls": CALLS,
        "held_few": FEW_HELD,
        "held_many": held,
        "p50_ms_few": few.p50_ms,
        "p50_ms_many": many.p50_ms,
        "p99_ms_few": few.p99_ms,
        "p99_ms_many": many.p99_ms,
        "limit_ms": limit_ms,
        "ratio_to_limit": to_limit,
    }))
}
