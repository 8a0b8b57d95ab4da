//! What mentorship in a programme cost at any time, as the catalogue told it.

use std::collections::BTreeMap;
use studium_kit::{Changes, Json, Recorded, Store, StoreError, View, row};
use studium_proto::catalogue::v1::programme_event::Event;

row! {
    /// The mentorship plans of one programme.
    pub struct MentorshipPriceRow {
        key { programme_id: String }
        plans: Json<Vec<(i64, bool, i64, String)>>,
    }
}

/// What held from a time on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    /// Mentorship is part of the programme.
    pub included: bool,
    /// Otherwise its price, minor units.
    pub amount_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// Plans by programme.
pub struct MentorshipPrices;

impl View for MentorshipPrices {
    type Row = MentorshipPriceRow;
    const NAME: &'static str = "mentorship_price_1";
    const STREAMS: &'static [&'static str] = &["catalogue"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<MentorshipPriceRow>) {
        let Some(Event::MentorshipPlanSet(it)) = event.read() else { return };
        let (programme_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| MentorshipPriceRow { programme_id, ..MentorshipPriceRow::default() });
            row.plans.0.push((at, it.included, it.price_minor, it.currency));
        });
    }
}

/// Prices by programme.
#[derive(Debug, Clone, Default)]
pub struct Prices(BTreeMap<String, Vec<(i64, bool, i64, String)>>);

impl Prices {
    /// What held in a programme at a time; where the first plan came later, that one.
    pub fn at(&self, programme_id: &str, at_ms: i64) -> Option<Price> {
        let plans = self.0.get(programme_id)?;
        let (_, included, amount_minor, currency) = plans.iter().rfind(|it| it.0 <= at_ms).or(plans.first())?.clone();
        Some(Price { included, amount_minor, currency })
    }

    /// With the plans of one more programme.
    #[must_use]
    pub fn with(mut self, row: MentorshipPriceRow) -> Self {
        self.0.insert(row.programme_id, row.plans.0);
        self
    }

    /// As they were known at a date.
    #[must_use]
    pub fn known_by(mut self, as_of_ms: i64) -> Self {
        for plans in self.0.values_mut() {
            plans.retain(|it| it.0 <= as_of_ms);
        }
        self
    }
}

/// The prices of a programme, or (empty) of all.
pub async fn prices(store: &Store, programme_id: &str) -> Result<Prices, StoreError> {
    let sql = format!(
        "SELECT {} FROM mentorship_price_1 WHERE ($1 = '' OR programme_id = $1)",
        MentorshipPriceRow::COLUMN_LIST
    );
    let rows: Vec<MentorshipPriceRow> = store.query(&sql, &[programme_id.into()]).await?;
    Ok(rows.into_iter().fold(Prices::default(), Prices::with))
}
