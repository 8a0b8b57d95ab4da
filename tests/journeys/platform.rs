//! The platform as an operator runs it: `studium up` in a process of its own, and commands beside it.

use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use studium_broker::binary;
use studium_cli::platform::State;
use studium_log::{Durability, Log, LogConfig};
use studium_testkit::free_base;

/// A data directory and whatever runs on it.
pub struct World {
    folder: tempfile::TempDir,
    durability: Durability,
    up: Option<Child>,
    state: Value,
}

impl World {
    pub fn new(durability: Durability) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), durability, up: None, state: Value::Null }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self) -> Command {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
        command.arg("--json").arg("--data").arg(self.data());
        command.env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
        command
    }

    /// Starts the platform; returns when all services are ready.
    pub fn up(&mut self) {
        self.up_with(&[]);
    }

    /// The same with settings in the environment.
    pub fn up_with(&mut self, settings: &[(&str, &str)]) {
        let mut command = self.command();
        command.envs(settings.iter().copied());
        command.args(["up", "--durability", &self.durability.to_string(), "--port", &free_base().to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        self.state = serde_json::from_str(&line).expect("up says where it runs");
        self.up = Some(child);
    }

    /// Waits until the platform has ended by itself.
    pub fn wait_until_down(&mut self) {
        self.up.take().unwrap().wait().unwrap();
    }

    /// Stops the platform in good order.
    pub fn down(&mut self) {
        if let Some(mut up) = self.up.take() {
            signal("-TERM", up.id());
            assert!(up.wait().unwrap().success(), "the platform stops in good order");
        }
    }

    /// Ends one of its processes at once: `nats` or a service.
    pub fn kill(&self, victim: &str) {
        let pid = match victim {
            "nats" => self.state["nats_pids"][0].as_u64(),
            service => self.state["services"]
                .as_array()
                .unwrap()
                .iter()
                .find(|it| it["name"] == service)
                .and_then(|it| it["pid"].as_u64()),
        };
        signal("-KILL", u32::try_from(pid.unwrap()).unwrap());
    }

    /// Where one of its services answers.
    pub fn address(&self, service: &str) -> String {
        let services = self.state["services"].as_array().unwrap();
        services.iter().find(|it| it["name"] == service).unwrap()["address"].as_str().unwrap().to_owned()
    }

    /// Starts a command beside the platform.
    pub fn start(&self, args: &[&str]) -> Child {
        self.command().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        self.start(args).wait_with_output().unwrap()
    }

    /// Runs a command that must succeed and returns the last line that it printed.
    pub fn result(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{args:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(said.lines().last().unwrap_or("null")).unwrap()
    }

    /// The platform's log.
    pub async fn log(&self) -> Log {
        let url = State::read(&self.data()).unwrap().nats;
        Log::connect(&LogConfig { url, durability: self.durability, ..LogConfig::default() }).await.unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(mut up) = self.up.take() {
            signal("-TERM", up.id());
            let _ = up.wait();
        }
    }
}

fn signal(signal: &str, pid: u32) {
    let _ = Command::new("kill").arg(signal).arg(pid.to_string()).status();
}
