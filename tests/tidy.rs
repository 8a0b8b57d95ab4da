//! House rules that no compiler checks: who may depend on whom, what a file says of itself, what the papers promise.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

#[path = "tidy/access.rs"]
mod access;
#[path = "tidy/contract.rs"]
mod contract;
#[path = "tidy/crates.rs"]
mod crates;
#[path = "tidy/papers.rs"]
mod papers;
#[path = "tidy/sources.rs"]
mod sources;

use std::{
    fs,
    path::{Path, PathBuf},
};

/// One file of the project.
struct Source {
    /// Path from the root, with `/`.
    path: String,
    text: String,
}

impl Source {
    /// Lines with their numbers, from 1.
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(n, line)| (n + 1, line))
    }

    /// Tests, examples and benches may panic, print and wait.
    fn is_test(&self) -> bool {
        let folders = ["tests/", "examples/", "benches/", "crates/testkit/"];
        self.path.ends_with("/tests.rs")
            || folders.iter().any(|it| self.path.starts_with(it) || self.path.contains(&format!("/{it}")))
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_path_buf()
}

/// All files of the project whose name ends so, in order; what a build or a run writes is left out.
fn files(endings: &[&str]) -> Vec<Source> {
    let (root, mut found) = (root(), Vec::new());
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["target", ".git", "studium-data", "node_modules"].contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if endings.iter().any(|it| name.ends_with(it)) {
                let short = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                // A file may vanish between the listing and the reading; one that is no text is not ours to judge.
                if let Ok(text) = fs::read_to_string(&path) {
                    found.push(Source { path: short, text });
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Fails with everything that is wrong at once, a line each.
#[track_caller]
fn none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}\n  {}\n", wrong.join("\n  "));
}
