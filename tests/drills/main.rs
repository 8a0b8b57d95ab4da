//! The quick drills, on real processes: what is lost or killed under load leaves nothing wrong; and a checker that can say no.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod forged;
mod machine;

use std::path::Path;
use studium_broker::binary;
use studium_cli::{
    drill::{Drill, Plan, Report, play},
    platform::Setup,
    progress::Output,
};
use studium_log::Durability;

/// Plays a drill with few commands.
async fn played(drill: Drill, durability: Durability) -> Report {
    played_with(drill, plan(), |it| Setup { durability: Some(durability), ..it }).await
}

fn plan() -> Plan {
    Plan { rate: 60, commands: 100, replicas: 1, with: None }
}

async fn played_with(drill: Drill, plan: Plan, on: impl FnOnce(Setup) -> Setup) -> Report {
    let dir = tempfile::tempdir().unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned();
    binary::find(&cache).unwrap();
    let program = Some(env!("CARGO_BIN_EXE_studium").into());
    let setup = on(Setup { program, cache: Some(cache), ..Setup::new(dir.path(), Output::silent()) });
    play(drill, &setup, &plan, Output::silent()).await.unwrap()
}

/// Nothing is wrong, and something was looked at.
fn holds(report: &Report) {
    assert!(report.load.acknowledged >= 200, "{:?}", report.load);
    assert_eq!(report.load.unknown, 0, "{:?}", report.load);
    for finding in &report.findings {
        assert!(finding.checked > 0, "nothing was checked: {}", finding.rule);
        assert!(finding.breach_count == 0, "{}: {:#?}", finding.rule, finding.breaches);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_store_is_built_anew_from_the_log_under_load_and_forged_evidence_is_seen() {
    let report = played(Drill::Store, Durability::Disk).await;
    holds(&report);
    forged::every_forgery_is_seen(&report.evidence);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_broker_comes_back_from_the_journals() {
    holds(&played(Drill::Broker, Durability::Disk).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_broker_acknowledged_before_the_journals_had_it_is_said_again() {
    holds(&played(Drill::Broker, Durability::Process).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_of_three_nodes_go_on() {
    let report = played(Drill::Node, Durability::Replicated).await;
    holds(&report);
    assert!(report.load.refused.is_empty(), "{:?}", report.load.refused);
}
