//! Which plans hang below which agreement: where statements look for what was bought.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::licence_plan_event::Event;

row! {
    /// One plan.
    pub struct AgreementPlanRow {
        key { plan_id: String }
        agreement_id: String,
    }
}

/// Plans by id.
pub struct AgreementPlans;

impl View for AgreementPlans {
    type Row = AgreementPlanRow;
    const NAME: &'static str = "agreement_plan_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_agreement ON {table} (agreement_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<AgreementPlanRow>) {
        let Some(Event::PlanProvisioned(it)) = event.read() else { return };
        let row = AgreementPlanRow { plan_id: event.id().to_owned(), agreement_id: it.agreement_id };
        rows.row(event.id(), move |it| *it = Some(row));
    }
}

/// The agreement of a plan.
pub async fn agreement_of(store: &Store, plan_id: &str) -> Result<Option<String>, StoreError> {
    let sql = "SELECT agreement_id FROM agreement_plan_1 WHERE plan_id = $1";
    Ok(store.query::<(String,)>(sql, &[plan_id.into()]).await?.pop().map(|it| it.0))
}

/// The plans of an agreement by id.
pub async fn plans_of(store: &Store, agreement_id: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT plan_id FROM agreement_plan_1 WHERE agreement_id = $1 ORDER BY plan_id";
    Ok(store.query::<(String,)>(sql, &[agreement_id.into()]).await?.into_iter().map(|it| it.0).collect())
}
