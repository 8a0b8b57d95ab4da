//! The server goes with the process that wanted it, however that process goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, missing_docs, reason = "tests")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};
use studium_broker::process::is_alive;
use studium_testkit::postgres;

/// Tells the process that [`holder`] starts what it is there for.
const HOLDS: &str = "STUDIUM_TEST_HOLDS";

/// Says where the server is and waits to be killed.
fn hold() {
    println!("\nserver: {}", postgres().unwrap().url("postgres"));
    let _ = std::io::stdin().read(&mut [0]);
}

/// Whether a server can be started; one that the environment names is not ours to end.
fn is_installed() -> bool {
    let look = "command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl";
    Command::new("sh").args(["-c", look]).output().unwrap().status.success()
}

/// A process that holds a server, this program again: the leader of a group, with all that its server writes in a folder.
fn holder(folder: &Path) -> Child {
    // The server runs as another user when we are root.
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "a_server_ends_with_a_process_whose_whole_group_is_killed", "--nocapture"]);
    command
        .env(HOLDS, "1")
        .env_remove("STUDIUM_TEST_POSTGRES")
        .env("STUDIUM_REQUIRE_POSTGRES", "1")
        .env("TMPDIR", folder)
        .process_group(0);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
}

fn cluster(folder: &Path) -> Option<PathBuf> {
    fs::read_dir(folder).unwrap().flatten().map(|it| it.path()).next()
}

fn kill(whom: &str) {
    assert!(Command::new("kill").args(["-KILL", "--", whom]).status().unwrap().success());
}

#[track_caller]
fn within_30_s(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        sleep(Duration::from_millis(50));
    }
    panic!("after 30 s it is still not so that {what}");
}

#[test]
fn a_server_ends_with_a_process_whose_whole_group_is_killed() {
    if std::env::var_os(HOLDS).is_some() {
        return hold();
    }
    if !is_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut holder = holder(folder.path());
    let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).find(|it| it.starts_with("server: ")).expect("it says where the server is");
    let data = cluster(folder.path()).unwrap().join("data");
    let pid_file = fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let server: u32 = pid_file.lines().next().unwrap().parse().unwrap();
    assert!(is_alive(server));
    kill(&format!("-{}", holder.id()));
    holder.wait().unwrap();
    within_30_s("the server is gone", || !is_alive(server));
    within_30_s("its files are gone", || cluster(folder.path()).is_none());
}

#[test]
fn a_server_ends_with_a_process_that_is_killed_before_it_is_ready() {
    if !is_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut holder = holder(folder.path());
    within_30_s("the server is being made", || cluster(folder.path()).is_some());
    kill(&holder.id().to_string());
    holder.wait().unwrap();
    within_30_s("its files are gone", || cluster(folder.path()).is_none());
}
