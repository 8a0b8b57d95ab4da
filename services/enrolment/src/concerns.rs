//! Whose enrolments ever concerned whom beside the provider: sponsors, and institutions that knew the learner by an id
//! of their own. Rows only come, so it holds for every time in the past.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::{enrolment_event, learner_event};

row! {
    /// An institution that sponsored a learner in a run; with an empty run, that knew the learner.
    pub struct ConcernRow {
        key { institution_id: String, learner_id: String, run_id: String }
        since_ms: i64,
    }
}

/// Concerns by institution, learner and run.
pub struct Concerns;

impl View for Concerns {
    type Row = ConcernRow;
    const NAME: &'static str = "concern_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ConcernRow>) {
        use enrolment_event::Event::{EnrolmentInvited, EnrolmentRequested};
        let (institution_id, run_id, learner_id) = if let Some(it) = event.read::<enrolment_event::Event>() {
            let sponsor = match it {
                EnrolmentInvited(it) => it.sponsor_institution_id,
                EnrolmentRequested(it) => it.sponsor_institution_id,
                _ => return,
            };
            let Some((run, learner)) = event.id().split_once('~') else { return };
            (sponsor, run.to_owned(), learner.to_owned())
        } else if let Some(learner_event::Event::ExternalIdLinked(it)) = event.read() {
            (it.institution_id, String::new(), event.id().to_owned())
        } else {
            return;
        };
        if institution_id.is_empty() {
            return;
        }
        let since_ms = event.at_ms();
        let key = (institution_id.clone(), learner_id.clone(), run_id.clone());
        rows.row(key, move |row| {
            row.get_or_insert(ConcernRow { institution_id, learner_id, run_id, since_ms });
        });
    }
}

/// Enrolments that concern an institution or ever did, as `<run>~<learner>` in order of run and learner.
pub async fn ever(store: &Store, institution: &str) -> Result<Vec<String>, StoreError> {
    let sql = "WITH RECURSIVE merged AS (SELECT learner_id, merged_into FROM learner_1 WHERE merged_into <> ''), \
         member (id) AS (SELECT learner_id FROM concern_1 WHERE institution_id = $1 AND run_id = '' \
           UNION SELECT CASE WHEN m.learner_id = p.id THEN m.merged_into ELSE m.learner_id END \
             FROM member p JOIN merged m ON m.learner_id = p.id OR m.merged_into = p.id) \
         SELECT e.run_id, e.learner_id FROM enrolment_1 e WHERE e.institution_id = $1 \
         UNION SELECT e.run_id, e.learner_id FROM enrolment_1 e JOIN member ON member.id = e.learner_id \
         UNION SELECT c.run_id, c.learner_id FROM concern_1 c WHERE c.institution_id = $1 AND c.run_id <> '' \
         ORDER BY 1, 2";
    let rows: Vec<(String, String)> = store.query(sql, &[institution.into()]).await?;
    Ok(rows.into_iter().map(|(run, learner)| format!("{run}~{learner}")).collect())
}
