//! `studium bench`: what the platform reaches, as ratios to the bare limits taken in the same run.

pub mod bare;
mod campus;
mod commands;
mod cost;
mod credentials;
mod import;
pub mod load;
mod mentorship;
mod page;
mod partners;
mod run;
mod scale;
mod views;

use crate::{
    platform::{Platform, Setup},
    progress::Output,
};
use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use studium_log::Durability;
use tempfile::TempDir;

/// Measures the platform on this machine; every figure stands beside the bare limit of the same run.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  studium bench\n  studium bench campus\n  studium bench mentorship --profile disk\n  \
                        studium bench mentorship --learners 1000 --mentors 70\n  studium bench credentials\n  studium bench partners\n  studium bench commands --tls\n  studium bench import --registry path/to/oulad\n  studium bench --profile process --seconds 5 --json\n  \
                        studium bench --only views --postgres postgres://postgres@127.0.0.1:5432"
)]
pub struct Bench {
    /// Only these parts. Measured only with --registry: import. Measured only when they are named: scale, which runs 1, 2 and 4 replicas of enrolment; campus, which fills a plan of 100,000 seats;
    /// mentorship, which gives 10,000 learners a mentor, one by one and all together, and says how well they fit;
    /// credentials, which signs and checks on one core, issues 2,000 on the platform, and revokes some;
    /// partners, which tells a feed and has it read by 1, 100 and 1,000 subscribers, and sent to a webhook;
    /// and all, which is everything, in all profiles, on SQLite and on PostgreSQL
    #[arg(value_name = "PART", value_parser = PARTS, requires_if(IMPORT, "registry"))]
    parts: Vec<String>,
    /// Only this part; the same as naming it
    #[arg(long, value_name = "PART", value_parser = PARTS, requires_if(IMPORT, "registry"))]
    only: Vec<String>,
    /// Only these durability profiles: disk, process, replicated [default: disk and process; for all, all three]
    #[arg(long, value_name = "PROFILE")]
    profile: Vec<Durability>,
    /// How long each loop is measured
    #[arg(long, value_name = "SECONDS", default_value_t = 3.0)]
    seconds: f64,
    /// Measures views on this PostgreSQL server, too; it leaves a database there whose name begins with `studium_bench`
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Imports the registry of the Open University from here, too, as `studium import oulad` does: in the profile disk,
    /// unless others are named
    #[arg(long, value_name = "DIR", value_parser = crate::import::directory)]
    registry: Option<PathBuf>,
    /// Encrypts all that travels between processes, the bare limits' as well
    #[arg(long)]
    tls: bool,
    /// Writes a page with all figures as Markdown, and its plots beside it
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
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
const PARTS: [&str; 12] = [
    "all",
    "commands",
    "hot",
    "length",
    "views",
    "freshness",
    IMPORT,
    SCALE,
    CAMPUS,
    MENTORSHIP,
    CREDENTIALS,
    PARTNERS,
];

/// The part that needs files from elsewhere.
const IMPORT: &str = "import";

/// The parts that take long.
const SCALE: &str = "scale";
const CAMPUS: &str = "campus";
const MENTORSHIP: &str = "mentorship";
const CREDENTIALS: &str = "credentials";
const PARTNERS: &str = "partners";
const LONG: [&str; 5] = [SCALE, CAMPUS, MENTORSHIP, CREDENTIALS, PARTNERS];

/// Parts that are measured on one platform, if all are: what one leaves behind must not be in another's way.
const TOGETHER: [&[&str]; 6] =
    [&["commands", "hot", "length", "freshness"], &[CAMPUS], &[MENTORSHIP], &[CREDENTIALS], &[PARTNERS], &["views"]];

impl Bench {
    fn wants(&self, part: &str) -> bool {
        let named: Vec<_> = self.parts.iter().chain(&self.only).map(String::as_str).collect();
        if named.is_empty() { !LONG.contains(&part) } else { named.contains(&part) || self.wants_all() }
    }

    fn wants_all(&self) -> bool {
        self.parts.iter().chain(&self.only).any(|it| it == "all")
    }

    /// The files to import in a profile, if that is wanted.
    fn import(&self, profile: Durability) -> Option<&Path> {
        let is_one_of_those = !self.profile.is_empty() || profile == Durability::default();
        self.registry.as_deref().filter(|_| is_one_of_those && self.wants(IMPORT))
    }

    fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    fn profiles(&self) -> Vec<Durability> {
        match (&self.profile[..], self.wants_all()) {
            ([], true) => vec![Durability::Disk, Durability::Process, Durability::Replicated],
            ([], false) => vec![Durability::Disk, Durability::Process],
            (named, _) => named.to_vec(),
        }
    }

    /// Whether views are measured on a platform of this profile: once, and not where the log makes them wait.
    fn wants_views(&self, profile: Durability) -> bool {
        let profiles = self.profiles();
        let best = profiles.iter().find(|it| **it == Durability::Process).or(profiles.first());
        self.wants("views") && best == Some(&profile)
    }

    /// How a platform to be measured runs, and the directory that goes with it.
    fn setup(&self, profile: Durability, own_postgres: bool) -> Result<(TempDir, Setup)> {
        // The data goes where the disk is that a deployment would use: beside the caller's.
        let folder = tempfile::Builder::new().prefix("studium-bench-").tempdir_in(PathBuf::from("."))?;
        let settings = vec![
            ("STUDIUM_ENROLMENT_WEBHOOK_ALLOW", "127.0.0.0/8".to_owned()),
            // One caller asks for what all callers of a university would.
            ("STUDIUM_MAX_CALLS_PER_SECOND", "100000".to_owned()),
        ];
        let defaults = Setup::new(folder.path(), Output::silent());
        let setup = Setup { durability: Some(profile), own_postgres, settings, tls: self.tls, ..defaults };
        Ok((folder, setup))
    }
}

/// Runs the bench in directories of its own, which are removed afterwards.
pub async fn run(bench: &Bench, output: Output) -> Result<()> {
    let mut results = Map::new();
    for profile in bench.profiles() {
        merge(&mut results, in_turn(bench, profile, false, output).await?);
    }
    if bench.wants_all() {
        let mut on_postgres = Map::new();
        for profile in bench.profiles() {
            output.say(format!("the same on PostgreSQL, {profile}:"));
            match in_turn(bench, profile, true, output).await {
                Ok(it) => merge(&mut on_postgres, it),
                // What was measured is worth keeping all the same.
                Err(e) => output.note(format!("not measured on PostgreSQL, {profile}: {e:#}")),
            }
        }
        results.insert("on_postgres".to_owned(), on_postgres.into());
    }
    if let Some(page) = &bench.page {
        page::write(page, &results, bench.seconds)?;
        output.say(format!("the page is in {}", page.display()));
    }
    output.json(&results);
    Ok(())
}

/// Measures what is wanted; if that is all, on several platforms, one after the other.
async fn in_turn(bench: &Bench, profile: Durability, own_postgres: bool, output: Output) -> Result<Value> {
    let mut all = Map::new();
    if bench.wants_all() {
        for parts in TOGETHER {
            let parts = parts.iter().map(|it| (*it).to_owned()).collect();
            let some = Bench { parts, only: vec![], profile: bench.profiles(), ..bench.clone() };
            if parts_on(&some, profile) {
                merge(&mut all, on(&some, profile, own_postgres, output).await?);
            }
        }
    } else if PARTS.iter().any(|it| ![SCALE, IMPORT].contains(it) && bench.wants(it)) {
        merge(&mut all, on(bench, profile, own_postgres, output).await?);
    }
    // What a service's memory holds of it is seen only where it has seen nothing before.
    if let Some(registry) = bench.import(profile) {
        let (_folder, setup) = bench.setup(profile, own_postgres)?;
        let time = bench.time();
        let measured = Platform::with(&setup, async |it| import::measure(registry, it, time, output).await).await?;
        merge(&mut all, json!({IMPORT: {profile.to_string(): measured}}));
    }
    // It has stores on PostgreSQL whatever the others have, so once is enough.
    if bench.wants(SCALE) && own_postgres == bench.wants_all() {
        let measured = scale::measure(bench, profile, output).await?;
        merge(&mut all, json!({SCALE: {profile.to_string(): measured}}));
    }
    Ok(all.into())
}

/// Whether there is anything to measure in a profile: views need no second one.
fn parts_on(bench: &Bench, profile: Durability) -> bool {
    !bench.wants("views") || bench.wants_views(profile)
}

/// Measures on a platform of its own.
async fn on(bench: &Bench, profile: Durability, own_postgres: bool, output: Output) -> Result<Value> {
    let (_folder, setup) = bench.setup(profile, own_postgres)?;
    Platform::with(&setup, async |platform| measure(bench, &setup, platform, output).await).await
}

async fn measure(bench: &Bench, setup: &Setup, platform: &Platform, output: Output) -> Result<Value> {
    let profile = platform.state.durability;
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
    if bench.wants_views(profile) {
        let own = crate::stores::settle(setup)?.postgres;
        let server = bench.postgres.as_deref().or(own.as_deref());
        all["views"] = views::catch_up(&desk, platform, server, output).await?;
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
