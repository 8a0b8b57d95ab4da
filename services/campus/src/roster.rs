//! The roster of one campus: which deliveries became it, in which order, and which wait for somebody to look at them.
//!
//! A delivery is compared with the members as they stand after so many accepted ones, its `base`, and is accepted only
//! while no other one was. So of two that were compared side by side one must be sent again, and one that waited in
//! quarantine while a later roster came can be rejected but not approved: it would undo the later one.
//! The changes themselves are not kept here but in deliveries, so that this history stays short.

use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    Reason, RosterCause, RosterImportAccepted, RosterImportBegun, RosterImportJudged, RosterImportRejected, RosterMode,
    RosterRemovalLimitSet, RosterVerdict, roster_event::Event,
};

/// Of the members from rosters so many, in percent, may leave without anybody looking: the platform's default.
const REMOVAL_LIMIT_PERCENT: u32 = 10;

/// With more rows that make no sense than these, in percent and in number, the whole delivery is doubtful:
/// columns that are swapped spoil every row, a slip of the pen spoils one.
const MALFORMED_PERCENT_MAX: u64 = 5;
const MALFORMED_MAX: u32 = 2;

/// What can be asked of a roster.
#[derive(Debug, Clone)]
pub enum Command {
    /// To know that a delivery is here and is compared with what holds now.
    Begin { import_id: String, fingerprint: String },
    /// To decide on a delivery. `found` is what was found in it, without verdict; `is_cut` says that its last row is.
    Judge { found: Box<RosterImportJudged>, is_cut: bool },
    /// To be as a delivery in quarantine says.
    Approve { import_id: String },
    /// To forget a delivery in quarantine.
    Reject { import_id: String, reason: String },
    /// To let so many leave without anybody looking.
    SetRemovalLimit { percent: u32 },
}

/// A roster as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    accepted: u32,
    made_at_ms: i64,
    /// The rows that were accepted last, and all that ever were.
    holds: String,
    held: BTreeSet<String>,
    limit_percent: Option<u32>,
    imports: BTreeMap<String, Import>,
}

#[derive(Debug, Clone, Default)]
struct Import {
    base: u32,
    fingerprint: String,
    judged: Option<Box<RosterImportJudged>>,
    accepted: bool,
    rejected: bool,
}

/// What makes a delivery worthless whatever holds.
pub fn problem(found: &RosterImportJudged, is_cut: bool) -> Option<RosterCause> {
    let expected = if found.expected_rows == 0 { found.rows } else { found.expected_rows };
    let share = u64::from(found.malformed) * 100;
    let many = share > u64::from(found.rows) * MALFORMED_PERCENT_MAX && found.malformed > MALFORMED_MAX;
    if is_cut || found.rows != expected {
        Some(RosterCause::Truncated)
    } else if found.rows == 0 && found.mode() == RosterMode::Full {
        Some(RosterCause::Empty)
    } else if many || (found.rows > 0 && found.malformed == found.rows) {
        Some(RosterCause::ManyMalformed)
    } else {
        None
    }
}

impl Decider for Roster {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Begin { import_id, fingerprint } => self.begin(import_id, fingerprint),
            Command::Judge { found, is_cut } => self.judge(found, *is_cut),
            Command::Approve { import_id } => self.approve(import_id),
            Command::Reject { import_id, reason } => self.reject(import_id, reason),
            Command::SetRemovalLimit { percent } if self.limit_percent == Some(*percent) => Ok(Vec::new()),
            Command::SetRemovalLimit { percent } => {
                Ok(vec![Event::RosterRemovalLimitSet(RosterRemovalLimitSet { percent: *percent })])
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RosterImportBegun(it) => {
                let import = self.imports.entry(it.import_id.clone()).or_default();
                (import.base, import.fingerprint) = (it.base, it.fingerprint.clone());
            }
            Event::RosterImportJudged(it) => {
                self.imports.entry(it.import_id.clone()).or_default().judged = Some(Box::new(it.clone()));
            }
            Event::RosterImportAccepted(it) => {
                self.accepted = it.number;
                let import = self.imports.entry(it.import_id.clone()).or_default();
                import.accepted = true;
                self.holds.clone_from(&import.fingerprint);
                self.held.insert(import.fingerprint.clone());
                let made_at_ms = import.judged.as_ref().map_or(0, |it| it.made_at_ms);
                self.made_at_ms = self.made_at_ms.max(made_at_ms);
            }
            Event::RosterImportRejected(it) => {
                self.imports.entry(it.import_id.clone()).or_default().rejected = true;
            }
            Event::RosterRemovalLimitSet(it) => self.limit_percent = Some(it.percent),
        }
    }
}

impl Roster {
    /// Deliveries that were accepted.
    pub fn accepted(&self) -> u32 {
        self.accepted
    }

    /// How many were when a delivery was begun, if it was.
    pub fn base_of(&self, import_id: &str) -> Option<u32> {
        self.imports.get(import_id).map(|it| it.base)
    }

    /// What was decided of a delivery, if anything was.
    pub fn judged(&self, import_id: &str) -> Option<&RosterImportJudged> {
        self.imports.get(import_id)?.judged.as_deref()
    }

    /// What is to be decided of a delivery that was compared with what holds now.
    pub fn verdict(&self, found: &RosterImportJudged, is_cut: bool) -> RosterImportJudged {
        let limit_percent = self.limit_percent.unwrap_or(REMOVAL_LIMIT_PERCENT);
        let is_older = found.made_at_ms > 0 && found.made_at_ms < self.made_at_ms;
        let leave = u64::from(found.removed) * 100;
        let changes = found.added + found.changed + found.removed;
        let was_once = self.held.contains(&found.fingerprint) && self.holds != found.fingerprint;
        let (verdict, cause) = if let Some(cause) = problem(found, is_cut) {
            (RosterVerdict::Refused, cause)
        } else if is_older {
            (RosterVerdict::Refused, RosterCause::Older)
        } else if leave > u64::from(found.roster_members) * u64::from(limit_percent) {
            (RosterVerdict::Quarantined, RosterCause::MassRemoval)
        } else if was_once && changes > 0 {
            (RosterVerdict::Quarantined, RosterCause::OldRows)
        } else {
            (RosterVerdict::Accepted, RosterCause::Unspecified)
        };
        RosterImportJudged { limit_percent, verdict: verdict.into(), cause: cause.into(), ..found.clone() }
    }

    fn begin(&self, import_id: &str, fingerprint: &str) -> Decision<Self> {
        match self.imports.get(import_id) {
            Some(it) if it.fingerprint != fingerprint => exists(import_id),
            Some(it) if it.judged.is_some() || it.base == self.accepted => Ok(Vec::new()),
            _ => {
                let (import_id, fingerprint) = (import_id.to_owned(), fingerprint.to_owned());
                Ok(vec![Event::RosterImportBegun(RosterImportBegun { import_id, base: self.accepted, fingerprint })])
            }
        }
    }

    fn judge(&self, found: &RosterImportJudged, is_cut: bool) -> Decision<Self> {
        let import = self.import(&found.import_id)?;
        if import.fingerprint != found.fingerprint {
            return exists(&found.import_id);
        }
        if import.judged.is_some() {
            return Ok(Vec::new());
        }
        self.in_time(found.base)?;
        let judged = self.verdict(found, is_cut);
        let accepted = (judged.verdict() == RosterVerdict::Accepted).then(|| self.acceptance(&judged, false));
        Ok(std::iter::once(Event::RosterImportJudged(judged)).chain(accepted).collect())
    }

    fn approve(&self, import_id: &str) -> Decision<Self> {
        let import = self.import(import_id)?;
        if import.accepted {
            return Ok(Vec::new());
        }
        let judged = import.in_quarantine(import_id)?;
        self.in_time(judged.base)?;
        Ok(vec![self.acceptance(judged, true)])
    }

    fn reject(&self, import_id: &str, reason: &str) -> Decision<Self> {
        let import = self.import(import_id)?;
        if import.rejected {
            return Ok(Vec::new());
        }
        if import.accepted {
            return Reason::RosterImportClosed.because(format!("import `{import_id}` was accepted"));
        }
        import.in_quarantine(import_id)?;
        let (import_id, reason) = (import_id.to_owned(), reason.to_owned());
        Ok(vec![Event::RosterImportRejected(RosterImportRejected { import_id, reason })])
    }

    fn import(&self, import_id: &str) -> Result<&Import, studium_kit::Rejection<Reason>> {
        match self.imports.get(import_id) {
            Some(it) => Ok(it),
            None => Reason::RosterImportNotFound.because(format!("the campus has no import `{import_id}`")),
        }
    }

    fn in_time(&self, base: u32) -> Result<(), studium_kit::Rejection<Reason>> {
        if base == self.accepted {
            return Ok(());
        }
        Reason::RosterSuperseded.because("another import was accepted since; deliver the roster again, with another id")
    }

    fn acceptance(&self, judged: &RosterImportJudged, approved: bool) -> Event {
        Event::RosterImportAccepted(RosterImportAccepted {
            import_id: judged.import_id.clone(),
            number: self.accepted + 1,
            delivery_id: judged.delivery_id.clone(),
            chunks: judged.chunks,
            approved,
        })
    }
}

impl Import {
    fn in_quarantine(&self, import_id: &str) -> Result<&RosterImportJudged, studium_kit::Rejection<Reason>> {
        let waits = !self.accepted && !self.rejected;
        match self.judged.as_deref() {
            Some(it) if waits && it.verdict() == RosterVerdict::Quarantined => Ok(it),
            Some(_) => Reason::RosterImportClosed.because(format!("import `{import_id}` does not wait for anybody")),
            None => {
                Reason::RosterImportClosed.because(format!("import `{import_id}` broke off; send the delivery again"))
            }
        }
    }
}

fn exists(import_id: &str) -> Decision<Roster> {
    Reason::RosterImportExists.because(format!("`{import_id}` is another import, with other rows; use another id"))
}

#[cfg(test)]
mod tests;
