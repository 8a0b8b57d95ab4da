//! What a programme is composed of: required courses, and groups of electives of which some are to be chosen.

use std::collections::BTreeSet;
use studium_kit::{Reason as _, Rejection};
use studium_proto::catalogue::v1::{ProgrammeComposed, Reason};

/// All courses of a composition, in order.
pub(crate) fn courses(it: &ProgrammeComposed) -> Vec<String> {
    let electives = it.elective_groups.iter().flat_map(|group| &group.course_ids);
    it.required_course_ids.iter().chain(electives).cloned().collect()
}

/// Refuses a course or a group that is there twice, and a group that cannot be satisfied.
pub(super) fn check(it: &ProgrammeComposed) -> Result<(), Rejection<Reason>> {
    let mut seen = BTreeSet::new();
    if let Some(twice) = courses(it).into_iter().find(|course| !seen.insert(course.clone())) {
        return Reason::CourseTwice.because(format!("`{twice}` is in the programme twice"));
    }
    let mut groups = BTreeSet::new();
    for group in &it.elective_groups {
        if !groups.insert(&group.group_id) {
            return Reason::GroupTwice.because(format!("there are two groups `{}`", group.group_id));
        }
        if group.choose == 0 || group.choose as usize > group.course_ids.len() {
            return Reason::ElectivesImpossible.because(format!(
                "`{}` asks for {} of {} courses",
                group.group_id,
                group.choose,
                group.course_ids.len()
            ));
        }
    }
    Ok(())
}
