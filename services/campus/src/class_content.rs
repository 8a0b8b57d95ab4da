//! What a class works with: items of its composition or modules of its course, by the ids that teachers name.

use crate::{
    classes::ClassRow,
    composition_content::{self, Item},
    course_content::{self, CourseContentRow, Module, SkillName},
};
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Store, StoreError};

/// One content of a class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The id that teachers name.
    pub id: String,
    /// Title.
    pub title: String,
    /// The course that it is from; empty for a teacher's own.
    pub course_id: String,
    /// The module of that course; empty for the course as a whole.
    pub module_id: String,
    /// Of a course as a whole: the contents that are the modules at its top.
    pub top_content_ids: Vec<String>,
    /// Skills that it trains.
    pub skills: BTreeSet<SkillName>,
}

/// Versions of courses at hand.
type Shelf = BTreeMap<(String, u32), CourseContentRow>;

/// What a class works with, in order.
pub async fn of_class(store: &Store, class: &ClassRow) -> Result<Vec<Content>, StoreError> {
    let mut shelf = Shelf::new();
    if class.composition_id.is_empty() {
        let Some(course_id) = class.course_ids.0.first() else { return Ok(Vec::new()) };
        fetch(store, &mut shelf, course_id, class.course_version).await?;
        return Ok(of_course(&shelf, course_id, class.course_version));
    }
    let composition = composition_content::composition(store, &class.composition_id, class.composition_version).await?;
    let items = composition.map(|it| it.items.0).unwrap_or_default();
    for item in items.iter().filter(|it| !it.source.0.is_empty()) {
        fetch(store, &mut shelf, &item.source.0, item.source.1).await?;
    }
    Ok(items.iter().flat_map(|it| of_item(&shelf, it)).collect())
}

/// Puts a version of a course on the shelf, with those that it takes modules from.
async fn fetch(store: &Store, shelf: &mut Shelf, course_id: &str, version: u32) -> Result<(), StoreError> {
    let mut wanted = vec![(course_id.to_owned(), version)];
    while let Some(key) = wanted.pop() {
        if shelf.contains_key(&key) {
            continue;
        }
        let Some(course) = course_content::course(store, &key.0, key.1).await? else { continue };
        let sources = course.modules.0.iter().filter(|it| !it.source.0.is_empty());
        wanted.extend(sources.map(|it| (it.source.0.clone(), it.source.1)));
        shelf.insert(key, course);
    }
    Ok(())
}

/// Skills that a module trains by itself, and, if it was taken in by reference, as it stands there.
fn skills(shelf: &Shelf, module: &Module, depth: u32) -> BTreeSet<SkillName> {
    let own = module.resources.iter().flat_map(|(_, skills)| skills.clone());
    let (course_id, version, module_id) = &module.source;
    let source = shelf.get(&(course_id.clone(), *version)).filter(|_| depth > 0);
    let there = source.map(|it| it.within(module_id)).unwrap_or_default();
    own.chain(there.into_iter().flat_map(|it| skills(shelf, it, depth - 1))).collect()
}

/// How often a module that was taken in may have been taken in there, and so on.
const DEPTH_MAX: u32 = 8;

/// Skills of a module and of those below it, or of a course with all its modules.
fn trained(shelf: &Shelf, course: &CourseContentRow, module_id: &str) -> BTreeSet<SkillName> {
    let whole = course.skills.0.iter().filter(|_| module_id.is_empty()).cloned();
    let modules = course.within(module_id);
    whole.chain(modules.into_iter().flat_map(|it| skills(shelf, it, DEPTH_MAX))).collect()
}

fn of_course(shelf: &Shelf, course_id: &str, version: u32) -> Vec<Content> {
    let Some(course) = shelf.get(&(course_id.to_owned(), version)) else {
        return vec![Content { id: course_id.into(), course_id: course_id.into(), ..Content::default() }];
    };
    let modules = course.modules.0.iter().map(|it| module(shelf, course, it, it.id.clone()));
    let whole = whole(shelf, course, (course_id, &course.title), |it| it.id.clone());
    std::iter::once(whole).chain(modules).collect()
}

fn of_item(shelf: &Shelf, item: &Item) -> Vec<Content> {
    let (course_id, version, module_id) = &item.source;
    let (id, title) = (item.id.clone(), item.title.clone());
    let Some(course) = shelf.get(&(course_id.clone(), *version)) else {
        // A teacher's own, or of a course that the catalogue has not told of.
        let (course_id, module_id) = (course_id.clone(), module_id.clone());
        let skills = item.skills.iter().cloned().collect();
        return vec![Content { id, title, course_id, module_id, skills, ..Content::default() }];
    };
    let named = |it: &Module| format!("{}~{}", item.id, it.id);
    let (first, below) = if module_id.is_empty() {
        (whole(shelf, course, (&id, &title), named), course.within(""))
    } else {
        let own = Module { id: module_id.clone(), title, ..Module::default() };
        let mut below = course.within(module_id);
        below.retain(|it| it.id != *module_id);
        (module(shelf, course, &own, id), below)
    };
    std::iter::once(first).chain(below.into_iter().map(|it| module(shelf, course, it, named(it)))).collect()
}

fn module(shelf: &Shelf, course: &CourseContentRow, it: &Module, id: String) -> Content {
    Content {
        id,
        title: it.title.clone(),
        course_id: course.course_id.clone(),
        module_id: it.id.clone(),
        top_content_ids: Vec::new(),
        skills: trained(shelf, course, &it.id),
    }
}

fn whole(
    shelf: &Shelf,
    course: &CourseContentRow,
    (id, title): (&str, &str),
    named: impl Fn(&Module) -> String,
) -> Content {
    let top = course.modules.0.iter().filter(|it| it.parent_id.is_empty());
    Content {
        id: id.to_owned(),
        title: title.to_owned(),
        course_id: course.course_id.clone(),
        module_id: String::new(),
        top_content_ids: top.map(named).collect(),
        skills: trained(shelf, course, ""),
    }
}

#[cfg(test)]
mod tests;
