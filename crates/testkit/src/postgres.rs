//! A PostgreSQL to test on: the one that the environment names, or a temporary one of our own.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};
use studium_store::{__private::run_once, StoreError};

/// A `postgres://` URL of a server where databases may be created.
const URL: &str = "STUDIUM_TEST_POSTGRES";

/// Set to `1` where a run without PostgreSQL must fail.
const REQUIRED: &str = "STUDIUM_REQUIRE_POSTGRES";

/// Makes a cluster that listens on a socket only, says where it is, and removes it when its input ends:
/// that is when the test process is gone, however it went. If that is before anybody has read where it is, saying so
/// must not be the shell's own end: it would leave the cluster behind.
const SCRIPT: &str = r#"
set -e
export LC_ALL=C
trap '' PIPE
trap 'exit 1' HUP INT TERM
folder=$(mktemp -d "${TMPDIR:-/tmp}/studium-postgres.XXXXXX")
trap '"$1/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1; rm -rf "$folder"' EXIT
"$1/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --no-sync >"$folder/log" 2>&1
"$1/pg_ctl" -D "$folder/data" -l "$folder/log" -w \
    -o "-c listen_addresses= -c unix_socket_directories=$folder -c fsync=off -c max_connections=300 $2" start >/dev/null 2>&1
echo "$folder" 2>/dev/null
read -r _ || true
"#;

/// Whether it was said that there is no server.
static SAID: OnceLock<()> = OnceLock::new();

/// The shell that keeps the server; it ends with this process.
static CHILD: OnceLock<Child> = OnceLock::new();

/// A server where each test makes its own database.
#[derive(Debug, Clone)]
pub struct Postgres {
    /// The URL without the database, and what follows the database in it.
    parts: (String, String),
}

/// One test's database.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Its URL.
    pub url: String,
    name: String,
    server: Postgres,
}

/// The server for this process, or nothing when there is none; then one line says that PostgreSQL was skipped.
///
/// # Panics
/// When there is none and `STUDIUM_REQUIRE_POSTGRES=1`.
pub fn postgres() -> Option<Postgres> {
    static SERVER: OnceLock<Option<Postgres>> = OnceLock::new();
    let server = SERVER.get_or_init(|| match std::env::var(URL) {
        Ok(url) => Some(Postgres::at(&url)),
        Err(_) => binaries().and_then(|it| {
            let (child, folder) = start(&it, "")?;
            // Its input stays open as long as this process lives, and with it the cluster.
            CHILD.get_or_init(|| child);
            let parts = ("postgres://postgres@localhost".to_owned(), format!("?host={}", encode(&folder)));
            Some(Postgres { parts })
        }),
    });
    if server.is_none() {
        skipped();
    }
    server.clone()
}

/// Says that PostgreSQL was skipped.
///
/// # Panics
/// Where it must not be.
pub(crate) fn skipped() {
    assert!(
        std::env::var(REQUIRED).as_deref() != Ok("1"),
        "{REQUIRED}=1, but {URL} is not set and no PostgreSQL could be started: install one or set {URL}"
    );
    SAID.get_or_init(|| eprintln!("PostgreSQL was skipped: {URL} is not set and no pg_ctl was found"));
}

impl Postgres {
    fn at(url: &str) -> Self {
        let (front, query) = url.split_once('?').unwrap_or((url, ""));
        let front = front.trim_end_matches('/');
        // `postgres://host/database`: what comes after the third slash goes.
        let host = front.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        let tail = if query.is_empty() { String::new() } else { format!("?{query}") };
        Self { parts: (host, tail) }
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.parts.0, self.parts.1)
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server does not answer or its user may not make databases.
    pub async fn database(&self) -> Result<TestDatabase, StoreError> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("studium_test_{}_{number}", std::process::id());
        let admin = self.url("postgres");
        self.drop_database(&name).await?;
        run_once(&admin, &format!("CREATE DATABASE {name}")).await?;
        Ok(TestDatabase { url: self.url(&name), name, server: self.clone() })
    }

    /// Drops a database if it is there, whoever is still connected.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn drop_database(&self, name: &str) -> Result<(), StoreError> {
        studium_store::drop_database(&self.url("postgres"), name).await
    }
}

impl TestDatabase {
    /// Drops it, whoever is still connected.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn drop(self) -> Result<(), StoreError> {
        self.server.drop_database(&self.name).await
    }
}

/// The folder of `initdb` and `pg_ctl`, the newest version first.
pub(crate) fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|it| it.path().join("bin")).collect();
    folders.sort_by_key(|it| {
        let version = it.parent().and_then(Path::file_name).and_then(|it| it.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    let on_path = std::env::var_os("PATH").map(|it| std::env::split_paths(&it).collect::<Vec<_>>()).unwrap_or_default();
    folders.into_iter().chain(on_path).find(|it| it.join("initdb").exists() && it.join("pg_ctl").exists())
}

/// Whether we are root, whom PostgreSQL refuses to run as.
pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|it| it.stdout == b"0\n")
}

/// Starts a cluster with further options of the server, as another user when we are root. Says in which folder it is;
/// it ends with the child's input.
pub(crate) fn start(binaries: &Path, options: &str) -> Option<(Child, String)> {
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    // In a group of its own: what ends the test process and all its children would end the shell before the cluster.
    command.process_group(0);
    command.args(["-c", SCRIPT, "sh"]).arg(binaries).arg(options).current_dir("/").env_remove("PGDATA");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let mut folder = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut folder).ok()?;
    let folder = folder.trim();
    (!folder.is_empty()).then(|| (child, folder.to_owned()))
}

fn encode(path: &str) -> String {
    path.replace('/', "%2F")
}
