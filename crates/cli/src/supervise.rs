//! The processes of a platform: nats-server and one per service, started in order, watched, stopped in order.

pub use crate::{
    nats::{nats_alone, nats_dir},
    services::{Entry, SERVICES},
};

use crate::{
    nats::{open_mirrors, renew_certificates, start_nats},
    platform::{Lock, Platform, ServiceState, Setup, State},
    postgres::Server,
    progress::Progress,
    services::{CREDENTIALS, ports},
    stores,
    transport::Transport,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use studium_broker::{
    NatsServer,
    certificates::Certificates,
    disk, http,
    process::{self, Process},
};
use studium_log::Durability;
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinSet,
    time::{Instant, sleep},
};

/// Settings of services that `up` makes itself.
const OF_UP: [&str; 6] = [
    "STUDIUM_AUDIENCE",
    "STUDIUM_ROLES_CLAIM",
    "STUDIUM_INSTITUTIONS_CLAIM",
    "STUDIUM_TLS_CERT",
    "STUDIUM_TLS_KEY",
    "STUDIUM_TLS_CLIENT_CA",
];

/// How long a service may drain before it is killed; a little more than it gives itself.
const DRAIN: Duration = Duration::from_secs(35);

/// How often the broker is asked whether it can write.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a service may give the same answer instead of becoming ready.
const STUCK: Duration = Duration::from_mins(2);

/// The running processes. Dropping them ends them at once.
pub struct Processes {
    setup: Setup,
    data: PathBuf,
    state: State,
    nats: NatsServer,
    services: Vec<Replica>,
    /// What need not be done before people can work.
    later: JoinSet<()>,
    /// The directory's own.
    postgres: Option<Server>,
    _lock: Lock,
}

/// One process of a service.
struct Replica {
    entry: &'static Entry,
    /// Counted from 1.
    number: u16,
    /// Where it listens, or an address without a port yet.
    address: String,
    process: Process,
}

impl Replica {
    /// As logs and files call it.
    fn name(&self) -> String {
        replica_name(self.entry.name, self.number)
    }
}

/// The first replica has the service's name.
fn replica_name(service: &str, number: u16) -> String {
    if number == 1 { service.to_owned() } else { format!("{service}-{number}") }
}

impl Processes {
    /// Starts everything and waits until all services are ready.
    ///
    /// # Errors
    /// With one sentence that says what to do; what was started by then is ended.
    pub async fn start(setup: &Setup) -> Result<Self> {
        crate::token::refuse_beside_another_issuer()?;
        let lock = Lock::hold(&setup.data).await?;
        let data = fs::canonicalize(&setup.data)?;
        disk::demand_room(&data)?;
        end_left_over(&data).await;
        let (setup, postgres) = &mut stores::served(setup, &data).await?;
        let postgres = postgres.take();
        ensure!(
            setup.replicas == 1 || setup.postgres.is_some(),
            "several processes of a service share a store only on PostgreSQL; add --store postgres, or name a server with --postgres"
        );
        if let Some(base) = setup.port {
            for port in ports(base, setup.replicas) {
                ensure!(http::is_free(port), "port {port} is taken; stop what uses it, or choose others with --port");
            }
        }
        let spinner = setup.output.spinner("starting");
        let nats = start_nats(setup, &data, &spinner).await?;
        let state = State {
            pid: std::process::id(),
            durability: nats.durability(),
            nats: nats.url(),
            nats_pids: nats.pids(),
            store: if setup.postgres.is_some() { "postgres" } else { "sqlite" }.to_owned(),
            services: vec![],
            replicas: vec![],
            ready: false,
        };
        state.write(&data)?;
        let mut all = Self {
            setup: setup.clone(),
            data,
            state,
            nats,
            services: vec![],
            later: JoinSet::new(),
            postgres,
            _lock: lock,
        };
        for (entry, number) in SERVICES.iter().flat_map(|it| (1..=setup.replicas).map(move |number| (it, number))) {
            all.start_service(entry, number).await?;
        }
        for index in 0..all.services.len() {
            if let Err(e) = all.wait_until_ready(index, &spinner).await {
                all.stop().await;
                return Err(e);
            }
        }
        all.state.ready = true;
        all.write()?;
        all.later.spawn(open_mirrors(nats_dir(&all.data), setup.output));
        all.later.spawn(renew_certificates(nats_dir(&all.data), setup.output));
        spinner.finish();
        Ok(all)
    }

    /// What commands see of it.
    pub fn platform(&self) -> Platform {
        Platform { data: self.data.clone(), state: self.state.clone(), output: self.setup.output }
    }

    /// Waits until a process ends by itself, and says which and how. Meanwhile a broker whose disk was full is
    /// started again once there is room.
    pub async fn failed(&mut self) -> String {
        let mut told = None;
        loop {
            let services = self.services.iter_mut().map(|it| Box::pin(it.process.ended()));
            tokio::select! {
                why = self.nats.ended() => return why,
                (why, _, _) = futures::future::select_all(services) => return why,
                () = sleep(LOOK_EVERY) => {}
            }
            let trouble = self.nats.trouble().await;
            if let Some(why) = &trouble
                && trouble != told
            {
                self.setup.output.note(format!("{why}: it goes on by itself then"));
            }
            told = trouble;
            if told.is_some()
                && disk::has_room(&nats_dir(&self.data))
                && let Err(e) = self.start_nats_again().await
            {
                return format!("{e:#}");
            }
        }
    }

    async fn start_nats_again(&mut self) -> Result<()> {
        self.nats.start_again().await?;
        self.state.nats_pids = self.nats.pids();
        self.state.write(&self.data)
    }

    /// Stops everything in good order: the services drain while the broker still answers.
    pub async fn stop(&mut self) {
        self.later.shutdown().await;
        futures::future::join_all(self.services.iter_mut().map(|it| it.process.stop(DRAIN))).await;
        self.nats.stop().await;
        if let Some(it) = &mut self.postgres {
            it.stop().await;
        }
        State::remove(&self.data);
    }

    /// The broker, for tests that kill it.
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// How the platform was started; what services are told may be changed for those that are started from now on.
    pub fn setup(&mut self) -> &mut Setup {
        &mut self.setup
    }

    /// Ends all replicas of a service at once, as `kill -9` does.
    pub async fn kill_service(&mut self, name: &str) {
        for it in self.services.iter_mut().filter(|it| it.entry.name == name) {
            it.process.kill().await;
        }
    }

    /// Stops one replica of a service, counted from 1, in good order.
    pub async fn stop_replica(&mut self, name: &str, number: u16) {
        for it in self.services.iter_mut().filter(|it| it.entry.name == name && it.number == number) {
            it.process.stop(DRAIN).await;
        }
    }

    /// Starts the replicas of a service that have ended again, on their old addresses, and waits until they are ready.
    pub async fn restart_service(&mut self, name: &str) -> Result<()> {
        for index in 0..self.services.len() {
            let it = &mut self.services[index];
            if it.entry.name != name || it.process.has_ended().is_none() {
                continue;
            }
            let (entry, number, listen) = (it.entry, it.number, it.address.clone());
            self.services[index].process = self.spawn(entry, number, &listen).await?;
            self.write()?;
            let spinner = self.setup.output.spinner("starting");
            self.wait_until_ready(index, &spinner).await?;
        }
        Ok(())
    }

    async fn start_service(&mut self, entry: &'static Entry, number: u16) -> Result<()> {
        let port = match self.setup.port {
            Some(base) => entry.port(base, number),
            // Credentials name the address at which strangers find them, so it must be known beforehand.
            None if entry.name == CREDENTIALS => http::free_port()?,
            None => 0,
        };
        let address = format!("127.0.0.1:{port}");
        let process = self.spawn(entry, number, &address).await?;
        self.services.push(Replica { entry, number, address, process });
        self.write()
    }

    /// Writes down what runs.
    fn write(&mut self) -> Result<()> {
        let state = |it: &Replica| ServiceState {
            name: it.entry.name.to_owned(),
            address: it.address.clone(),
            pid: it.process.pid(),
        };
        let (first, others): (Vec<_>, Vec<_>) = self.services.iter().partition(|it| it.number == 1);
        self.state.services = first.into_iter().map(state).collect();
        self.state.replicas = others.into_iter().map(state).collect();
        self.state.write(&self.data)
    }

    async fn spawn(&self, entry: &Entry, number: u16, listen: &str) -> Result<Process> {
        let (name, replica) = (entry.name, replica_name(entry.name, number));
        let _ = fs::remove_file(address_file(&self.data, &replica));
        let program = match &self.setup.program {
            Some(it) => it.clone(),
            None => std::env::current_exe().context("cannot find the program that runs; start it by its path")?,
        };
        let store = stores::url(&self.setup, &self.data, name).await?;
        let mut command = Command::new(program);
        command
            .args(["serve", name, "--with-parent", "--listen", listen])
            .arg("--address-file")
            .arg(address_file(&self.data, &replica))
            .args(["--durability", &self.state.durability.to_string()])
            .args(["--development-issuer"])
            .arg(crate::token::key_file(&self.data))
            // Not arguments: these URLs hold passwords, and arguments are public.
            .env("STUDIUM_NATS_URL", self.nats.url_of(name)?)
            .env("STUDIUM_STORE_URL", store);
        // What is said above must not be mixed with what somebody set for a service of their own.
        command.envs(self.setup.settings.iter().map(|(name, value)| (*name, value)));
        // All replicas are found at the address of the first.
        let first = self.services.iter().find(|it| it.entry.name == name).map_or(listen, |it| &it.address);
        command.envs(crate::operator_key::settings(name, &self.data, first)?);
        for name in OF_UP {
            command.env_remove(name);
        }
        if let Some(it) = Certificates::of(&nats_dir(&self.data)) {
            command.env("STUDIUM_TLS_CERT", it.identity(name)).env("STUDIUM_TLS_KEY", it.identity(name));
        }
        Process::start(&replica, command, &self.data.join(format!("log/{replica}.log")))
    }

    async fn wait_until_ready(&mut self, index: usize, spinner: &Progress) -> Result<()> {
        let transport = Transport::of(&self.data)?;
        let mut answer = String::new();
        let mut since = Instant::now();
        loop {
            let it = &mut self.services[index];
            if let Some(status) = it.process.has_ended() {
                bail!("{} did not start ({status}): {}", it.name(), it.process.last_words());
            }
            if let Ok(address) = fs::read_to_string(address_file(&self.data, &it.name())) {
                it.address = address;
            }
            let now = match transport.get(&it.address, "/readyz").await {
                Ok((200, _)) => return Ok(()),
                Ok((_, body)) => body.trim().to_owned(),
                Err(e) => e.to_string(),
            };
            spinner.message(format!("{}: {now}", it.name()));
            if now != answer {
                (answer, since) = (now, Instant::now());
            }
            if since.elapsed() > STUCK {
                bail!("{} does not become ready ({answer}); {}", it.name(), it.process.last_words());
            }
            sleep(Duration::from_millis(30)).await;
        }
    }
}

/// Services whose parent was killed drain by themselves; they are waited for, since they hold their stores.
/// A broker that was left over is ended by [`NatsServer::start`].
pub async fn end_left_over(data: &Path) {
    let Some(state) = State::read(data) else { return };
    let ours = |it: &&ServiceState| {
        // The beginning of what all replicas are told.
        let file = data.join(format!("run/{}", it.name)).display().to_string();
        process::is_alive(it.pid) && process::command_line(it.pid).is_some_and(|line| line.contains(&file))
    };
    for service in state.services.iter().chain(&state.replicas).filter(ours) {
        process::stop_other(service.pid, DRAIN).await;
    }
    State::remove(data);
}

/// Where a service writes the address that it listens on.
fn address_file(data: &Path, service: &str) -> PathBuf {
    data.join(format!("run/{service}.address"))
}

/// The profile in a sentence, for people who must know what an acknowledgement is worth.
pub fn promise(durability: Durability) -> &'static str {
    match durability {
        Durability::Replicated => {
            "replicated: an acknowledged command is synced to disk on two of three nodes and survives the loss of a node and a power cut"
        }
        Durability::Disk => "disk: an acknowledged command is synced to disk and survives a power cut",
        Durability::Process => {
            "process: an acknowledged command survives kill -9 but not a power cut; for tests and bulk loads"
        }
    }
}

/// Waits for Ctrl-C, SIGTERM or the end of the terminal; listens from the moment it is called.
pub fn interrupted() -> Result<impl Future<Output = ()>> {
    let mut kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()]
        .into_iter()
        .map(signal)
        .collect::<std::io::Result<Vec<_>>>()?;
    Ok(async move {
        futures::future::select_all(kinds.iter_mut().map(|it| Box::pin(it.recv()))).await;
    })
}
