//! The content of a course: what its events make of the working copy, and how the module tree is read.

use studium_proto::catalogue::v1::{Course, CourseDescribed, CourseModule, ModuleMoved, course_event::Event};

/// Changes a page by one event. Events of the way to publication leave it as it is.
pub(crate) fn apply(page: &mut Course, event: &Event) {
    match event {
        Event::CourseCreated(it) => {
            page.institution_id.clone_from(&it.institution_id);
            page.kind.clone_from(&it.kind);
            page.description = Some(CourseDescribed { title: it.title.clone(), ..CourseDescribed::default() });
        }
        Event::CourseDescribed(it) => page.description = Some(it.clone()),
        Event::CourseOutcomesSet(it) => page.outcomes.clone_from(&it.outcomes),
        Event::CourseSkillsSet(it) => page.skills.clone_from(&it.skills),
        Event::CourseWorkloadSet(it) => page.workload = Some(*it),
        Event::CourseCreditOffered(it) => {
            page.credit_offers.retain(|other| other.scheme != it.scheme);
            page.credit_offers.push(it.clone());
            page.credit_offers.sort_by_key(|other| other.scheme);
        }
        Event::CourseCreditOfferWithdrawn(it) => page.credit_offers.retain(|other| other.scheme != it.scheme),
        Event::CourseAssessmentMethodSet(it) => page.assessment_method = Some(it.clone()),
        Event::ModuleAdded(it) => {
            let module =
                CourseModule { module_id: it.module_id.clone(), title: it.title.clone(), ..CourseModule::default() };
            insert(page, &it.parent_id, it.place, vec![module]);
        }
        Event::ModuleReused(it) => {
            let module = CourseModule {
                module_id: it.module_id.clone(),
                title: it.title.clone(),
                source_course_id: it.source_course_id.clone(),
                source_version: it.source_version,
                source_module_id: it.source_module_id.clone(),
                ..CourseModule::default()
            };
            insert(page, &it.parent_id, it.place, vec![module]);
        }
        Event::ModuleMoved(it) => move_module(page, it),
        Event::ModuleRemoved(it) => drop(take(page, &it.module_id)),
        Event::ResourceAdded(it) => {
            if let Some(module) = page.modules.iter_mut().find(|module| module.module_id == it.module_id) {
                module.resources.push(it.clone());
            }
        }
        Event::ResourceRemoved(it) => {
            for module in &mut page.modules {
                module.resources.retain(|resource| resource.resource_id != it.resource_id);
            }
        }
        Event::ModuleReuseLicensed(it) => {
            if let Some(module) = page.modules.iter_mut().find(|module| module.module_id == it.module_id) {
                module.licence = it.licence;
            }
        }
        Event::CourseRetired(_) => page.retired = true,
        Event::CourseAuthorJoined(_)
        | Event::CourseSubmitted(_)
        | Event::CourseChangesRequested(_)
        | Event::CourseApproved(_)
        | Event::CoursePublished(_) => {}
    }
}

/// The title of a page; empty if it has none.
pub(crate) fn title(page: &Course) -> &str {
    page.description.as_ref().map_or("", |it| &it.title)
}

/// The workload of a page in all, minutes.
pub(crate) fn minutes(page: &Course) -> u32 {
    page.workload
        .as_ref()
        .map_or(0, |it| it.study_minutes.saturating_add(it.revision_minutes).saturating_add(it.assessment_minutes))
}

/// A module of a page.
pub(crate) fn module<'a>(page: &'a Course, id: &str) -> Option<&'a CourseModule> {
    page.modules.iter().find(|it| it.module_id == id)
}

/// A resource of a page lies in one of its modules.
pub(crate) fn has_resource(page: &Course, id: &str) -> bool {
    page.modules.iter().flat_map(|it| &it.resources).any(|it| it.resource_id == id)
}

/// The module is this one or stands below it.
pub(crate) fn is_within(page: &Course, id: &str, above: &str) -> bool {
    let mut next = id;
    // A tree is not deeper than it has modules; more steps would be a cycle.
    for _ in 0..=page.modules.len() {
        if next == above {
            return true;
        }
        match module(page, next) {
            Some(it) if !it.parent_id.is_empty() => next = &it.parent_id,
            _ => return false,
        }
    }
    true
}

/// How many modules stand directly below one, or at the top.
pub(crate) fn children(page: &Course, parent: &str) -> u32 {
    page.modules.iter().filter(|it| it.parent_id == parent).count() as u32
}

/// Place of a module among its siblings.
pub(crate) fn place(page: &Course, id: &str) -> Option<u32> {
    let parent = &module(page, id)?.parent_id;
    let mut siblings = page.modules.iter().filter(|it| it.parent_id == *parent);
    siblings.position(|it| it.module_id == id).map(|it| it as u32)
}

fn move_module(page: &mut Course, it: &ModuleMoved) {
    let taken = take(page, &it.module_id);
    if !taken.is_empty() {
        insert(page, &it.parent_id, it.place, taken);
    }
}

/// Takes a module out with all below it: a run of the list, since each module stands before those below it.
fn take(page: &mut Course, id: &str) -> Vec<CourseModule> {
    let (taken, left): (Vec<_>, Vec<_>) =
        page.modules.iter().cloned().partition(|it| is_within(page, &it.module_id, id));
    page.modules = left;
    taken
}

/// Puts modules, the first of which is the topmost, below a parent at a place.
fn insert(page: &mut Course, parent: &str, place: u32, mut modules: Vec<CourseModule>) {
    let Some(first) = modules.first_mut() else { return };
    parent.clone_into(&mut first.parent_id);
    let siblings: Vec<_> = (0..page.modules.len()).filter(|i| page.modules[*i].parent_id == parent).collect();
    let at = match siblings.get(place as usize) {
        Some(next) => *next,
        // Last: behind everything that stands below the parent.
        None => (0..page.modules.len())
            .rev()
            .find(|i| parent.is_empty() || is_within(page, &page.modules[*i].module_id, parent))
            .map_or(page.modules.len(), |last| last + 1),
    };
    page.modules.splice(at..at, modules);
}
