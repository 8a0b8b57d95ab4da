//! A composition: a blended course that a teacher makes for one campus, of others' content and of own.

use crate::{
    by::{Asked, By},
    course::Part,
};
use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _, Rejection};
use studium_proto::catalogue::v1::{
    CompositionAssessmentAdded, CompositionContentAdded, CompositionCreated, CompositionDescribed, CompositionItem,
    CompositionItemMoved, CompositionItemRemoved, CompositionPublished, CompositionResourceAdded, Reason,
    composition_event::Event, composition_item::Item,
};

/// What can be asked of a composition.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, for a campus.
    Create { composition: CompositionCreated, campus: Campus },
    /// To have this title and these objectives.
    Describe(CompositionDescribed),
    /// To have content of a published course; `part` is what that course says of it, `licensed` whether the campus may
    /// use it. A place beyond the end is the end.
    AddContent { content: CompositionContentAdded, part: Part, licensed: bool },
    /// To have a resource of the teacher's own.
    AddResource(CompositionResourceAdded),
    /// To have an assessment of the teacher's own.
    AddAssessment(CompositionAssessmentAdded),
    /// To have an item elsewhere.
    MoveItem(CompositionItemMoved),
    /// To have an item no longer.
    RemoveItem { item_id: String },
    /// To be offered as the next version.
    Publish,
}

/// What an institution is to a composition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Campus {
    /// It may license content for its members.
    Authorised,
    /// It is known, but no campus.
    NotAuthorised,
    /// It is not known.
    Unknown,
}

/// A composition as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Composition {
    created: Option<CompositionCreated>,
    title: String,
    objectives: Vec<String>,
    items: Vec<CompositionItem>,
    used: BTreeSet<String>,
    version: u32,
    is_changed: bool,
}

/// The id of an item.
pub(crate) fn id_of(item: &CompositionItem) -> &str {
    match &item.item {
        Some(Item::Content(it)) => &it.item_id,
        Some(Item::Resource(it)) => &it.item_id,
        Some(Item::Assessment(it)) => &it.item_id,
        None => "",
    }
}

/// Changes the items by one event.
pub(crate) fn apply(items: &mut Vec<CompositionItem>, event: &Event) {
    let mut insert = |place: u32, item: CompositionItem| {
        let at = items.len().min(place as usize);
        items.insert(at, item);
    };
    match event {
        Event::CompositionContentAdded(it) => {
            insert(it.place, CompositionItem { item: Some(Item::Content(it.clone())) });
        }
        Event::CompositionResourceAdded(it) => {
            insert(it.place, CompositionItem { item: Some(Item::Resource(it.clone())) });
        }
        Event::CompositionAssessmentAdded(it) => {
            insert(it.place, CompositionItem { item: Some(Item::Assessment(it.clone())) });
        }
        Event::CompositionItemMoved(it) => {
            if let Some(from) = items.iter().position(|item| id_of(item) == it.item_id) {
                let item = items.remove(from);
                items.insert(items.len().min(it.place as usize), item);
            }
        }
        Event::CompositionItemRemoved(it) => items.retain(|item| id_of(item) != it.item_id),
        Event::CompositionCreated(_) | Event::CompositionDescribed(_) | Event::CompositionPublished(_) => {}
    }
}

impl Decider for Composition {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Asked<Command>) -> Decision<Self> {
        let Asked { by, command } = asked;
        if let Command::Create { composition, campus } = command {
            return self.create(by, composition, *campus);
        }
        let Some(created) = &self.created else {
            return Reason::CompositionNotFound.because("there is no such composition");
        };
        by.may_change(&created.campus_id)?;
        match command {
            Command::Create { .. } => Ok(Vec::new()),
            Command::Describe(it) => Ok(self.describe(it)),
            Command::AddContent { content, part, licensed } => self.add_content(content, part, *licensed),
            Command::AddResource(it) => self.add(&it.item_id, &Item::Resource(it.clone()), it.place, |place| {
                Event::CompositionResourceAdded(CompositionResourceAdded { place, ..it.clone() })
            }),
            Command::AddAssessment(it) => self.add(&it.item_id, &Item::Assessment(it.clone()), it.place, |place| {
                Event::CompositionAssessmentAdded(CompositionAssessmentAdded { place, ..it.clone() })
            }),
            Command::MoveItem(it) => self.move_item(it),
            Command::RemoveItem { item_id } => self.remove_item(item_id),
            Command::Publish => self.publish(),
        }
    }

    fn evolve(&mut self, event: &Event) {
        apply(&mut self.items, event);
        self.is_changed = true;
        match event {
            Event::CompositionCreated(it) => {
                self.title.clone_from(&it.title);
                self.objectives.clone_from(&it.objectives);
                self.created = Some(it.clone());
            }
            Event::CompositionDescribed(it) => {
                self.title.clone_from(&it.title);
                self.objectives.clone_from(&it.objectives);
            }
            Event::CompositionContentAdded(it) => drop(self.used.insert(it.item_id.clone())),
            Event::CompositionResourceAdded(it) => drop(self.used.insert(it.item_id.clone())),
            Event::CompositionAssessmentAdded(it) => drop(self.used.insert(it.item_id.clone())),
            Event::CompositionItemMoved(_) | Event::CompositionItemRemoved(_) => {}
            Event::CompositionPublished(it) => {
                self.version = it.version;
                self.is_changed = false;
            }
        }
    }
}

impl Composition {
    /// The campus; empty if there is no such composition.
    pub fn campus_id(&self) -> &str {
        self.created.as_ref().map_or("", |it| it.campus_id.as_str())
    }

    /// The latest version; 0 = never published.
    pub fn version(&self) -> u32 {
        self.version
    }

    fn create(&self, by: &By, composition: &CompositionCreated, campus: Campus) -> Decision<Self> {
        by.may_change(&composition.campus_id)?;
        let id = &composition.campus_id;
        match (&self.created, campus) {
            (Some(it), _) if it == composition => Ok(Vec::new()),
            (Some(it), _) => {
                Reason::CompositionExists.because(format!("this id is the composition \"{}\" already", it.title))
            }
            (None, Campus::Unknown) => {
                Reason::InstitutionNotFound.because(format!("no institution `{id}` is registered"))
            }
            (None, Campus::NotAuthorised) => {
                Reason::NotACampus.because(format!("`{id}` is not authorised as a campus"))
            }
            (None, Campus::Authorised) => Ok(vec![Event::CompositionCreated(composition.clone())]),
        }
    }

    fn describe(&self, it: &CompositionDescribed) -> Vec<Event> {
        if self.title == it.title && self.objectives == it.objectives {
            return Vec::new();
        }
        vec![Event::CompositionDescribed(it.clone())]
    }

    fn add_content(&self, content: &CompositionContentAdded, part: &Part, licensed: bool) -> Decision<Self> {
        let (course, module) = (&content.course_id, &content.module_id);
        let (version, title) = match part {
            Part::There { version, title } => (*version, title.clone()),
            Part::NoVersion => {
                return Reason::CourseNotPublished.because(format!("`{course}` does not offer this version"));
            }
            Part::NoModule => {
                return Reason::ModuleNotFound.because(format!("that version of `{course}` has no module `{module}`"));
            }
        };
        // What is in stays in when the licence ends.
        if !licensed && !self.used.contains(&content.item_id) {
            return Reason::ContentNotLicensed.because(format!("no licence plan of the campus covers `{course}`"));
        }
        let content = CompositionContentAdded { course_version: version, title, ..content.clone() };
        self.add(&content.item_id, &Item::Content(content.clone()), content.place, |place| {
            Event::CompositionContentAdded(CompositionContentAdded { place, ..content.clone() })
        })
    }

    fn add(&self, id: &str, item: &Item, place: u32, event: impl FnOnce(u32) -> Event) -> Decision<Self> {
        let new = Some(without_place(item.clone()));
        let is_there = |it: &CompositionItem| it.item.clone().map(without_place) == new;
        if self.items.iter().any(is_there) {
            return Ok(Vec::new());
        }
        if self.used.contains(id) {
            return Reason::ItemExists.because(format!("`{id}` is, or was, another item"));
        }
        Ok(vec![event(place.min(self.items.len() as u32))])
    }

    fn place_of(&self, id: &str) -> Option<u32> {
        self.items.iter().position(|it| id_of(it) == id).map(|it| it as u32)
    }

    fn move_item(&self, it: &CompositionItemMoved) -> Decision<Self> {
        let Some(from) = self.place_of(&it.item_id) else { return no_item(&it.item_id) };
        let place = it.place.min(self.items.len() as u32 - 1);
        if from == place {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CompositionItemMoved(CompositionItemMoved { place, ..it.clone() })])
    }

    fn remove_item(&self, item_id: &str) -> Decision<Self> {
        if self.place_of(item_id).is_some() {
            return Ok(vec![Event::CompositionItemRemoved(CompositionItemRemoved { item_id: item_id.to_owned() })]);
        }
        if self.used.contains(item_id) { Ok(Vec::new()) } else { no_item(item_id) }
    }

    fn publish(&self) -> Decision<Self> {
        if !self.is_changed {
            return Ok(Vec::new());
        }
        if self.items.is_empty() {
            return Reason::Incomplete.because("nothing is in it yet");
        }
        if self.objectives.is_empty() {
            return Reason::Incomplete.because("it has no teaching objective yet");
        }
        Ok(vec![Event::CompositionPublished(CompositionPublished { version: self.version + 1 })])
    }
}

fn no_item<T>(item_id: &str) -> Result<T, Rejection<Reason>> {
    Reason::ItemNotFound.because(format!("there is no item `{item_id}`"))
}

/// An item may have moved since it was added; it is the same item all the same.
fn without_place(mut item: Item) -> Item {
    match &mut item {
        Item::Content(it) => it.place = 0,
        Item::Resource(it) => it.place = 0,
        Item::Assessment(it) => it.place = 0,
    }
    item
}

#[cfg(test)]
mod tests;
