//! `studium bench`: what the platform reaches, as ratios to the bare limits taken in the same run.

pub mod bare;
mod campus;
mod commands;
mod credentials;
pub mod load;
mod mentorship;
mod partners;
mod run;
mod views;

use crate::{
    platform::{Platform, Setup},
    progress::Output,
};
use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};
use std::{path::PathBuf, time::Duration};
use studium_log::Durability;

/// Measures the platform on this machine; every figure stands beside the bare limit of the same run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  studium bench\n  studium bench campus\n  studium bench mentorship --profile disk\n  \
                        studium bench mentorship --learners 1000 --mentors 70\n  studium bench credentials\n  studium bench partners\n  studium bench --profile process --seconds 5 --json\n  \
                        studium bench --only views --postgres postgres://postgres@127.0.0.1:5432"
)]
pub struct Bench {
    /// Only these parts. Measured only when they are named: campus, which fills a plan of 100,000 seats;
    /// mentorship, which gives 10,000 learners a mentor, one by one and all together, and says how well they fit;
    /// credentials, which signs and checks on one core, issues 2,000 on the platform, and revokes some;
    /// and partners, which tells a feed and has it read by 1, 100 and 1,000 subscribers, and sent to a webhook
    #[arg(value_name = "PART", value_parser = PARTS)]
    parts: Vec<String>,
    /// Only this part; the same as naming it
    #[arg(long, value_name = "PART", value_parser = PARTS)]
    only: Vec<String>,
    /// Only these durability profiles: disk, process, replicated
    #[arg(long, value_name = "PROFILE", default_values = ["disk", "process"])]
    profile: Vec<Durability>,
    /// How long each loop is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// Measures views on this PostgreSQL server, too
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Seats of the plans that campus measures at
    #[arg(long, hide = true, default_value_t = 100_000)]
    seats: u32,
    /// Seats that are held on the large one
    #[arg(long, hide = true, default_value_t = 90_000)]
    held: u32,
    /// Learners of the cohort to whom mentorship gives a mentor
    #[arg(long, value_name = "NUMBER", default_value_t = 10_000)]
    learners: u32,
    /// Mentors who are there for them, with 10 to 20 places each
    #[arg(long, value_name = "NUMBER", default_value_t = 700)]
    mentors: u32,
    /// Credentials that are issued
    #[arg(long, value_name = "NUMBER", default_value_t = 2_000)]
    credentials: u32,
    /// Events that partners are told before they are read
    #[arg(long, value_name = "NUMBER", default_value_t = 20_000)]
    events: u64,
}

/// What can be measured.
const PARTS: [&str; 9] = ["commands", "hot", "length", "views", "freshness", CAMPUS, MENTORSHIP, CREDENTIALS, PARTNERS];

/// The parts that take long.
const CAMPUS: &str = "campus";
const MENTORSHIP: &str = "mentorship";
const CREDENTIALS: &str = "credentials";
const PARTNERS: &str = "partners";
const LONG: [&str; 4] = [CAMPUS, MENTORSHIP, CREDENTIALS, PARTNERS];

impl Bench {
    fn wants(&self, part: &str) -> bool {
        let mut named = self.parts.iter().chain(&self.only).peekable();
        if named.peek().is_none() { !LONG.contains(&part) } else { named.any(|it| it == part) }
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }
}

/// Runs the bench in directories of its own, which are removed afterwards.
pub async fn run(bench: &Bench, output: Output) -> Result<()> {
    let mut results = Map::new();
    for profile in &bench.profile {
        // The data goes where the disk is that a deployment would use: beside the caller's.
        let folder = tempfile::Builder::new().prefix("studium-bench-").tempdir_in(PathBuf::from("."))?;
        let settings = vec![("STUDIUM_ENROLMENT_WEBHOOK_ALLOW", "127.0.0.0/8".to_owned())];
        let setup = Setup { durability: Some(*profile), settings, ..Setup::new(folder.path(), Output::silent()) };
        let measured =
            Platform::with(&setup, async |platform| measure(bench, platform, *profile, output).await).await?;
        merge(&mut results, measured);
    }
    output.json(&results);
    Ok(())
}

async fn measure(bench: &Bench, platform: &Platform, profile: Durability, output: Output) -> Result<Value> {
    let mut all = json!({});
    let name = profile.to_string();
    let desk = commands::Desk::open(platform).await?;
    if bench.wants("commands") {
        all["commands"][&name] = commands::distinct(&desk, platform, profile, bench.time(), output).await?;
    }
    if bench.wants("hot") {
        all["hot_aggregate"][&name] = commands::hot(&desk, profile, bench.time(), output).await?;
    }
    if bench.wants("length") {
        all["history_length"][&name] = commands::length(&desk, profile, bench.time(), output).await?;
    }
    if bench.wants("freshness") {
        all["freshness"][&name] = views::freshness(&desk, profile, bench.time(), output).await?;
    }
    if bench.wants(CAMPUS) {
        all[CAMPUS][&name] = campus::measure(bench, platform, &desk.run_id, output).await?;
    }
    if bench.wants(MENTORSHIP) {
        all[MENTORSHIP][&name] = mentorship::measure(bench, platform, output).await?;
    }
    if bench.wants(CREDENTIALS) {
        all[CREDENTIALS][&name] = credentials::measure(bench, platform, output).await?;
    }
    if bench.wants(PARTNERS) {
        all[PARTNERS][&name] = partners::measure(bench, &desk, platform, output).await?;
    }
    if bench.wants("views") && profile != Durability::Disk || bench.wants("views") && bench.profile.len() == 1 {
        all["views"] = views::catch_up(&desk, platform, bench.postgres.as_deref(), output).await?;
    }
    Ok(all)
}

fn merge(into: &mut Map<String, Value>, from: Value) {
    let Value::Object(from) = from else { return };
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), new @ Value::Object(_)) => merge(old, new),
            (_, new) => drop(into.insert(key, new)),
        }
    }
}
