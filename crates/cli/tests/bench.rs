//! The benches of mentorship, credentials and the import on small numbers: they come to their end, and their figures
//! agree.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[expect(dead_code, reason = "the import itself compares its results")]
#[path = "../../../tests/journeys/registry.rs"]
mod registry;

use serde_json::Value;
use std::{path::Path, process::Command};
use studium_broker::binary;

#[test]
fn a_small_cohort_is_mentored_alone_and_together() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.current_dir(dir.path()).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command.args(["--json", "bench", "mentorship", "--profile", "process", "--seconds", "0.2"]);
    let output = command.args(["--learners", "60", "--mentors", "5"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let it = &told["mentorship"]["process"];
    assert_eq!((it["learners"].as_u64(), it["mentors"].as_u64()), (Some(60), Some(5)), "{it}");
    let [alone, together] = ["alone", "together"].map(|way| it["fit"][way]["assigned"].as_u64().unwrap());
    assert!(alone > 0 && alone <= together, "{it}");
    assert_eq!(together, it["together"]["cohort"]["matched"], "{it}");
    for (part, name) in [("alone", "at_once"), ("together", "")] {
        let figures = if name.is_empty() { &it[part] } else { &it[part][name] };
        assert!(figures["assignments_per_second"].as_f64().unwrap() > 0.0, "{figures}");
        assert!(figures["ratio_to_limit"].as_f64().unwrap() > 0.0, "{figures}");
    }
    for cohort in [&it["together"]["cohort"], &it["scarce"]] {
        let of = |name: &str| cohort[name].as_u64().unwrap();
        assert!((of("matched"), of("score")) >= (of("greedy_matched"), of("greedy_score")), "{cohort}");
    }
    assert_eq!(it["scarce"]["places"], 54, "{it}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_few_credentials_are_signed_issued_and_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.current_dir(dir.path()).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command.args(["--json", "bench", "credentials", "--profile", "process", "--seconds", "0.2", "--credentials", "12"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let it = &told["credentials"]["process"];
    let rate = |name: &str| it["core"][name].as_f64().unwrap();
    assert!(rate("proof_and_token_per_second") > 0.0 && rate("checks_per_second") > 0.0, "{it}");
    assert!(rate("proof_and_token_per_second") < rate("bare_signatures_per_second"), "{it}");
    assert_eq!((&it["issuing"]["credentials"], &it["revocation_to_visible"]["revocations"]), (&12.into(), &12.into()));
    assert!(it["revocation_to_visible"]["p99_ms"].as_f64().unwrap() < 60_000.0, "within a minute: {it}");
}

#[test]
fn a_registry_is_imported_and_the_memory_after_it_told() {
    let (dir, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    registry::write(files.path()).unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_studium"));
    command.current_dir(dir.path()).env("STUDIUM_NATS_SERVER", binary::find(cache).unwrap().path);
    command.args(["--json", "bench", "import", "--profile", "process", "--seconds", "0.2", "--registry"]);
    let output = command.arg(files.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let it = &told["import"]["process"];
    let of = |name: &str| it[name].as_f64().unwrap();
    // Each becomes known, by an external id, and enrols; half of them or more have results and an end.
    assert!(of("commits") >= f64::from(registry::LEARNERS * 4), "{it}");
    assert!((of("commits") / of("seconds") - of("per_second")).abs() < 1.0, "{it}");
    assert!((of("per_second") / of("limit_per_second") - of("ratio_to_limit")).abs() < 0.01, "{it}");
    let memory = it["memory_mb"].as_object().unwrap();
    assert_eq!(memory.len(), 5, "one for each service: {it}");
    assert!(memory.values().all(|it| it.as_f64().unwrap() > 1.0), "{it}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
}
