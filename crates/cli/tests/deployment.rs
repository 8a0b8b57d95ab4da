//! What operators run is what the services declare.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};
use studium_broker::{accounts, binary, http};
use studium_cli::supervise::SERVICES;
use studium_log::{Entry, Log, LogConfig, address};
use tokio::{sync::mpsc, time::timeout};

const HEADING: &str = "\
# Who may connect, and what each may ask: an account for each service, into which nothing leads but what it declares.
# Written by a test from the services' own declarations; do not edit it. After a change of them:
# `STUDIUM_TEST_ACCEPT_GOLDEN=1 cargo test -p studium-cli --test deployment`.
";

#[test]
fn the_brokers_accounts_are_what_services_declare() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nats/accounts.conf");
    let declared = SERVICES.map(|it| it.access());
    let wanted = format!("{HEADING}{}", accounts::deployed(&declared));
    if env::var_os("STUDIUM_TEST_ACCEPT_GOLDEN").is_some() {
        fs::write(&file, &wanted).unwrap();
    }
    let written = fs::read_to_string(file).unwrap();
    assert!(written == wanted, "deploy/nats/accounts.conf is not what the services declare; see its first lines");
}

/// What `studium-feedback --access` of the example says.
const FEEDBACK: &str = r#"{"feeds":[],"name":"feedback","reads":["enrolment"],"writes":["feedback.feedback"]}"#;

/// How long the server may take for a word.
const PATIENCE: Duration = Duration::from_secs(20);

/// A nats-server on a configuration; it ends with the test.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// On the accounts of a file; every password is the user's name turned round.
    async fn start(folder: &Path, users: &[&str]) -> Self {
        let (port, monitor) = (http::free_port().unwrap(), http::free_port().unwrap());
        let store = folder.join("nats").display().to_string();
        let conf = format!(
            "listen: \"127.0.0.1:{port}\"\nhttp: \"127.0.0.1:{monitor}\"\njetstream {{ store_dir: {store:?} }}\ninclude \"accounts.conf\"\n"
        );
        fs::write(folder.join("node.conf"), conf).unwrap();
        let mut command = Command::new(binary::find(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap().path);
        command.envs(users.iter().map(|it| (accounts::variable(it), format!("\"{}\"", password(it)))));
        let output = fs::File::create(folder.join("nats.log")).unwrap();
        let process = command.arg("-c").arg(folder.join("node.conf")).stderr(output).stdout(Stdio::null()).spawn();
        let server = Self { process: process.unwrap(), port };
        let is_up = async {
            while !http::get(&format!("127.0.0.1:{monitor}"), "/healthz").await.is_ok_and(|it| it.0 == 200) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let said = timeout(PATIENCE, is_up).await;
        assert!(said.is_ok(), "{}", fs::read_to_string(folder.join("nats.log")).unwrap());
        server
    }

    fn url(&self, user: &str) -> String {
        format!("nats://{user}:{}@127.0.0.1:{}", password(user), self.port)
    }

    async fn log(&self, user: &str) -> Log {
        Log::connect(&LogConfig { url: self.url(user), ..LogConfig::default() }).await.unwrap()
    }

    /// The server refuses that a user says this.
    async fn refuses(&self, user: &str, subject: &str) {
        let (tell, mut refusals) = mpsc::channel(64);
        let (servers, options) = address::connection(&self.url(user)).unwrap();
        let options = options.event_callback(move |event| {
            let _ = tell.try_send(event.to_string());
            async {}
        });
        let client = options.connect(servers).await.unwrap();
        client.publish(subject.to_owned(), "x".into()).await.unwrap();
        let wanted = format!("publish to \"{}\"", subject.to_lowercase());
        let refused = async { while !refusals.recv().await.unwrap().to_lowercase().contains(&wanted) {} };
        timeout(PATIENCE, refused).await.unwrap_or_else(|_| panic!("{user} may say {subject}"));
    }
}

fn password(user: &str) -> String {
    user.chars().rev().collect()
}

fn accounts_with(program: &Path, folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.current_dir(folder).args(["broker", "accounts", "--reader", "reports=feedback", "--with"]).arg(program);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_service_beside_the_platform_has_an_account_where_others_run_the_broker() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("studium-feedback");
    fs::write(&program, format!("#!/bin/sh\n[ \"$1\" = --access ] && echo '{FEEDBACK}'\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let written = accounts_with(&program, folder.path());
    assert!(written.lines().next().unwrap().contains("NATS_CAMPUS_PASSWORD, NATS_FEEDBACK_PASSWORD"), "{written}");
    fs::write(folder.path().join("accounts.conf"), written).unwrap();
    let users = [&SERVICES.map(|it| it.name)[..], &[accounts::OPERATOR, "feedback", "reports"]].concat();
    let server = Server::start(folder.path(), &users).await;

    let commit = |subject: &str| Entry::bare(subject, 0, "r", vec!["x".into()]);
    let (enrolment, feedback) = (server.log("enrolment").await, server.log("feedback").await);
    enrolment.open("enrolment").await.unwrap();
    enrolment.append(commit("enrolment.enrolment.r~l")).await.unwrap();
    feedback.open("feedback").await.unwrap();
    feedback.append(commit("feedback.feedback.r~l")).await.unwrap();
    for (reader, stream) in
        [(&feedback, "enrolment"), (&feedback, "feedback"), (&server.log("reports").await, "feedback")]
    {
        let mut follow = reader.follow(stream, 0);
        assert_eq!(timeout(PATIENCE, follow.next()).await.expect("commits in time").unwrap().len(), 1, "{stream}");
    }
    for subject in [
        "enrolment.enrolment.x",
        "feedback.other.x",
        "$JS.API.STREAM.DELETE.feedback",
        "$JS.API.STREAM.PURGE.enrolment",
        "$JS.API.STREAM.CREATE.catalogue",
        "$JS.API.STREAM.MSG.GET.campus",
        "$JS.API.STREAM.MSG.DELETE.KV_personal_keys",
        "partner_ou.enrolment.x",
    ] {
        server.refuses("feedback", subject).await;
    }
    for (other, subject) in [
        ("campus", "feedback.feedback.x"),
        ("campus", "$JS.API.STREAM.MSG.GET.feedback"),
        ("enrolment", "feedback.feedback.x"),
        ("reports", "feedback.feedback.x"),
        ("reports", "$JS.API.STREAM.MSG.GET.enrolment"),
    ] {
        server.refuses(other, subject).await;
    }
}

#[test]
fn what_is_no_service_gets_no_account() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    let output =
        command.current_dir(folder.path()).args(["broker", "accounts", "--with", "/bin/true"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("does not say what its service writes"), "{said}");
}
