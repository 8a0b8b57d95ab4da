//! Partners that read their feed over NATS: who has access, and how it is given, changed and taken away while all runs.

use crate::{
    accounts,
    mirror::{self, Progress},
    reload, secret,
};
use anyhow::{Context as _, Result, bail, ensure};
use nkeys::KeyPair;
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::{Instant, sleep};

pub use mirror::MIRROR;

/// Who has access.
const FILE: &str = "partners.json";

/// How long somebody else's change is waited for.
const PATIENCE: Duration = Duration::from_mins(2);

/// The longest id of an institution, characters; as in the contract.
const ID_MAX: usize = 128;

/// A partner that has access.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partner {
    /// The institution whose feed it reads.
    pub institution: String,
    /// The public half of its key; the private half is not kept.
    pub public_key: String,
    /// When it got this key, Unix ms.
    pub since_ms: i64,
}

/// What a partner is given, once.
pub struct Access {
    /// The partner.
    pub partner: Partner,
    /// The private half of its key.
    pub seed: String,
    /// Where it connects to, with commas.
    pub servers: String,
}

/// Gives an institution access to the mirror of its feed, which is made.
///
/// # Errors
/// When it has access already, or the servers on `dir` do not take it.
pub async fn add(dir: &Path, institution: &str) -> Result<Access> {
    ensure!(is_id(institution), "`{institution}` is no institution: an id is 1 to 128 characters of A-Z a-z 0-9 _ -");
    give(dir, institution, |partners| match find(partners, institution) {
        Some(_) => bail!("{institution} has access already; `rotate` gives it another key"),
        None => Ok(()),
    })
    .await
}

/// Gives an institution another key; the one that it had ends at once. Its mirror and its consumers stay.
///
/// # Errors
/// When it has no access, or the servers on `dir` do not take it.
pub async fn rotate(dir: &Path, institution: &str) -> Result<Access> {
    give(dir, institution, |partners| {
        let at = find(partners, institution).with_context(|| unknown(institution))?;
        partners.remove(at);
        Ok(())
    })
    .await
}

/// Takes an institution's access and its mirror away; its feed stays.
///
/// # Errors
/// When it has no access, or the servers on `dir` do not answer.
pub async fn remove(dir: &Path, institution: &str) -> Result<()> {
    let dir = &fs::canonicalize(dir)?;
    let _lock = lock(dir).await?;
    let mut partners = read(dir)?;
    let at = find(&partners, institution).with_context(|| unknown(institution))?;
    mirror::close(dir, institution).await?;
    let old = partners.clone();
    partners.remove(at);
    put(dir, &old, &partners).await
}

/// Who has access, in order of the institutions.
///
/// # Errors
/// When it cannot be read.
pub fn list(dir: &Path) -> Result<Vec<Partner>> {
    read(dir)
}

/// How far the mirror of a partner is; `None` when there is none.
///
/// # Errors
/// When the servers on `dir` do not answer.
pub async fn progress(dir: &Path, institution: &str) -> Result<Option<Progress>> {
    mirror::progress(&fs::canonicalize(dir)?, institution).await
}

/// Makes the mirror of an institution's feed if it has access and no mirror: when its feed is opened, or was built anew.
/// Says whether it has access.
///
/// # Errors
/// When the servers on `dir` do not answer.
pub async fn open_mirror(dir: &Path, institution: &str) -> Result<bool> {
    let dir = &fs::canonicalize(dir)?;
    let _lock = lock(dir).await?;
    if find(&read(dir)?, institution).is_none() {
        return Ok(false);
    }
    mirror::open(dir, institution).await?;
    Ok(true)
}

async fn give(
    dir: &Path,
    institution: &str,
    make_room: impl FnOnce(&mut Vec<Partner>) -> Result<()>,
) -> Result<Access> {
    let dir = &fs::canonicalize(dir).with_context(|| format!("nothing was ever started on {}", dir.display()))?;
    let _lock = lock(dir).await?;
    let servers = reload::addresses(dir)?;
    let old = read(dir)?;
    let mut partners = old.clone();
    make_room(&mut partners)?;
    let key = KeyPair::new_user();
    let seed = key.seed().context("no key can be made")?;
    let partner =
        Partner { institution: institution.to_owned(), public_key: key.public_key(), since_ms: studium_log::now_ms() };
    partners.push(partner.clone());
    partners.sort_by(|a, b| a.institution.cmp(&b.institution));
    put(dir, &old, &partners).await?;
    let opened = mirror::open(dir, institution).await;
    opened.with_context(|| format!("{institution} has access, but its key is lost; `rotate` gives it another"))?;
    Ok(Access { partner, seed, servers })
}

/// Puts one list in the place of another, here and in the servers; or leaves all as it was.
async fn put(dir: &Path, old: &[Partner], new: &[Partner]) -> Result<()> {
    write(dir, new)?;
    let taken = reload::reload(dir).await;
    if taken.is_err() {
        write(dir, old)?;
        // What failed once may fail again; the first failure is the one to tell of.
        let _ = reload::reload(dir).await;
    }
    taken
}

fn write(dir: &Path, partners: &[Partner]) -> Result<()> {
    secret::replace(&file(dir), &serde_json::to_vec_pretty(partners)?)?;
    accounts::write(dir)
}

fn read(dir: &Path) -> Result<Vec<Partner>> {
    let file = file(dir);
    let shown = file.display();
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{shown} is not as it was written")),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(e).with_context(|| format!("cannot read {shown}")),
    }
}

fn file(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

fn find(partners: &[Partner], institution: &str) -> Option<usize> {
    partners.iter().position(|it| it.institution == institution)
}

fn unknown(institution: &str) -> String {
    format!("{institution} has no access over NATS; `add` gives it")
}

/// What may be part of a name of an account, a stream and a subject; as in the contract.
fn is_id(text: &str) -> bool {
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-".contains(&it))
}

/// Held by whoever changes the list.
async fn lock(dir: &Path) -> Result<File> {
    let path = dir.join("partners.lock");
    let shown = path.display();
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("cannot write {shown}"))?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(Duration::from_millis(50)).await,
            Err(e) => return Err(e).with_context(|| format!("cannot lock {shown}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_could_mean_more_than_a_name_is_no_institution() {
        assert!(is_id("ou-2026_B") && is_id(&"x".repeat(128)));
        for wrong in ["", "a.b", "*", ">", "a b", "a\"", "é", "$SYS", &"x".repeat(129)] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }
}
