//! A newcomer's service: written by `studium new`, built beside the workspace, and run with a real platform.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod platform;

use platform::{Platform, studium};
use std::{
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
    // What cargo tells those that it runs is about another package.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CARGO_")) {
        if !["CARGO_HOME", "CARGO_BUILD_JOBS"].contains(&&*name) && name != "CARGO_TARGET_DIR" {
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
    let platform = Platform::up(dir.path(), &program);
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
