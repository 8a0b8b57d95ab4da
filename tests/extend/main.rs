//! What others build upon a platform: a newcomer's service, written by `studium new` and built beside the workspace, and a reader in Python.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod platform;

use platform::{Platform, studium};
use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};
use tonic::Code;

/// What the newcomer calls it.
const NAME: &str = "study_notes";

/// Where cargo keeps what it builds: two folders above the one for tests' own files.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().to_owned()
}

fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// Writes the service and builds it with its own tests; gives its program.
fn make(dir: &Path) -> PathBuf {
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    succeeds(studium(dir).args(["new", NAME]).arg("--dir").arg(dir.join("own")).arg("--studium").arg(checkout));
    let mut build = Command::new(env!("CARGO"));
    build.args(["test", "--offline"]).current_dir(dir.join("own")).env("CARGO_TARGET_DIR", target());
    // What cargo tells those that it runs is about another package; how to build is for all.
    let stays = ["CARGO_HOME", "CARGO_BUILD_JOBS", "CARGO_TARGET_DIR", "CARGO_INCREMENTAL", "CARGO_PROFILE_"];
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
        if !stays.iter().any(|it| name.starts_with(it)) {
            build.env_remove(name);
        }
    }
    println!("{}", succeeds(&mut build));
    target().join(format!("debug/studium-{NAME}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomers_service_runs_with_the_platform() {
    if std::env::var_os("STUDIUM_TEST_EXTEND").is_none() {
        return println!("skipped: set STUDIUM_TEST_EXTEND, it builds for minutes; `.ci/run extend` does");
    }
    let dir = tempfile::tempdir().unwrap();
    let program = make(dir.path());

    // All this happens before the service exists.
    succeeds(studium(dir.path()).args(["--json", "demo", "--keep", "--durability", "process"]));
    let platform = Platform::up(dir.path(), [OsStr::new("--with"), program.as_os_str()]);
    let (run, learner) = platform.somebody_enrolled();
    let write = format!("{NAME}.v1.StudyNotesService/WriteNote");
    let (own, others) = (platform.token("learner", &learner), platform.token("learner", "somebody-else"));
    let note = [&*run, &*learner, "read chapter 3"];
    assert_eq!(platform.ask(NAME, &write, Some(&own), &note).await, Code::Ok, "{learner} was in {run} all along");
    assert_eq!(platform.ask(NAME, &write, Some(&others), &note).await, Code::PermissionDenied);
    assert_eq!(platform.ask(NAME, &write, None, &note).await, Code::Unauthenticated);
    let never = [&*run, "somebody-else", "hello"];
    assert_eq!(platform.ask(NAME, &write, Some(&others), &never).await, Code::FailedPrecondition);

    let commits = platform.commits(NAME);
    assert_eq!(commits.len(), 1, "one command was decided: {commits:?}");
    assert_eq!(commits[0]["subject"], format!("{NAME}.note.{run}~{learner}"));
    succeeds(studium(dir.path()).args(["log", "verify", "--service", NAME]));
    platform.the_broker_keeps_it_to_what_it_declares(NAME).await;
}

/// The stock client of NATS and the published protos.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_in_python_misses_no_enrolment() {
    let Some(python) = std::env::var_os("STUDIUM_TEST_READER_PYTHON") else {
        return println!("skipped: set STUDIUM_TEST_READER_PYTHON to what examples/python-enrolments needs");
    };
    let dir = tempfile::tempdir().unwrap();
    succeeds(studium(dir.path()).args(["--json", "demo", "--keep", "--durability", "process"]));
    let platform = Platform::up(dir.path(), ["--reader", "reports=enrolment"].map(OsStr::new));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/python-enrolments/enrolments.py");
    let read = || {
        let mut command = Command::new("python3");
        command.arg(&script).arg(platform.nats()).arg("reports").arg(platform.password_file("reports"));
        succeeds(command.arg(dir.path().join("enrolments.db")).env("PYTHONPATH", &python))
    };
    let said = read();
    println!("{said}");

    let commits = platform.commits("enrolment");
    let all = commits.len();
    assert!(said.contains(&format!("{all} commits taken in, {all} in all, none missed")), "{all}: {said}");
    let of_enrolments = commits.iter().filter(|it| it["subject"].as_str().unwrap().starts_with("enrolment.enrolment."));
    let subjects: BTreeSet<_> = of_enrolments.clone().map(|it| it["subject"].to_string()).collect();
    let counted = said.lines().skip(1).map(|it| it.rsplit_once(' ').unwrap().1.parse::<usize>().unwrap());
    assert_eq!(counted.sum::<usize>(), subjects.len());
    let completed = of_enrolments.filter(|it| it["events"].to_string().contains("EnrolmentCompleted")).count();
    assert!(completed > 0 && said.lines().any(|it| it == format!("completed {completed}")), "{completed}: {said}");

    assert!(read().starts_with("0 commits taken in"), "the second run goes on where the first ended");
    platform.the_broker_keeps_it_to_what_it_declares("reports").await;
}
