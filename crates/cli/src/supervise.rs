//! The processes of a platform: nats-server and one per service, started in order, watched, stopped in order.

use crate::{
    member::{self, Member},
    platform::{Lock, Platform, ServiceState, Setup, State},
    progress::{Output, Progress},
    stores,
    transport::Transport,
};
use anyhow::{Context, Result, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};
use studium_broker::{
    NatsServer, accounts, binary,
    certificates::Certificates,
    disk, http, partners,
    process::{self, Process},
    services::{self, ServiceAccess},
};
use studium_log::Durability;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

/// A service that the platform runs.
pub struct Entry {
    /// Its name, which is its stream's.
    pub name: &'static str,
    /// Its port is the first port and so many more.
    pub offset: u16,
    /// The list of its parts.
    pub parts: fn() -> studium_kit::Service,
}

impl Entry {
    /// What the broker lets the service do: what its parts declare.
    pub fn access(&self) -> ServiceAccess {
        let parts = (self.parts)();
        let owned = |it: &&'static str| (*it).to_owned();
        ServiceAccess {
            name: self.name.to_owned(),
            writes: parts.writes().iter().map(owned).collect(),
            reads: parts.reads().iter().map(owned).collect(),
            feeds: parts.feed_sorts().iter().map(owned).collect(),
            reads_only: false,
        }
    }
}

/// Every service, in the order in which they are started.
pub const SERVICES: [Entry; 5] = [
    Entry { name: "catalogue", offset: 1, parts: studium_catalogue::service },
    Entry { name: "enrolment", offset: 2, parts: studium_enrolment::service },
    Entry { name: "mentorship", offset: 3, parts: studium_mentorship::service },
    Entry { name: "credentials", offset: 4, parts: studium_credentials::service },
    Entry { name: "campus", offset: 5, parts: studium_campus::service },
];

/// The service that strangers ask.
const CREDENTIALS: &str = "credentials";

/// The broker's port is the first port and so many more.
const NATS_OFFSET: u16 = 22;

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

/// How often certificates are signed anew; they are good for a month.
const SIGN_EVERY: Duration = Duration::from_hours(24 * 10);

/// How often the broker is asked whether it can write.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// How long a service may give the same answer instead of becoming ready.
const STUCK: Duration = Duration::from_mins(2);

/// The running processes. Dropping them ends them at once.
pub struct Processes {
    setup: Setup,
    data: PathBuf,
    members: Vec<Member>,
    state: State,
    nats: NatsServer,
    services: Vec<Process>,
    /// What need not be done before people can work.
    later: JoinSet<()>,
    _lock: Lock,
}

impl Processes {
    /// Starts everything and waits until all services are ready.
    ///
    /// # Errors
    /// With one sentence that says what to do; what was started by then is ended.
    pub async fn start(setup: &Setup) -> Result<Self> {
        crate::token::refuse_beside_another_issuer()?;
        let lock = Lock::hold(&setup.data).await?;
        let setup = &stores::settle(setup)?;
        let members = member::all(&setup.with)?;
        let data = fs::canonicalize(&setup.data)?;
        disk::demand_room(&data)?;
        end_left_over(&data).await;
        if let Some(base) = setup.port {
            for member in &members {
                let port = base + member.offset;
                ensure!(http::is_free(port), "port {port} is taken; stop what uses it, or choose others with --port");
            }
        }
        let spinner = setup.output.spinner("starting");
        let nats = start_nats(setup, &members, &data, &spinner).await?;
        let state = State {
            pid: std::process::id(),
            durability: nats.durability(),
            nats: nats.url(),
            nats_pids: nats.pids(),
            store: if setup.postgres.is_some() { "postgres" } else { "sqlite" }.to_owned(),
            services: vec![],
            ready: false,
        };
        state.write(&data)?;
        let (setup, services, later) = (setup.clone(), vec![], JoinSet::new());
        let mut all = Self { setup, data, members, state, nats, services, later, _lock: lock };
        for index in 0..all.members.len() {
            all.start_service(index).await?;
        }
        for index in 0..all.members.len() {
            if let Err(e) = all.wait_until_ready(index, &spinner).await {
                all.stop().await;
                return Err(e);
            }
        }
        all.state.ready = true;
        all.state.write(&all.data)?;
        let (dir, output) = (nats_dir(&all.data), all.setup.output);
        all.later.spawn(open_mirrors(dir.clone(), output));
        all.later.spawn(renew_certificates(dir, member::names(&all.members, &all.setup.readers), output));
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
            let services = self.services.iter_mut().map(|it| Box::pin(it.ended()));
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
        futures::future::join_all(self.services.iter_mut().map(|it| it.stop(DRAIN))).await;
        self.nats.stop().await;
        State::remove(&self.data);
    }

    /// The broker, for tests that kill it.
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// Ends one service at once, as `kill -9` does.
    pub async fn kill_service(&mut self, name: &str) {
        for process in self.services.iter_mut().filter(|it| it.name() == name) {
            process.kill().await;
        }
    }

    /// Starts a service that has ended again, on its old address, and waits until it is ready.
    pub async fn restart_service(&mut self, name: &str) -> Result<()> {
        let index = self.members.iter().position(|it| it.name == name).context("there is no such service")?;
        let listen = self.state.services[index].address.clone();
        self.services[index] = self.spawn(&self.members[index], &listen).await?;
        self.state.services[index].pid = self.services[index].pid();
        self.state.write(&self.data)?;
        let spinner = self.setup.output.spinner("starting");
        self.wait_until_ready(index, &spinner).await
    }

    async fn start_service(&mut self, index: usize) -> Result<()> {
        let member = &self.members[index];
        let port = match self.setup.port {
            Some(base) => base + member.offset,
            // Credentials name the address at which strangers find them, so it must be known beforehand.
            None if member.name == CREDENTIALS => http::free_port()?,
            None => 0,
        };
        let process = self.spawn(member, &format!("127.0.0.1:{port}")).await?;
        let state = ServiceState { name: member.name.clone(), address: String::new(), pid: process.pid() };
        self.services.push(process);
        self.state.services.push(state);
        self.state.write(&self.data)
    }

    async fn spawn(&self, member: &Member, listen: &str) -> Result<Process> {
        let name = &*member.name;
        let _ = fs::remove_file(address_file(&self.data, name));
        let store = stores::url(&self.setup, &self.data, name).await?;
        let mut command = member.command(self.setup.program.as_deref())?;
        command
            .args(["--with-parent", "--listen", listen])
            .arg("--address-file")
            .arg(address_file(&self.data, name))
            .args(["--durability", &self.state.durability.to_string()])
            .args(["--development-issuer"])
            .arg(crate::token::key_file(&self.data))
            // Not arguments: these URLs hold passwords, and arguments are public.
            .env("STUDIUM_NATS_URL", self.nats.url_of(name)?)
            .env("STUDIUM_STORE_URL", store);
        // What is said above must not be mixed with what somebody set for a service of their own.
        command.envs(self.setup.settings.iter().map(|(name, value)| (*name, value)));
        command.envs(crate::operator_key::settings(name, &self.data, listen)?);
        for name in OF_UP {
            command.env_remove(name);
        }
        if let Some(it) = Certificates::of(&nats_dir(&self.data)) {
            command.env("STUDIUM_TLS_CERT", it.identity(name)).env("STUDIUM_TLS_KEY", it.identity(name));
        }
        Process::start(name, command, &self.data.join(format!("log/{name}.log")))
    }

    async fn wait_until_ready(&mut self, index: usize, spinner: &Progress) -> Result<()> {
        let transport = Transport::of(&self.data)?;
        let mut answer = String::new();
        let mut since = Instant::now();
        loop {
            let process = &mut self.services[index];
            if let Some(status) = process.has_ended() {
                bail!("{} did not start ({status}): {}", process.name(), process.last_words());
            }
            let service = &mut self.state.services[index];
            if let Ok(address) = fs::read_to_string(address_file(&self.data, &service.name)) {
                service.address = address;
            }
            let now = match transport.get(&service.address, "/readyz").await {
                Ok((200, _)) => return Ok(()),
                Ok((_, body)) => body.trim().to_owned(),
                Err(e) => e.to_string(),
            };
            spinner.message(format!("{}: {now}", service.name));
            if now != answer {
                (answer, since) = (now, Instant::now());
            }
            if since.elapsed() > STUCK {
                bail!("{} does not become ready ({answer}); {}", process.name(), process.last_words());
            }
            sleep(Duration::from_millis(30)).await;
        }
    }
}

async fn start_nats(setup: &Setup, members: &[Member], data: &Path, spinner: &Progress) -> Result<NatsServer> {
    let cache = setup.cache.clone().unwrap_or_else(|| data.join("cache"));
    spinner.message(if binary::is_cached(&cache) { "nats-server" } else { "looking for nats-server, or fetching it" });
    let found = tokio::task::spawn_blocking(move || binary::find(&cache)).await??;
    for note in &found.notes {
        setup.output.note(note);
    }
    spinner.message("nats-server");
    let dir = nats_dir(data);
    let durability = setup.durability.or_else(|| NatsServer::made_for(&dir)).unwrap_or_default();
    let port = setup.port.map(|base| base + NATS_OFFSET);
    services::declare(&dir, &member::access(members, &setup.readers)?)?;
    if setup.tls || Certificates::of(&dir).is_some() {
        Certificates::sign(&dir, &certified(&member::names(members, &setup.readers)))?;
    }
    NatsServer::start(&found.path, durability, &dir, port).await
}

/// Who connects to the broker with a certificate.
fn certified(services: &[String]) -> Vec<&str> {
    services.iter().map(String::as_str).chain([accounts::OPERATOR]).collect()
}

/// Signs certificates anew long before they run out, if there are any.
async fn renew_certificates(dir: PathBuf, services: Vec<String>, output: Output) {
    while Certificates::of(&dir).is_some() {
        sleep(SIGN_EVERY).await;
        if let Err(e) = Certificates::renew(&dir, &certified(&services)).await {
            output.note(format!("certificates cannot be signed anew: {e:#}; start again within three weeks"));
        }
    }
}

/// Makes mirrors of partners' feeds anew that were lost with the broker's data. All else works without them.
async fn open_mirrors(dir: PathBuf, output: Output) {
    let listed = partners::list(&dir).unwrap_or_else(|e| {
        output.note(format!("partners who read over NATS are unknown: {e:#}"));
        vec![]
    });
    for it in listed {
        if let Err(e) = partners::open_mirror(&dir, &it.institution).await {
            output.note(format!("{e:#}; `studium partners nats list` says how far each mirror is"));
        }
    }
}

/// Where the broker of a data directory keeps what is its own.
pub fn nats_dir(data: &Path) -> PathBuf {
    data.join("nats")
}

/// Starts only the broker on a directory on which nothing runs: for work on the log itself.
pub async fn nats_alone(setup: &Setup) -> Result<(NatsServer, Lock)> {
    let lock = Lock::hold(&setup.data).await?;
    let data = fs::canonicalize(&setup.data)?;
    end_left_over(&data).await;
    let spinner = setup.output.spinner("starting");
    let nats = start_nats(setup, &member::all(&setup.with)?, &data, &spinner).await?;
    spinner.finish();
    Ok((nats, lock))
}

/// Services whose parent was killed drain by themselves; they are waited for, since they hold their stores.
/// A broker that was left over is ended by [`NatsServer::start`].
async fn end_left_over(data: &Path) {
    let Some(state) = State::read(data) else { return };
    let ours = |it: &&ServiceState| {
        let file = address_file(data, &it.name).display().to_string();
        process::is_alive(it.pid) && process::command_line(it.pid).is_some_and(|line| line.contains(&file))
    };
    for service in state.services.iter().filter(ours) {
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
