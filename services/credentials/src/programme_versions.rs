//! What each published version of a programme said: its courses, and what it awards.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::programme_event::Event;

row! {
    /// One version of a programme; version 0 is the working copy, and knows which version is offered.
    pub struct ProgrammeVersionRow {
        key { programme_id: String, version: u32 }
        institution_id: String,
        offered_version: u32,
        /// Position of the publication in the catalogue's stream.
        published_at: u64,
        said: Json<ProgrammeSaid>,
    }
}

/// What a version of a programme says, as far as a credential repeats it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeSaid {
    /// The catalogue's `ProgrammeKind`.
    pub kind: i32,
    /// Title.
    pub title: String,
    /// What it is about.
    pub summary: String,
    /// Language of instruction.
    pub language: String,
    /// Courses that everybody completes.
    pub required: Vec<String>,
    /// Some courses are chosen, so learners do not all learn the same.
    pub has_electives: bool,
    /// Title of the award; empty if none is named.
    pub award: String,
    /// What it takes to get it.
    pub criteria: String,
    /// Level of the European Qualifications Framework; 0 = not said.
    pub eqf_level: u32,
}

/// Versions of programmes.
pub struct ProgrammeVersions;

impl View for ProgrammeVersions {
    type Row = ProgrammeVersionRow;
    const NAME: &'static str = "programme_version_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ProgrammeVersionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let programme_id = event.id().to_owned();
        match it {
            Event::ProgrammePublished(it) => publish(&programme_id, it.version, event.position(), rows),
            Event::ProgrammeCreated(_)
            | Event::ProgrammeDescribed(_)
            | Event::ProgrammeComposed(_)
            | Event::ProgrammeCredentialSet(_) => {
                rows.row((event.id(), 0_u32), move |row| {
                    let new = || ProgrammeVersionRow { programme_id, ..ProgrammeVersionRow::default() };
                    row.get_or_insert_with(new).take_in(it);
                });
            }
            _ => {}
        }
    }
}

/// Takes what the working copy says at this moment over into the row of the version.
fn publish(programme_id: &str, version: u32, position: u64, rows: &mut Changes<ProgrammeVersionRow>) {
    let published = Arc::new(OnceLock::new());
    let source = Arc::clone(&published);
    rows.row((programme_id, 0_u32), move |row| {
        let Some(row) = row else { return };
        row.offered_version = version;
        // Nobody else has it yet, so it is always set.
        let _ = published.set(ProgrammeVersionRow { version, published_at: position, ..row.clone() });
    });
    rows.row((programme_id, version), move |row| *row = source.get().cloned());
}

impl ProgrammeVersionRow {
    fn take_in(&mut self, event: Event) {
        let said = &mut self.said.0;
        match event {
            Event::ProgrammeCreated(it) => {
                (said.kind, said.title) = (it.kind, it.title);
                self.institution_id = it.institution_id;
            }
            Event::ProgrammeDescribed(it) => {
                (said.title, said.summary, said.language) = (it.title, it.summary, it.language);
            }
            Event::ProgrammeComposed(it) => {
                said.required = it.required_course_ids;
                said.has_electives = !it.elective_groups.is_empty();
            }
            Event::ProgrammeCredentialSet(it) => {
                (said.award, said.criteria, said.eqf_level) = (it.title, it.criteria, it.eqf_level);
            }
            _ => {}
        }
    }
}

/// A programme's working copy, which says whose it is; none if the catalogue does not know the programme.
pub async fn programme(store: &Store, programme_id: &str) -> Result<Option<ProgrammeVersionRow>, StoreError> {
    version(store, programme_id, 0).await
}

/// What one version of a programme said, if it was published.
pub async fn version(
    store: &Store,
    programme_id: &str,
    version: u32,
) -> Result<Option<ProgrammeVersionRow>, StoreError> {
    let columns = ProgrammeVersionRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM programme_version_1 WHERE programme_id = $1 AND version = $2");
    Ok(store.query(&sql, &[programme_id.into(), version.into()]).await?.pop())
}
