//! Which selections a campus has licensed, from the campus service's own events: what its teachers may compose of.

use studium_kit::{Changes, Dialect, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::licence_plan_event::Event;

row! {
    /// One licence plan that has not expired.
    pub struct LicenceRow {
        key { plan_id: String }
        campus_id: String,
        covers: String,
    }
}

/// Plans by id.
pub struct Licences;

impl View for Licences {
    type Row = LicenceRow;
    const NAME: &'static str = "licence_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_campus ON {table} (campus_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<LicenceRow>) {
        let plan_id = event.id().to_owned();
        match event.read::<Event>() {
            Some(Event::PlanProvisioned(it)) => rows.row(event.id(), move |row| {
                *row = Some(LicenceRow { plan_id, campus_id: it.campus_id, covers: String::new() });
            }),
            Some(Event::PlanTermsSet(it)) => rows.row(event.id(), move |row| {
                if let Some(row) = row {
                    row.covers = it.selection_id;
                }
            }),
            Some(Event::PlanExpired(_)) => rows.row(event.id(), |row| *row = None),
            _ => {}
        }
    }
}

/// Whether a plan of a campus covers a course.
pub async fn cover(store: &Store, campus_id: &str, course_id: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM licence_1 l JOIN selection_contents_1 c ON c.selection_id = l.covers \
               WHERE l.campus_id = $1 AND c.course_id = $2 LIMIT 1";
    Ok(!store.query::<(i64,)>(sql, &[campus_id.into(), course_id.into()]).await?.is_empty())
}
