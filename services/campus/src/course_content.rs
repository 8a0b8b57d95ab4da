//! What the catalogue's courses consist of, version by version: modules in order, and the skills that each trains.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Skill, course_event::Event};

/// A skill as the catalogue names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SkillName {
    /// ESCO concept URI; empty for a skill in the provider's own words.
    pub uri: String,
    /// Label.
    pub label: String,
}

/// One module. Each stands before those below it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Module {
    /// Id within the course.
    pub id: String,
    /// The module above; empty at the top.
    pub parent_id: String,
    /// Title.
    pub title: String,
    /// Where it was taken from by reference: course, version and module; empty if it is the course's own.
    pub source: (String, u32, String),
    /// Its resources: id, and skills that each trains.
    pub resources: Vec<(String, Vec<SkillName>)>,
}

row! {
    /// One version of a course; version 0 is the working copy, and knows which version is offered.
    pub struct CourseContentRow {
        key { course_id: String, version: u32 }
        offered_version: u32,
        title: String,
        outcomes: Json<Vec<String>>,
        skills: Json<Vec<SkillName>>,
        modules: Json<Vec<Module>>,
    }
}

/// Versions of courses.
pub struct CourseContents;

impl View for CourseContents {
    type Row = CourseContentRow;
    const NAME: &'static str = "course_content_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseContentRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let course_id = event.id().to_owned();
        if let Event::CoursePublished(it) = it {
            publish(&course_id, it.version, rows);
            return;
        }
        let concerns = matches!(
            it,
            Event::CourseCreated(_)
                | Event::CourseDescribed(_)
                | Event::CourseOutcomesSet(_)
                | Event::CourseSkillsSet(_)
                | Event::ModuleAdded(_)
                | Event::ModuleReused(_)
                | Event::ModuleMoved(_)
                | Event::ModuleRemoved(_)
                | Event::ResourceAdded(_)
                | Event::ResourceRemoved(_)
        );
        if concerns {
            rows.row((event.id(), 0_u32), move |row| {
                let row = row.get_or_insert_with(|| CourseContentRow { course_id, ..CourseContentRow::default() });
                row.take_in(it);
            });
        }
    }
}

/// Takes what the working copy is at this moment over into the row of the version.
fn publish(course_id: &str, version: u32, rows: &mut Changes<CourseContentRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((course_id, 0_u32), move |row| {
        let Some(row) = row else { return };
        row.offered_version = version;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(CourseContentRow { version, ..row.clone() });
    });
    rows.row((course_id, version), move |row| *row = source.get().cloned());
}

/// Skills as they are kept.
pub fn named(skills: Vec<Skill>) -> Vec<SkillName> {
    skills.into_iter().map(|it| SkillName { uri: it.uri, label: it.label }).collect()
}

impl CourseContentRow {
    /// Changes it by one event.
    pub(crate) fn take_in(&mut self, event: Event) {
        let modules = &mut self.modules.0;
        match event {
            Event::CourseCreated(it) => self.title = it.title,
            Event::CourseDescribed(it) => self.title = it.title,
            Event::CourseOutcomesSet(it) => self.outcomes = Json(it.outcomes),
            Event::CourseSkillsSet(it) => self.skills = Json(named(it.skills)),
            Event::ModuleAdded(it) => {
                let module = Module { id: it.module_id, title: it.title, ..Module::default() };
                insert(modules, &it.parent_id, it.place, vec![module]);
            }
            Event::ModuleReused(it) => {
                let source = (it.source_course_id, it.source_version, it.source_module_id);
                let module = Module { id: it.module_id, title: it.title, source, ..Module::default() };
                insert(modules, &it.parent_id, it.place, vec![module]);
            }
            Event::ModuleMoved(it) => {
                let taken = take(modules, &it.module_id);
                insert(modules, &it.parent_id, it.place, taken);
            }
            Event::ModuleRemoved(it) => drop(take(modules, &it.module_id)),
            Event::ResourceAdded(it) => {
                if let Some(module) = modules.iter_mut().find(|module| module.id == it.module_id) {
                    module.resources.push((it.resource_id, named(it.skills)));
                }
            }
            Event::ResourceRemoved(it) => {
                for module in modules {
                    module.resources.retain(|(id, _)| *id != it.resource_id);
                }
            }
            _ => {}
        }
    }

    /// A module with all below it, in order; all modules for no module.
    pub fn within(&self, module_id: &str) -> Vec<&Module> {
        let modules = &self.modules.0;
        modules.iter().filter(|it| module_id.is_empty() || is_within(modules, &it.id, module_id)).collect()
    }
}

/// Whether a module is another, or stands below it.
fn is_within(modules: &[Module], module_id: &str, above: &str) -> bool {
    let mut at = module_id;
    // No deeper than there are modules, whatever the events say.
    for _ in 0..=modules.len() {
        if at == above {
            return true;
        }
        match modules.iter().find(|it| it.id == at) {
            Some(it) if !it.parent_id.is_empty() => at = &it.parent_id,
            _ => return false,
        }
    }
    false
}

/// Takes a module out with all below it.
fn take(modules: &mut Vec<Module>, module_id: &str) -> Vec<Module> {
    let all = std::mem::take(modules);
    let (taken, left) = all.iter().cloned().partition(|it| is_within(&all, &it.id, module_id));
    *modules = left;
    taken
}

/// Puts modules, the first of which is the topmost, below a parent at a place.
fn insert(modules: &mut Vec<Module>, parent: &str, place: u32, mut new: Vec<Module>) {
    let Some(first) = new.first_mut() else { return };
    parent.clone_into(&mut first.parent_id);
    let siblings: Vec<_> = (0..modules.len()).filter(|i| modules[*i].parent_id == parent).collect();
    let at = match siblings.get(place as usize) {
        Some(next) => *next,
        // Last: behind everything that stands below the parent.
        None => (0..modules.len())
            .rev()
            .find(|i| parent.is_empty() || is_within(modules, &modules[*i].id, parent))
            .map_or(modules.len(), |last| last + 1),
    };
    modules.splice(at..at, new);
}

/// A version of a course; 0 = the one that is offered, or else the working copy.
pub async fn course(store: &Store, course_id: &str, version: u32) -> Result<Option<CourseContentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM course_content_1 WHERE course_id = $1 AND version = CASE WHEN $2 > 0 THEN $2 ELSE \
         (SELECT w.offered_version FROM course_content_1 w WHERE w.course_id = $1 AND w.version = 0) END",
        CourseContentRow::COLUMN_LIST
    );
    Ok(store.query(&sql, &[course_id.into(), version.into()]).await?.pop())
}
