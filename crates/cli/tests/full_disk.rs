//! A full disk: nothing acknowledged is lost, readiness says what to do, and all goes on by itself once there is room.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use serde_json::Value;
use std::{
    fmt::Write as _,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use studium_broker::{NatsServer, binary, http};
use studium_log::{AppendError, Durability, Entry, Log, LogConfig, LogError};
use studium_testkit::free_base;

const PATIENCE: Duration = Duration::from_mins(1);

fn studium(data: &Path) -> Command {
    let mut command = Command::new("sh");
    // A service that meets a limit of the system is told so instead of being ended.
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_studium")]);
    command.arg("--json").arg("--data").arg(data);
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    command.env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path).stdout(Stdio::piped());
    command
}

/// What `/readyz` says once `is_it` agrees.
async fn ready(address: &str, is_it: impl Fn(u16, &str) -> bool) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, body) = http::get(address, "/readyz").await.unwrap();
        if is_it(status, &body) {
            return body;
        }
        assert!(Instant::now() < deadline, "{status} {body}");
    }
}

/// The largest file that a process may write; stands for the room on its disk.
fn limit(pid: u64, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap());
    let maximum = getrlimit(Resource::Fsize).maximum;
    prlimit(pid, Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum }).unwrap();
}

#[tokio::test]
async fn views_stand_still_while_the_disk_of_their_store_is_full_and_go_on_by_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut up =
        studium(&data).args(["up", "--durability", "process", "--port", &free_base().to_string()]).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(up.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let state: Value = serde_json::from_str(&line).expect("up says where it runs");
    let (pid, address) =
        (state["services"][0]["pid"].as_u64().unwrap(), state["services"][0]["address"].as_str().unwrap());

    // What is written there already may be written again, and not a byte more.
    limit(pid, Some(fs::metadata(data.join("store/catalogue.db-wal")).unwrap().len()));
    let mut listing = "slug,title,institution\n".to_owned();
    for n in 0..200 {
        let _ = writeln!(listing, "course-{n},Course {n},University");
    }
    let file = folder.path().join("courses.csv");
    fs::write(&file, listing).unwrap();
    let import = studium(&data).args(["import", "catalogue"]).arg(&file).spawn().unwrap();
    let said = ready(address, |status, _| status == 503).await;
    assert!(said.contains("the views of `catalogue` stand still") && said.contains("free space on it"), "{said}");

    limit(pid, None);
    ready(address, |status, _| status == 200).await;
    let done = import.wait_with_output().unwrap();
    assert!(done.status.success(), "every course was taken in and can be found");
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["taken_in"], 200, "{report}");
    let verified = studium(&data).args(["log", "verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    assert!(Command::new("kill").arg("-TERM").arg(state["pid"].to_string()).status().unwrap().success());
    assert!(up.wait().unwrap().success());
}

#[tokio::test]
async fn a_broker_without_room_refuses_and_has_all_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let executable = binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path;
    let mut server = NatsServer::start(&executable, Durability::Disk, folder.path(), None).await.unwrap();
    // The server's own limit stands for the room on its disk.
    let room = async |server: &mut NatsServer, from: &str, to: &str| {
        server.stop().await;
        let config = folder.path().join("server-1.conf");
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(config, text.replace(from, to)).unwrap();
        server.restart().await.unwrap();
    };
    room(&mut server, "max_file_store: 1TB", "max_file_store: 1MB").await;
    let log = Log::connect(&LogConfig { url: server.url(), durability: Durability::Disk, ..LogConfig::default() })
        .await
        .unwrap();
    log.open("full").await.unwrap();
    let append = async |n: u32| {
        let entry = Entry::bare(&format!("full.a.{n}"), 0, &format!("r{n}"), vec![Bytes::from(vec![7; 100_000])]);
        log.append(entry).await
    };
    let mut acknowledged = 0;
    let refused = loop {
        match append(acknowledged).await {
            Ok(_) => acknowledged += 1,
            Err(e) => break e,
        }
    };
    assert!(acknowledged > 0 && acknowledged < 12, "{acknowledged}");
    assert!(matches!(refused, AppendError::Failed(LogError::Unreachable(_)) | AppendError::Unknown(_)), "{refused:?}");
    let trouble = log.trouble().expect("it is known that nothing can be written");
    assert!(trouble.contains("if its disk is full, free space there"), "{trouble}");

    room(&mut server, "max_file_store: 1MB", "max_file_store: 1TB").await;
    // The connection comes back by itself; what was refused may be said again.
    while append(acknowledged).await.is_err() {}
    assert_eq!(log.trouble(), None);
    for position in 1..=u64::from(acknowledged) + 1 {
        assert!(log.read("full", position).await.unwrap().is_some(), "{position}");
    }
    assert_eq!(log.head("full").await.unwrap(), u64::from(acknowledged) + 1);
    server.stop().await;
}
