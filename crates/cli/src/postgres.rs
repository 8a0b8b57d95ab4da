//! A PostgreSQL server of a data directory's own: made at first use, started before the services and stopped after them.

use anyhow::{Context as _, Result, bail, ensure};
use std::{
    env, fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};
use studium_broker::process::{Process, command_line, interrupt, is_alive, stop_other};
use tokio::time::{Instant, sleep};

/// How long the server may take to start, which after a crash is to recover, and to stop.
const START: Duration = Duration::from_mins(2);
const STOP: Duration = Duration::from_secs(30);

/// Connections: ten replicas of five services with eight each, and some for people.
const CONNECTIONS: &str = "max_connections=420";

/// Whom PostgreSQL runs as where we are root, which it refuses: the user that packages bring along.
const OWNER: &str = "postgres";

/// A running server. Dropping it ends it at once.
pub struct Server {
    process: Process,
    url: String,
}

impl Server {
    /// Starts the server of a data directory; the first time it is made. It listens on a socket in there and nowhere else.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start; the sentence says what to do.
    pub async fn start(data: &Path) -> Result<Self> {
        let binaries =
            binaries().context("PostgreSQL is not installed here; install it, or name a server with --postgres")?;
        let dir = dir(data);
        let files = dir.join("data");
        if !files.join("PG_VERSION").exists() {
            make(&binaries, &dir, &files)?;
        }
        end_left_over(&files).await;
        let mut command = as_owner(&binaries.join("postgres"));
        command.arg("-D").arg(&files).args(["-c", "listen_addresses=", "-c", CONNECTIONS, "-c"]);
        command.arg(format!("unix_socket_directories={}", dir.display())).current_dir("/").env_remove("PGDATA");
        let process = Process::start("postgres", command, &data.join("log/postgres.log"))?;
        let socket = dir.display().to_string().replace('/', "%2F");
        let mut server = Self { process, url: format!("postgres://studium@localhost?host={socket}") };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// Whether a data directory has a server of its own; one that could not be made is none.
    pub fn is_in(data: &Path) -> bool {
        dir(data).join("data/PG_VERSION").exists()
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops it in good order.
    pub async fn stop(&mut self) {
        // Its fast shutdown; asked to end by SIGTERM it waits for everybody who is connected (pg_ctl: "smart").
        interrupt(self.process.pid());
        self.process.stop(STOP).await;
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + START;
        loop {
            if let Some(status) = self.process.has_ended() {
                bail!("PostgreSQL did not start ({status}): {}", self.process.last_words());
            }
            // Every server has this one, so nothing is made.
            match studium_store::create_database(&self.url, "postgres").await {
                Ok(_) => return Ok(()),
                Err(e) if Instant::now() > deadline => bail!("PostgreSQL does not become ready: {e}"),
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

fn dir(data: &Path) -> PathBuf {
    data.join("postgres")
}

/// The folder of `initdb` and `postgres`, the newest version first.
fn binaries() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|it| it.path().join("bin")).collect();
    let version = |it: &PathBuf| it.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    folders.sort_by_key(|it| std::cmp::Reverse(version(it)));
    let on_path = env::var_os("PATH").map(|it| env::split_paths(&it).collect::<Vec<_>>()).unwrap_or_default();
    folders.into_iter().chain(on_path).find(|it| it.join("initdb").exists() && it.join("postgres").exists())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout == b"0\n")
}

fn as_owner(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={OWNER}"), &format!("--regid={OWNER}"), "--clear-groups"]).arg(program);
    command
}

/// Makes an empty server. Who may enter the folder may use it, so nobody else may.
fn make(binaries: &Path, dir: &Path, files: &Path) -> Result<()> {
    if !dir.exists() {
        fs::DirBuilder::new().mode(0o700).create(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    }
    if is_root() {
        let given = Command::new("chown").arg(OWNER).arg(dir).status()?;
        ensure!(given.success(), "there is no user `{OWNER}` to run PostgreSQL as; it refuses to run as root");
    }
    let mut initdb = as_owner(&binaries.join("initdb"));
    initdb.arg("-D").arg(files).args(["-U", "studium", "-A", "trust", "-E", "UTF8", "--locale=C"]);
    let made = initdb.current_dir("/").env_remove("PGDATA").output().context("initdb cannot be started")?;
    let why = String::from_utf8_lossy(&made.stderr);
    let why = why.lines().last().unwrap_or_default();
    ensure!(
        made.status.success(),
        "PostgreSQL cannot be made in {} ({why}); as root, its user must be able to enter the folders above",
        dir.display()
    );
    Ok(())
}

/// A server that a killed process left running.
async fn end_left_over(files: &Path) {
    let pid_file = fs::read_to_string(files.join("postmaster.pid")).unwrap_or_default();
    let Some(pid) = pid_file.lines().next().and_then(|it| it.trim().parse().ok()) else { return };
    let place = files.display().to_string();
    if is_alive(pid) && command_line(pid).is_some_and(|it| it.contains(&place)) {
        interrupt(pid);
        stop_other(pid, STOP).await;
    }
}
