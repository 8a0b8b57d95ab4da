//! The compositions of teachers: the working copy, and every version that was published on the campus.

use crate::{message::Message, page::Page};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::{Composition, CompositionItem, composition_event::Event, composition_item::Item};

row! {
    /// One version of a composition; version 0 is the working copy.
    pub struct CompositionRow {
        key { composition_id: String, version: u32 }
        campus_id: String,
        composition: Message<Composition>,
    }
}

/// All versions of all compositions.
pub struct CompositionPage;

impl View for CompositionPage {
    type Row = CompositionRow;
    const NAME: &'static str = "composition_page_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_campus ON {table} (campus_id, composition_id) WHERE version = 0".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CompositionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let composition_id = event.id().to_owned();
        if let Event::CompositionPublished(it) = it {
            publish(&composition_id, it.version, rows);
            return;
        }
        rows.row((event.id(), 0u32), move |row| {
            let row = row.get_or_insert_with(|| CompositionRow { composition_id, ..CompositionRow::default() });
            change(&mut row.composition.0, it);
            row.composition.0.composition_id.clone_from(&row.composition_id);
            row.composition.0.changed = true;
            row.campus_id.clone_from(&row.composition.0.campus_id);
        });
    }
}

/// Takes what the working copy is at this moment over into the row of the version.
fn publish(composition_id: &str, version: u32, rows: &mut Changes<CompositionRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((composition_id, 0u32), move |row| {
        let Some(row) = row else { return };
        row.composition.0.version = version;
        row.composition.0.changed = false;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(CompositionRow { version, ..row.clone() });
    });
    rows.row((composition_id, version), move |row| *row = source.get().cloned());
}

fn change(composition: &mut Composition, event: Event) {
    let items = &mut composition.items;
    match event {
        Event::CompositionCreated(it) => {
            composition.campus_id = it.campus_id;
            composition.teacher_id = it.teacher_id;
            composition.title = it.title;
            composition.objectives = it.objectives;
        }
        Event::CompositionDescribed(it) => {
            composition.title = it.title;
            composition.objectives = it.objectives;
        }
        Event::CompositionContentAdded(it) => insert(items, it.place, Item::Content(it)),
        Event::CompositionResourceAdded(it) => insert(items, it.place, Item::Resource(it)),
        Event::CompositionAssessmentAdded(it) => insert(items, it.place, Item::Assessment(it)),
        Event::CompositionItemMoved(it) => {
            let taken = items.iter().position(|item| id_of(item) == it.item_id).map(|i| items.remove(i));
            if let Some(item) = taken.and_then(|it| it.item) {
                insert(items, it.place, item);
            }
        }
        Event::CompositionItemRemoved(it) => items.retain(|item| id_of(item) != it.item_id),
        // Not of one row alone: see `publish`.
        Event::CompositionPublished(_) => {}
    }
}

fn insert(items: &mut Vec<CompositionItem>, place: u32, item: Item) {
    let place = items.len().min(place as usize);
    items.insert(place, CompositionItem { item: Some(item) });
}

fn id_of(item: &CompositionItem) -> &str {
    match &item.item {
        Some(Item::Content(it)) => &it.item_id,
        Some(Item::Resource(it)) => &it.item_id,
        Some(Item::Assessment(it)) => &it.item_id,
        None => "",
    }
}

/// A published version of a composition; 0 = the working copy.
pub async fn composition(store: &Store, composition_id: &str, version: u32) -> Result<Option<Composition>, StoreError> {
    let sql = "SELECT composition FROM composition_page_1 WHERE composition_id = $1 AND version = $2";
    let rows: Vec<(Message<Composition>,)> = store.query(sql, &[composition_id.into(), version.into()]).await?;
    Ok(rows.into_iter().next().map(|it| it.0.0))
}

/// A page of the compositions of a campus (empty = all) by id, without their items.
pub async fn compositions(
    store: &Store,
    campus_id: &str,
    page: &Page<String>,
) -> Result<(Vec<Composition>, String), StoreError> {
    let sql = "SELECT composition FROM composition_page_1 WHERE version = 0 AND ($1 = '' OR campus_id = $1) \
               AND composition_id > $2 ORDER BY composition_id LIMIT $3";
    let args = [campus_id.into(), page.after_id().into(), page.limit().into()];
    let rows: Vec<(Message<Composition>,)> = store.query(sql, &args).await?;
    let rows = rows.into_iter().map(|it| Composition { items: Vec::new(), ..it.0.0 }).collect();
    Ok(page.cut(rows, |it: &Composition| it.composition_id.clone()))
}
