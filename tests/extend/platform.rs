//! `studium up --with` in a process of its own, asked over gRPC in bytes and over NATS as the service itself.

use bytes::Bytes;
use serde_json::Value;
use std::{
    ffi::OsStr,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use studium_broker::binary;
use studium_testkit::{Raw, free_base};
use tonic::{Code, Request, client::Grpc, transport::Endpoint};

/// The program on the data directory in a folder.
pub fn studium(dir: &Path) -> Command {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.arg("--data").arg(dir.join("data")).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command
}

/// A platform that runs, with a service beside its own.
pub struct Platform {
    dir: PathBuf,
    up: Child,
    state: Value,
}

impl Platform {
    pub fn up(dir: &Path, beside: [&OsStr; 2]) -> Self {
        let mut command = studium(dir);
        command.args(["--json", "up", "--durability", "process", "--port", &free_base().to_string()]);
        let mut up = command.args(beside).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(up.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let state = serde_json::from_str(&line).expect("up says where it runs");
        Self { dir: dir.to_owned(), up, state }
    }

    pub fn token(&self, role: &str, subject: &str) -> String {
        let output = studium(&self.dir).args(["token", "--role", role, "--subject", subject]).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// What a service's stream holds, one commit after the other.
    pub fn commits(&self, service: &str) -> Vec<Value> {
        let output =
            studium(&self.dir).args(["--json", "log", "tail", "--from", "1", "--service", service]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).lines().map(|it| serde_json::from_str(it).unwrap()).collect()
    }

    /// A run and a learner who is in it.
    pub fn somebody_enrolled(&self) -> (String, String) {
        let commits = self.commits("enrolment");
        let enrolled =
            commits.iter().find(|it| it["events"][0]["event"] == "EnrolmentRequested").expect("the demo enrols");
        let subject = enrolled["subject"].as_str().unwrap();
        let (run, learner) = subject.rsplit_once('.').unwrap().1.split_once('~').unwrap();
        (run.to_owned(), learner.to_owned())
    }

    /// Makes a call with texts as the first fields of its request, once the service has seen all there is.
    pub async fn ask(&self, service: &str, rpc: &str, token: Option<&str>, texts: &[&str]) -> Code {
        let services = self.state["services"].as_array().unwrap();
        let address = services.iter().find(|it| it["name"] == service).unwrap()["address"].as_str().unwrap();
        let mut client =
            Grpc::new(Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap());
        let mut message = Vec::new();
        for (text, number) in texts.iter().zip(1..) {
            prost::encoding::string::encode(number, &(*text).to_owned(), &mut message);
        }
        let mut request = Request::new(Bytes::from(message));
        if let Some(token) = token {
            request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        }
        client.ready().await.unwrap();
        let answer = client.unary(request, format!("/{rpc}").parse().unwrap(), Raw).await;
        answer.map_or_else(|it| it.code(), |_| Code::Ok)
    }

    /// The broker's address, without a user.
    pub fn nats(&self) -> &str {
        self.state["nats"].as_str().unwrap()
    }

    /// The file with a user's password for the broker.
    pub fn password_file(&self, user: &str) -> PathBuf {
        self.dir.join(format!("data/nats/{user}.password"))
    }

    /// With the service's own password one reads what it follows, and changes nothing.
    pub async fn the_broker_keeps_it_to_what_it_declares(&self, service: &str) {
        let password = std::fs::read_to_string(self.password_file(service)).unwrap().trim().to_owned();
        let options = async_nats::ConnectOptions::with_user_and_password(service.to_owned(), password);
        let client = options.connect(self.nats()).await.unwrap();
        let mut streams = async_nats::jetstream::new(client);
        streams.set_timeout(Duration::from_secs(2));
        assert!(streams.get_stream("enrolment").await.is_ok(), "it follows enrolment");
        assert!(streams.get_stream("campus").await.is_err(), "it does not follow the campus");
        assert!(streams.delete_stream("enrolment").await.is_err());
        let forged = streams.publish("enrolment.enrolment.a~b", "forged".into()).await.unwrap().await;
        assert!(forged.is_err(), "nobody writes another's stream");
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.up.id().to_string()]).status();
        let _ = self.up.wait();
    }
}
