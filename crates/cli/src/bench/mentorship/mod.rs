//! Mentors for a cohort: matched alone and all together, how fast through the running platform, and how well they fit.

mod alone;
mod desk;
mod people;
mod together;
mod watch;

use super::{
    Bench,
    bare::{self, Limits},
};
use crate::{
    platform::Platform,
    progress::{Output, count},
};
use anyhow::{Result, ensure};
use desk::{IN_FLIGHT, MentorDesk, Programme};
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};
use studium_proto::mentorship::v1::Mentorship;

/// Places for so many of a hundred learners where they are scarce.
const SCARCE_PERCENT: u32 = 90;

/// What the free places of a mentor count in a score: a tenth.
const CAPACITY_PART: u32 = 10;

/// What the machine can do at best in the same run.
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// One after the other.
    limits: Limits,
    /// Bare appends a second with as many in flight as the bench has.
    appends_per_second: f64,
}

impl Ceiling {
    async fn measure(bench: &Bench, platform: &Platform) -> Result<Self> {
        let limits = Limits::measure(platform, bench.time(), "mentorship").await?;
        let (url, profile) = (&platform.state.nats, platform.state.durability);
        let run = format!("{profile}-mentorship-many");
        let append = bare::append(url, profile, IN_FLIGHT, bench.time(), &run).await?;
        Ok(Self { limits, appends_per_second: append.per_second })
    }
}

/// How well learners and their mentors fit.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fits {
    /// Learners with a mentor.
    assigned: u32,
    /// Sum of the scores of all pairs, thousandths.
    score: u64,
}

/// How well those who have a mentor fit. A pair counts as if every place of the mentor were free, so that it counts the
/// same whenever it was matched.
fn fits(all: &[Mentorship]) -> Fits {
    let fit = |it: &Mentorship| {
        let chosen = it.candidates.iter().find(|candidate| candidate.mentor_id == it.mentor_id)?;
        Some(u64::from(chosen.score + 1_000_u32.saturating_sub(chosen.capacity) / CAPACITY_PART))
    };
    all.iter()
        .filter_map(fit)
        .fold(Fits::default(), |sum, score| Fits { assigned: sum.assigned + 1, score: sum.score + score })
}

impl Fits {
    fn mean(self) -> f64 {
        if self.assigned == 0 { 0.0 } else { self.score as f64 / f64::from(self.assigned) }
    }

    fn json(self) -> Value {
        json!({"assigned": self.assigned, "score": self.score, "mean_score": self.mean()})
    }
}

/// Measures mentorship on a platform of its own.
pub async fn measure(bench: &Bench, platform: &Platform, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
    let (learners, places) = (bench.learners, people::places(bench.mentors));
    let all: u32 = places.iter().sum();
    ensure!(learners >= 8, "--learners has to be at least 8");
    ensure!(all >= learners, "{} mentors have {all} places, and --learners is {learners}", bench.mentors);
    let ceiling = Ceiling::measure(bench, platform).await?;
    let desk = Arc::new(MentorDesk::open(platform).await?);
    let prepared = prepare(&desk, learners, places).await?;
    output.say(format!(
        "mentorship {profile:<10} {} learners describe themselves, and ask for a mentor twice: {prepared:.0} commands/s",
        count(learners)
    ));
    let (alone, by_itself) = alone::measure(&desk, learners, ceiling, output).await?;
    let (together, matched) = together::measure(&desk, ceiling, output).await?;
    output.say(format!(
        "mentorship {profile:<10} fit of a pair, thousandths: alone {:.0} ({} learners), together {:.0} ({} learners)",
        by_itself.mean(),
        count(by_itself.assigned),
        matched.mean(),
        count(matched.assigned)
    ));
    let scarce = together::scarce(&desk, output).await?;
    Ok(json!({
        "learners": learners, "mentors": bench.mentors, "places": all, "prepared_per_second": prepared,
        "alone": alone, "together": together, "scarce": scarce,
        "fit": {"alone": by_itself.json(), "together": matched.json()},
    }))
}

/// Everybody is described and registered, and two of the three programmes are full of learners who wait; commands a
/// second of the learners.
async fn prepare(desk: &MentorDesk, learners: u32, places: Vec<u32>) -> Result<f64> {
    for programme in [Programme::Together, Programme::Scarce] {
        desk.wait_for_cohort(programme).await?;
    }
    desk.register(Programme::Alone, &places).await?;
    desk.register(Programme::Together, &places).await?;
    desk.register(Programme::Scarce, &people::fewer(places, learners * SCARCE_PERCENT / 100)).await?;
    let started = Instant::now();
    desk.describe(learners).await?;
    desk.request_all(Programme::Together, 0..learners).await?;
    desk.request_all(Programme::Scarce, 0..learners).await?;
    let per_second = f64::from(3 * learners) / started.elapsed().as_secs_f64();
    // What was asked for above is through with its policies before anything is measured.
    desk.all(Programme::Scarce).await?;
    Ok(per_second)
}
