//! `studium drill`: something breaks under load, is mended as an operator would, and a checker proves what is left.

mod acts;
pub mod check;
mod desk;
mod faults;
pub mod load;
pub mod record;
mod stage;

use crate::{args::StoreArgs, platform::Setup, progress::Output, services::REPLICAS_MAX, stores};
use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};
use stage::Stage;
pub use stage::{Evidence, Report};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};
use studium_log::Durability;

/// What `studium drill` takes.
// A server that somebody names is refused, so the help does not offer it.
#[derive(Debug, Args)]
#[command(mut_arg("postgres", |it| it.hide(true)))]
pub struct DrillArgs {
    /// What is to go wrong; several are played one after the other, each on a platform of its own.
    #[arg(required = true, value_enum)]
    pub drills: Vec<Drill>,
    /// Where and how durably it is written.
    #[command(flatten)]
    pub store: StoreArgs,
    /// How it is played.
    #[command(flatten)]
    pub plan: Plan,
}

/// How a drill is played.
#[derive(Debug, Clone, Args)]
pub struct Plan {
    /// Commands a second that the load sends at most.
    #[arg(long, default_value_t = 80, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub rate: u32,
    /// Commands that succeed before the fault, and again after the recovery.
    #[arg(long, default_value_t = 400, value_name = "NUMBER")]
    pub commands: u64,
    /// Processes of each service, on PostgreSQL only.
    #[arg(long, default_value_t = 1, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=REPLICAS_MAX.into()))]
    pub replicas: u16,
    /// Program `studium` of another version, for `roll`.
    #[arg(long, value_name = "PROGRAM")]
    pub with: Option<PathBuf>,
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Drill {
    /// One service loses its store, and builds it anew from the log.
    Store,
    /// The whole broker is lost with its disk, and comes back from the services' journals.
    Broker,
    /// Each of three nodes of the broker is killed once.
    Node,
    /// The broker's disk is full for a while (needs root, to mount one).
    Disk,
    /// One service moves to the program that --with names, and back.
    Roll,
    /// The clock of one service jumps (needs libfaketime).
    Clock,
    /// The network between two of three nodes of the broker is cut (needs root, for network namespaces).
    Partition,
}

impl Drill {
    /// It is about nodes of the broker, so there have to be some.
    fn needs_nodes(self) -> bool {
        matches!(self, Self::Node | Self::Partition)
    }

    /// As it is typed.
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned())
    }
}

/// Plays drills in temporary directories below the data directory.
///
/// # Errors
/// When a drill cannot be played or is interrupted, or anything does not hold afterwards.
pub async fn drill(setup: &Setup, args: &DrillArgs) -> Result<()> {
    for drill in &args.drills {
        demand_playable(*drill, setup, &args.plan)?;
    }
    let interrupted = studium_kit::server::asked_to_stop()?;
    tokio::pin!(interrupted);
    let mut broken = vec![];
    for drill in &args.drills {
        let report = tokio::select! {
            report = Box::pin(play(*drill, setup, &args.plan, setup.output)) => report?,
            () = &mut interrupted => bail!("interrupted; what the drill made was removed"),
        };
        report.say(setup.output);
        setup.output.json(&report);
        if report.breaches() > 0 {
            broken.push(drill.name());
        }
    }
    ensure!(broken.is_empty(), "after {} not everything holds; what is wrong is said above", broken.join(" and "));
    Ok(())
}

/// Refuses what cannot be played, before anything is started.
fn demand_playable(drill: Drill, setup: &Setup, plan: &Plan) -> Result<()> {
    ensure!(
        setup.postgres.is_none(),
        "a drill takes stores away, so it makes a server of its own: use --store postgres instead of --postgres"
    );
    ensure!(drill != Drill::Roll || plan.with.is_some(), "name a program of another version with --with");
    Ok(())
}

/// Plays one drill and says what came of it.
///
/// # Errors
/// When it cannot be played; breaches are in the report.
pub async fn play(drill: Drill, setup: &Setup, plan: &Plan, output: Output) -> Result<Report> {
    demand_playable(drill, setup, plan)?;
    fs::create_dir_all(&setup.data)?;
    let folder = tempfile::Builder::new().prefix("drill-").tempdir_in(&setup.data)?;
    let cache = setup.cache.clone().or_else(|| Some(setup.data.join("cache")));
    let data = folder.path().join("platform");
    let durability = if drill.needs_nodes() { Some(Durability::Replicated) } else { setup.durability };
    // Another user may have to enter it, who runs PostgreSQL.
    fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
    fs::create_dir(&data)?;
    let setup = Setup { data, cache, durability, replicas: plan.replicas, output: Output::silent(), ..setup.clone() };
    // It has to outlive the platform, whose stores are looked at afterwards.
    let (setup, _postgres) = stores::served(&setup, &fs::canonicalize(folder.path())?).await?;
    let setup = Setup { own_postgres: false, ..setup };
    let _disk = if drill == Drill::Disk { Some(faults::disk::Disk::mount(&setup.data)?) } else { None };
    let network = if drill == Drill::Partition { Some(faults::partition::Network::lay()?) } else { None };
    let places = network.as_ref().map(faults::partition::Network::places).unwrap_or_default();
    // What leaves the loopback address is refused otherwise; these wires are this machine's own.
    let settings = network.iter().map(|_| ("STUDIUM_ALLOW_PLAINTEXT", "nats".to_owned())).collect();
    let setup = Setup { settings, places, ..setup };
    let mut stage = Stage::open(&setup, plan.rate, output).await?;
    stage.tell("the load begins");
    match drill {
        Drill::Store => faults::store::play(&mut stage, plan.commands).await?,
        Drill::Broker => faults::broker::play(&mut stage, plan.commands).await?,
        Drill::Node => faults::node::play(&mut stage, plan.commands).await?,
        Drill::Disk => faults::disk::play(&mut stage, plan.commands).await?,
        Drill::Partition => {
            let network = network.as_ref().context("a network was laid")?;
            faults::partition::play(&mut stage, plan.commands, network).await?;
        }
        Drill::Clock => faults::clock::play(&mut stage, plan.commands).await?,
        Drill::Roll => {
            let other = plan.with.as_deref().context("a program is named")?;
            faults::roll::play(&mut stage, plan.commands, other).await?;
        }
    }
    let mut report = stage.finish(&drill.name(), &folder.path().join("anew")).await?;
    if drill == Drill::Clock {
        report.findings.push(faults::clock::moved(report.clock_back_ms));
    }
    Ok(report)
}
