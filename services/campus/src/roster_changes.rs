//! What deliveries of rosters change, person by person; kept for whoever looks at one in quarantine, and for applying it.

use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    campus::v1::{MemberDescribed, RosterOutcome, RosterRowAnswer, roster_delivery_event::Event},
};

row! {
    /// One change. What was and will be said of the person are messages as the contract encodes them.
    pub struct RosterChangeRow {
        key { delivery_id: String, chunk: u32, place: u32 }
        source_row: u32,
        learner_id: String,
        was: Option<Vec<u8>>,
        becomes: Option<Vec<u8>>,
    }
}

/// Changes by delivery and place in it.
pub struct RosterChanges;

impl View for RosterChanges {
    type Row = RosterChangeRow;
    const NAME: &'static str = "roster_change_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<RosterChangeRow>) {
        let Some(Event::RosterChangesKept(kept)) = event.read::<Event>() else { return };
        let encoded = |said: &[MemberDescribed]| said.first().map(MemberDescribed::encode_to_vec);
        for (place, it) in (kept.before..).zip(kept.changes) {
            let (delivery_id, chunk) = (event.id().to_owned(), kept.chunk);
            let (was, becomes) = (encoded(&it.was), encoded(&it.becomes));
            rows.row((event.id(), chunk, place), move |row| {
                let (source_row, learner_id) = (it.row, it.learner_id);
                *row = Some(RosterChangeRow { delivery_id, chunk, place, source_row, learner_id, was, becomes });
            });
        }
    }
}

impl RosterChangeRow {
    /// What was said of the person before.
    pub fn was(&self) -> Option<MemberDescribed> {
        read(self.was.as_deref())
    }

    /// What is said of the person after.
    pub fn becomes(&self) -> Option<MemberDescribed> {
        read(self.becomes.as_deref())
    }

    /// As an answer to its row.
    pub fn shown(self) -> RosterRowAnswer {
        let (was, becomes) = (self.was(), self.becomes());
        let outcome = match (&was, &becomes) {
            (_, None) => RosterOutcome::Removed,
            (None, Some(_)) => RosterOutcome::Added,
            (Some(_), Some(_)) => RosterOutcome::Changed,
        };
        let external_id = becomes.as_ref().or(was.as_ref()).map(|it| it.external_id.clone()).unwrap_or_default();
        RosterRowAnswer {
            row: self.source_row,
            outcome: outcome.into(),
            external_id,
            learner_id: self.learner_id,
            was,
            becomes,
            ..RosterRowAnswer::default()
        }
    }
}

/// The view wrote the bytes itself, so they are a message; a table that somebody changed by hand says nothing.
fn read(bytes: Option<&[u8]>) -> Option<MemberDescribed> {
    bytes.and_then(|it| MemberDescribed::decode(it).ok())
}

/// The changes of one chunk, in order.
pub async fn chunk(store: &Store, delivery_id: &str, chunk: u32) -> Result<Vec<RosterChangeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM roster_change_1 WHERE delivery_id = $1 AND chunk = $2 ORDER BY place",
        RosterChangeRow::COLUMN_LIST
    );
    store.query(&sql, &[delivery_id.into(), chunk.into()]).await
}

/// Changes of a delivery after a place in it.
pub async fn after(
    store: &Store,
    delivery_id: &str,
    (chunk, place): (i64, i64),
    size: i64,
) -> Result<Vec<RosterChangeRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM roster_change_1 WHERE delivery_id = $1 AND (chunk > $2 OR (chunk = $2 AND place > $3)) \
         ORDER BY chunk, place LIMIT $4",
        RosterChangeRow::COLUMN_LIST
    );
    store.query(&sql, &[delivery_id.into(), chunk.into(), place.into(), size.into()]).await
}
