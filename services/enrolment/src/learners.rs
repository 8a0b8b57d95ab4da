//! Who learners are: names while they may be known, ids of institutions, and who is whose alias.

use studium_kit::{Changes, Dialect, Json, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::enrolment::v1::learner_event::Event;

/// Aliases of aliases are followed so far; more than any registry has merged.
const ALIASES_DEEP: usize = 32;

row! {
    /// One learner.
    pub struct LearnerRow {
        key { learner_id: String }
        name: String,
        email: String,
        merged_into: String,
        erased: bool,
        registered_at_ms: i64,
        external_ids: Json<Vec<(String, String)>>,
    }
}

/// Learners by id.
pub struct Learners;

impl View for Learners {
    type Row = LearnerRow;
    const NAME: &'static str = "learner_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_merged ON {table} (merged_into) WHERE merged_into <> ''".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<LearnerRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (learner_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| LearnerRow { learner_id, ..LearnerRow::default() });
            match it {
                Event::LearnerRegistered(it) => {
                    (row.name, row.email, row.registered_at_ms) = (it.name, it.email, at);
                }
                Event::ExternalIdLinked(it) => row.external_ids.0.push((it.institution_id, it.external_id)),
                Event::ExternalIdUnlinked(it) => {
                    let is_it = |(i, e): &(String, String)| *i == it.institution_id && *e == it.external_id;
                    // One and no more: of somebody who was erased since nobody can say which, only how many are left.
                    if let Some(at) = row.external_ids.0.iter().position(is_it) {
                        row.external_ids.0.remove(at);
                    }
                }
                Event::EmailChanged(it) => row.email = it.email,
                Event::LearnerMerged(it) => row.merged_into = it.into_learner_id,
                Event::LearnerErased(_) => {
                    row.erased = true;
                    row.name.clear();
                    row.email.clear();
                    row.external_ids.0.clear();
                }
            }
        });
    }
}

/// These learners, in any order.
pub async fn learners(store: &Store, ids: &[String]) -> Result<Vec<LearnerRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let places = places(1, ids.len());
    let sql = format!("SELECT {} FROM learner_1 WHERE learner_id IN ({places})", LearnerRow::COLUMN_LIST);
    store.query(&sql, &ids.iter().map(Value::from).collect::<Vec<_>>()).await
}

/// All ids of the person behind an id: the one that stays first, then its aliases. Ids nobody registered stand alone.
pub async fn same_person(store: &Store, learner_id: &str) -> Result<Vec<String>, StoreError> {
    let mut ids = vec![stays(store, learner_id).await?];
    let mut next = 0;
    while next < ids.len() && next < ALIASES_DEEP {
        let sql = "SELECT learner_id FROM learner_1 WHERE merged_into = $1 AND merged_into <> '' ORDER BY learner_id";
        let aliases: Vec<(String,)> = store.query(sql, &[ids[next].as_str().into()]).await?;
        for (it,) in aliases {
            if !ids.contains(&it) {
                ids.push(it);
            }
        }
        next += 1;
    }
    Ok(ids)
}

/// The id that stays, for an id that may be an alias.
pub async fn stays(store: &Store, learner_id: &str) -> Result<String, StoreError> {
    let mut id = learner_id.to_owned();
    for _ in 0..ALIASES_DEEP {
        let sql = "SELECT merged_into FROM learner_1 WHERE learner_id = $1";
        let into: Vec<(String,)> = store.query(sql, &[id.as_str().into()]).await?;
        match into.into_iter().next() {
            Some((into,)) if !into.is_empty() => id = into,
            _ => break,
        }
    }
    Ok(id)
}

/// How many learners are aliases.
pub async fn merges(store: &Store) -> Result<u64, StoreError> {
    let sql = "SELECT COUNT(*) FROM learner_1 WHERE merged_into <> ''";
    let rows: Vec<(u64,)> = store.query(sql, &[]).await?;
    Ok(rows.first().map_or(0, |it| it.0))
}

/// All aliases with the learners whose aliases they are.
pub async fn merged(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    store.query("SELECT learner_id, merged_into FROM learner_1 WHERE merged_into <> ''", &[]).await
}

/// Whether any of these institutions knows the person behind an id.
pub async fn is_member(store: &Store, learner_id: &str, institutions: &[String]) -> Result<bool, StoreError> {
    let ids = same_person(store, learner_id).await?;
    let rows = learners(store, &ids).await?;
    Ok(rows.iter().flat_map(|it| &it.external_ids.0).any(|(institution, _)| institutions.contains(institution)))
}
