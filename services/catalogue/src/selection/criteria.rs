//! The criteria of a selection: conditions, and what is picked or left out by hand.

use studium_proto::catalogue::v1::{
    SelectionFilter, SelectionRevised, SelectionRevisionProposed, selection_event::Event,
};

/// Which courses belong to a selection.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Criteria {
    /// Courses that meet all conditions given here belong; if none is given, none does.
    pub filter: SelectionFilter,
    /// Courses that belong by hand.
    pub picked_course_ids: Vec<String>,
    /// Courses that do not belong although they meet the conditions.
    pub excluded_course_ids: Vec<String>,
}

/// The fields of both events are the same, one by one.
macro_rules! criteria_of {
    ($it:expr) => {
        Self {
            filter: SelectionFilter {
                text: $it.text.clone(),
                institution_ids: $it.institution_ids.clone(),
                subjects: $it.subjects.clone(),
                categories: $it.categories.clone(),
                levels: $it.levels.clone(),
                languages: $it.languages.clone(),
                skills: $it.skills.clone(),
                workload_from_minutes: $it.workload_from_minutes,
                workload_until_minutes: $it.workload_until_minutes,
                credit_bearing: $it.credit_bearing,
            },
            picked_course_ids: $it.picked_course_ids.clone(),
            excluded_course_ids: $it.excluded_course_ids.clone(),
        }
    };
}

macro_rules! event_of {
    ($message:ident, $criteria:expr, $number_field:ident: $number:expr, $added:expr, $removed:expr) => {{
        let Criteria { filter, picked_course_ids, excluded_course_ids } = $criteria.clone();
        $message {
            $number_field: $number,
            text: filter.text,
            institution_ids: filter.institution_ids,
            subjects: filter.subjects,
            categories: filter.categories,
            levels: filter.levels,
            languages: filter.languages,
            skills: filter.skills,
            workload_from_minutes: filter.workload_from_minutes,
            workload_until_minutes: filter.workload_until_minutes,
            credit_bearing: filter.credit_bearing,
            picked_course_ids,
            excluded_course_ids,
            added_course_ids: $added,
            removed_course_ids: $removed,
        }
    }};
}

impl Criteria {
    /// No condition is given.
    pub(crate) fn has_no_condition(&self) -> bool {
        self.filter == SelectionFilter::default()
    }

    pub(crate) fn of_revision(it: &SelectionRevised) -> Self {
        criteria_of!(it)
    }

    pub(crate) fn of_proposal(it: &SelectionRevisionProposed) -> Self {
        criteria_of!(it)
    }

    pub(super) fn revised(&self, revision: u32, added: Vec<String>, removed: Vec<String>) -> Event {
        Event::SelectionRevised(event_of!(SelectionRevised, self, revision: revision, added, removed))
    }

    pub(super) fn proposed(&self, proposal: u32, added: Vec<String>, removed: Vec<String>) -> Event {
        Event::SelectionRevisionProposed(event_of!(SelectionRevisionProposed, self, proposal: proposal, added, removed))
    }
}
