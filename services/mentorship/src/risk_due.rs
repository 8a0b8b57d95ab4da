//! What follows next from where a learner stands in a run: pure, so that no signal depends on who looks when.

use crate::{
    mentee_progress::{Attempt, MenteeProgressRow, OpenSignal, Watch},
    risk::Command,
};
use serde::{Deserialize, Serialize};
use studium_kit::DAY_MS;
use studium_proto::{
    enrolment::v1::EnrolmentState,
    mentorship::v1::{RiskClearance, RiskCleared, RiskKind, RiskSignalled},
};

/// What became so longer before it was entered is history, and nobody is told of it.
const HISTORY_MS: i64 = 31 * DAY_MS;

/// Something to say about a learner in a programme when the time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Since when it is so, or from when on it will be, Unix milliseconds.
    pub at_ms: i64,
    /// Of which programme.
    pub programme_id: String,
    /// What.
    pub fact: Fact,
}

/// What is to be said, as it is kept: short, and without what the watch knows itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Kind, run, assessment; days, last activity, silent since, attempt, score, pass mark, due, position.
    #[serde(rename = "r")]
    Raise(i32, String, String, [i64; 8]),
    /// The same after so many signals of the programme in this run. What is said once is not said again, so what
    /// becomes true a second time, as when a due date moves away and back, is another fact.
    #[serde(rename = "a")]
    Again(u32, i32, String, String, [i64; 8]),
    /// Signal, clearance, position.
    #[serde(rename = "c")]
    Clear(u32, i32, i64),
}

impl Fact {
    fn raise(it: &RiskSignalled, after: u32) -> Self {
        let numbers = [
            i64::from(it.days),
            it.last_activity_at_ms,
            it.silent_since_ms,
            i64::from(it.attempt),
            i64::from(it.score_millipoints),
            i64::from(it.pass_mark_millipoints),
            it.due_at_ms,
            it.evidence_position as i64,
        ];
        let (run_id, assessment_id) = (it.run_id.clone(), it.assessment_id.clone());
        if after == 0 {
            Self::Raise(it.kind, run_id, assessment_id, numbers)
        } else {
            Self::Again(after, it.kind, run_id, assessment_id, numbers)
        }
    }

    /// As a text that `command` reads.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What is asked of the watch for it.
    pub fn command(text: &str) -> Command {
        match serde_json::from_str(text) {
            Ok(
                Self::Raise(kind, run_id, assessment_id, numbers)
                | Self::Again(_, kind, run_id, assessment_id, numbers),
            ) => {
                let [days, last_activity_at_ms, silent_since_ms, attempt, score, pass_mark, due_at_ms, at] = numbers;
                Command::Raise(RiskSignalled {
                    kind,
                    run_id,
                    assessment_id,
                    days: days as u32,
                    last_activity_at_ms,
                    silent_since_ms,
                    attempt: attempt as u32,
                    score_millipoints: score as u32,
                    pass_mark_millipoints: pass_mark as u32,
                    due_at_ms,
                    evidence_position: at as u64,
                    ..RiskSignalled::default()
                })
            }
            Ok(Self::Clear(signal, clearance, at)) => {
                let evidence_position = at as u64;
                Command::Clear(RiskCleared { signal, clearance, evidence_position, ..RiskCleared::default() })
            }
            // No signal has the number 0, so nothing comes of it.
            Err(_) => Command::Clear(RiskCleared::default()),
        }
    }
}

/// What is to be said first, if anything is.
pub fn next(row: &MenteeProgressRow) -> Option<Due> {
    let clears = row.signals.0.iter().filter_map(|it| cleared(row, it));
    let is_active = row.state == EnrolmentState::Active as i32 && !row.audits;
    let watches = row.watches.0.iter().filter(|_| is_active);
    let raises = watches.flat_map(|it| raised(row, it)).filter(|it| it.at_ms >= row.recorded_at_ms - HISTORY_MS);
    clears.chain(raises).min_by_key(|it| it.at_ms)
}

fn cleared(row: &MenteeProgressRow, open: &OpenSignal) -> Option<Due> {
    let (at_ms, clearance, position) = match open.kind() {
        RiskKind::Inactive if row.last_activity_at_ms > open.since => {
            (row.last_activity_at_ms, RiskClearance::Activity, row.activity_position)
        }
        RiskKind::AssessmentFailed => {
            let pass = row.watch(&open.programme).map_or(open.pass, |it| it.pass);
            let best = row.best(&open.assessment).filter(|it| it.score >= Some(pass))?;
            (best.at, RiskClearance::Passed, best.position)
        }
        RiskKind::AssessmentMissing => match row.attempts(&open.assessment).min_by_key(|it| it.at) {
            Some(first) => (first.at, RiskClearance::HandedIn, first.position),
            None if is_due_later(row, open) => (row.recorded_at_ms, RiskClearance::DueMoved, 0),
            None => return None,
        },
        _ => return None,
    };
    let fact = Fact::Clear(open.signal, clearance as i32, position as i64);
    Some(Due { at_ms, programme_id: open.programme.clone(), fact })
}

/// What was missed may be handed in later than it was due then.
fn is_due_later(row: &MenteeProgressRow, open: &OpenSignal) -> bool {
    row.watch(&open.programme).is_some_and(|watch| {
        let due = watch.dues.iter().find(|it| it.0 == open.assessment);
        due.is_none_or(|it| it.1 > open.due)
    })
}

fn raised(row: &MenteeProgressRow, watch: &Watch) -> Vec<Due> {
    let due = |at_ms: i64, it: RiskSignalled| {
        let it = RiskSignalled { run_id: row.run_id.clone(), last_activity_at_ms: row.last_activity_at_ms, ..it };
        Due { at_ms, programme_id: watch.programme.clone(), fact: Fact::raise(&it, watch.told) }
    };
    let is_open = |kind: RiskKind, assessment: &str| {
        row.open(&watch.programme).any(|it| it.kind() == kind && it.assessment == assessment)
    };
    let failed = failed(row, watch).filter(|it| !is_open(RiskKind::AssessmentFailed, &it.1.assessment_id));
    let missing = watch.dues.iter().filter(|(id, due)| {
        *due >= watch.since && row.attempts(id).next().is_none() && !is_open(RiskKind::AssessmentMissing, id)
    });
    let missing = missing.map(|(id, due_at_ms)| {
        let (assessment_id, due_at_ms, kind) = (id.clone(), *due_at_ms, RiskKind::AssessmentMissing as i32);
        (due_at_ms, RiskSignalled { kind, assessment_id, due_at_ms, ..RiskSignalled::default() })
    });
    silent(row, watch).into_iter().chain(failed).chain(missing).map(|(at, it)| due(at, it)).collect()
}

/// The next threshold of silence that nobody was told of.
fn silent(row: &MenteeProgressRow, watch: &Watch) -> Option<(i64, RiskSignalled)> {
    // Before the run starts nobody is late.
    let began = watch.since.max(watch.starts).max(row.active_at_ms);
    let silent_since_ms = row.last_activity_at_ms.max(began);
    let told = row.open(&watch.programme).filter(|it| it.kind() == RiskKind::Inactive).map(|it| it.days).max();
    let days = watch.days.iter().copied().find(|days| Some(*days) > told)?;
    let at_ms = silent_since_ms + i64::from(days) * DAY_MS;
    let (kind, evidence_position) = (RiskKind::Inactive as i32, row.activity_position);
    Some((at_ms, RiskSignalled { kind, days, silent_since_ms, evidence_position, ..RiskSignalled::default() }))
}

/// Assessments whose best score is below the pass mark, each with the last result that was earned here.
fn failed(row: &MenteeProgressRow, watch: &Watch) -> impl Iterator<Item = (i64, RiskSignalled)> {
    let last = |id: &str| row.attempts(id).filter(|it| it.is_earned()).max_by_key(|it| (it.at, it.position));
    let fails = move |it: &&Attempt| {
        it.at >= watch.since && it.is_earned() && last(&it.id).is_some_and(|last| last.number == it.number)
    };
    row.results.0.iter().filter(fails).filter_map(move |it| {
        let score_millipoints = row.best(&it.id)?.score.filter(|best| *best < watch.pass)?;
        let failed = RiskSignalled {
            kind: RiskKind::AssessmentFailed as i32,
            assessment_id: it.id.clone(),
            attempt: it.number,
            score_millipoints,
            pass_mark_millipoints: watch.pass,
            evidence_position: it.position,
            ..RiskSignalled::default()
        };
        Some((it.at, failed))
    })
}

#[cfg(test)]
mod tests;
