//! Access over NATS as an operator gives it on a running platform, and what nobody may read on the way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use async_nats::jetstream::{self, stream};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use studium_broker::{binary, partners};
use studium_cli::platform::State;
use studium_log::address;
use studium_testkit::free_base;

fn studium(data: &Path) -> Command {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.arg("--json").arg("--data").arg(data).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command
}

fn nats(data: &Path, args: &[&str]) -> Output {
    studium(data).args(["partners", "nats"]).args(args).output().unwrap()
}

fn done(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn sentence(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// How many messages a partner finds; an error if it does not get in.
async fn found(access: &Value) -> Result<u64, async_nats::ConnectError> {
    let (servers, options) = address::connection(access["servers"].as_str().unwrap()).unwrap();
    let client = options.nkey(access["seed"].as_str().unwrap().to_owned()).connect(servers).await?;
    let mirror = jetstream::new(client).get_stream(partners::MIRROR).await.unwrap();
    Ok(mirror.cached_info().state.messages)
}

/// A platform, and the first line that it says.
fn starts(data: &Path) -> (Child, String) {
    let mut up = studium(data);
    up.args(["up", "--durability", "process", "--port", &free_base().to_string()]);
    let mut up = up.stdout(Stdio::piped()).spawn().unwrap();
    let mut first_line = String::new();
    BufReader::new(up.stdout.as_mut().unwrap()).read_line(&mut first_line).unwrap();
    (up, first_line)
}

fn ends(mut up: Child) {
    assert!(Command::new("kill").arg("-TERM").arg(up.id().to_string()).status().unwrap().success());
    assert_eq!(up.wait().unwrap().code(), Some(0));
}

/// Waits until the mirror of `ou` is so far.
fn has_mirrored(data: &Path, last: u64) -> Value {
    let mut listed = Value::Null;
    for _ in 0..200 {
        listed = done(&nats(data, &["list"]));
        if listed["mirror"]["last_sequence"] == last {
            return listed;
        }
    }
    panic!("the mirror should be at {last}: {listed}");
}

/// As the enrolment service would.
async fn tell(data: &Path, many: usize) {
    let (servers, options) = address::connection(&State::read(data).unwrap().nats).unwrap();
    let platform = jetstream::new(options.connect(servers).await.unwrap());
    let (name, subjects) = ("partner_ou".to_owned(), vec!["partner_ou.>".to_owned()]);
    platform.create_stream(stream::Config { name, subjects, ..stream::Config::default() }).await.unwrap();
    for number in 0..many {
        let subject = format!("partner_ou.enrolment.run~{number}");
        platform.publish(subject, "{}".into()).await.unwrap().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_gives_changes_and_takes_access() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let said = sentence(&nats(&data, &["add", "ou"]));
    assert!(said.contains("nothing runs on") && said.contains("studium up"), "{said}");

    let (up, first_line) = starts(&data);
    tell(&data, 7).await;

    let first = done(&nats(&data, &["add", "ou"]));
    assert_eq!(first["stream"], "enrolments");
    assert!(!first["servers"].as_str().unwrap().contains('@'), "{first}");
    assert!(sentence(&nats(&data, &["add", "ou"])).contains("rotate"));
    assert!(sentence(&nats(&data, &["add", "o.u"])).contains("no institution"));
    let second = done(&nats(&data, &["rotate", "ou"]));
    assert_ne!(first["seed"], second["seed"]);
    assert!(found(&first).await.is_err());
    let listed = has_mirrored(&data, 7);
    assert_eq!(found(&second).await.unwrap(), 7);
    assert_eq!((&listed["institution"], &listed["public_key"]), (&json!("ou"), &second["public_key"]));

    let status = String::from_utf8(studium(&data).arg("status").output().unwrap().stdout).unwrap();
    let password = std::fs::read_to_string(data.join("nats/operator.password")).unwrap();
    let state = State::read(&data).unwrap();
    let mut told = first_line + &status + &listed.to_string();
    for pid in state.services.iter().map(|it| it.pid).chain(state.nats_pids).chain([state.pid]) {
        told += &studium_broker::process::command_line(pid).unwrap();
    }
    for log in std::fs::read_dir(data.join("log")).unwrap() {
        told += &std::fs::read_to_string(log.unwrap().path()).unwrap();
    }
    assert!(told.contains("--durability process") && told.contains("nats://enrolment:***@"), "settings are there");
    assert!(!told.contains(password.trim()), "the operator's password is seen");
    assert!(!told.contains(second["seed"].as_str().unwrap()), "a partner's key is seen");

    done(&nats(&data, &["remove", "ou"]));
    assert!(found(&second).await.is_err());
    assert!(sentence(&nats(&data, &["remove", "ou"])).contains("no access"));
    ends(up);
}

/// Takes everything of the mirrors from the broker's disk; says of how many.
fn lose_mirrors(dir: &Path) -> usize {
    let folders = std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    let lost = folders.map(|it| {
        if it.file_name().unwrap() != partners::MIRROR {
            return lose_mirrors(&it);
        }
        std::fs::remove_dir_all(it).unwrap();
        1
    });
    lost.sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mirror_that_was_lost_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let (up, _) = starts(&data);
    tell(&data, 7).await;
    done(&nats(&data, &["add", "ou"]));
    has_mirrored(&data, 7);
    ends(up);
    assert_eq!(lose_mirrors(&data.join("nats")), 1);
    let (up, _) = starts(&data);
    has_mirrored(&data, 7);
    ends(up);
}
