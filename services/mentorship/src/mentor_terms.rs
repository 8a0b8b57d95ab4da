//! Who was whose mentor from when to when: the record that a new mentor, a bill and a statistic rest on.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::mentorship::v1::{MentorTerm, mentorship_event::Event};

row! {
    /// A time of one learner with one mentor; not begun while it is only proposed.
    pub struct MentorTermRow {
        key { programme_id: String, learner_id: String, proposal: u32 }
        mentor_id: String,
        origin: i32,
        from_ms: i64,
        until_ms: i64,
    }
}

/// Times with mentors by mentorship and proposal.
pub struct MentorTerms;

impl View for MentorTerms {
    type Row = MentorTermRow;
    const NAME: &'static str = "mentor_term_1";
    const STREAMS: &'static [&'static str] = &["mentorship"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_mentor ON {table} (mentor_id, from_ms)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorTermRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((programme, learner)) = event.id().split_once('~') else { return };
        let (programme_id, learner_id, at) = (programme.to_owned(), learner.to_owned(), event.at_ms());
        let mut end = |proposal: u32| {
            if proposal > 0 {
                rows.row((programme, learner, proposal), move |row| {
                    if let Some(row) = row {
                        row.until_ms = at;
                    }
                });
            }
        };
        match it {
            Event::MentorProposed(it) => {
                let (proposal, mentor_id, origin) = (it.proposal, it.mentor_id, it.origin);
                let row =
                    MentorTermRow { programme_id, learner_id, proposal, mentor_id, origin, from_ms: 0, until_ms: 0 };
                rows.row((programme, learner, proposal), move |it| *it = Some(row));
            }
            Event::ProposalEnded(it) => rows.row((programme, learner, it.proposal), |row| *row = None),
            Event::MentorAssigned(it) => {
                end(it.previous_proposal);
                rows.row((programme, learner, it.proposal), move |row| {
                    if let Some(row) = row {
                        row.from_ms = at;
                    }
                });
            }
            Event::MentorshipEnded(it) => end(it.proposal),
            _ => {}
        }
    }
}

/// The mentors of one mentorship in order.
pub async fn of_mentorship(store: &Store, programme: &str, learner: &str) -> Result<Vec<MentorTermRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentor_term_1 WHERE programme_id = $1 AND learner_id = $2 AND from_ms > 0 ORDER BY proposal",
        MentorTermRow::COLUMN_LIST
    );
    store.query(&sql, &[programme.into(), learner.into()]).await
}

impl MentorTermRow {
    /// As it is shown.
    pub fn shown(self) -> MentorTerm {
        MentorTerm { mentor_id: self.mentor_id, from_ms: self.from_ms, until_ms: self.until_ms, origin: self.origin }
    }
}
