//! Services as the broker knows them: what each may write, read and make. For all else it has no subject.

use crate::secret;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io::ErrorKind, path::Path};

/// Which services there are.
const FILE: &str = "services.json";

/// The bucket with the keys of persons, and the stream behind it. Every service reads keys and makes new ones.
const KEYS: &str = "personal_keys";

/// The service that destroys the key of a person who is to be forgotten.
const FORGETS: &str = "enrolment";

/// What a service may do in the broker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceAccess {
    /// Its name, which is its stream's and its user's.
    pub name: String,
    /// The kinds of aggregates that it decides about: `enrolment.learner`.
    pub writes: Vec<String>,
    /// The streams that it follows.
    pub reads: Vec<String>,
    /// The sorts of subjects in the feeds that it keeps for outsiders; each feed is a stream whose name begins otherwise.
    pub feeds: Vec<String>,
    /// It only follows streams: it has none of its own, and neither reads nor makes keys of persons.
    #[serde(default)]
    pub reads_only: bool,
}

/// Subjects that a service may ask, and whether the answer is more than one message.
pub(crate) type Grants = BTreeMap<String, bool>;

impl ServiceAccess {
    /// The account that it is in, alone.
    pub(crate) fn account(&self) -> String {
        format!("SERVICE_{}", self.name)
    }

    /// All that it may ask. No two of them overlap: what came by two would come twice.
    pub(crate) fn grants(&self) -> Grants {
        if self.reads_only {
            let info = ("$JS.API.INFO".to_owned(), false);
            return self.reads.iter().flat_map(|it| reading(it)).chain([info]).collect();
        }
        let keys = format!("KV_{KEYS}");
        let mut all: Grants = self.writes.iter().map(|it| (format!("{it}.>"), false)).collect();
        all.insert(format!("$KV.{KEYS}.>"), false);
        // Without this one the server gives the account a JetStream of its own, which answers that it is not enabled.
        all.insert("$JS.API.INFO".to_owned(), false);
        for stream in [&self.name, &keys].into_iter().chain(&self.reads) {
            all.extend(reading(stream));
        }
        all.extend([making(&self.name), making(&keys)]);
        if self.name == FORGETS {
            all.insert(format!("$JS.API.STREAM.MSG.DELETE.{keys}"), false);
        }
        if !self.feeds.is_empty() {
            all.extend(reading("*"));
            all.extend([making("*")]);
            all.extend(self.feeds.iter().map(|it| (format!("*.{it}.>"), false)));
        }
        let wide: Vec<_> = all.keys().filter(|it| it.contains('*')).cloned().collect();
        all.retain(|it, _| !wide.iter().any(|wide| wide != it && covers(wide, it)));
        all
    }

    /// What it may not ask although its grants would cover it: names of feeds have no common token.
    pub(crate) fn denied(&self, all: &[Self]) -> Vec<String> {
        let mut denied = vec![];
        for other in all.iter().filter(|it| !self.feeds.is_empty() && it.name != self.name) {
            denied.extend([format!("{}.>", other.name), making(&other.name).0]);
            if !self.reads.contains(&other.name) {
                denied.extend(reading(&other.name).into_iter().map(|it| it.0));
            }
        }
        denied
    }
}

/// What reads a stream. None of it changes the stream, or another's consumers.
fn reading(stream: &str) -> [(String, bool); 8] {
    [
        ("STREAM.INFO.{}", false),
        ("STREAM.MSG.GET.{}", false),
        ("DIRECT.GET.{}", true),
        ("DIRECT.GET.{}.>", true),
        ("CONSUMER.CREATE.{}", false),
        ("CONSUMER.CREATE.{}.>", false),
        ("CONSUMER.INFO.{}.*", false),
        ("CONSUMER.MSG.NEXT.{}.*", true),
    ]
    .map(|(subject, more)| (format!("$JS.API.{}", subject.replace("{}", stream)), more))
}

/// What makes a stream that is not there; one that is there stays as it is.
fn making(stream: &str) -> (String, bool) {
    (format!("$JS.API.STREAM.CREATE.{stream}"), false)
}

/// Whether a subject with wildcards takes in all of another.
fn covers(wide: &str, narrow: &str) -> bool {
    let (mut wide, mut narrow) = (wide.split('.'), narrow.split('.'));
    loop {
        match (wide.next(), narrow.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(it)) if it != ">" => {}
            (Some(one), Some(other)) if one == other => {}
            _ => return false,
        }
    }
}

/// Says which services there are; the servers on `dir` know it from their next start on.
///
/// # Errors
/// When it cannot be written.
pub fn declare(dir: &Path, services: &[ServiceAccess]) -> Result<()> {
    fs::create_dir_all(dir).with_context(|| format!("cannot write to {}", dir.display()))?;
    secret::replace(&dir.join(FILE), &serde_json::to_vec_pretty(services)?)
}

/// The services that were declared.
pub(crate) fn read(dir: &Path) -> Result<Vec<ServiceAccess>> {
    let file = dir.join(FILE);
    let shown = file.display();
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{shown} is not as it was written")),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(vec![]),
        Err(e) => Err(e).with_context(|| format!("cannot read {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(name: &str, writes: &[&str], reads: &[&str], feeds: &[&str]) -> ServiceAccess {
        let [writes, reads, feeds] = [writes, reads, feeds].map(|it| it.iter().map(|it| (*it).to_owned()).collect());
        ServiceAccess { name: name.to_owned(), writes, reads, feeds, reads_only: false }
    }

    #[test]
    fn a_wide_subject_covers_narrow_ones() {
        for (wide, narrow) in [("a.*", "a.b"), ("a.>", "a.b.c"), ("a.>", "a.*.>"), ("*.b.>", "a.b.>"), ("a", "a")] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a.*", "a.>"), ("a.*", "a"), ("a.>", "a"), ("*.b.>", "a.c.>"), ("a.b", "a.*")] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }

    #[test]
    fn no_grant_takes_in_another() {
        let all = [
            access("campus", &["campus.plan"], &["enrolment"], &[]),
            access("enrolment", &["enrolment.learner", "enrolment.enrolment"], &["campus"], &["enrolment", "digest"]),
        ];
        for it in &all {
            let grants = it.grants();
            for one in grants.keys() {
                assert!(grants.keys().all(|other| other == one || !covers(one, other)), "{one}");
            }
        }
        let subjects: Vec<_> = all[1].grants().into_keys().filter(|it| !it.starts_with('$')).collect();
        assert_eq!(subjects, ["*.digest.>", "*.enrolment.>", "enrolment.learner.>"]);
        assert_eq!(all[1].denied(&all), ["campus.>", "$JS.API.STREAM.CREATE.campus"]);
        assert!(all[0].denied(&all).is_empty());
    }

    #[test]
    fn who_only_reads_may_ask_for_nothing_else() {
        let reader = ServiceAccess { reads_only: true, ..access("reports", &[], &["enrolment"], &[]) };
        let asks = reader.grants().into_keys().filter(|it| it != "$JS.API.INFO");
        let others: Vec<_> = asks.filter(|it| !it.contains(".enrolment")).collect();
        assert!(others.is_empty(), "{others:?}");
        assert!(reader.grants().keys().any(|it| it.contains(".enrolment")), "it may read what it is to read");
        let changes = ["STREAM.CREATE", "STREAM.DELETE", "STREAM.PURGE", "STREAM.UPDATE", "MSG.DELETE", "$KV"];
        assert!(!reader.grants().into_keys().any(|it| changes.iter().any(|change| it.contains(change))));
    }
}
