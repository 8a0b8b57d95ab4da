//! When learners rested: clocks stand still in these times.

use crate::conversation::Rest;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::mentorship_event::Event;

row! {
    /// The rests of one mentorship: their number, whether the last goes on, and from when to when each was.
    pub struct RestsRow {
        key { programme_id: String, learner_id: String }
        rests: u32,
        resting: bool,
        spans: Json<Vec<(i64, i64)>>,
    }
}

/// Rests by programme and learner.
pub struct Rests;

impl View for Rests {
    type Row = RestsRow;
    const NAME: &'static str = "mentorship_rest_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RestsRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let begins = match it {
            Event::MentorshipPaused(_) => true,
            // Who comes back later, to another round, has not rested in the meantime.
            Event::MentorshipResumed(_) | Event::MentorshipEnded(_) => false,
            _ => return,
        };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((programme, learner), move |row| match row {
            None if !begins => {}
            _ => {
                let new = || RestsRow { programme_id, learner_id, ..RestsRow::default() };
                row.get_or_insert_with(new).take_in(begins, at);
            }
        });
    }
}

impl RestsRow {
    fn take_in(&mut self, begins: bool, at: i64) {
        if begins == self.resting {
            return;
        }
        self.resting = begins;
        if begins {
            self.rests += 1;
            self.spans.0.push((at, 0));
        } else if let Some(last) = self.spans.0.last_mut() {
            last.1 = at;
        }
    }
}

/// The rests of one mentorship in order.
pub async fn of_mentorship(store: &Store, programme: &str, learner: &str) -> Result<Vec<Rest>, StoreError> {
    let sql =
        format!("SELECT {} FROM mentorship_rest_1 WHERE programme_id = $1 AND learner_id = $2", RestsRow::COLUMN_LIST);
    let rows: Vec<RestsRow> = store.query(&sql, &[programme.into(), learner.into()]).await?;
    let spans = rows.into_iter().flat_map(|it| it.spans.0);
    let numbered = spans.zip(1..).map(|((from_ms, until_ms), number)| Rest { number, from_ms, until_ms });
    Ok(numbered.collect())
}
