//! The keys that campuses handed out, with their uses.

use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::campus::v1::{InviteKey, invite_key_event::Event};

row! {
    /// One key.
    pub struct InviteKeyRow {
        key { invite_key: String }
        campus_id: String,
        class: i32,
        department: String,
        uses: u32,
        uses_max: u32,
        expires_at_ms: i64,
        created_at_ms: i64,
        deactivated_at_ms: i64,
    }
}

/// Keys by themselves.
pub struct InviteKeys;

impl View for InviteKeys {
    type Row = InviteKeyRow;
    const NAME: &'static str = "invite_key_1";
    const STREAMS: &'static [&'static str] = &["campus"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_campus ON {table} (campus_id, invite_key)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<InviteKeyRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (invite_key, at_ms) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| InviteKeyRow { invite_key, ..InviteKeyRow::default() });
            match it {
                Event::InviteKeyCreated(it) => {
                    (row.campus_id, row.class, row.department) = (it.campus_id, it.class, it.department);
                    (row.uses_max, row.expires_at_ms, row.created_at_ms) = (it.uses_max, it.expires_at_ms, at_ms);
                }
                Event::InviteRedeemed(it) => row.uses = it.r#use,
                Event::InviteKeyDeactivated(_) => row.deactivated_at_ms = at_ms,
            }
        });
    }
}

impl InviteKeyRow {
    /// As it is shown.
    pub fn shown(self) -> InviteKey {
        InviteKey {
            key: self.invite_key,
            campus_id: self.campus_id,
            class: self.class,
            department: self.department,
            uses: self.uses,
            uses_max: self.uses_max,
            expires_at_ms: self.expires_at_ms,
            created_at_ms: self.created_at_ms,
            deactivated_at_ms: self.deactivated_at_ms,
        }
    }
}

/// A page of the keys of a campus.
pub async fn of_campus(store: &Store, campus_id: &str, page: &Page) -> Result<Vec<InviteKeyRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM invite_key_1 WHERE campus_id = $1 AND invite_key > $2 ORDER BY invite_key LIMIT $3",
        InviteKeyRow::COLUMN_LIST
    );
    store.query(&sql, &[campus_id.into(), page.after.as_str().into(), page.size.into()]).await
}
