//! A whole cohort is matched together and assigned, and what it would be one after the other.

use super::{
    Ceiling, Fits,
    desk::{MentorDesk, Programme},
    fits,
    watch::Watch,
};
use crate::progress::{Output, count};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Instant;
use studium_proto::mentorship::v1::AssignCohortResponse;

/// Commits that lead to a mentor: proposed, place taken, assigned.
pub const COMMITS: f64 = 3.0;

/// Matches all who wait for it and assigns the mentors.
pub async fn measure(desk: &MentorDesk, ceiling: Ceiling, output: Output) -> Result<(Value, Fits)> {
    let profile = desk.platform.state.durability;
    let (dry, matching_ms) = dry_run(desk, Programme::Together).await?;
    let mut watch = Watch::begin(desk, Programme::Together).await?;
    let started = Instant::now();
    let told = desk.assign(Programme::Together, false).await?;
    let proposed_seconds = started.elapsed().as_secs_f64();
    ensure!((told.proposed, told.refused) == (dry.matched, 0), "not all were proposed as matched: {told:?}");
    while watch.seen.assigned < u64::from(told.matched) {
        watch.next().await?;
    }
    let all = desk.all(Programme::Together).await?;
    let seconds = started.elapsed().as_secs_f64();
    ensure!(watch.seen.refused == 0, "{} mentors had no place for whom they were matched with", watch.seen.refused);
    let fits = fits(&all);
    let (per_second, limit) = (f64::from(told.matched) / seconds, ceiling.appends_per_second / COMMITS);
    let ratio = per_second / limit;
    output.say(format!(
        "mentorship {profile:<10} together: {} learners, {} mentors, {} places matched in {:.2} s, all assigned in the view \
         after {seconds:.1} s: {per_second:.0} assignments/s ({ratio:.2} of the limit {limit:.0}/s of {COMMITS} appends each)",
        count(told.learners),
        count(told.mentors),
        count(told.places),
        matching_ms / 1000.0,
    ));
    let told = json!({
        "cohort": shown(&told), "matching_ms": matching_ms, "proposed_seconds": proposed_seconds, "seconds": seconds,
        "assignments_per_second": per_second, "limit_per_second": limit, "ratio_to_limit": ratio,
    });
    Ok((told, fits))
}

/// Only matches, and says how long it took.
pub async fn dry_run(desk: &MentorDesk, programme: Programme) -> Result<(AssignCohortResponse, f64)> {
    let started = Instant::now();
    let told = desk.assign(programme, true).await?;
    Ok((told, started.elapsed().as_secs_f64() * 1000.0))
}

/// Compares both ways where there are places for nine in ten.
pub async fn scarce(desk: &MentorDesk, output: Output) -> Result<Value> {
    let profile = desk.platform.state.durability;
    let (told, matching_ms) = dry_run(desk, Programme::Scarce).await?;
    output.say(format!(
        "mentorship {profile:<10} {} learners and {} places: {}; matched in {:.2} s",
        count(told.learners),
        count(told.places),
        compared(&told),
        matching_ms / 1000.0
    ));
    let mut shown = shown(&told);
    shown["matching_ms"] = json!(matching_ms);
    Ok(shown)
}

/// Both ways side by side.
pub fn compared(it: &AssignCohortResponse) -> String {
    format!(
        "together {} get a mentor with {} in all (mean {:.0}), one after the other {} with {} (mean {:.0}): {:.1} % better",
        count(it.matched),
        count(it.score),
        mean(it.score, it.matched),
        count(it.greedy_matched),
        count(it.greedy_score),
        mean(it.greedy_score, it.greedy_matched),
        better(it)
    )
}

fn mean(score: u64, matched: u32) -> f64 {
    if matched == 0 { 0.0 } else { score as f64 / f64::from(matched) }
}

/// By how much the sum of scores is better, percent.
fn better(it: &AssignCohortResponse) -> f64 {
    if it.greedy_score == 0 { 0.0 } else { (it.score as f64 / it.greedy_score as f64 - 1.0) * 100.0 }
}

fn shown(it: &AssignCohortResponse) -> Value {
    json!({
        "learners": it.learners, "mentors": it.mentors, "places": it.places,
        "matched": it.matched, "score": it.score, "mean_score": mean(it.score, it.matched),
        "greedy_matched": it.greedy_matched, "greedy_score": it.greedy_score,
        "greedy_mean_score": mean(it.greedy_score, it.greedy_matched), "better_percent": better(it),
    })
}
