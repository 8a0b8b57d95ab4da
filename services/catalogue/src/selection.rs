//! A selection: a part of the catalogue that others rely on, so that nothing large happens to it silently.

mod criteria;

pub use criteria::Criteria;

use crate::by::{Asked, By};
use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::catalogue::v1::{
    Reason, SelectionDefined, SelectionRevisionConfirmed, SelectionRevisionDeclined, SelectionThresholdSet,
    selection_event::Event,
};

/// Courses in one selection, at most: an event with all of them has to fit into one message of the log.
const COURSES_MAX: usize = 10_000;

/// What can be asked of a selection.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, with these criteria.
    Define { selection: SelectionDefined, criteria: Criteria, catalogue: Matches, institution_known: bool },
    /// To have these criteria, or with the same ones the contents that follow from them now.
    Revise { criteria: Criteria, catalogue: Matches },
    /// To let so much change at once.
    SetThreshold { threshold_percent: u32 },
    /// To change as proposed.
    Confirm { proposal: u32 },
    /// Not to change as proposed.
    Decline { proposal: u32, reason: String },
}

/// What the catalogue says to criteria.
#[derive(Debug, Clone, Default)]
pub struct Matches {
    /// Offered courses that meet the conditions.
    pub matching: Vec<String>,
    /// Of the courses picked by hand, those that are not offered.
    pub unoffered: Vec<String>,
}

/// A revision that waits for somebody's word.
#[derive(Debug, Clone, PartialEq)]
struct Proposal {
    number: u32,
    criteria: Criteria,
    added: Vec<String>,
    removed: Vec<String>,
}

/// A selection as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    defined: Option<SelectionDefined>,
    /// The criteria of the definition, so that the same definition again is known.
    first: Criteria,
    threshold_percent: u32,
    revision: u32,
    criteria: Criteria,
    courses: BTreeSet<String>,
    open: Option<Proposal>,
    proposals: u32,
    confirmed: u32,
    declined: u32,
}

impl Decider for Selection {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        if let Command::Define { selection, criteria, catalogue, institution_known } = command {
            return self.define(by, selection, criteria, catalogue, *institution_known);
        }
        let Some(defined) = &self.defined else {
            return Reason::SelectionNotFound.because("there is no such selection");
        };
        by.may_change(&defined.institution_id)?;
        match command {
            Command::Define { .. } => Ok(Vec::new()),
            Command::Revise { criteria, catalogue } => self.revise(criteria, catalogue),
            Command::SetThreshold { threshold_percent } => Ok(self.set_threshold(*threshold_percent)),
            Command::Confirm { proposal } => self.confirm(*proposal),
            Command::Decline { proposal, reason } => self.decline(*proposal, reason),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::SelectionDefined(it) => {
                self.threshold_percent = it.threshold_percent;
                self.defined = Some(it.clone());
            }
            Event::SelectionThresholdSet(it) => self.threshold_percent = it.threshold_percent,
            Event::SelectionRevised(it) => {
                self.revision = it.revision;
                self.criteria = Criteria::of_revision(it);
                if it.revision == 1 {
                    self.first = self.criteria.clone();
                }
                self.courses.extend(it.added_course_ids.iter().cloned());
                for course in &it.removed_course_ids {
                    self.courses.remove(course);
                }
                self.open = None;
            }
            Event::SelectionRevisionProposed(it) => {
                self.proposals = it.proposal;
                self.open = Some(Proposal {
                    number: it.proposal,
                    criteria: Criteria::of_proposal(it),
                    added: it.added_course_ids.clone(),
                    removed: it.removed_course_ids.clone(),
                });
            }
            Event::SelectionRevisionConfirmed(it) => self.confirmed = it.proposal,
            Event::SelectionRevisionDeclined(it) => {
                self.declined = it.proposal;
                self.open = None;
            }
        }
    }
}

impl Selection {
    /// The revision that holds; 0 if there is no such selection.
    pub fn revision(&self) -> u32 {
        self.revision
    }

    /// How many courses are in it.
    pub fn size(&self) -> u32 {
        self.courses.len() as u32
    }

    /// The proposal that waits for a word; 0 = none.
    pub fn open_proposal(&self) -> u32 {
        self.open.as_ref().map_or(0, |it| it.number)
    }

    fn define(
        &self,
        by: &By,
        selection: &SelectionDefined,
        criteria: &Criteria,
        catalogue: &Matches,
        institution_known: bool,
    ) -> Decision<Self> {
        by.may_change(&selection.institution_id)?;
        match &self.defined {
            Some(it) if it == selection && self.first == *criteria => return Ok(Vec::new()),
            Some(it) => {
                return Reason::SelectionExists.because(format!("this id is the selection \"{}\" already", it.title));
            }
            None => {}
        }
        if !institution_known && !selection.institution_id.is_empty() {
            let id = &selection.institution_id;
            return Reason::InstitutionNotFound.because(format!("no institution `{id}` is registered"));
        }
        let courses = self.contents(criteria, catalogue)?.into_iter().collect();
        Ok(vec![Event::SelectionDefined(selection.clone()), criteria.revised(1, courses, Vec::new())])
    }

    /// Which courses follow from criteria.
    fn contents(&self, criteria: &Criteria, catalogue: &Matches) -> Result<BTreeSet<String>, Rejection<Reason>> {
        // What was picked before and is offered no longer drops out; picking it now is a mistake.
        let is_new = |it: &&String| !self.criteria.picked_course_ids.contains(it);
        if let Some(course) = catalogue.unoffered.iter().find(is_new) {
            return Reason::CourseNotPublished.because(format!("`{course}` is not offered"));
        }
        let picked = criteria.picked_course_ids.iter().filter(|it| !catalogue.unoffered.contains(it));
        let courses: BTreeSet<_> = catalogue
            .matching
            .iter()
            .chain(picked)
            .filter(|it| !criteria.excluded_course_ids.contains(it))
            .cloned()
            .collect();
        if courses.len() > COURSES_MAX {
            return Reason::SelectionTooLarge
                .because(format!("{} courses match; a selection holds at most {COURSES_MAX}", courses.len()));
        }
        Ok(courses)
    }

    fn revise(&self, criteria: &Criteria, catalogue: &Matches) -> Decision<Self> {
        let courses = self.contents(criteria, catalogue)?;
        let added: Vec<_> = courses.difference(&self.courses).cloned().collect();
        let removed: Vec<_> = self.courses.difference(&courses).cloned().collect();
        if added.is_empty() && removed.is_empty() && self.criteria == *criteria {
            return Ok(Vec::new());
        }
        if !self.is_large(added.len().max(removed.len())) {
            return Ok(vec![criteria.revised(self.revision + 1, added, removed)]);
        }
        let is_proposed =
            self.open.as_ref().is_some_and(|it| it.criteria == *criteria && it.added == added && it.removed == removed);
        if is_proposed {
            return Ok(Vec::new());
        }
        Ok(vec![criteria.proposed(self.proposals + 1, added, removed)])
    }

    /// So many courses are more than may come or go at once. Who relies on nothing can miss nothing.
    fn is_large(&self, changed: usize) -> bool {
        !self.courses.is_empty() && changed * 100 > self.threshold_percent as usize * self.courses.len()
    }

    fn set_threshold(&self, threshold_percent: u32) -> Vec<Event> {
        if self.threshold_percent == threshold_percent {
            return Vec::new();
        }
        vec![Event::SelectionThresholdSet(SelectionThresholdSet { threshold_percent })]
    }

    fn confirm(&self, proposal: u32) -> Decision<Self> {
        match &self.open {
            Some(it) if it.number == proposal => Ok(vec![
                Event::SelectionRevisionConfirmed(SelectionRevisionConfirmed { proposal }),
                it.criteria.revised(self.revision + 1, it.added.clone(), it.removed.clone()),
            ]),
            _ if self.confirmed == proposal && proposal != 0 => Ok(Vec::new()),
            _ => not_open(proposal),
        }
    }

    fn decline(&self, proposal: u32, reason: &str) -> Decision<Self> {
        match &self.open {
            Some(it) if it.number == proposal => {
                let reason = reason.to_owned();
                Ok(vec![Event::SelectionRevisionDeclined(SelectionRevisionDeclined { proposal, reason })])
            }
            _ if self.declined == proposal && proposal != 0 => Ok(Vec::new()),
            _ => not_open(proposal),
        }
    }
}

fn not_open(proposal: u32) -> Decision<Selection> {
    Reason::ProposalNotOpen
        .because(format!("proposal {proposal} does not wait for a word: decided, lapsed, or never made"))
}

#[cfg(test)]
mod tests;
