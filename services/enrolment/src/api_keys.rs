//! The keys of institutions, as whoever calls with one is found by it.

use crate::api_key_secret::{self as secret, PREFIX};
use studium_kit::{ApiKeys, App, Caller, Changes, Recorded, Store, StoreError, View, fault, now_ms, row};
use studium_proto::enrolment::v1::api_key_event::Event;
use tonic::Status;

row! {
    /// One key, `<institution>~<key>`.
    pub struct ApiKeyRow {
        key { api_key: String }
        role: String,
        secret_sha256: String,
        expires_ms: i64,
        /// The secret before; empty = there was none.
        older_sha256: String,
        older_until_ms: i64,
        created_ms: i64,
        rotated_ms: i64,
        /// 0 = it is not.
        revoked_ms: i64,
    }
}

/// Keys by institution and id.
pub struct ApiKeyRows;

impl View for ApiKeyRows {
    type Row = ApiKeyRow;
    const NAME: &'static str = "api_key_1";
    const STREAMS: &'static [&'static str] = &["enrolment"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<ApiKeyRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (api_key, at_ms) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| ApiKeyRow { api_key, ..ApiKeyRow::default() });
            match it {
                Event::ApiKeyCreated(it) => {
                    (row.role, row.secret_sha256, row.expires_ms) = (it.role, it.secret_sha256, it.expires_at_ms);
                    (row.created_ms, row.rotated_ms) = (at_ms, at_ms);
                }
                Event::ApiKeyRotated(it) => {
                    // A secret that was to expire earlier does not live longer because another one came.
                    row.older_until_ms = it.overlap_until_ms.min(row.expires_ms);
                    row.older_sha256 = std::mem::replace(&mut row.secret_sha256, it.secret_sha256);
                    (row.expires_ms, row.rotated_ms) = (it.expires_at_ms, at_ms);
                }
                Event::ApiKeyRevoked(_) => row.revoked_ms = at_ms,
            }
        });
    }
}

impl ApiKeyRow {
    /// The institution for which it calls.
    pub fn institution_id(&self) -> &str {
        self.api_key.split_once('~').map_or("", |it| it.0)
    }

    /// Its id within the institution.
    pub fn key_id(&self) -> &str {
        self.api_key.split_once('~').map_or("", |it| it.1)
    }

    /// Whether a secret, known by its hash, opens anything at a time.
    pub fn counts(&self, sha256: &str, now_ms: i64) -> bool {
        let newest = secret::same(sha256, &self.secret_sha256) && now_ms < self.expires_ms;
        let older = secret::same(sha256, &self.older_sha256) && now_ms < self.older_until_ms;
        self.revoked_ms == 0 && (newest || older)
    }
}

/// The keys of an institution.
pub async fn of(store: &Store, institution_id: &str) -> Result<Vec<ApiKeyRow>, StoreError> {
    // `~` is followed by DEL, and no id holds it: all that begin so, by the key's index.
    let sql = format!(
        "SELECT {} FROM api_key_1 WHERE api_key >= $1 AND api_key < $2 ORDER BY api_key",
        ApiKeyRow::COLUMN_LIST
    );
    let (from, until) = (format!("{institution_id}~"), format!("{institution_id}\u{7f}"));
    store.query(&sql, &[from.into(), until.into()]).await
}

async fn one(store: &Store, api_key: &str) -> Result<Option<ApiKeyRow>, StoreError> {
    let sql = format!("SELECT {} FROM api_key_1 WHERE api_key = $1", ApiKeyRow::COLUMN_LIST);
    Ok(store.query(&sql, &[api_key.into()]).await?.pop())
}

/// Who calls with a key of an institution.
pub struct InstitutionsKeys;

impl ApiKeys for InstitutionsKeys {
    const PREFIX: &'static str = PREFIX;

    async fn caller(app: &App, key: &str) -> Result<Option<Caller>, Status> {
        let Some((api_key, sha256)) = secret::read(key) else { return Ok(None) };
        let found = one(app.store(), api_key).await.map_err(fault)?;
        Ok(found.filter(|it| it.counts(&sha256, now_ms())).map(|it| Caller {
            subject: format!("{SUBJECT}{}", it.api_key),
            institutions: vec![it.institution_id().to_owned()],
            roles: vec![it.role],
            ..Caller::default()
        }))
    }
}

/// What the subject of whoever calls with a key starts with; no token's does.
const SUBJECT: &str = "key:";

/// Whether somebody calls with a key.
pub fn calls_by_key(caller: &Caller) -> bool {
    caller.subject.starts_with(SUBJECT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_counts_until_it_expires_is_replaced_or_revoked() {
        let (a, b, c) = ("a".repeat(64), "b".repeat(64), "c".repeat(64));
        let row = ApiKeyRow {
            secret_sha256: b.clone(),
            expires_ms: 100,
            older_sha256: a.clone(),
            older_until_ms: 50,
            ..ApiKeyRow::default()
        };
        assert!(row.counts(&b, 99) && !row.counts(&b, 100), "the newest until it expires");
        assert!(row.counts(&a, 49) && !row.counts(&a, 50), "the one before until the overlap ends");
        assert!(!row.counts(&c, 0) && !row.counts("", 0), "no other");
        assert!(!ApiKeyRow::default().counts("", -1), "and none at all where there is none");
        let revoked = ApiKeyRow { revoked_ms: 1, ..row };
        assert!(!revoked.counts(&a, 0) && !revoked.counts(&b, 0));
    }
}
