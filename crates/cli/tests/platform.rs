//! The platform as a person runs it: up, used, killed, up again, stopped; and what wrong use gets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};
use studium_broker::{binary, process::is_alive};
use studium_testkit::free_base;

const PATIENCE: Duration = Duration::from_mins(1);

fn studium(data: &Path) -> Command {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.arg("--data").arg(data).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command
}

fn run(data: &Path, args: &[&str]) -> Output {
    studium(data).args(args).output().unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Value> {
    String::from_utf8_lossy(bytes).lines().map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// Starts `up` on ports that are free, and returns it with what it says of itself.
fn up(data: &Path, port: u16) -> (Child, Value) {
    started(studium(data).args(["--json", "up", "--durability", "process", "--port", &port.to_string()]))
}

fn started(up: &mut Command) -> (Child, Value) {
    let mut child = up.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).expect("up says where it runs"))
}

fn pids(state: &Value) -> Vec<u32> {
    let nats = state["nats_pids"].as_array().unwrap().iter().cloned();
    let services = state["services"].as_array().unwrap().iter().map(|it| it["pid"].clone());
    nats.chain(services).map(|it| u32::try_from(it.as_u64().unwrap()).unwrap()).collect()
}

fn terminate(child: &mut Child) -> Option<i32> {
    assert!(Command::new("kill").arg("-TERM").arg(child.id().to_string()).status().unwrap().success());
    child.wait().unwrap().code()
}

#[test]
fn up_is_used_killed_started_again_and_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let data: PathBuf = dir.path().join("data");
    let port = free_base();
    let (mut first, state) = up(&data, port);
    assert_eq!(state["services"][1]["address"], format!("127.0.0.1:{}", port + 2));

    let status = run(&data, &["status", "--json"]);
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let status = &lines(&status.stdout)[0];
    assert_eq!(status["durability"], "process");
    assert!(status["services"][0]["memory_bytes"].as_u64().unwrap() > 1_000_000);

    let second = run(&data, &["up"]);
    assert_eq!(second.status.code(), Some(1));
    let sentence = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(sentence.contains("a platform runs on") && sentence.lines().count() == 1, "{sentence}");

    for args in [&["views", "list"][..], &["parked", "list"], &["log", "verify"], &["log", "tail"]] {
        let output = run(&data, args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    what_goes_on_is_shown(&data);

    // The services see their parent's end by themselves; the broker is found and ended by the next start.
    let old = pids(&state);
    first.kill().unwrap();
    first.wait().unwrap();
    let (mut again, state) = up(&data, port);
    assert!(old.iter().all(|it| !is_alive(*it)), "something of the killed platform still runs");

    assert_eq!(terminate(&mut again), Some(0));
    let deadline = Instant::now() + PATIENCE;
    while pids(&state).iter().any(|it| is_alive(*it)) {
        assert!(Instant::now() < deadline, "something still runs after `up` has ended");
    }
    assert_eq!(run(&data, &["status"]).status.code(), Some(1));
}

/// Somebody watches while somebody else commands.
fn what_goes_on_is_shown(data: &Path) {
    let watch = studium(data).args(["--json", "status", "--watch", "1"]).stdout(Stdio::piped()).spawn();
    let mut watch = watch.unwrap();
    let mut rounds = BufReader::new(watch.stdout.take().unwrap())
        .lines()
        .map(|it| serde_json::from_str::<Value>(&it.unwrap()).unwrap()["services"][1].take());
    let quiet = rounds.next().unwrap();
    assert_eq!(quiet["service"], "enrolment", "{quiet}");
    assert!(run(data, &["partners", "open", "ou"]).status.success());
    let busy = rounds.take(60).find(|it| it["p50_ms"].is_f64()).expect("a round with a command");
    assert!(busy["commands"]["accepted"].as_f64().unwrap() > 0.0, "{busy}");
    assert_eq!(busy["replicas"][0]["commands"], busy["commands"], "one process is all there is: {busy}");
    // What nobody reads any more ends.
    watch.kill().unwrap();
    watch.wait().unwrap();
}

#[test]
fn a_service_that_dies_ends_up_with_its_name_and_last_words() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = studium(dir.path())
        .args(["--json", "up", "--durability", "process", "--port", &free_base().to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let state: Value = serde_json::from_str(&line).unwrap();
    let victim = state["services"][1]["pid"].to_string();
    assert!(Command::new("kill").arg("-KILL").arg(victim).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(sentence.contains("enrolment stopped by itself") && sentence.contains("enrolment.log"), "{sentence}");
    assert!(pids(&state).iter().all(|it| !is_alive(*it)), "something still runs");
}

#[test]
fn wrong_use_is_told_apart_from_failure() {
    let dir = tempfile::tempdir().unwrap();
    for wrong in
        [&[][..], &["no-such-command"], &["up", "--durability", "fast"], &["token", "--role", "x", "--ttl", "soon"]]
    {
        assert_eq!(run(dir.path(), wrong).status.code(), Some(2), "{wrong:?}");
    }
    let failed = run(dir.path(), &["status"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("`studium up` starts it"));
    let failed = run(dir.path(), &["serve", "kitchen", "--store", "sqlite:x.db"]);
    assert!(String::from_utf8_lossy(&failed.stderr).contains("the services are catalogue, enrolment"));
}

#[test]
fn an_occupied_port_and_a_missing_broker_are_one_sentence_each() {
    let dir = tempfile::tempdir().unwrap();
    let base = free_base();
    let _taken = std::net::TcpListener::bind(("127.0.0.1", base + 2)).unwrap();
    let failed = run(dir.path(), &["up", "--port", &base.to_string()]);
    assert_eq!(failed.status.code(), Some(1));
    let sentence = String::from_utf8_lossy(&failed.stderr).into_owned();
    let taken = base + 2;
    assert_eq!(sentence, format!("studium: port {taken} is taken; stop what uses it, or choose others with --port\n"));

    let failed = studium(dir.path()).arg("up").env("STUDIUM_NATS_SERVER", "/nowhere/nats-server").output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("correct it or unset it"));
}

#[tokio::test]
async fn a_directory_keeps_its_postgresql_and_the_environment_says_how_durable() {
    let Some(server) = studium_testkit::postgres() else { return };
    for service in ["catalogue", "enrolment", "mentorship", "credentials", "campus"] {
        server.drop_database(&format!("studium_{service}")).await.unwrap();
    }
    let dir = tempfile::tempdir().unwrap();
    let port = free_base().to_string();
    let up = |args: &[&str]| {
        let mut command = studium(dir.path());
        command.env("STUDIUM_DURABILITY", "process").args(["--json", "up", "--port", &port]).args(args);
        command
    };
    let (mut first, state) = started(&mut up(&["--postgres", &server.url("postgres")]));
    assert_eq!((&state["store"], &state["durability"]), (&"postgres".into(), &"process".into()));
    assert_eq!(terminate(&mut first), Some(0));

    let other = up(&["--postgres", "postgres://studium:secret@elsewhere:5433"]).output().unwrap();
    let sentence = String::from_utf8_lossy(&other.stderr).into_owned();
    assert_eq!((other.status.code(), sentence.lines().count()), (Some(1), 1), "{sentence}");
    assert!(sentence.contains("not on postgres://elsewhere:5433; leave --postgres out"), "{sentence}");

    let (mut again, state) = started(&mut up(&["--durability", "disk"]));
    assert_eq!((&state["store"], &state["durability"]), (&"postgres".into(), &"disk".into()));
    assert_eq!(terminate(&mut again), Some(0));
    assert!(!dir.path().join("store/enrolment.db").exists());

    let wrong = up(&[]).env("STUDIUM_DURABILITY", "fast").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    let replicated = up(&[]).env("STUDIUM_DURABILITY", "replicated").output().unwrap();
    let sentence = String::from_utf8_lossy(&replicated.stderr).into_owned();
    assert!(sentence.contains("was made with one server and cannot become `replicated`"), "{sentence}");
}
