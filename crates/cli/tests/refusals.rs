//! What keeps a service from starting is one sentence on standard error that says what to do, and a non-zero exit.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    path::Path,
    process::{Command, Output},
};
use studium_log::Durability;
use studium_store::Store;

/// `serve enrolment` on a store in a folder, with a broker that nobody runs.
fn serve(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.args(["serve", "enrolment"]).env("STUDIUM_STORE_URL", store_url(folder));
    command.env("STUDIUM_NATS_URL", "nats://127.0.0.1:1");
    command.arg("--development-issuer").arg(folder.join("issuer.pk8"));
    // 32 bytes in Base64.
    let master_key = folder.join("master-key");
    fs::write(&master_key, format!("{}=", "A".repeat(43))).unwrap();
    command.env("STUDIUM_MASTER_KEY_FILE", master_key);
    command
}

fn store_url(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("enrolment.db").display())
}

/// The one sentence that a program which could not start leaves.
#[track_caller]
fn sentence(code: i32, output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said.strip_prefix("studium: ").expect("it says who speaks").trim_end().to_owned()
}

#[test]
fn an_unknown_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut up = Command::new(env!("CARGO_BIN_EXE_studium"));
    up.arg("--data").arg(folder.path().join("data")).arg("up").env("STUDIUM_STORE_ULR", "x");
    let said = sentence(1, &up.output().unwrap());
    assert_eq!(
        said,
        "STUDIUM_STORE_ULR is set but is no setting; unset it, or correct it: did you mean STUDIUM_STORE_URL?"
    );
    let said = sentence(1, &serve(folder.path()).env("STUDIUM_PORT", "7").output().unwrap());
    assert!(said.contains("STUDIUM_PORT is set but is no setting") && said.contains("STUDIUM_LISTEN"), "{said}");
    let said = sentence(2, &serve(folder.path()).args(["--lisen", "x"]).output().unwrap());
    assert!(said.contains("'--lisen'") && said.contains("'--listen'"), "{said}");
    let said = sentence(2, &serve(folder.path()).args(["--listen", "x"]).output().unwrap());
    assert!(said.contains("write host:port"), "{said}");
    assert!(!folder.path().join("enrolment.db").exists() && !folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_development_issuer_is_alone_and_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["STUDIUM_ISSUER", "STUDIUM_JWKS_URL"] {
        let mut up = Command::new(env!("CARGO_BIN_EXE_studium"));
        up.arg("--data").arg(folder.path().join("data")).arg("up").env(name, "https://id.example");
        let said = sentence(1, &up.output().unwrap());
        assert!(
            said.contains(&format!("{name} names an issuer for real people")) && said.contains("unset it"),
            "{said}"
        );
        let said = sentence(1, &serve(folder.path()).env(name, "https://id.example").output().unwrap());
        assert!(said.contains("--development-issuer") && said.contains("remove one"), "{said}");
    }
    let said = sentence(1, &serve(folder.path()).args(["--listen", "0.0.0.0:0"]).output().unwrap());
    assert!(said.contains("for this machine only") && said.contains("listen on 127.0.0.1"), "{said}");
    assert!(!folder.path().join("issuer.pk8").exists() && !folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_missing_broker_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let said = sentence(1, &serve(folder.path()).output().unwrap());
    assert!(
        said.contains("nobody answers at nats://127.0.0.1:1") && said.contains("start nats-server there"),
        "{said}"
    );
}

#[test]
fn a_broker_of_another_version_is_named_with_the_one_that_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let old = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let info = r#"{"server_id":"OLD","server_name":"old","version":"2.9.10","proto":1,"go":"go1.19","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"jetstream":true}"#;
        write!(client, "INFO {info}\r\n").unwrap();
        let said = BufReader::new(client.try_clone().unwrap()).lines();
        for _ in said.map_while(Result::ok).filter(|it| it == "PING") {
            // Whoever has read the version hangs up.
            let _ = client.write_all(b"PONG\r\n");
        }
    });
    let said = sentence(1, &serve(folder.path()).args(["--nats", &url]).output().unwrap());
    assert!(said.contains("is version 2.9.10; Studium needs 2.12 or later: upgrade it"), "{said}");
    old.join().unwrap();
}

#[test]
fn an_occupied_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let holder = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let taken = holder.local_addr().unwrap();
    let said = sentence(1, &serve(folder.path()).args(["--listen", &taken.to_string()]).output().unwrap());
    assert!(said.contains(&format!("`{taken}` is in use")) && said.contains("--listen"), "{said}");
}

#[tokio::test]
async fn a_store_that_another_process_has_and_one_that_cannot_be_written_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let broker = studium_testkit::nats(Durability::Process).await;
    let nats = broker.server.url();
    let held = Store::open(&store_url(folder.path())).await.unwrap();
    let said = sentence(1, &serve(folder.path()).args(["--nats", &nats]).output().unwrap());
    assert!(said.contains("is in use by another process; stop that one"), "{said}");
    drop(held);

    // A limit on the size of files stands for a full disk; the shell lets the service live on when it is met.
    let elsewhere = tempfile::tempdir().unwrap();
    let full = serve(elsewhere.path());
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(full.get_program()).args(full.get_args());
    limited.args(["--nats", &nats]).envs(full.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = sentence(1, &limited.output().unwrap());
    assert!(said.contains("is full or fails") && said.contains("free space on it"), "{said}");
}
