//! Rows of a roster from a OneRoster 1.1 export in CSV: users with their role and organisation.
//!
//! Exports in the wild name their files `users.csv` or `users_v1p1.csv`, leave out properties of the manifest and the
//! last line's end. Only what would let people leave wrongly is an error.

use super::{
    super::rows::{Row, Table, name},
    source::{Source, unreadable},
};
use anyhow::{Context as _, Result, bail};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
};
use studium_proto::campus::v1::{RosterFormat, RosterRow};

/// The columns of `users` in the order of the indices below.
const USERS: [&str; 2] = ["sourcedId", "role"];
const USERS_OPTIONAL: [&str; 5] = ["status", "orgSourcedIds", "givenName", "familyName", "email"];

/// Roles of people who neither study nor work at a campus.
const OTHERS: [&str; 3] = ["parent", "guardian", "relative"];

/// Reads a folder.
///
/// # Errors
/// When a table cannot be read at all, or the manifest says that it is not what it is taken for.
pub fn folder(dir: &Path, delta: bool) -> Result<Source> {
    if let Some(manifest) = pick(dir, "manifest")? {
        check_manifest(&manifest, delta)?;
    }
    let orgs = match pick(dir, "orgs")? {
        Some(path) => orgs(&path)?,
        None => HashMap::new(),
    };
    let Some(path) = pick(dir, "users")? else {
        bail!("{} holds no users.csv; name the folder of a OneRoster export", dir.display());
    };
    let mut table = Table::open_with(&path, &USERS, &USERS_OPTIONAL)?;
    let mut source = Source {
        name: name(dir),
        format: RosterFormat::Oneroster,
        unused_columns: table.unused(),
        ..Source::default()
    };
    let skipped: &mut BTreeMap<_, _> = &mut source.skipped;
    while let Some(it) = table.next(|it| user(it, &orgs, skipped))? {
        source.rows.extend(it.unwrap_or_else(|it| Some(unreadable(&it))));
    }
    Ok(source)
}

/// The table of a name: `users.csv`, `users_v1p1.csv`, either of them with `.zst`; not two of them.
fn pick(dir: &Path, stem: &str) -> Result<Option<PathBuf>> {
    let cannot = || format!("cannot read {}", dir.display());
    let mut found = vec![];
    for entry in fs::read_dir(dir).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let file = name(&path);
        let rest = file.strip_suffix(".zst").unwrap_or(&file).strip_suffix(".csv").and_then(|it| it.strip_prefix(stem));
        if rest.is_some_and(|it| it.is_empty() || it.starts_with('_')) {
            found.push(path);
        }
    }
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => bail!("{} holds several tables of {stem}; leave one of them there", dir.display()),
    }
}

/// A manifest may say that `users` is all of them or only what changed; taken for the other, people would leave.
fn check_manifest(path: &Path, delta: bool) -> Result<()> {
    let mut said = HashMap::new();
    let mut wrong = vec![];
    Table::open(path, &["propertyName", "value"])?.each(&mut wrong, |it| {
        said.insert(it.text(0)?.to_owned(), it.text(1)?.to_ascii_lowercase());
        Ok(())
    })?;
    if let Some(it) = wrong.first() {
        bail!("{} line {}: {}", it.file, it.line, it.why);
    }
    match (said.get("file.users").map(String::as_str), delta) {
        (Some("delta"), false) => bail!("the manifest says that users are only what changed; say --delta"),
        (Some("bulk"), true) => bail!("the manifest says that users are all of them; leave out --delta"),
        (Some("absent"), _) => bail!("the manifest says that there are no users in this export"),
        _ => Ok(()),
    }
}

/// Names of organisations.
fn orgs(path: &Path) -> Result<HashMap<String, String>> {
    let mut names = HashMap::new();
    let mut wrong = vec![];
    Table::open(path, &["sourcedId", "name"])?.each(&mut wrong, |it| {
        names.insert(it.required(0, "sourcedId")?.to_owned(), it.text(1)?.to_owned());
        Ok(())
    })?;
    match wrong.first() {
        // A department that is lost would be a change of everybody in it.
        Some(it) => bail!("{} line {}: {}", it.file, it.line, it.why),
        None => Ok(names),
    }
}

/// A user as a row, if a part of the roster.
fn user(
    it: &Row<'_>,
    orgs: &HashMap<String, String>,
    skipped: &mut BTreeMap<String, u64>,
) -> Result<Option<RosterRow>, String> {
    let role = it.required(1, "role")?.to_ascii_lowercase();
    let class = match role.as_str() {
        "student" => "student",
        "teacher" | "administrator" | "aide" | "proctor" => "staff",
        other if OTHERS.contains(&other) => {
            *skipped.entry(role).or_default() += 1;
            return Ok(None);
        }
        _ => return Err("role is none of OneRoster 1.1".to_owned()),
    };
    let mut names = it.text(3)?.split(',').map(str::trim).filter_map(|it| orgs.get(it));
    let full_name = format!("{} {}", it.text(4)?, it.text(5)?);
    Ok(Some(RosterRow {
        row: it.line as u32,
        external_id: it.text(0)?.to_owned(),
        class: class.to_owned(),
        department: names.next().cloned().unwrap_or_default(),
        name: full_name.trim().to_owned(),
        email: it.text(6)?.to_owned(),
        status: it.text(2)?.to_owned(),
        ..RosterRow::default()
    }))
}
