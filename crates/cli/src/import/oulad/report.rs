//! The report of an import: what was done, what was odd and by which rule, and whether the views equal the files.

use super::{
    campuses::{self, Done},
    check::{Compared, shown, total},
    credentials,
    oddities::Line,
    tally::{Count, Refusal},
    tutor_groups,
};
use crate::{
    import::rows::{Unreadable, rows_were},
    progress::count,
};
use serde::Serialize;
use std::fmt::Write as _;

/// How many unreadable rows are listed for people; scripts get all.
const UNREADABLE_SHOWN: usize = 20;

/// What of the data set is not imported, and why.
pub fn not_imported(with_campuses: bool) -> &'static str {
    if with_campuses {
        "Not imported: what studentInfo says of the person beside the region (gender, education, deprivation band, age band, \
         disability, earlier attempts, studied credits), and the clicks (vle, studentVle): no part of an enrolment record."
    } else {
        "Not imported: what studentInfo says of the person (gender, region, education, deprivation band, age band, \
         disability, earlier attempts, studied credits), and the clicks (vle, studentVle): no part of an enrolment record."
    }
}

/// All that an import has to say.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Presentations that were imported.
    pub presentations: usize,
    /// Credits of each module, which the files do not have.
    pub credits: u32,
    /// What became of the acts, by sort.
    pub acts: Vec<Count>,
    /// Acts that were refused, by reason.
    pub refusals: Vec<Refusal>,
    /// What was odd, how often, and the rule for it.
    pub oddities: Vec<Line>,
    /// Rows that could not be read.
    pub unreadable: Vec<Unreadable>,
    /// What of the files is left out on purpose.
    pub not_imported: &'static str,
    /// Files and views, by presentation.
    pub comparison: Vec<Compared>,
    /// Time for the acts, seconds.
    pub play_seconds: f64,
    /// Time for everything, views included, seconds.
    pub seconds: f64,
    /// Acts a second.
    pub per_second: f64,
    /// Nothing was written: everything was already so.
    pub unchanged: bool,
    /// Regions as campuses, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campuses: Option<Done>,
    /// Tutor groups as mentorships, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tutor_groups: Option<tutor_groups::Done>,
    /// Credentials for passes, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<credentials::Done>,
}

impl Report {
    /// How many acts were refused.
    pub fn refused(&self) -> u64 {
        self.acts.iter().map(|it| it.refused).sum()
    }

    /// The report in words.
    pub fn words(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let all: u64 = self.acts.iter().map(|it| it.done + it.already + it.refused).sum();
        writeln!(text, "The registry of {}, {} acts:", presentations(self.presentations), count(all))?;
        for it in self.acts.iter().filter(|it| it.done + it.already + it.refused > 0) {
            let refused = if it.refused > 0 { format!(", {} REFUSED", count(it.refused)) } else { String::new() };
            writeln!(
                text,
                "  {:<15} {:>8} new, {:>8} already so{refused}",
                it.what,
                count(it.done),
                count(it.already)
            )?;
        }
        if self.unchanged {
            writeln!(text, "Nothing was written: everything was already so.")?;
        }
        let (play, rate) = (self.play_seconds, self.per_second);
        writeln!(
            text,
            "{play:.1} s for the acts ({rate:.0} a second), {:.1} s with reading and with all views caught up.",
            self.seconds
        )?;
        for it in &self.refusals {
            let (what, reason, detail, examples) = (it.what, &it.reason, &it.detail, it.examples.join("; "));
            writeln!(text, "REFUSED {} {what}, {reason}: {detail} (for example {examples})", count(it.count))?;
        }
        self.write_oddities(text)?;
        writeln!(text, "\nThe views beside the files:\n{}", shown(&self.comparison))?;
        write!(text, "{}", verdict(&self.comparison))?;
        self.campuses.as_ref().map_or(Ok(()), |it| write_campuses(text, it))?;
        self.tutor_groups.as_ref().map_or(Ok(()), |it| write_groups(text, it))?;
        self.credentials.as_ref().map_or(Ok(()), |it| write_credentials(text, it))
    }

    fn write_oddities(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\nOddities of the files, each with its rule:")?;
        for it in &self.oddities {
            writeln!(
                text,
                "  {:>7} {}\n          {} (e.g. {})",
                count(it.count),
                it.what,
                it.rule,
                it.examples.join("; ")
            )?;
        }
        writeln!(
            text,
            "The files know a module by its code only: {} ECTS each by --credits, 25 hours a credit, and a page that says so.",
            self.credits
        )?;
        writeln!(text, "{}", self.not_imported)?;
        if self.unreadable.is_empty() {
            return writeln!(text, "Every row could be read.");
        }
        writeln!(text, "{} unreadable and left out:", rows_were(self.unreadable.len() as u64))?;
        for it in self.unreadable.iter().take(UNREADABLE_SHOWN) {
            writeln!(text, "  {} line {}: {}", it.file, it.line, it.why)?;
        }
        if self.unreadable.len() > UNREADABLE_SHOWN {
            writeln!(text, "  and {} more; --json lists all", self.unreadable.len() - UNREADABLE_SHOWN)?;
        }
        Ok(())
    }
}

fn write_campuses(text: &mut String, it: &Done) -> std::fmt::Result {
    writeln!(text, "\n\nThe regions as campuses:")?;
    for it in it.acts.iter().filter(|it| it.done + it.already > 0) {
        writeln!(text, "  {:<15} {:>8} new, {:>8} already so", it.what, count(it.done), count(it.already))?;
    }
    if !it.in_several_regions.is_empty() {
        let students: Vec<_> = it.in_several_regions.iter().map(u64::to_string).collect();
        writeln!(text, "Students with rows of several regions, at the campus of the first: {}", students.join(", "))?;
    }
    writeln!(text, "{}", campuses::shown(&it.comparison))?;
    write!(text, "{}", campuses::verdict(&it.comparison))
}

fn write_groups(text: &mut String, it: &tutor_groups::Done) -> std::fmt::Result {
    writeln!(text, "\n\nThe tutor groups as mentorships, {:.1} s:", it.seconds)?;
    for it in &it.acts {
        writeln!(text, "  {:<15} {:>8} new, {:>8} already so", it.what, count(it.done), count(it.already))?;
    }
    writeln!(text, "{}", tutor_groups::shown(&it.comparison))?;
    write!(text, "{}", tutor_groups::verdict(&it.comparison))
}

fn write_credentials(text: &mut String, it: &credentials::Done) -> std::fmt::Result {
    let seconds = it.seconds;
    writeln!(text, "\n\nThe passes as credentials, the last signed {seconds:.1} s after its pass was recorded:")?;
    writeln!(text, "{}", credentials::shown(&it.comparison))?;
    writeln!(text, "{}", credentials::verdict(&it.comparison))?;
    write!(text, "{}", it.credits.verdict())
}

fn presentations(number: usize) -> String {
    if number == 1 { "1 presentation".to_owned() } else { format!("{number} presentations") }
}

/// The comparison in a sentence.
pub fn verdict(comparison: &[Compared]) -> String {
    let different = comparison.iter().filter(|it| !it.equal).count();
    let it = total(comparison).views;
    let totals = format!(
        "Pass {}, Distinction {}, Fail {}, Withdrawn {}",
        count(it.pass),
        count(it.distinction),
        count(it.fail),
        count(it.withdrawn)
    );
    match (different, comparison.len()) {
        (0, 1) => format!("The presentation is equal to the files: {totals}."),
        (0, all) => format!("All {all} presentations are equal to the files: {totals}."),
        (different, all) => {
            format!("{different} of {all} presentations DIFFER from the files; the views have {totals}.")
        }
    }
}
