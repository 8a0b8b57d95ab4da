//! What learners want of any mentor.

use std::collections::HashMap;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::mentorship::v1::mentee_event::Event;

/// Learners asked for in one query.
pub const AT_ONCE: usize = 500;

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

/// What these learners said; who said nothing is missing.
pub async fn mentees(store: &Store, learners: &[String]) -> Result<HashMap<String, MenteeRow>, StoreError> {
    let mut found = HashMap::new();
    for some in learners.chunks(AT_ONCE) {
        let places = places(1, some.len());
        let sql = format!("SELECT {} FROM mentee_1 WHERE learner_id IN ({})", MenteeRow::COLUMN_LIST, places);
        let rows: Vec<MenteeRow> = store.query(&sql, &some.iter().map(Value::from).collect::<Vec<_>>()).await?;
        found.extend(rows.into_iter().map(|it| (it.learner_id.clone(), it)));
    }
    Ok(found)
}
