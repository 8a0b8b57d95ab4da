//! Drills that take what not every machine gives: root for a small disk and networks of their own, `libfaketime`,
//! PostgreSQL and another version of the platform. `.ci/run drills` plays them.

use super::{holds, plan, played, played_with};
use std::{env::var_os, path::Path};
use studium_cli::{
    drill::{Drill, Plan},
    platform::Setup,
};
use studium_log::Durability;

/// Whether somebody asks for them.
fn is_wanted() -> bool {
    let it = var_os("STUDIUM_TEST_DRILLS").is_some();
    if !it {
        println!("skipped: set STUDIUM_TEST_DRILLS, it needs root and libfaketime; `.ci/run drills` does");
    }
    it
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing() {
    if is_wanted() {
        holds(&played(Drill::Disk, Durability::Disk).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_changes_nothing_but_times() {
    if is_wanted() {
        holds(&played(Drill::Clock, Durability::Disk).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_cannot_reach_each_other_go_on_by_the_third() {
    if is_wanted() {
        holds(&played(Drill::Partition, Durability::Replicated).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_versions_run_side_by_side() {
    if !is_wanted() {
        return;
    }
    let next = Path::new(env!("CARGO_BIN_EXE_studium")).with_file_name("examples").join("next");
    let plan = Plan { replicas: 2, with: Some(next), ..plan() };
    let on = |it| Setup { own_postgres: true, replicas: 2, durability: Some(Durability::Disk), ..it };
    holds(&played_with(Drill::Roll, plan, on).await);
}
