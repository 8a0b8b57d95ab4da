//! Issuers with their keys, as strangers and the signer find them.

use crate::issuer::Sealed;
use serde::{Deserialize, Serialize};
use studium_kit::{Changes, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{self as credentials, issuer_event::Event};

row! {
    /// One issuer.
    pub struct IssuerRow {
        key { institution_id: String }
        did: String,
        base_url: String,
        keys: Json<Vec<KeyRow>>,
    }
}

/// One key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// The public key as a multikey.
    pub id: String,
    seed: Vec<u8>,
    by: String,
    created_ms: i64,
    /// It fell into wrong hands; since when, 0 if that is not known.
    pub compromised_ms: Option<i64>,
}

impl KeyRow {
    /// The private key.
    pub fn sealed(&self) -> Sealed {
        Sealed { seed: self.seed.clone(), by: self.by.clone() }
    }
}

/// Issuers by institution.
pub struct Issuers;

impl View for Issuers {
    type Row = IssuerRow;
    const NAME: &'static str = "issuer_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<IssuerRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (institution_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            row.get_or_insert_with(|| IssuerRow { institution_id, ..IssuerRow::default() }).take_in(it, at);
        });
    }
}

impl IssuerRow {
    fn take_in(&mut self, event: Event, at: i64) {
        match event {
            Event::IssuerPublished(it) => (self.did, self.base_url) = (it.did, it.base_url),
            Event::IssuerKeyCreated(it) => self.keys.0.push(KeyRow {
                id: it.key_id,
                seed: it.sealed_seed,
                by: it.sealed_by,
                created_ms: at,
                compromised_ms: None,
            }),
            Event::IssuerKeyCompromised(it) => {
                for key in self.keys.0.iter_mut().filter(|key| key.id == it.key_id) {
                    key.compromised_ms = Some(it.since_ms);
                }
            }
            Event::IssuerKeyResealed(it) => {
                for key in self.keys.0.iter_mut().filter(|key| key.id == it.key_id) {
                    (key.seed, key.by) = (it.sealed_seed.clone(), it.sealed_by.clone());
                }
            }
        }
    }

    /// The key that signs: the youngest that is safe.
    pub fn current(&self) -> Option<&KeyRow> {
        self.keys.0.iter().rev().find(|it| it.compromised_ms.is_none())
    }

    /// The key with this name.
    pub fn key(&self, id: &str) -> Option<&KeyRow> {
        self.keys.0.iter().find(|it| it.id == id)
    }

    /// As it is shown, beside what the catalogue says of the institution.
    pub fn shown(self, name: String, country: String, authorised: bool) -> credentials::Issuer {
        let current = self.current().map(|it| it.id.clone());
        let keys = self.keys.0.into_iter().map(|it| credentials::IssuerKey {
            current: current.as_ref() == Some(&it.id),
            key_id: it.id,
            created_ms: it.created_ms,
            // A key of which nobody knows since when is told with the first millisecond there is.
            compromised_ms: it.compromised_ms.map_or(0, |since| since.max(1)),
            sealed_by: it.by,
        });
        credentials::Issuer {
            institution_id: self.institution_id,
            name,
            country,
            authorised,
            did: self.did,
            base_url: self.base_url,
            keys: keys.collect(),
        }
    }
}

/// One issuer, if it is published.
pub async fn issuer(store: &Store, institution_id: &str) -> Result<Option<IssuerRow>, StoreError> {
    let sql = format!("SELECT {} FROM issuer_1 WHERE institution_id = $1", IssuerRow::COLUMN_LIST);
    Ok(store.query(&sql, &[institution_id.into()]).await?.pop())
}

/// A page of issuers.
pub async fn issuers(store: &Store, page: &Page) -> Result<Vec<IssuerRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM issuer_1 WHERE institution_id > $1 ORDER BY institution_id LIMIT $2",
        IssuerRow::COLUMN_LIST
    );
    store.query(&sql, &[page.after.as_str().into(), page.size.into()]).await
}
