//! The connections of campuses' learning platforms, with the keys that these are shown.

use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    campus::v1::{LmsConnection, ToolKey, ToolKeyStatus, lms_connection_event::Event},
};

row! {
    /// One connection; `shown` is the contract's own message, with all keys that there ever were.
    pub struct LmsConnectionRow {
        key { connection_id: String }
        campus_id: String,
        shown: Vec<u8>,
    }
}

/// Connections by id.
pub struct LmsConnections;

impl View for LmsConnections {
    type Row = LmsConnectionRow;
    const NAME: &'static str = "lms_connection_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_campus ON {table} (campus_id, connection_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<LmsConnectionRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (connection_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| LmsConnectionRow { connection_id, ..LmsConnectionRow::default() });
            let Ok(mut shown) = LmsConnection::decode(row.shown.as_slice()) else { return };
            shown.connection_id.clone_from(&row.connection_id);
            take_in(&mut shown, it, at);
            (row.campus_id, row.shown) = (shown.campus_id.clone(), shown.encode_to_vec());
        });
    }
}

fn take_in(it: &mut LmsConnection, event: Event, at: i64) {
    match event {
        Event::LmsPlatformRegistered(event) => it.campus_id = event.campus_id,
        Event::LmsPlatformDescribed(event) => it.platform = Some(event),
        Event::ToolKeyAdded(event) => {
            let (key_id, public_jwk, status) = (event.key_id, event.public_jwk, ToolKeyStatus::Next.into());
            it.keys.push(ToolKey { key_id, public_jwk, status, shown_until_ms: 0 });
        }
        Event::ToolKeyPromoted(event) => {
            for key in &mut it.keys {
                if key.key_id == event.key_id {
                    key.set_status(ToolKeyStatus::Current);
                } else if key.key_id == event.retired_key_id {
                    key.set_status(ToolKeyStatus::Retired);
                    key.shown_until_ms = event.retired_until_ms;
                }
            }
        }
        Event::LmsConnectionDisabled(event) => (it.disabled_at_ms, it.disable_reason) = (at, event.reason),
    }
}

impl LmsConnectionRow {
    /// As it is shown at a time: without keys that were retired long enough ago.
    fn shown(&self, now_ms: i64) -> Result<LmsConnection, StoreError> {
        let mut it = LmsConnection::decode(self.shown.as_slice())
            .map_err(|e| StoreError::Query(format!("a connection cannot be read: {e}")))?;
        it.keys.retain(|it| it.status() != ToolKeyStatus::Retired || now_ms < it.shown_until_ms);
        Ok(it)
    }
}

/// One connection as it is shown at a time.
pub async fn connection(store: &Store, connection_id: &str, now_ms: i64) -> Result<Option<LmsConnection>, StoreError> {
    let sql = format!("SELECT {} FROM lms_connection_1 WHERE connection_id = $1", LmsConnectionRow::COLUMN_LIST);
    let row: Option<LmsConnectionRow> = store.query(&sql, &[connection_id.into()]).await?.pop();
    row.map(|it| it.shown(now_ms)).transpose()
}

/// A page of the connections of a campus by id, as they are shown at a time.
pub async fn connections(
    store: &Store,
    campus_id: &str,
    now_ms: i64,
    page: &Page,
) -> Result<Vec<LmsConnection>, StoreError> {
    let sql = format!(
        "SELECT {} FROM lms_connection_1 WHERE campus_id = $1 AND connection_id > $2 ORDER BY connection_id LIMIT $3",
        LmsConnectionRow::COLUMN_LIST
    );
    let args = [campus_id.into(), page.after.as_str().into(), page.size.into()];
    store.query::<LmsConnectionRow>(&sql, &args).await?.iter().map(|it| it.shown(now_ms)).collect()
}
