//! What a course costs: the price of its last publication, from the catalogue's own events.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::course_event::Event;

row! {
    /// One course's prices: of the working copy and of what is offered.
    pub struct CourseOfferRow {
        key { course_id: String }
        draft_price_minor: i64,
        draft_currency: String,
        price_minor: i64,
        currency: String,
    }
}

/// Courses by id.
pub struct CourseOffers;

impl View for CourseOffers {
    type Row = CourseOfferRow;
    const NAME: &'static str = "course_offer_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CourseOfferRow>) {
        let Some(it @ (Event::CourseDescribed(_) | Event::CoursePublished(_))) = event.read::<Event>() else { return };
        let course_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| CourseOfferRow { course_id, ..CourseOfferRow::default() });
            if let Event::CourseDescribed(it) = it {
                (row.draft_price_minor, row.draft_currency) = (it.price_minor, it.currency);
            } else {
                row.price_minor = row.draft_price_minor;
                row.currency.clone_from(&row.draft_currency);
            }
        });
    }
}

/// What a course costs in minor units, and the currency; nothing for a course that was never described.
pub async fn price(store: &Store, course_id: &str) -> Result<(i64, String), StoreError> {
    let sql = "SELECT price_minor, currency FROM course_offer_1 WHERE course_id = $1";
    Ok(store.query(sql, &[course_id.into()]).await?.pop().unwrap_or_default())
}
