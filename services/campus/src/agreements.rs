//! The agreements of campuses.

use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{Agreement, agreement_event::Event};

row! {
    /// One agreement.
    pub struct AgreementRow {
        key { agreement_id: String }
        campus_id: String,
        title: String,
        starts_at_ms: i64,
        ends_at_ms: i64,
        auto_apply_plan_id: String,
        /// Whoever became a member from then on gets a seat of it, Unix milliseconds.
        auto_apply_since_ms: i64,
        ended_at_ms: i64,
        end_reason: String,
    }
}

/// Agreements by id.
pub struct Agreements;

impl View for Agreements {
    type Row = AgreementRow;
    const NAME: &'static str = "agreement_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_campus ON {table} (campus_id, agreement_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<AgreementRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (agreement_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| AgreementRow { agreement_id, ..AgreementRow::default() });
            match it {
                Event::AgreementSigned(it) => {
                    (row.campus_id, row.title) = (it.campus_id, it.title);
                    (row.starts_at_ms, row.ends_at_ms) = (it.starts_at_ms, it.ends_at_ms);
                }
                Event::AutoApplyPlanSet(it) => (row.auto_apply_plan_id, row.auto_apply_since_ms) = (it.plan_id, at),
                Event::AgreementEnded(it) => (row.ended_at_ms, row.end_reason) = (at, it.reason),
            }
        });
    }
}

impl AgreementRow {
    /// As it is shown, with the plans below it.
    pub fn shown(self, plan_ids: Vec<String>) -> Agreement {
        Agreement {
            agreement_id: self.agreement_id,
            campus_id: self.campus_id,
            title: self.title,
            starts_at_ms: self.starts_at_ms,
            ends_at_ms: self.ends_at_ms,
            auto_apply_plan_id: self.auto_apply_plan_id,
            ended_at_ms: self.ended_at_ms,
            end_reason: self.end_reason,
            plan_ids,
        }
    }
}

/// One agreement.
pub async fn agreement(store: &Store, agreement_id: &str) -> Result<Option<AgreementRow>, StoreError> {
    let sql = format!("SELECT {} FROM agreement_1 WHERE agreement_id = $1", AgreementRow::COLUMN_LIST);
    Ok(store.query(&sql, &[agreement_id.into()]).await?.pop())
}

/// A page of the agreements of a campus by id.
pub async fn agreements(store: &Store, campus_id: &str, page: &Page) -> Result<Vec<AgreementRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM agreement_1 WHERE campus_id = $1 AND agreement_id > $2 ORDER BY agreement_id LIMIT $3",
        AgreementRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into(), page.after.as_str().into(), page.size.into()]).await
}

/// The plans of which somebody gets a seat who became a member of a campus at a time, Unix milliseconds: one for each
/// agreement that named one by then and was not ended.
pub async fn auto_apply_plans(store: &Store, campus_id: &str, at_ms: i64) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT auto_apply_plan_id FROM agreement_1 WHERE campus_id = $1 AND auto_apply_plan_id <> '' \
               AND auto_apply_since_ms <= $2 AND ended_at_ms = 0 ORDER BY agreement_id";
    let plans: Vec<(String,)> = store.query(sql, &[campus_id.into(), at_ms.into()]).await?;
    Ok(plans.into_iter().map(|it| it.0).collect())
}
