//! Whose enrolments concern an institution: in its courses, or of its members. What it may see of them is consent's.

use crate::enrolments::EnrolmentRow;
use crate::learners::{self, LearnerRow};
use std::collections::HashMap;
use studium_kit::{Page, Store, StoreError, Value, places};
use studium_proto::enrolment::v1::PartnerSide;

/// The ids of everybody whom an institution knows by an id of its own, under all names they ever had here.
const MEMBERS: &str = "WITH RECURSIVE merged AS (SELECT learner_id, merged_into FROM learner_1 WHERE merged_into <> ''), \
     member (id) AS (SELECT learner_id FROM external_id_1 WHERE institution_id = $1 \
       UNION SELECT CASE WHEN m.learner_id = p.id THEN m.merged_into ELSE m.learner_id END \
         FROM member p JOIN merged m ON m.learner_id = p.id OR m.merged_into = p.id) ";

/// Enrolments that concern an institution, by run and learner; an empty run = all.
pub async fn rows(
    store: &Store,
    institution: &str,
    side: PartnerSide,
    run: &str,
    page: &Page,
) -> Result<Vec<EnrolmentRow>, StoreError> {
    let (members, concerns) = match side {
        PartnerSide::Unspecified | PartnerSide::Provider => {
            ("", "run_id IN (SELECT run_id FROM run_offer_1 WHERE institution_id = $1)")
        }
        PartnerSide::Member => (MEMBERS, "learner_id IN (SELECT id FROM member)"),
    };
    let sql = format!(
        "{members}SELECT {} FROM enrolment_1 WHERE {concerns} AND ($2 = '' OR run_id = $2) \
         AND (run_id, learner_id) > ($3, $4) ORDER BY run_id, learner_id LIMIT $5",
        EnrolmentRow::COLUMN_LIST
    );
    let (after_run, after_learner) = page.after.split_once('~').unwrap_or_default();
    let args = [institution.into(), run.into(), after_run.into(), after_learner.into(), page.size.into()];
    store.query(&sql, &args).await
}

/// For each id of a learner, everything known of the person behind it: first the learner who stays.
pub async fn people(store: &Store, ids: &[String]) -> Result<HashMap<String, Vec<LearnerRow>>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = format!("SELECT DISTINCT merged_into FROM learner_1 WHERE merged_into IN ({})", places(1, ids.len()));
    let args: Vec<Value> = ids.iter().map(Value::from).collect();
    let have_aliases: Vec<(String,)> = store.query(&sql, &args).await?;
    let mut people: HashMap<String, Vec<LearnerRow>> = HashMap::new();
    for row in learners::learners(store, ids).await? {
        let stands_alone = row.merged_into.is_empty() && !have_aliases.iter().any(|(it,)| *it == row.learner_id);
        let id = row.learner_id.clone();
        let rows = if stands_alone {
            vec![row]
        } else {
            let person = learners::same_person(store, &id).await?;
            let mut rows = learners::learners(store, &person).await?;
            rows.sort_by_key(|it| person.iter().position(|id| *id == it.learner_id));
            rows
        };
        people.insert(id, rows);
    }
    Ok(people)
}
