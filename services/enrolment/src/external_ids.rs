//! Whom institutions know by ids of their own: which learners are whose members. Holds no such id, only its hash.

use studium_kit::{Changes, Recorded, View, row};
use studium_proto::enrolment::v1::external_id_event::Event;
use uuid::Uuid;

/// Namespace of the hashes; fixed for ever.
const EXTERNAL_IDS: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_6578_7465_726e);

row! {
    /// One id of an institution's own that is somebody's.
    pub struct ExternalIdRow {
        key { institution_id: String, hash: String }
        learner_id: String,
    }
}

/// External ids by institution and hash.
pub struct ExternalIds;

impl View for ExternalIds {
    type Row = ExternalIdRow;
    const NAME: &'static str = "external_id_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ExternalIdRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((institution, hash)) = event.id().split_once('~') else { return };
        let (institution_id, hash_id) = (institution.to_owned(), hash.to_owned());
        rows.row((institution, hash), move |row| {
            *row = match it {
                Event::ExternalIdClaimed(it) => {
                    Some(ExternalIdRow { institution_id, hash: hash_id, learner_id: it.learner_id })
                }
                Event::ExternalIdReleased(_) => None,
            };
        });
    }
}

/// The aggregate of an external id. Student numbers may hold anything and are nobody's business in a subject.
pub fn id(institution_id: &str, external_id: &str) -> String {
    let hash = Uuid::new_v5(&EXTERNAL_IDS, format!("{institution_id}\n{external_id}").as_bytes());
    format!("{institution_id}~{}", hash.simple())
}
