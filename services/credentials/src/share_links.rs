//! Links by which learners show what they achieved, as strangers open them and learners list them.

use crate::share_link::ONCE_MS;
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{self as credentials, share_link_event::Event};

row! {
    /// One link.
    pub struct ShareLinkRow {
        key { share_link_id: String }
        learner_id: String,
        /// Empty = the whole transcript.
        credential_id: String,
        /// Empty = of all issuers.
        institution_id: String,
        shown_name: String,
        label: String,
        created_ms: i64,
        expires_ms: i64,
        /// 0 = it is not.
        withdrawn_ms: i64,
        opened: u32,
        last_opened_ms: i64,
    }
}

/// Links by the hash of the secret in them.
pub struct ShareLinks;

impl View for ShareLinks {
    type Row = ShareLinkRow;
    const NAME: &'static str = "share_link_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ShareLinkRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (share_link_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| ShareLinkRow { share_link_id, ..ShareLinkRow::default() });
            match it {
                Event::ShareLinkCreated(it) => {
                    (row.learner_id, row.credential_id) = (it.learner_id, it.credential_id);
                    (row.institution_id, row.shown_name) = (it.institution_id, it.name);
                    (row.label, row.created_ms, row.expires_ms) = (it.label, at, it.expires_ms);
                }
                Event::ShareLinkWithdrawn(_) => row.withdrawn_ms = at,
                Event::ShareLinkOpened(_) => (row.opened, row.last_opened_ms) = (row.opened + 1, at),
            }
        });
    }
}

impl ShareLinkRow {
    /// Whether it shows something.
    pub fn is_open(&self, now_ms: i64) -> bool {
        self.withdrawn_ms == 0 && now_ms < self.expires_ms
    }

    /// Whether another look counts.
    pub fn counts(&self, now_ms: i64) -> bool {
        now_ms.div_euclid(ONCE_MS) != self.last_opened_ms.div_euclid(ONCE_MS)
    }

    /// The name that it shows.
    pub fn name(&self) -> Option<&str> {
        (!self.shown_name.is_empty()).then_some(self.shown_name.as_str())
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::ShareLink {
        credentials::ShareLink {
            share_link_id: self.share_link_id,
            learner_id: self.learner_id,
            credential_id: self.credential_id,
            institution_id: self.institution_id,
            name: self.shown_name,
            label: self.label,
            created_ms: self.created_ms,
            expires_ms: self.expires_ms,
            withdrawn_ms: self.withdrawn_ms,
            opened: self.opened,
            last_opened_ms: self.last_opened_ms,
        }
    }
}

/// One link.
pub async fn link(store: &Store, share_link_id: &str) -> Result<Option<ShareLinkRow>, StoreError> {
    let sql = format!("SELECT {} FROM share_link_1 WHERE share_link_id = $1", ShareLinkRow::COLUMN_LIST);
    Ok(store.query(&sql, &[share_link_id.into()]).await?.pop())
}

/// A page of a learner's links.
pub async fn links(store: &Store, learner_id: &str, page: &Page) -> Result<Vec<ShareLinkRow>, StoreError> {
    let columns = ShareLinkRow::COLUMN_LIST;
    let sql = format!(
        "SELECT {columns} FROM share_link_1 WHERE learner_id = $1 AND share_link_id > $2 ORDER BY share_link_id LIMIT $3"
    );
    store.query(&sql, &[learner_id.into(), page.after.as_str().into(), page.size.into()]).await
}
