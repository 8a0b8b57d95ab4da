//! Who is registered with a name: whom the platform can identify.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::learner_event::Event;

row! {
    /// One learner.
    pub struct RegisteredLearnerRow {
        key { learner_id: String }
        is_known: bool,
    }
}

/// Learners by id.
pub struct RegisteredLearners;

impl View for RegisteredLearners {
    type Row = RegisteredLearnerRow;
    const NAME: &'static str = "registered_learner_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RegisteredLearnerRow>) {
        let is_known = match event.read() {
            Some(Event::LearnerRegistered(it)) => !it.name.trim().is_empty(),
            Some(Event::LearnerErased(_)) => false,
            _ => return,
        };
        let learner_id = event.id().to_owned();
        rows.row(event.id(), move |row| *row = Some(RegisteredLearnerRow { learner_id, is_known }));
    }
}

/// Whether the platform knows who a learner is.
pub async fn is_known(store: &Store, learner_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT is_known FROM registered_learner_1 WHERE learner_id = $1";
    let rows: Vec<(bool,)> = store.query(sql, &[learner_id.into()]).await?;
    Ok(rows.first().is_some_and(|it| it.0))
}
