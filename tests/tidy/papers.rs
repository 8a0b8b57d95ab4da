//! What the papers promise: the two commands, links that lead somewhere, pages that can be read in one go.

use crate::{files, none, read, root};

/// The whole project on a fresh clone, and how a check runs it: the demo with the program that the tests built, since
/// a build with optimisation takes as long as all tests.
const COMMANDS: &[(&str, &str)] =
    &[("cargo run --release -- demo", "\"$program\" demo"), ("cargo test --workspace", "cargo test --workspace")];

#[test]
fn ci_runs_the_commands_of_the_readme() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let mut wrong = Vec::new();
    for (command, run) in COMMANDS {
        if !readme.lines().any(|it| it.trim_start().starts_with(command)) {
            wrong.push(format!("README.md does not say `{command}`"));
        }
        if !ci.lines().any(|it| !it.trim_start().starts_with('#') && it.contains(run)) {
            wrong.push(format!(".ci/run does not run `{run}`"));
        }
    }
    none(&wrong, "what the README promises is what CI runs:");
}

#[test]
fn the_architecture_is_one_read() {
    let lines = read("docs/ARCHITECTURE.md").lines().count();
    assert!(lines <= 200, "docs/ARCHITECTURE.md has {lines} lines, 200 at most");
}

#[test]
fn decisions_have_one_shape() {
    let records: Vec<_> = files(&[".md"]).into_iter().filter(|it| it.path.starts_with("docs/decisions/")).collect();
    assert!(!records.is_empty(), "no decision record was found");
    let mut wrong = Vec::new();
    for (n, record) in records.iter().enumerate() {
        if !record.path.starts_with(&format!("docs/decisions/{:04}-", n + 1)) {
            wrong.push(format!("{}: numbers have no gap and are not used twice", record.path));
        }
        if record.text.lines().count() > 60 {
            wrong.push(format!("{}: one page, 60 lines at most", record.path));
        }
        for part in ["## Situation", "## Decision", "## Price", "## What would change our mind"] {
            if !record.text.lines().any(|it| it == part) {
                wrong.push(format!("{}: no `{part}`", record.path));
            }
        }
    }
    none(&wrong, "a decision record is one page in four parts:");
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for page in files(&[".md"]) {
        let path = root().join(&page.path);
        let folder = path.parent().expect("a file lies in a folder");
        for (n, line) in page.lines() {
            for link in line.split("](").skip(1).filter_map(|it| it.split(')').next()) {
                let target = link.split('#').next().unwrap_or_default();
                if !target.is_empty() && !link.contains("://") && !folder.join(target).exists() {
                    wrong.push(format!("{}:{n}: {link}", page.path));
                }
            }
        }
    }
    none(&wrong, "a link of a page leads to a file that is there:");
}
