//! The platform on one data directory: where it answers, and what is known of it on disk.

use crate::{
    progress::Output,
    supervise::{Processes, SERVICES},
    transport::Transport,
};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_broker::{Place, process};
use studium_log::{Durability, address::without_user};
use tokio::time::{Instant, sleep};

/// How long a platform that somebody else is starting is waited for.
const PATIENCE: Duration = Duration::from_mins(3);

/// How a platform is to run.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Everything that it writes is in this directory.
    pub data: PathBuf,
    /// The durability profile; `None` is the one that runs already, or else `disk`.
    pub durability: Option<Durability>,
    /// First port; `None` takes free ones.
    pub port: Option<u16>,
    /// Base URL of a PostgreSQL server that holds the stores; `None` is what the directory was made with, or else SQLite.
    pub postgres: Option<String>,
    /// Keep the stores on a PostgreSQL server of the directory's own; a directory that was started so once stays so.
    pub own_postgres: bool,
    /// Processes of each service; more than one only on PostgreSQL.
    pub replicas: u16,
    /// The program whose `serve` runs a service; `None` is the program that asks.
    pub program: Option<PathBuf>,
    /// Where a fetched nats-server is kept; `None` is the data directory's own cache.
    pub cache: Option<PathBuf>,
    /// Encrypt all that travels between processes; a directory that was started so once stays so.
    pub tls: bool,
    /// What services are told besides, as variables of the environment.
    pub settings: Vec<(&'static str, String)>,
    /// Where nodes of the broker run; none = all of them here.
    pub places: Vec<Place>,
    /// Who reads what is printed on the way.
    pub output: Output,
}

impl Setup {
    /// The defaults on a directory: what runs there, or else `disk` on free ports with SQLite.
    pub fn new(data: impl Into<PathBuf>, output: Output) -> Self {
        let (durability, port, postgres, own_postgres, program, cache, tls, settings) = Default::default();
        let (replicas, places) = (1, vec![]);
        Self {
            data: data.into(),
            durability,
            port,
            postgres,
            own_postgres,
            replicas,
            program,
            cache,
            tls,
            settings,
            places,
            output,
        }
    }
}

/// What is written in `<data>/run/platform.json` while a platform runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// Process that started the platform and ends it.
    pub pid: u32,
    /// The profile.
    pub durability: Durability,
    /// Addresses of the broker, with commas, and with the operator's user and password.
    pub nats: String,
    /// Process of each broker node.
    pub nats_pids: Vec<u32>,
    /// `sqlite` or `postgres`.
    pub store: String,
    /// The services that run.
    pub services: Vec<ServiceState>,
    /// Further processes of theirs.
    #[serde(default)]
    pub replicas: Vec<ServiceState>,
    /// Whether all were ready once.
    pub ready: bool,
}

/// One service of a running platform.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServiceState {
    /// Its name, which is its stream's.
    pub name: String,
    /// Where it answers gRPC and HTTP: `127.0.0.1:7402`.
    pub address: String,
    /// Its process.
    pub pid: u32,
}

/// A running platform, as a command sees it.
#[derive(Debug, Clone)]
pub struct Platform {
    /// Everything that it writes is in this directory.
    pub data: PathBuf,
    /// What runs where.
    pub state: State,
    /// Who reads what is printed.
    pub output: Output,
}

impl Platform {
    /// The platform that runs on a directory, once it is ready; `None` when none runs there.
    pub async fn running(data: &Path, output: Output) -> Result<Option<Self>> {
        if !data.exists() || Lock::take(data)?.is_some() {
            return Ok(None);
        }
        let spinner = output.spinner("waiting for the platform");
        let deadline = Instant::now() + PATIENCE;
        loop {
            match State::read(data) {
                Some(state) if state.ready && process::is_alive(state.pid) => {
                    let data = fs::canonicalize(data)?;
                    let platform = Self { data, state, output };
                    platform.check().await?;
                    spinner.finish();
                    return Ok(Some(platform));
                }
                _ if Instant::now() > deadline => {
                    bail!(
                        "somebody has been starting a platform on {} for too long; stop it and try again",
                        data.display()
                    )
                }
                _ => sleep(Duration::from_millis(100)).await,
            }
            if Lock::take(data)?.is_some() {
                return Ok(None);
            }
        }
    }

    /// The platform that runs on the directory.
    ///
    /// # Errors
    /// When none runs there.
    pub async fn that_runs(setup: &Setup) -> Result<Self> {
        let running = Self::running(&setup.data, setup.output).await?;
        running.with_context(|| format!("nothing runs on {}; `studium up` starts it", setup.data.display()))
    }

    /// Runs `command` on the platform that runs on the directory, or on one that is started for as long as it takes.
    ///
    /// # Errors
    /// What the command says; or why the platform cannot start or ended; or that it was interrupted.
    pub async fn with<T>(setup: &Setup, command: impl AsyncFnOnce(&Platform) -> Result<T>) -> Result<T> {
        if let Some(platform) = Self::running(&setup.data, setup.output).await? {
            if let Some(wanted) = setup.durability {
                let runs = platform.state.durability;
                let data = setup.data.display();
                ensure!(
                    wanted == runs,
                    "the platform on {data} runs with durability {runs}; stop it first, or leave --durability \
                     (STUDIUM_DURABILITY) out"
                );
            }
            crate::stores::settle(setup)?;
            return command(&platform).await;
        }
        let interrupted = crate::supervise::interrupted()?;
        tokio::pin!(interrupted);
        let mut processes = tokio::select! {
            processes = Processes::start(setup) => processes?,
            () = &mut interrupted => bail!("interrupted while starting; run it again"),
        };
        let platform = processes.platform();
        let result = tokio::select! {
            result = command(&platform) => result,
            why = processes.failed() => Err(anyhow::anyhow!(why)),
            () = &mut interrupted => Err(anyhow::anyhow!("interrupted; what was acknowledged is kept, run it again to go on")),
        };
        processes.stop().await;
        result
    }

    /// Whether all that travels between its processes is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.state.nats.starts_with("tls://")
    }

    /// Where a service answers: `127.0.0.1:7402`.
    pub fn address(&self, service: &str) -> Result<&str> {
        let found = self.state.services.iter().find(|it| it.name == service);
        found.map(|it| it.address.as_str()).with_context(|| unknown_service(service))
    }

    /// The services' names, or only the one that was named.
    pub fn services(&self, only: Option<&str>) -> Result<Vec<String>> {
        match only {
            Some(name) => self.address(name).map(|_| vec![name.to_owned()]),
            None => Ok(self.state.services.iter().map(|it| it.name.clone()).collect()),
        }
    }

    async fn check(&self) -> Result<()> {
        let transport = Transport::of(&self.data)?;
        for service in &self.state.services {
            let answer = transport.get(&service.address, "/healthz").await;
            ensure!(
                answer.is_ok_and(|(status, _)| status == 200),
                "{} does not answer at {}; stop the platform (process {}) and start it again",
                service.name,
                service.address,
                self.state.pid
            );
        }
        Ok(())
    }
}

/// A sentence for a service that there is not.
pub fn unknown_service(name: &str) -> String {
    let names: Vec<_> = SERVICES.iter().map(|it| it.name).collect();
    format!("there is no service `{name}`; the services are {}", names.join(", "))
}

impl State {
    /// The same without secrets.
    pub fn shown(&self) -> Self {
        Self { nats: without_user(&self.nats), ..self.clone() }
    }

    /// What the directory's last platform wrote, if it is whole.
    pub fn read(data: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(path(data)).ok()?).ok()
    }

    /// Writes it whole or not at all, for this user only.
    pub fn write(&self, data: &Path) -> Result<()> {
        let path = path(data);
        let beside = path.with_extension("json.new");
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()?;
        fs::rename(&beside, &path).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Takes it away: nothing runs.
    pub fn remove(data: &Path) {
        let _ = fs::remove_file(path(data));
    }
}

fn path(data: &Path) -> PathBuf {
    data.join("run/platform.json")
}

/// Held by the one process that runs a platform on a directory; the system lets go of it however that process ends.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes the directory, which is made when it is not there; `None` when another process runs a platform on it.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn take(data: &Path) -> Result<Option<Self>> {
        let path = data.join("run/lock");
        let file = fs::create_dir_all(data.join("run"))
            .and_then(|()| OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path))
            .with_context(|| format!("cannot write {}; name another directory with --data", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(e).with_context(|| format!("cannot lock {}", path.display())),
        }
    }

    /// Takes the directory for as long as a platform runs on it.
    ///
    /// # Errors
    /// When a platform runs on it already.
    pub async fn hold(data: &Path) -> Result<Self> {
        // Whoever only looks whether a platform runs holds the lock for a moment, too.
        for _ in 0..20 {
            if let Some(lock) = Self::take(data)? {
                return Ok(lock);
            }
            sleep(Duration::from_millis(50)).await;
        }
        let who = State::read(data).map_or_else(String::new, |it| format!(" (process {})", it.pid));
        bail!(
            "a platform runs on {}{who} already; use it, stop it, or name another directory with --data",
            data.display()
        )
    }
}
