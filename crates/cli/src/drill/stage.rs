//! Where a drill is played: a platform of its own in a directory of its own, with a load that runs on it.

use super::{
    check::{self, Finding, Fold, Tables},
    desk::Desk,
    load::{Figures, Load, Told},
    record::Record,
};
use crate::{
    client::failed,
    platform::Setup,
    progress::{Output, Progress, count},
    rest::at_rest,
    services::{broker_ports, ports},
    stores,
    supervise::{Processes, SERVICES, nats_alone},
};
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use std::{path::Path, time::Duration};
use studium_broker::http;
use studium_kit::Store;
use studium_proto::admin::v1::ListParkedRequest;
use tokio::time::Instant;

/// A drill that is played.
pub struct Stage {
    /// How the platform was started.
    pub setup: Setup,
    /// The platform; none while it is down.
    processes: Option<Processes>,
    /// The load.
    pub load: Load,
    began: Instant,
    steps: Vec<Step>,
    findings: Vec<Finding>,
    outage: Option<Instant>,
    recovery: Duration,
    spinner: Progress,
}

/// Something that was done, and when.
#[derive(Debug, Serialize)]
pub struct Step {
    at_ms: u64,
    what: String,
}

/// What came of a drill.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its name.
    pub drill: String,
    /// Durability and database.
    pub on: String,
    /// Figures of the load.
    pub load: Figures,
    /// What was done.
    pub steps: Vec<Step>,
    /// From the fault until commands succeeded again everywhere, milliseconds.
    pub recovery_ms: u64,
    /// From the end of the load until views and policies had caught up, milliseconds.
    pub settled_ms: u64,
    /// Commits in the log.
    pub commits: u64,
    /// By how much the clock went back between two commits of one stream at most, milliseconds.
    pub clock_back_ms: u64,
    /// How long the whole drill took, milliseconds.
    pub took_ms: u64,
    /// What was checked.
    pub findings: Vec<Finding>,
    /// What it was judged by.
    #[serde(skip)]
    pub evidence: Evidence,
}

/// What a drill is judged by; a test may forge it.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The log.
    pub record: Record,
    /// What callers were told.
    pub told: Told,
    /// The views that served.
    pub serving: Tables,
    /// The views as the log has them.
    pub fold: Fold,
}

impl Evidence {
    /// Judges it.
    pub fn judge(&self) -> Vec<Finding> {
        let mut findings = check::judge(&self.record, &self.told);
        findings.extend(check::compare(&self.serving, &self.fold));
        findings
    }
}

impl Report {
    /// Things that are wrong.
    pub fn breaches(&self) -> u64 {
        self.findings.iter().map(|it| it.breach_count).sum()
    }

    /// For people.
    pub fn say(&self, output: Output) {
        output.say(format!("Drill `{}` ({}):", self.drill, self.on));
        for step in &self.steps {
            output.say(format!("  {:>7.1} s  {}", step.at_ms as f64 / 1000.0, step.what));
        }
        let it = &self.load;
        output.say(format!(
            "  {} commands were acknowledged, {} of them after having been repeated ({} repetitions); the longest took {:.1} s; \
             recovered in {:.1} s, settled in {:.1} s; {} commits.",
            count(it.acknowledged),
            count(it.succeeded_when_repeated),
            count(it.repeated),
            it.longest_ms as f64 / 1000.0,
            self.recovery_ms as f64 / 1000.0,
            self.settled_ms as f64 / 1000.0,
            count(self.commits)
        ));
        if self.clock_back_ms > 1000 {
            let seconds = self.clock_back_ms as f64 / 1000.0;
            output.say(format!("  Between two commits of one stream the clock went back by up to {seconds:.1} s."));
        }
        for (reason, times) in &it.refused {
            output.say(format!("  refused {times} times: {reason}"));
        }
        for finding in &self.findings {
            output.say(finding.sentence());
            for breach in &finding.breaches {
                output.say(format!("          {breach}"));
            }
        }
    }
}

impl Stage {
    /// Starts a platform and a load of so many commands a second.
    ///
    /// # Errors
    /// When the platform does not start or the load's world cannot be set up.
    pub async fn open(setup: &Setup, per_second: u32, output: Output) -> Result<Self> {
        let spinner = output.spinner("drill");
        // Callers know where services answer, also after everything was started again.
        let setup = &Setup { port: Some(free_base(setup.replicas)?), ..setup.clone() };
        let processes = Processes::start(setup).await?;
        let desk = Desk::open(&processes.platform()).await?;
        let processes = Some(processes);
        let load = Load::begin(&desk, per_second);
        let (began, steps, findings) = (Instant::now(), vec![], vec![]);
        let (setup, outage, recovery) = (setup.clone(), None, Duration::ZERO);
        Ok(Self { setup, processes, load, began, steps, findings, outage, recovery, spinner })
    }

    /// The platform that runs.
    ///
    /// # Errors
    /// When it is down.
    pub fn processes(&mut self) -> Result<&mut Processes> {
        self.processes.as_mut().context("the platform is down")
    }

    /// Stops the platform in good order.
    pub async fn stop(&mut self) {
        if let Some(mut it) = self.processes.take() {
            it.stop().await;
        }
    }

    /// Starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(&mut self) -> Result<()> {
        self.processes = Some(Processes::start(&self.setup).await?);
        Ok(())
    }

    /// Waits until so many more commands have succeeded, while the platform looks after itself as `up` does.
    ///
    /// # Errors
    /// When a process ends by itself, or none succeeds for a minute.
    pub async fn more_supervised(&mut self, many: u64) -> Result<()> {
        let processes = self.processes.as_mut().context("the platform is down")?;
        tokio::select! {
            why = processes.failed() => bail!(why),
            done = self.load.more(many) => done,
        }
    }

    /// Adds something that was looked at on the way.
    pub fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Notes what is done now.
    pub fn tell(&mut self, what: impl Into<String>) {
        let (at_ms, what) = (self.began.elapsed().as_millis() as u64, what.into());
        self.spinner.message(what.clone());
        self.steps.push(Step { at_ms, what });
    }

    /// The fault happens now.
    pub fn breaks(&mut self, what: impl Into<String>) {
        self.outage = Some(Instant::now());
        self.tell(what);
    }

    /// All is well again, as far as callers see.
    pub fn recovered(&mut self, what: impl Into<String>) {
        self.recovery += self.outage.take().map_or(Duration::ZERO, |it| it.elapsed());
        self.tell(what);
    }

    /// Ends the load, lets everything come to rest, stops the platform, and checks.
    ///
    /// # Errors
    /// When it does not come to rest or cannot be read; breaches are in the report.
    pub async fn finish(mut self, drill: &str, spare: &Path) -> Result<Report> {
        self.tell("the load ends");
        let (told, load) = self.load.end().await;
        let ended = Instant::now();
        let parked = settle(self.processes()?).await?;
        let settled_ms = ended.elapsed().as_millis() as u64;
        self.stop().await;
        self.spinner.message("checking");
        let (mut nats, lock) = nats_alone(&self.setup).await?;
        let log = check::open_log(&self.setup, nats.url(), nats.durability()).await?;
        let record = Record::read(&log, &SERVICES.map(|it| it.name)).await?;
        let keys = log.keys().wrapped().await?;
        let mut others = std::mem::take(&mut self.findings);
        others.extend([journals(&self.setup, &log).await?, parked]);
        nats.stop().await;
        drop(lock);
        let serving = check::tables(&self.setup).await?;
        let second = Setup { data: spare.to_owned(), port: None, settings: vec![], ..self.setup.clone() };
        let fold = check::fold_anew(&record, &keys, &self.setup.data, &second).await?;
        let (commits, clock_back_ms) = (record.len(), record.longest_step_back_ms());
        let evidence = Evidence { record, told, serving, fold };
        let mut findings = evidence.judge();
        findings.append(&mut others);
        self.spinner.finish();
        let durability = nats.durability();
        let store = if self.setup.postgres.is_some() { "PostgreSQL" } else { "SQLite" };
        Ok(Report {
            drill: drill.to_owned(),
            on: format!("{durability}, {store}"),
            load,
            steps: self.steps,
            recovery_ms: self.recovery.as_millis() as u64,
            settled_ms,
            commits,
            clock_back_ms,
            took_ms: self.began.elapsed().as_millis() as u64,
            findings,
            evidence,
        })
    }
}

/// A first port whose neighbours are free at this moment.
fn free_base(replicas: u16) -> Result<u16> {
    let members = crate::member::all(&[])?;
    for _ in 0..100 {
        let base = http::free_port()?;
        if base < 60_000 && ports(base, &members, replicas).into_iter().chain(broker_ports(base)).all(http::is_free) {
            return Ok(base);
        }
    }
    bail!("no ports are free on this machine")
}

/// Waits until nothing moves any more: every view has seen its streams, and no stream has grown for a while.
/// Says what is parked.
///
/// # Errors
/// When it still moves after five minutes.
pub async fn settle(processes: &Processes) -> Result<Finding> {
    let platform = processes.platform();
    at_rest(&platform).await?;
    let mut parked = Finding::of("nothing is parked");
    for service in platform.services(None)? {
        let reply = platform.admin(&service).await?.list_parked(ListParkedRequest {}).await.map_err(failed)?;
        let here = reply.into_inner().parked;
        parked.check(here.is_empty(), || format!("{service}: {} reactions, {:?}", here.len(), here.first()));
    }
    Ok(parked)
}

/// Whether every journal holds what its stream holds: `log verify`, with nothing running.
async fn journals(setup: &Setup, log: &studium_log::Log) -> Result<Finding> {
    let mut found = Finding::of("every journal holds the same bytes as its stream (`log verify`)");
    for entry in &SERVICES {
        let store = Store::open(&stores::url(setup, &setup.data, entry.name).await?).await?;
        let verified = studium_store::verify(log, &store, entry.name, |_| {}).await?;
        found.checked += verified.checked;
        for problem in &verified.problems {
            found.breach(format!("{}: {problem}", entry.name));
        }
    }
    Ok(found)
}
