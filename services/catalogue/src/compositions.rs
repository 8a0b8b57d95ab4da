//! Every composition: its working copy, for its campus.

use crate::{composition, past};
use prost::Message as _;
use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, fold_in_memory, row};
use studium_proto::catalogue::v1::{self, composition_event::Event};

row! {
    /// One composition.
    pub struct CompositionRow {
        key { composition_id: String }
        campus_id: String,
        /// The working copy, encoded.
        composition: Vec<u8>,
    }
}

/// Every composition.
pub struct Compositions;

impl View for Compositions {
    type Row = CompositionRow;
    const NAME: &'static str = "compositions_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_by_campus ON {table} (campus_id, composition_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CompositionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let composition_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| CompositionRow { composition_id, ..CompositionRow::default() });
            let mut composition = row.told();
            composition.changed = true;
            composition::apply(&mut composition.items, &it);
            match it {
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
                Event::CompositionPublished(it) => {
                    composition.version = it.version;
                    composition.changed = false;
                }
                _ => {}
            }
            row.campus_id.clone_from(&composition.campus_id);
            row.composition = composition.encode_to_vec();
        });
    }
}

impl CompositionRow {
    /// The composition as it is shown.
    pub fn told(&self) -> v1::Composition {
        let composition = v1::Composition::decode(self.composition.as_slice()).unwrap_or_default();
        v1::Composition { composition_id: self.composition_id.clone(), ..composition }
    }
}

/// One composition: the working copy (version 0), or a version as it was published.
pub async fn composition(store: &Store, id: &str, version: u32) -> Result<Option<v1::Composition>, StoreError> {
    if version == 0 {
        let sql = format!("SELECT {} FROM compositions_1 WHERE composition_id = $1", CompositionRow::COLUMN_LIST);
        let rows: Vec<CompositionRow> = store.query(&sql, &[id.into()]).await?;
        return Ok(rows.first().map(CompositionRow::told));
    }
    let publishes = |it: &Event| matches!(it, Event::CompositionPublished(it) if it.version == version);
    let commits = past::until(store, id, publishes).await?;
    Ok(fold_in_memory::<Compositions>("catalogue", &commits)?.first().map(CompositionRow::told))
}

/// The compositions of a campus (empty = all) after one, by id, without their items.
pub async fn list(store: &Store, campus_id: &str, after: &str, limit: u32) -> Result<Vec<v1::Composition>, StoreError> {
    let sql = format!(
        "SELECT {} FROM compositions_1 WHERE composition_id > $1 AND ($2 = '' OR campus_id = $2) \
         ORDER BY composition_id LIMIT $3",
        CompositionRow::COLUMN_LIST
    );
    let rows: Vec<CompositionRow> = store.query(&sql, &[after.into(), campus_id.into(), limit.into()]).await?;
    Ok(rows.iter().map(|it| v1::Composition { items: Vec::new(), ..it.told() }).collect())
}
