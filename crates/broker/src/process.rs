//! One child process: its log file, whether it lives, and how it is stopped.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    process::{Child, ChildStdin},
    time::timeout,
};

/// Lines at the end of a log among which the last word is looked for.
const LAST_LINES: usize = 8;

/// A child process whose output goes to a file. Dropping it kills it.
pub struct Process {
    name: String,
    child: Child,
    /// Held beside the child, since waiting for a child closes its input. Closing it tells a service to drain.
    stdin: Option<ChildStdin>,
    pid: u32,
    log: PathBuf,
    /// Length of the log before this process wrote to it.
    log_start: u64,
}

impl Process {
    /// Starts `command` in a process group of its own, so that Ctrl-C in the terminal reaches only its parent.
    /// Its standard input is a pipe that closes when the parent ends, whatever ends the parent.
    pub fn start(name: &str, mut command: std::process::Command, log: &Path) -> Result<Self> {
        let file =
            open_log(log).with_context(|| format!("cannot write {}; make the directory writable", log.display()))?;
        let log_start = file.metadata().map(|it| it.len()).unwrap_or_default();
        let program = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file).process_group(0);
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {name} ({program})"))?;
        let pid = child.id().context("a process that was just started has no id")?;
        let stdin = child.stdin.take();
        Ok(Self { name: name.to_owned(), child, stdin, pid, log: log.to_owned(), log_start })
    }

    /// What it is called in messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id; stays the same after its end.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its exit status if it has ended.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits for its end, and says how it ended, with its last words.
    pub async fn ended(&mut self) -> String {
        let how = match self.child.wait().await {
            Ok(status) => status.to_string(),
            Err(e) => e.to_string(),
        };
        format!("{} stopped by itself ({how}); {}", self.name, self.last_words())
    }

    /// The last line that it wrote for people, and where the rest is.
    pub fn last_words(&self) -> String {
        let text = read_from(&self.log, self.log_start).unwrap_or_default();
        let log = self.log.display();
        let lines: Vec<_> = text.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        // While it says its last word, what still runs in it may log that it ends.
        match lines.iter().rev().take(LAST_LINES).find(|it| !it.starts_with('{')) {
            None if lines.is_empty() => format!("its log {log} is empty"),
            None => format!("see its log {log}"),
            Some(line) => format!("{} (log: {log})", line.strip_prefix("studium: ").unwrap_or(line)),
        }
    }

    /// Asks it to end (SIGTERM) and waits; after `patience` it is killed.
    pub async fn stop(&mut self, patience: Duration) {
        if self.has_ended().is_some() {
            return;
        }
        drop(self.stdin.take());
        signal(self.pid, Signal::TERM);
        if timeout(patience, self.child.wait()).await.is_err() {
            self.kill().await;
        }
    }

    /// Ends it at once, as `kill -9` does.
    pub async fn kill(&mut self) {
        // It may have ended by itself in this moment; then there is nothing to kill.
        let _ = self.child.kill().await;
    }
}

fn open_log(log: &Path) -> std::io::Result<File> {
    if let Some(dir) = log.parent() {
        std::fs::create_dir_all(dir)?;
    }
    OpenOptions::new().create(true).append(true).open(log)
}

fn read_from(log: &Path, start: u64) -> std::io::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    // The end is enough, and a log may be long.
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(16_384))))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Whether a process of this id lives.
pub fn is_alive(pid: u32) -> bool {
    as_pid(pid).is_some_and(|it| test_kill_process(it).is_ok()) && !is_zombie(pid)
}

/// The command line of a process, where the system tells.
pub fn command_line(pid: u32) -> Option<String> {
    if let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let output = std::process::Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Resident memory of a process in bytes, where the system tells.
pub fn memory_bytes(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Processor time that a process has used, its own and the system's for it, where the system tells.
pub fn cpu_time(pid: u32) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it may hold anything; user and system time are fields 14 and 15 (proc_pid_stat(5)).
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?;
    Some(Duration::from_secs(ticks) / u32::try_from(rustix::param::clock_ticks_per_second()).ok()?)
}

/// Asks a process to break off (SIGINT).
pub fn interrupt(pid: u32) {
    signal(pid, Signal::INT);
}

/// Lets a process stand still, or go on.
pub fn pause(pid: u32, stands_still: bool) {
    signal(pid, if stands_still { Signal::STOP } else { Signal::CONT });
}

/// Ends a process that is no child of this one: SIGTERM, and SIGKILL after `patience`.
/// The caller has made sure that it is ours.
pub async fn stop_other(pid: u32, patience: Duration) {
    signal(pid, Signal::TERM);
    if timeout(patience, gone(pid)).await.is_err() {
        signal(pid, Signal::KILL);
        let _ = timeout(Duration::from_secs(5), gone(pid)).await;
    }
}

/// Waits until no process of this id lives.
pub async fn gone(pid: u32) {
    while is_alive(pid) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tells a process to read its configuration again (SIGHUP). The caller has made sure that it is ours.
pub(crate) fn hang_up(pid: u32) {
    signal(pid, Signal::HUP);
}

fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = as_pid(pid) {
        // The only failure is that it has ended already.
        let _ = kill_process(pid, signal);
    }
}

fn as_pid(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

/// Ended, but nobody has asked how: on Linux such a process still has an id.
fn is_zombie(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|it| it.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('Z')))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn the_last_word_is_heard_among_what_is_logged_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        for (said, heard) in [
            ("echo '{\"a\":1}'; echo 'studium: it is full' >&2; echo '{\"closed\":1}'", "it is full (log: "),
            ("echo '{\"a\":1}'", "see its log "),
            ("true", "its log "),
        ] {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", said]);
            let mut process = Process::start("shell", shell, &log).unwrap();
            process.child.wait().await.unwrap();
            assert!(process.last_words().starts_with(heard), "{}", process.last_words());
        }
    }
}
