//! What a platform is made of: its own services, and those beside it that `up --with` names.

use crate::services::SERVICES;
use anyhow::{Context as _, Result, bail, ensure};
use std::{
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};
use studium_broker::services::ServiceAccess;

/// Ports for services beside the platform's own.
const BESIDE_MAX: usize = 16;

/// The longest name of a service beside the platform's own, characters.
const NAME_MAX: usize = 40;

/// Names that something else has: in a data directory, in the broker, or as a crate `studium-…`.
const TAKEN: [&str; 16] = [
    "bench", "broker", "build", "ca", "cli", "core", "kit", "log", "nats", "operator", "postgres", "proto", "store",
    "testkit", "tests", "vc",
];

/// How the names of partners' feeds begin, which are streams beside those of services.
const FEEDS: &str = "partner_";

/// Somebody who only reads streams, with an account of their own in the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The user's name.
    pub name: String,
    /// Whose streams.
    pub streams: Vec<String>,
}

impl FromStr for Reader {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, streams) =
            text.split_once('=').context("it is NAME=SERVICE,SERVICE, for example reports=enrolment")?;
        fits_as_name(name)?;
        Ok(Self { name: name.to_owned(), streams: streams.split(',').map(str::to_owned).collect() })
    }
}

/// A service as the platform starts it.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its name, which is its stream's.
    pub name: String,
    /// Its port is the first port and so many more.
    pub offset: u16,
    /// What it may do in the broker.
    pub access: ServiceAccess,
    /// Its own program; `None` for a service of the platform.
    program: Option<PathBuf>,
}

impl Member {
    /// How many processes of it run: only of the platform's own services more than one.
    pub fn replicas(&self, wanted: u16) -> u16 {
        if self.program.is_none() { wanted } else { 1 }
    }

    /// What starts it; its settings are for the caller to add. `ours` is the program with the platform's services.
    pub fn command(&self, ours: Option<&Path>) -> Result<Command> {
        if let Some(it) = &self.program {
            return Ok(Command::new(it));
        }
        let ours = match ours {
            Some(it) => it.to_owned(),
            None => std::env::current_exe().context("cannot find the program that runs; start it by its path")?,
        };
        let mut command = Command::new(ours);
        command.args(["serve", &self.name]);
        Ok(command)
    }
}

/// The platform's services and those of some programs, in the order in which they are started.
///
/// # Errors
/// With a sentence for a program that is no service, or one that would meddle with others.
pub fn all(beside: &[PathBuf]) -> Result<Vec<Member>> {
    ensure!(beside.len() <= BESIDE_MAX, "--with takes {BESIDE_MAX} programs at most");
    let own = SERVICES.iter().map(|it| Member {
        name: it.name.to_owned(),
        offset: it.offset,
        access: it.access(),
        program: None,
    });
    let mut all: Vec<_> = own.collect();
    for program in beside {
        let shown = program.display();
        let access = ask(program)?;
        fits(&access, &all).with_context(|| format!("{shown} cannot run with the platform"))?;
        let offset = all.len() as u16 + 1;
        all.push(Member { name: access.name.clone(), offset, access, program: Some(program.clone()) });
    }
    for it in &all {
        let missing = it.access.reads.iter().find(|read| !all.iter().any(|other| other.name == **read));
        if let Some(missing) = missing {
            bail!("{} reads `{missing}`, which is no service here; name its program with --with, too", it.name);
        }
    }
    Ok(all)
}

/// What everybody may do in the broker: the members and those who only read.
///
/// # Errors
/// With a sentence for a reader of what is not there, or with a name that somebody has.
pub fn access(members: &[Member], readers: &[Reader]) -> Result<Vec<ServiceAccess>> {
    let mut all: Vec<_> = members.iter().map(|it| it.access.clone()).collect();
    for Reader { name, streams } in readers {
        ensure!(!all.iter().any(|it| it.name == *name), "there is a service or reader `{name}` already");
        if let Some(missing) = streams.iter().find(|it| !members.iter().any(|member| member.name == **it)) {
            bail!("{name} is to read `{missing}`, which is no service here");
        }
        all.push(ServiceAccess {
            name: name.clone(),
            reads: streams.clone(),
            reads_only: true,
            ..ServiceAccess::default()
        });
    }
    Ok(all)
}

/// The users in the broker beside the operator.
pub fn names(members: &[Member], readers: &[Reader]) -> Vec<String> {
    members.iter().map(|it| it.name.clone()).chain(readers.iter().map(|it| it.name.clone())).collect()
}

/// What a program says that its service writes and reads.
fn ask(program: &Path) -> Result<ServiceAccess> {
    let shown = program.display();
    let said = Command::new(program).arg("--access").output();
    let said = said.with_context(|| format!("cannot run {shown}; --with takes the path of a service's program"))?;
    let read = serde_json::from_slice(&said.stdout).ok().filter(|_| said.status.success());
    read.with_context(|| {
        format!("{shown} does not say what its service writes and reads; is it made with studium_kit::main?")
    })
}

fn is_plain(it: &str) -> bool {
    let is_small = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'_';
    it.starts_with(|it: char| it.is_ascii_lowercase()) && it.bytes().all(is_small)
}

/// Whether a service may have a name: it is a stream's, a file's, an account's and a package's.
pub fn fits_as_name(name: &str) -> Result<()> {
    ensure!(
        is_plain(name) && name.len() <= NAME_MAX && !name.starts_with(FEEDS) && !TAKEN.contains(&name),
        "`{name}` is no name for a service: a to z, 0 to 9 and _, with a letter first, at most {NAME_MAX} characters, not `{FEEDS}…` nor {}",
        TAKEN.join(", ")
    );
    ensure!(!SERVICES.iter().any(|it| it.name == name), "there is a service `{name}` already");
    Ok(())
}

/// Whether a service writes only what is its own, under a name that nobody has.
fn fits(access: &ServiceAccess, all: &[Member]) -> Result<()> {
    let ServiceAccess { name, writes, feeds, .. } = access;
    fits_as_name(name)?;
    ensure!(!all.iter().any(|it| it.name == *name), "there is a service `{name}` already");
    let foreign = writes.iter().find(|it| !it.split_once('.').is_some_and(|(own, kind)| own == name && is_plain(kind)));
    if let Some(foreign) = foreign {
        bail!("it writes `{foreign}`, and may write only what begins with `{name}.`");
    }
    // Their names have no token in common, so that the account would take in streams of others.
    ensure!(feeds.is_empty(), "it keeps feeds, which only the platform's own services may");
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refused(name: &str, writes: &[&str], feeds: &[&str]) -> String {
        let own = |it: &[&str]| it.iter().map(|it| (*it).to_owned()).collect();
        let access =
            ServiceAccess { name: name.to_owned(), writes: own(writes), feeds: own(feeds), ..ServiceAccess::default() };
        fits(&access, &all(&[]).unwrap()).err().map_or(String::new(), |it| it.to_string())
    }

    #[test]
    fn a_service_beside_the_platform_writes_only_what_is_its_own() {
        assert_eq!(refused("feedback", &["feedback.feedback", "feedback.of_run"], &[]), "");
        for name in
            ["enrolment", "operator", "", "Feedback", "feed back", "feed.back", "9lives", "personal_keys>", "partner_x"]
        {
            assert!(!refused(name, &[], &[]).is_empty(), "{name}");
        }
        for writes in
            ["enrolment.enrolment", "feedback", "feedback.>", "feedback.a.b", "$KV.personal_keys", "feedback."]
        {
            assert!(refused("feedback", &[writes], &[]).contains("may write only"), "{writes}");
        }
        assert!(refused("feedback", &[], &["enrolment"]).contains("feeds"));
    }

    #[test]
    fn a_reader_reads_what_there_is_under_a_name_of_its_own() {
        let members = all(&[]).unwrap();
        let asked = |text: &str| text.parse::<Reader>().and_then(|it| access(&members, &[it]));
        let access = asked("reports=enrolment,catalogue").unwrap();
        let last = access.last().unwrap();
        assert!(last.reads_only && last.writes.is_empty() && last.reads == ["enrolment", "catalogue"]);
        for text in
            ["reports", "reports=", "reports=nobody", "campus=enrolment", "reports=*", "reports=KV_personal_keys"]
        {
            assert!(asked(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_service_is_told_in_a_sentence() {
        let why = all(&["/nowhere/feedback".into()]).unwrap_err().to_string();
        assert!(why.contains("cannot run /nowhere/feedback"), "{why}");
        let why = all(&["/bin/true".into()]).unwrap_err().to_string();
        assert!(why.contains("does not say"), "{why}");
    }
}
