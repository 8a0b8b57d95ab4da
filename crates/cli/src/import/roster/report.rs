//! What came of a roster, for people: who comes, who goes, what changes; and all of it for scripts.

use super::source::Source;
use crate::progress::count;
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};
use studium_proto::campus::v1::{
    MemberClass, MemberDescribed, RosterCause, RosterCounts, RosterHeader, RosterOutcome as Outcome, RosterRowAnswer,
    RosterVerdict, import_roster_response::Part as Answer,
};

/// How many people are listed for people under each heading; scripts get all.
const EXAMPLES_MAX: usize = 20;

/// What came of a roster.
#[derive(Debug)]
pub struct Report {
    source: String,
    campus: String,
    import: String,
    pub verdict: RosterVerdict,
    cause: RosterCause,
    detail: String,
    dry_run: bool,
    already: bool,
    counts: RosterCounts,
    answers: Vec<RosterRowAnswer>,
    skipped: BTreeMap<String, u64>,
    unused_columns: Vec<String>,
    /// Every member was asked to be as it says.
    pub applied: bool,
    pub seconds: f64,
}

/// The same for scripts.
#[derive(Debug, Serialize)]
pub struct Scripted<'a> {
    source: &'a str,
    campus_id: &'a str,
    import_id: &'a str,
    verdict: &'a str,
    cause: &'a str,
    detail: &'a str,
    dry_run: bool,
    already: bool,
    applied: bool,
    rows: u32,
    added: u32,
    changed: u32,
    unchanged: u32,
    removed: u32,
    malformed: u32,
    duplicates: u32,
    refused: u32,
    withheld: u32,
    roster_members: u32,
    limit_percent: u32,
    people: Vec<Person<'a>>,
    skipped: &'a BTreeMap<String, u64>,
    unused_columns: &'a [String],
    seconds: f64,
}

/// One person to whom something happens, or of whom a row makes no sense.
#[derive(Debug, Serialize)]
struct Person<'a> {
    row: u32,
    outcome: &'a str,
    external_id: &'a str,
    learner_id: &'a str,
    reason: &'a str,
    detail: &'a str,
    what: String,
}

impl Report {
    /// # Errors
    /// When the answers have no summary.
    pub fn new(header: &RosterHeader, source: &Source, answers: Vec<Answer>) -> Result<Self> {
        let (mut rows, mut summary) = (vec![], None);
        for it in answers {
            match it {
                Answer::Row(it) => rows.push(it),
                Answer::Summary(it) => summary = Some(it),
            }
        }
        let summary = summary.context("the campus service gave no summary")?;
        Ok(Self {
            source: source.name.clone(),
            campus: header.campus_id.clone(),
            import: header.import_id.clone(),
            verdict: summary.verdict(),
            cause: summary.cause(),
            detail: summary.detail,
            dry_run: summary.dry_run,
            already: summary.already,
            counts: summary.counts.unwrap_or_default(),
            answers: rows,
            skipped: source.skipped.clone(),
            unused_columns: source.unused_columns.clone(),
            applied: false,
            seconds: 0.0,
        })
    }

    /// Done, or why not all of it was.
    pub fn outcome(&self) -> Result<()> {
        let lost = self.counts.malformed + self.counts.refused;
        match self.verdict {
            RosterVerdict::Quarantined => bail!("the roster waits in quarantine: {}", self.detail),
            RosterVerdict::Accepted if lost > 0 => {
                bail!("{} of {} rows were not taken in; the report says which and why", lost, self.counts.rows)
            }
            RosterVerdict::Accepted if !self.dry_run && !self.applied => {
                bail!("the roster is accepted and still being applied; see `studium parked list`")
            }
            RosterVerdict::Accepted => Ok(()),
            _ => bail!("the roster was refused: {}", self.detail),
        }
    }

    /// For scripts.
    pub fn scripted(&self) -> Scripted<'_> {
        let c = &self.counts;
        let told = self.answers.iter().filter(|it| it.outcome() != Outcome::Unchanged);
        Scripted {
            source: &self.source,
            campus_id: &self.campus,
            import_id: &self.import,
            verdict: bare(self.verdict.as_str_name(), "ROSTER_VERDICT_"),
            cause: bare(self.cause.as_str_name(), "ROSTER_CAUSE_").trim_start_matches("UNSPECIFIED"),
            detail: &self.detail,
            dry_run: self.dry_run,
            already: self.already,
            applied: self.applied,
            rows: c.rows,
            added: c.added,
            changed: c.changed,
            unchanged: c.unchanged,
            removed: c.removed,
            malformed: c.malformed,
            duplicates: c.duplicates,
            refused: c.refused,
            withheld: c.withheld,
            roster_members: c.roster_members,
            limit_percent: c.limit_percent,
            people: told.map(person).collect(),
            skipped: &self.skipped,
            unused_columns: &self.unused_columns,
            seconds: self.seconds,
        }
    }

    /// For people.
    pub fn words(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text.trim_end().to_owned()
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let c = &self.counts;
        let n = |it: u32| count(u64::from(it));
        let what = match (self.dry_run, self.verdict) {
            (true, RosterVerdict::Accepted) => "would be accepted; nothing was written",
            (true, RosterVerdict::Quarantined) => "would wait in QUARANTINE; nothing was written",
            (true, _) => "would be REFUSED; nothing was written",
            (false, RosterVerdict::Accepted) => "is accepted",
            (false, RosterVerdict::Quarantined) => "waits in QUARANTINE; nobody was changed",
            (false, _) => "was REFUSED; nobody was changed",
        };
        writeln!(text, "{} for campus {}, {} rows: {what}.", self.source, self.campus, n(c.rows))?;
        writeln!(text, "Import {}, in {:.1} s.", self.import, self.seconds)?;
        if self.already {
            writeln!(text, "It was delivered before; this is what was decided then.")?;
        }
        if !self.detail.is_empty() {
            writeln!(text, "Why: {}.", self.detail)?;
        }
        if self.verdict != RosterVerdict::Refused {
            writeln!(
                text,
                "{} come, {} go, {} change, {} are so already.",
                n(c.added),
                n(c.removed),
                n(c.changed),
                n(c.unchanged)
            )?;
        }
        for (title, outcome, mark) in [
            ("Come", Outcome::Added, "+"),
            ("Go", Outcome::Removed, "-"),
            ("Change", Outcome::Changed, "~"),
            ("MAKE NO SENSE, and whoever they speak of stays as is", Outcome::Malformed, "?"),
            ("Repeat an earlier row", Outcome::Duplicate, "="),
            ("REFUSED", Outcome::Refused, "!"),
        ] {
            self.list(text, title, outcome, mark)?;
        }
        if c.withheld > 0 {
            let withheld = n(c.withheld);
            writeln!(
                text,
                "{withheld} members are not in the roster and stay: rows that make no sense may be theirs."
            )?;
        }
        for (role, number) in &self.skipped {
            writeln!(text, "Not imported, being {role}: {}.", count(*number))?;
        }
        if !self.unused_columns.is_empty() {
            writeln!(text, "Not imported, being no part of a roster: {}.", self.unused_columns.join(", "))?;
        }
        Ok(())
    }

    fn list(&self, text: &mut String, title: &str, outcome: Outcome, mark: &str) -> fmt::Result {
        let of_it: Vec<_> = self.answers.iter().filter(|it| it.outcome() == outcome).collect();
        if of_it.is_empty() {
            return Ok(());
        }
        writeln!(text, "{title} ({}):", count(of_it.len() as u64))?;
        for it in of_it.iter().take(EXAMPLES_MAX) {
            let place = if it.row == 0 { String::new() } else { format!("line {}: ", it.row) };
            writeln!(text, "  {mark} {place}{} {}", it.external_id, what(it))?;
        }
        if of_it.len() > EXAMPLES_MAX {
            writeln!(text, "  and {} more; --json lists all", count((of_it.len() - EXAMPLES_MAX) as u64))?;
        }
        Ok(())
    }
}

fn person(it: &RosterRowAnswer) -> Person<'_> {
    Person {
        row: it.row,
        outcome: bare(it.outcome().as_str_name(), "ROSTER_OUTCOME_"),
        external_id: &it.external_id,
        learner_id: &it.learner_id,
        reason: &it.reason,
        detail: &it.detail,
        what: what(it),
    }
}

fn bare<'a>(name: &'a str, prefix: &str) -> &'a str {
    name.strip_prefix(prefix).unwrap_or(name)
}

/// What happens to a person, or what is wrong, in words.
fn what(it: &RosterRowAnswer) -> String {
    match (&it.was, &it.becomes) {
        (Some(was), Some(becomes)) => {
            let (was, becomes) = (columns(was), columns(becomes));
            let changed = was.iter().zip(&becomes).filter(|(was, becomes)| was != becomes);
            let told: Vec<_> = changed.map(|((name, was), (_, is))| format!("{name} `{was}` → `{is}`")).collect();
            told.join(", ")
        }
        (Some(one), None) | (None, Some(one)) => {
            let told: Vec<_> = columns(one).into_iter().map(|it| it.1).skip(1).filter(|it| !it.is_empty()).collect();
            told.join(", ")
        }
        (None, None) if it.reason.is_empty() => it.detail.clone(),
        (None, None) => format!("{} ({})", it.detail, it.reason),
    }
}

fn columns(it: &MemberDescribed) -> [(&'static str, String); 6] {
    let class = match it.class() {
        MemberClass::Student => "student",
        MemberClass::Staff => "staff",
        MemberClass::Fellow => "fellow",
        MemberClass::Unspecified => "",
    };
    [
        ("external_id", it.external_id.clone()),
        ("name", it.name.clone()),
        ("class", class.to_owned()),
        ("department", it.department.clone()),
        ("email", it.email.clone()),
        ("test_user", if it.test_user { "test user".to_owned() } else { String::new() }),
    ]
}
