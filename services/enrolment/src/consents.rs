//! What learners let institutions see: one row for each pair of institution and learner.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, Value, View, places, row};
use studium_proto::enrolment::v1::{ConsentScope, consent_event::Event};

row! {
    /// What one institution may see of one learner.
    pub struct ConsentRow {
        key { institution_id: String, learner_id: String }
        name: bool,
        email: bool,
        results: bool,
        changed_at_ms: i64,
    }
}

/// Consents by institution and learner.
pub struct Consents;

impl View for Consents {
    type Row = ConsentRow;
    const NAME: &'static str = "consent_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ConsentRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((institution, learner)) = event.id().split_once('~') else { return };
        let (institution_id, learner_id, at) = (institution.to_owned(), learner.to_owned(), event.at_ms());
        rows.row((institution, learner), move |row| {
            let row = row.get_or_insert_with(|| ConsentRow { institution_id, learner_id, ..ConsentRow::default() });
            let (scopes, may) = match &it {
                Event::ConsentGiven(it) => (&it.scopes, true),
                Event::ConsentWithdrawn(it) => (&it.scopes, false),
            };
            for scope in scopes {
                match ConsentScope::try_from(*scope) {
                    Ok(ConsentScope::Name) => row.name = may,
                    Ok(ConsentScope::Email) => row.email = may,
                    Ok(ConsentScope::Results) => row.results = may,
                    Ok(ConsentScope::Unspecified) | Err(_) => {}
                }
            }
            row.changed_at_ms = at;
        });
    }
}

impl ConsentRow {
    /// What may be seen.
    pub fn scopes(&self) -> Vec<ConsentScope> {
        let all =
            [(self.name, ConsentScope::Name), (self.email, ConsentScope::Email), (self.results, ConsentScope::Results)];
        all.into_iter().filter_map(|(may, scope)| may.then_some(scope)).collect()
    }
}

/// Consents under any of these ids of a learner, by institution.
pub async fn of_learner(store: &Store, learners: &[String]) -> Result<Vec<ConsentRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM consent_1 WHERE learner_id IN ({}) ORDER BY institution_id, learner_id",
        ConsentRow::COLUMN_LIST,
        places(1, learners.len())
    );
    store.query(&sql, &learners.iter().map(Value::from).collect::<Vec<_>>()).await
}

/// Consents of these learners to one institution.
pub async fn to_institution(
    store: &Store,
    institution: &str,
    learners: &[String],
) -> Result<Vec<ConsentRow>, StoreError> {
    if learners.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT {} FROM consent_1 WHERE institution_id = $1 AND learner_id IN ({})",
        ConsentRow::COLUMN_LIST,
        places(2, learners.len())
    );
    let args: Vec<Value> = [institution.into()].into_iter().chain(learners.iter().map(Value::from)).collect();
    store.query(&sql, &args).await
}
