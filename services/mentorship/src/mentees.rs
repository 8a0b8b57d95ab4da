//! What learners want of any mentor.

use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::mentee_event::Event;

row! {
    /// One learner.
    pub struct MenteeRow {
        key { learner_id: String }
        languages: Json<Vec<String>>,
        time_zone: String,
        skills: Json<Vec<String>>,
        goals: String,
    }
}

/// Learners by id.
pub struct Mentees;

impl View for Mentees {
    type Row = MenteeRow;
    const NAME: &'static str = "mentee_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MenteeRow>) {
        let Some(Event::MenteeDescribed(it)) = event.read() else { return };
        let learner_id = event.id().to_owned();
        let (languages, skills) = (Json(it.languages), Json(it.skills));
        let row = MenteeRow { learner_id, languages, time_zone: it.time_zone, skills, goals: it.goals };
        rows.row(event.id(), move |it| *it = Some(row));
    }
}

/// One learner; all empty where nothing was said.
pub async fn mentee(store: &Store, learner_id: &str) -> Result<MenteeRow, StoreError> {
    let sql = format!("SELECT {} FROM mentee_1 WHERE learner_id = $1", MenteeRow::COLUMN_LIST);
    Ok(store.query(&sql, &[learner_id.into()]).await?.pop().unwrap_or_default())
}
