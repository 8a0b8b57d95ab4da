//! Which partners have a feed, and when the next day ends for each.

use studium_kit::{Changes, DAY_MS, Recorded, Store, StoreError, View, row};
use studium_proto::enrolment::v1::partner_feed_event::Event;

row! {
    /// One partner.
    pub struct PartnerRow {
        key { institution_id: String }
        is_open: bool,
        opened_at_ms: i64,
        day_ends_ms: i64,
        closed_until_ms: i64,
    }
}

/// Partners by institution.
pub struct Partners;

impl View for Partners {
    type Row = PartnerRow;
    const NAME: &'static str = "partner_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<PartnerRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (institution_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| PartnerRow { institution_id, ..PartnerRow::default() });
            match it {
                Event::PartnerFeedOpened(_) => {
                    (row.is_open, row.opened_at_ms) = (true, at);
                    // A day that was closed is not closed again, whatever time the opening is said to have had.
                    row.day_ends_ms = next_midnight(at.max(row.closed_until_ms));
                }
                Event::PartnerFeedClosed(_) => (row.is_open, row.day_ends_ms) = (false, 0),
                // It is said at midnight, of the day before.
                Event::PartnerDayClosed(_) => (row.day_ends_ms, row.closed_until_ms) = (next_midnight(at), at),
            }
        });
    }
}

/// The first end of a day, UTC, after a time.
fn next_midnight(at_ms: i64) -> i64 {
    (at_ms.div_euclid(DAY_MS) + 1) * DAY_MS
}

/// All partners by institution.
pub async fn all(store: &Store) -> Result<Vec<PartnerRow>, StoreError> {
    let sql = format!("SELECT {} FROM partner_1 ORDER BY institution_id", PartnerRow::COLUMN_LIST);
    store.query(&sql, &[]).await
}

/// Institutions with an open feed.
pub async fn open(store: &Store) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        store.query("SELECT institution_id FROM partner_1 WHERE is_open ORDER BY institution_id", &[]).await?;
    Ok(rows.into_iter().map(|(it,)| it).collect())
}

/// One partner.
pub async fn partner(store: &Store, institution: &str) -> Result<Option<PartnerRow>, StoreError> {
    let sql = format!("SELECT {} FROM partner_1 WHERE institution_id = $1", PartnerRow::COLUMN_LIST);
    Ok(store.query(&sql, &[institution.into()]).await?.pop())
}
