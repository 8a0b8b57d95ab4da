//! The Open University Learning Analytics Dataset as a registry: read, planned, played, compared.

mod check;
mod files;
mod lanes;
mod oddities;
mod offer;
mod plan;
mod play;
mod report;
mod tally;
#[cfg(test)]
mod tests;

use super::{line::Line, rows::rows_were, settle::settle};
use crate::{platform::Platform, progress::count};
use anyhow::{Result, bail};
use check::Compared;
use clap::Args;
use files::Files;
use plan::Plan;
use report::{Report, verdict};
use serde_json::json;
use std::{path::PathBuf, sync::Arc, time::Instant};

/// How many connections the acts share.
const CONNECTIONS: usize = 4;

/// What `studium import oulad` takes.
#[derive(Debug, Args)]
pub struct OuladArgs {
    /// Directory with courses, assessments, studentInfo, studentRegistration and studentAssessment, as .csv or .csv.zst.
    #[arg(value_name = "DIR", value_parser = super::directory)]
    dir: PathBuf,
    /// Only this presentation, for example AAA-2013J; may be repeated.
    #[arg(long = "presentation", value_name = "ID")]
    presentations: Vec<String>,
    /// Import nothing; only compare the views with the files, and fail on any difference.
    #[arg(long)]
    check: bool,
    /// Credits (ECTS) that a module carries, which the files do not say.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=120))]
    credits: u32,
    /// How many acts may be on their way at a time.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u16).range(1..=4096))]
    in_flight: u16,
}

/// Imports the data set, or only checks that the platform has it.
///
/// # Errors
/// When the files are not what they should be, a service does not answer for long, acts are refused, or views and files differ.
pub async fn oulad(args: OuladArgs, platform: &Platform) -> Result<()> {
    let started = Instant::now();
    let plan = Arc::new(prepare(&args, platform).await?);
    if args.check {
        settle(platform).await?;
        return tell_comparison(platform, &check::compare(platform, &args.dir, &args.presentations).await?);
    }
    offer::announce(platform, &plan, args.credits).await?;

    let playing = Instant::now();
    let line = Line::open(platform, "enrolment", &["registrar"], "studium-import", CONNECTIONS).await?;
    let bar = platform.output.bar("playing the registry", plan.steps.len() as u64);
    let tally = play::play(&plan, line, args.in_flight.into(), bar).await?;
    let play_seconds = playing.elapsed().as_secs_f64();

    settle(platform).await?;
    let seconds = started.elapsed().as_secs_f64();
    let report = Report {
        presentations: plan.wanted().count(),
        credits: args.credits,
        acts: tally.counts(),
        refusals: tally.refusals(),
        oddities: plan.oddities.lines(),
        unreadable: plan.files.unreadable.clone(),
        not_imported: report::NOT_IMPORTED,
        comparison: check::compare(platform, &args.dir, &args.presentations).await?,
        play_seconds,
        seconds,
        per_second: tally.answered() as f64 / play_seconds,
        unchanged: tally.done() == 0,
    };
    platform.output.json(&report);
    platform.output.say(report.words());
    if report.refused() > 0 {
        bail!("{} acts were refused; the report says which and why", count(report.refused()));
    }
    if !report.unreadable.is_empty() {
        bail!("{} unreadable and left out; the report says which and why", rows_were(report.unreadable.len() as u64));
    }
    demand_equal(&report.comparison)
}

/// Reads the files and plans the import, away from the threads that talk to services.
async fn prepare(args: &OuladArgs, platform: &Platform) -> Result<Plan> {
    let spinner = platform.output.spinner("reading the files");
    let (dir, presentations) = (args.dir.clone(), args.presentations.clone());
    let plan = tokio::task::spawn_blocking(move || Plan::new(Files::read(&dir)?, &presentations)).await??;
    spinner.finish();
    Ok(plan)
}

fn tell_comparison(platform: &Platform, comparison: &[Compared]) -> Result<()> {
    let total = check::total(comparison);
    platform
        .output
        .json(&json!({"comparison": comparison, "total": total, "equal": comparison.iter().all(|it| it.equal)}));
    platform.output.say(check::shown(comparison));
    platform.output.say(verdict(comparison));
    demand_equal(comparison)
}

fn demand_equal(comparison: &[Compared]) -> Result<()> {
    match comparison.iter().filter(|it| !it.equal).count() {
        0 => Ok(()),
        different => bail!(
            "{different} presentations differ from the files; import them, or see what the import's report says of refusals"
        ),
    }
}
