//! What the catalogue's compositions consist of, version by version.

use crate::course_content::{SkillName, named};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::composition_event::Event;

/// One item, in the order of the composition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Id within the composition.
    pub id: String,
    /// Title.
    pub title: String,
    /// Of content of a course: the course, the version, and the module (empty = all); empty for the teacher's own.
    pub source: (String, u32, String),
    /// Of a resource of the teacher's own: skills that it trains.
    pub skills: Vec<SkillName>,
}

row! {
    /// One version of a composition; version 0 is the working copy, and knows which version is the latest.
    pub struct CompositionContentRow {
        key { composition_id: String, version: u32 }
        latest_version: u32,
        campus_id: String,
        title: String,
        objectives: Json<Vec<String>>,
        items: Json<Vec<Item>>,
    }
}

/// Versions of compositions.
pub struct CompositionContents;

impl View for CompositionContents {
    type Row = CompositionContentRow;
    const NAME: &'static str = "composition_content_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CompositionContentRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let composition_id = event.id().to_owned();
        if let Event::CompositionPublished(it) = it {
            publish(&composition_id, it.version, rows);
            return;
        }
        rows.row((event.id(), 0_u32), move |row| {
            let new = || CompositionContentRow { composition_id, ..CompositionContentRow::default() };
            row.get_or_insert_with(new).take_in(it);
        });
    }
}

/// Takes what the working copy is at this moment over into the row of the version.
fn publish(composition_id: &str, version: u32, rows: &mut Changes<CompositionContentRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((composition_id, 0_u32), move |row| {
        let Some(row) = row else { return };
        row.latest_version = version;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(CompositionContentRow { version, ..row.clone() });
    });
    rows.row((composition_id, version), move |row| *row = source.get().cloned());
}

impl CompositionContentRow {
    fn take_in(&mut self, event: Event) {
        let items = &mut self.items.0;
        let mut insert = |place: u32, item: Item| items.insert(items.len().min(place as usize), item);
        match event {
            Event::CompositionCreated(it) => {
                (self.campus_id, self.title, self.objectives) = (it.campus_id, it.title, Json(it.objectives));
            }
            Event::CompositionDescribed(it) => (self.title, self.objectives) = (it.title, Json(it.objectives)),
            Event::CompositionContentAdded(it) => {
                let source = (it.course_id, it.course_version, it.module_id);
                insert(it.place, Item { id: it.item_id, title: it.title, source, skills: Vec::new() });
            }
            Event::CompositionResourceAdded(it) => {
                let item = Item { id: it.item_id, title: it.title, skills: named(it.skills), ..Item::default() };
                insert(it.place, item);
            }
            Event::CompositionAssessmentAdded(it) => {
                insert(it.place, Item { id: it.item_id, title: it.title, ..Item::default() });
            }
            Event::CompositionItemMoved(it) => {
                if let Some(from) = items.iter().position(|item| item.id == it.item_id) {
                    let item = items.remove(from);
                    items.insert(items.len().min(it.place as usize), item);
                }
            }
            Event::CompositionItemRemoved(it) => items.retain(|item| item.id != it.item_id),
            // Not of one row alone: see `publish`.
            Event::CompositionPublished(_) => {}
        }
    }
}

/// A published version of a composition; 0 = the latest, which is the working copy as long as none is published.
pub async fn composition(
    store: &Store,
    composition_id: &str,
    version: u32,
) -> Result<Option<CompositionContentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM composition_content_1 WHERE composition_id = $1 AND version = CASE WHEN $2 > 0 THEN $2 ELSE \
         (SELECT w.latest_version FROM composition_content_1 w WHERE w.composition_id = $1 AND w.version = 0) END",
        CompositionContentRow::COLUMN_LIST
    );
    Ok(store.query(&sql, &[composition_id.into(), version.into()]).await?.pop())
}
