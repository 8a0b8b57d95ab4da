//! From the tables to what is to be done: every act with its date, in order, and the rule for everything odd.

use super::{
    files::{DAY_MS, Day, Files, FinalResult, Run, Submission},
    oddities::{Oddities, Oddity},
};
use anyhow::{Result, bail};
use std::collections::{HashMap, HashSet};

/// 100 %, in thousandths of a percent.
const WHOLE_MILLIPOINTS: u32 = 100_000;

/// Everything that the import is to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// The data set as it was read.
    pub files: Files,
    /// What of each presentation is offered, in the order of the files.
    pub offers: Vec<Offer>,
    /// Students, by their numbers.
    pub students: Vec<u64>,
    /// Acts in order of their dates; those of one enrolment in their own order.
    pub steps: Vec<Step>,
    /// What was odd.
    pub oddities: Oddities,
}

/// What the catalogue is to know of a presentation.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    /// Whether it was asked for.
    pub wanted: bool,
    /// First and last day on which somebody registered.
    pub window: (Day, Day),
    /// Indices of its assessments.
    pub assessments: Vec<u16>,
}

/// One act on one learner or enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When it happened, Unix milliseconds.
    pub at_ms: i64,
    /// Index of the student: acts of one student are done one after the other.
    pub student: u32,
    /// Line of the row that it comes from.
    pub line: u32,
    /// Index of the run.
    pub run: u16,
    /// What is to be done.
    pub act: Act,
}

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The student becomes known.
    Register,
    /// The student is enrolled in the run.
    Enrol,
    /// A result is recorded.
    Result {
        /// Index of the row in studentAssessment.
        submission: u32,
        /// The enrolment is not active any more.
        is_late: bool,
    },
    /// The student leaves.
    Withdraw {
        /// The files say when.
        is_dated: bool,
    },
    /// The student is back, because the final result says so.
    Reinstate,
    /// The final result.
    Conclude(FinalResult),
}

impl Act {
    /// The order of acts on one day.
    fn rank(self) -> u8 {
        match self {
            Self::Register => 0,
            Self::Enrol => 1,
            Self::Result { .. } => 2,
            Self::Withdraw { .. } => 3,
            Self::Reinstate => 4,
            Self::Conclude(_) => 5,
        }
    }

    /// The table that the act's line is of.
    pub fn table(self) -> &'static str {
        match self {
            Self::Register | Self::Enrol | Self::Withdraw { .. } => "studentRegistration",
            Self::Result { .. } => "studentAssessment",
            Self::Reinstate | Self::Conclude(_) => "studentInfo",
        }
    }
}

/// All that the tables say of one student in one run.
#[derive(Debug, Default)]
struct Enrolment {
    student: u64,
    run: u16,
    registration_line: Option<u32>,
    registered: Option<Day>,
    unregistered: Option<Day>,
    outcome: Option<FinalResult>,
    outcome_line: u32,
    submissions: Vec<u32>,
}

impl Plan {
    /// Plans the presentations that are wanted; none = all.
    ///
    /// # Errors
    /// When a presentation is wanted that the files do not have.
    pub fn new(files: Files, wanted: &[String]) -> Result<Self> {
        let mut plan = Self { offers: vec![Offer::default(); files.runs.len()], files, ..Self::default() };
        for it in wanted {
            if !plan.files.runs.iter().any(|run| run.id == *it) {
                let ids: Vec<_> = plan.files.runs.iter().map(|it| it.id.as_str()).collect();
                bail!("there is no presentation {it}; the files have {}", ids.join(", "));
            }
        }
        for (offer, run) in plan.offers.iter_mut().zip(&plan.files.runs) {
            offer.wanted = wanted.is_empty() || wanted.contains(&run.id);
        }
        plan.look_at_assessments();
        let enrolments = plan.enrolments();
        plan.add_students(&enrolments);
        for it in &enrolments {
            plan.add_enrolment(it);
        }
        // Stable: what is equal stays in the order of the enrolment's own rows.
        plan.steps.sort_by_key(|it| (it.at_ms, it.act.rank()));
        Ok(plan)
    }

    /// The run of a step.
    pub fn run(&self, step: &Step) -> &Run {
        &self.files.runs[usize::from(step.run)]
    }

    /// Whether a step comes after the end of its run.
    pub fn is_over(&self, step: &Step) -> bool {
        step.at_ms >= self.run(step).ends_at_ms()
    }

    /// The row of a result.
    pub fn submission(&self, index: u32) -> &Submission {
        &self.files.submissions[index as usize]
    }

    /// The presentations that are wanted.
    pub fn wanted(&self) -> impl Iterator<Item = (&Run, &Offer)> {
        self.files.runs.iter().zip(&self.offers).filter(|(_, offer)| offer.wanted)
    }

    fn note(&mut self, run: u16, oddity: Oddity, place: impl FnOnce() -> String) {
        if self.offers[usize::from(run)].wanted {
            self.oddities.note(oddity, place);
        }
    }

    fn look_at_assessments(&mut self) {
        let with_results: HashSet<_> = self.files.submissions.iter().map(|it| it.assessment).collect();
        let assessments = std::mem::take(&mut self.files.assessments);
        for (index, it) in (0_u16..).zip(&assessments) {
            self.offers[usize::from(it.run)].assessments.push(index);
            let place = || format!("assessments line {}", it.line);
            match (it.due, it.kind.as_str()) {
                (None, "Exam") => self.note(it.run, Oddity::ExamWithoutDate, place),
                (None, _) => self.note(it.run, Oddity::AssessmentWithoutDate, place),
                _ => {}
            }
            if !with_results.contains(&index) {
                self.note(it.run, Oddity::AssessmentWithoutResults, place);
            }
        }
        self.files.assessments = assessments;
        for run in 0..self.files.runs.len() {
            let assessments = &self.offers[run].assessments;
            let weights: u32 =
                assessments.iter().map(|it| self.files.assessments[usize::from(*it)].weight_millipoints).sum();
            if weights != WHOLE_MILLIPOINTS {
                let id = self.files.runs[run].id.clone();
                self.note(run as u16, Oddity::WeightsNotHundred, || format!("{id}: {} %", f64::from(weights) / 1000.0));
            }
        }
    }

    /// Brings together what the tables say of each student in each run.
    fn enrolments(&mut self) -> Vec<Enrolment> {
        let mut all: Vec<Enrolment> = Vec::with_capacity(self.files.registrations.len());
        let mut index: HashMap<(u64, u16), usize> = HashMap::with_capacity(self.files.registrations.len());
        let files = std::mem::take(&mut self.files);
        for it in &files.registrations {
            let place = || format!("studentRegistration line {}", it.line);
            if index.contains_key(&(it.student, it.run)) {
                self.note(it.run, Oddity::RegistrationTwice, place);
                continue;
            }
            index.insert((it.student, it.run), all.len());
            all.push(Enrolment {
                student: it.student,
                run: it.run,
                registration_line: Some(it.line),
                registered: it.registered,
                unregistered: it.unregistered,
                ..Enrolment::default()
            });
        }
        for it in &files.infos {
            let place = || format!("studentInfo line {}", it.line);
            let at = *index.entry((it.student, it.run)).or_insert(all.len());
            if at == all.len() {
                self.note(it.run, Oddity::RegistrationMissing, place);
                all.push(Enrolment { student: it.student, run: it.run, ..Enrolment::default() });
            }
            if all[at].outcome.is_some() {
                self.note(it.run, Oddity::OutcomeTwice, place);
                continue;
            }
            (all[at].outcome, all[at].outcome_line) = (Some(it.result), it.line);
        }
        let mut seen = HashSet::with_capacity(files.submissions.len());
        for (row, it) in (0..).zip(&files.submissions) {
            let place = || format!("studentAssessment line {}", it.line);
            let run = files.assessments[usize::from(it.assessment)].run;
            if !seen.insert((it.student, it.assessment)) {
                self.note(run, Oddity::ResultTwice, place);
            } else if let Some(at) = index.get(&(it.student, run)) {
                all[*at].submissions.push(row);
            } else {
                self.note(run, Oddity::ResultWithoutRegistration, place);
            }
        }
        for it in &mut all {
            it.submissions.sort_by_key(|row| files.submissions[*row as usize].day);
        }
        self.files = files;
        all
    }

    /// Students become known on the day of their first registration, whichever presentations are wanted.
    fn add_students(&mut self, enrolments: &[Enrolment]) {
        let mut firsts: HashMap<u64, (i64, u32, u16, u32)> = HashMap::new();
        for it in enrolments {
            let day = self.registered(it);
            let window = &mut self.offers[usize::from(it.run)].window;
            *window = (window.0.min(day), window.1.max(day));
            let at_ms = self.files.runs[usize::from(it.run)].at_ms(day);
            let first = firsts.entry(it.student).or_insert((i64::MAX, 0, it.run, 0));
            if at_ms < first.0 {
                (first.0, first.2, first.3) = (at_ms, it.run, it.registration_line.unwrap_or(it.outcome_line));
            }
            first.1 += u32::from(self.offers[usize::from(it.run)].wanted);
        }
        let mut wanted: Vec<_> = firsts.into_iter().filter(|(_, (_, presentations, ..))| *presentations > 0).collect();
        wanted.sort_unstable();
        for (student, (at_ms, presentations, run, line)) in wanted {
            if presentations > 1 {
                self.oddities.note(Oddity::SeveralPresentations, || format!("student {student} in {presentations}"));
            }
            self.steps.push(Step { at_ms, student: self.students.len() as u32, line, run, act: Act::Register });
            self.students.push(student);
        }
    }

    /// The day of registration; without one, the day of the first thing known, at the latest the first day of the run.
    fn registered(&self, it: &Enrolment) -> Day {
        let first_result = it.submissions.first().map(|row| self.submission(*row).day);
        it.registered
            .unwrap_or_else(|| [Some(0), it.unregistered, first_result].into_iter().flatten().min().unwrap_or(0))
    }

    fn add_enrolment(&mut self, it: &Enrolment) {
        if !self.offers[usize::from(it.run)].wanted {
            return;
        }
        let Ok(student) = self.students.binary_search(&it.student) else { return };
        let run = self.files.runs[usize::from(it.run)].clone();
        let registered = self.registered(it);
        let last_result = it.submissions.last().map_or(Day::MIN, |row| self.submission(*row).day);
        let end = run.length.max(last_result).max(registered);
        let left = match (it.unregistered, it.outcome) {
            (Some(day), _) => Some(day.max(registered)),
            (None, Some(FinalResult::Withdrawn)) => Some(end),
            (None, _) => None,
        };
        let registration_line = it.registration_line.unwrap_or(it.outcome_line);
        let mut add = |day: Day, line: u32, act: Act| {
            self.steps.push(Step { at_ms: run.at_ms(day), student: student as u32, line, run: it.run, act });
        };
        add(registered, registration_line, Act::Enrol);
        for row in &it.submissions {
            let submission = &self.files.submissions[*row as usize];
            let day = submission.day.max(registered);
            let is_late = left.is_some_and(|left| day > left);
            add(day, submission.line, Act::Result { submission: *row, is_late });
        }
        if let Some(day) = left {
            add(day, registration_line, Act::Withdraw { is_dated: it.unregistered.is_some() });
        }
        if let Some(outcome) = it.outcome.filter(|it| *it != FinalResult::Withdrawn) {
            let day = left.map_or(end, |left| end.max(left));
            if left.is_some() {
                add(day, it.outcome_line, Act::Reinstate);
            }
            add(day, it.outcome_line, Act::Conclude(outcome));
        }
        self.look_at_registration(it, &run, registered);
        self.look_at_outcome(it);
        let unregistered = left.filter(|_| it.unregistered.is_some());
        for row in &it.submissions {
            self.look_at_result(*row, &run, registered, unregistered);
        }
    }

    fn look_at_registration(&mut self, it: &Enrolment, run: &Run, registered: Day) {
        let line = it.registration_line.unwrap_or(it.outcome_line);
        let mut note = |is_so: bool, oddity: Oddity| {
            if is_so {
                self.oddities.note(oddity, || format!("studentRegistration line {line}"));
            }
        };
        note(it.registered.is_none() && it.registration_line.is_some(), Oddity::RegistrationWithoutDate);
        note(registered > 0, Oddity::RegistrationAfterStart);
        let Some(left) = it.unregistered else { return };
        note(it.registered == Some(left), Oddity::UnregisteredSameDay);
        note(left < 0, Oddity::UnregisteredBeforeStart);
        note(left > run.length, Oddity::UnregisteredAfterEnd);
        note(left < registered, Oddity::UnregisteredBeforeRegistration);
        note(it.outcome.is_some_and(|it| it != FinalResult::Withdrawn), Oddity::UnregisteredNotWithdrawn);
    }

    fn look_at_outcome(&mut self, it: &Enrolment) {
        let (table, line) = match it.outcome {
            Some(_) => ("studentInfo", it.outcome_line),
            None => ("studentRegistration", it.registration_line.unwrap_or_default()),
        };
        let oddity = match it.outcome {
            None => Oddity::OutcomeMissing,
            Some(FinalResult::Withdrawn) if it.unregistered.is_none() => Oddity::WithdrawnWithoutDate,
            Some(FinalResult::Withdrawn) => return,
            Some(_) => Oddity::OutcomeUndated,
        };
        self.oddities.note(oddity, || format!("{table} line {line}"));
        if it.submissions.is_empty() && matches!(it.outcome, Some(FinalResult::Pass | FinalResult::Distinction)) {
            self.oddities.note(Oddity::OutcomeWithoutResults, || format!("{table} line {line}"));
        }
    }

    fn look_at_result(&mut self, row: u32, run: &Run, registered: Day, unregistered: Option<Day>) {
        let it = *self.submission(row);
        let assessment = &self.files.assessments[usize::from(it.assessment)];
        let (due, weight) = (assessment.due, assessment.weight_millipoints);
        let mut note = |is_so: bool, oddity: Oddity| {
            if is_so {
                self.oddities.note(oddity, || format!("studentAssessment line {}", it.line));
            }
        };
        note(unregistered.is_some_and(|day| it.day > day), Oddity::ResultAfterUnregistration);
        note(unregistered == Some(it.day), Oddity::ResultOnUnregistrationDay);
        note(it.day < registered, Oddity::ResultBeforeRegistration);
        note(it.day < 0, Oddity::ResultBeforeStart);
        note(it.day > run.length, Oddity::ResultAfterEnd);
        note(due.is_some_and(|due| it.day > due), Oddity::ResultAfterDue);
        note(it.banked, Oddity::ResultBanked);
        note(it.score_millipoints.is_none(), Oddity::ResultWithoutScore);
        note(weight == 0, Oddity::ResultOfNoWeight);
    }
}

impl Offer {
    /// A day before anybody registered: when the run was announced.
    pub fn announced_at_ms(&self, run: &Run) -> i64 {
        run.at_ms(self.window.0) - DAY_MS
    }
}
