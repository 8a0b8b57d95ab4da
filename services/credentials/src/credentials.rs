//! Credentials with their status, as learners, issuers and strangers ask for them.

use std::{collections::BTreeMap, fmt::Write as _};
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    credentials::v1::{self as credentials, CredentialIssued, CredentialState, credential_event::Event},
};

row! {
    /// One credential.
    pub struct CredentialRow {
        key { credential_id: String }
        learner_id: String,
        achievement_id: String,
        institution_id: String,
        attempt: u32,
        state: i32,
        public_id: String,
        /// The event that issued it.
        issued: Vec<u8>,
        issued_ms: i64,
        valid_until_ms: i64,
        list: u32,
        list_bit: u32,
        json_sha256: String,
        jwt_sha256: String,
        status_reason: i32,
        /// The status is as it is since then.
        status_ms: i64,
        superseded_by: String,
        /// Names of reasons and sentences.
        withheld: Json<Vec<(String, String)>>,
    }
}

/// Credentials by id.
pub struct Credentials;

impl View for Credentials {
    type Row = CredentialRow;
    const NAME: &'static str = "credential_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned(),
            "CREATE INDEX {table}_achievement ON {table} (achievement_id)".to_owned(),
            "CREATE INDEX {table}_public ON {table} (public_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CredentialRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let (credential_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            row.get_or_insert_with(|| CredentialRow { credential_id, ..CredentialRow::default() }).take_in(it, at);
        });
    }
}

impl CredentialRow {
    fn take_in(&mut self, event: Event, at: i64) {
        let status = match event {
            Event::CredentialIssued(it) => {
                (self.issued, self.issued_ms) = (it.encode_to_vec(), at);
                (self.learner_id, self.achievement_id) = (it.learner_id, it.achievement_id);
                (self.institution_id, self.attempt) = (it.institution_id, it.attempt);
                (self.public_id, self.valid_until_ms) = (it.public_id, it.valid_until_ms);
                self.withheld = Json(Vec::new());
                (CredentialState::Issued, 0)
            }
            Event::CredentialSigned(it) => {
                (self.list, self.list_bit) = (it.list, it.index);
                (self.json_sha256, self.jwt_sha256) = (it.json_sha256, it.jwt_sha256);
                (CredentialState::Active, 0)
            }
            Event::CredentialWithheld(it) => {
                (self.learner_id, self.achievement_id) = (it.learner_id, it.achievement_id);
                (self.institution_id, self.attempt) = (it.institution_id, it.attempt);
                self.withheld = Json(it.reasons.into_iter().zip(it.details).collect());
                (CredentialState::Withheld, 0)
            }
            Event::CredentialSuspended(it) => (CredentialState::Suspended, it.reason),
            Event::CredentialReinstated(it) => (CredentialState::Active, it.reason),
            Event::CredentialRevoked(it) => (CredentialState::Revoked, it.reason),
            Event::CredentialSuperseded(it) => {
                self.superseded_by = it.superseded_by;
                (CredentialState::Superseded, credentials::StatusReason::Superseded as i32)
            }
        };
        (self.state, self.status_reason, self.status_ms) = (status.0 as i32, status.1, at);
    }

    /// The event that issued it.
    pub fn issued(&self) -> CredentialIssued {
        CredentialIssued::decode(self.issued.as_slice()).unwrap_or_default()
    }

    /// Where it stands.
    pub fn state(&self) -> CredentialState {
        CredentialState::try_from(self.state).unwrap_or_default()
    }

    /// Whether it is signed: there are bytes for ever.
    pub fn is_signed(&self) -> bool {
        self.list > 0
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::Credential {
        let issued = self.issued();
        let (withheld_reasons, withheld_details) = self.withheld.0.into_iter().unzip();
        credentials::Credential {
            url: crate::document::credential_url(&issued),
            credential_id: self.credential_id,
            learner_id: self.learner_id,
            achievement_id: self.achievement_id,
            attempt: self.attempt,
            institution_id: self.institution_id,
            state: self.state,
            public_id: self.public_id,
            awarded_ms: issued.awarded_ms,
            valid_until_ms: self.valid_until_ms,
            grade: issued.grade,
            grade_millipoints: issued.grade_millipoints,
            credits: issued.credits,
            evidence: issued.evidence,
            list: self.list,
            index: self.list_bit,
            json_sha256: self.json_sha256,
            status_reason: self.status_reason,
            superseded_by: self.superseded_by,
            withheld_reasons,
            withheld_details,
            cause: issued.cause,
        }
    }
}

async fn one(store: &Store, column: &str, value: &str) -> Result<Option<CredentialRow>, StoreError> {
    let sql = format!("SELECT {} FROM credential_1 WHERE {column} = $1", CredentialRow::COLUMN_LIST);
    Ok(store.query(&sql, &[value.into()]).await?.pop())
}

/// One credential, if it was issued or withheld.
pub async fn credential(store: &Store, credential_id: &str) -> Result<Option<CredentialRow>, StoreError> {
    one(store, "credential_id", credential_id).await
}

/// The credential with this name in public.
pub async fn by_public_id(store: &Store, public_id: &str) -> Result<Option<CredentialRow>, StoreError> {
    one(store, "public_id", public_id).await
}

/// All that a learner has for one achievement, or was refused.
pub async fn of_learner(
    store: &Store,
    learner_id: &str,
    achievement_id: &str,
) -> Result<Vec<CredentialRow>, StoreError> {
    let columns = CredentialRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM credential_1 WHERE learner_id = $1 AND achievement_id = $2");
    store.query(&sql, &[learner_id.into(), achievement_id.into()]).await
}

/// All that a learner has for anything, or was refused, by id.
pub async fn all_of_learner(store: &Store, learner_id: &str) -> Result<BTreeMap<String, CredentialRow>, StoreError> {
    let sql = format!("SELECT {} FROM credential_1 WHERE learner_id = $1", CredentialRow::COLUMN_LIST);
    let rows: Vec<CredentialRow> = store.query(&sql, &[learner_id.into()]).await?;
    Ok(rows.into_iter().map(|it| (it.credential_id.clone(), it)).collect())
}

/// Which credentials are asked for; what is empty does not matter.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Only this learner's.
    pub learner_id: &'a str,
    /// Only this issuer's.
    pub institution_id: &'a str,
    /// Only for this achievement.
    pub achievement_id: &'a str,
    /// Only in this state.
    pub state: CredentialState,
}

/// A page of credentials.
pub async fn credentials(store: &Store, it: &Wanted<'_>, page: &Page) -> Result<Vec<CredentialRow>, StoreError> {
    let mut sql = format!("SELECT {} FROM credential_1 WHERE credential_id > $1", CredentialRow::COLUMN_LIST);
    let mut values = vec![page.after.as_str().into(), page.size.into()];
    let texts =
        [("learner_id", it.learner_id), ("institution_id", it.institution_id), ("achievement_id", it.achievement_id)];
    for (column, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        values.push(value.into());
        let _ = write!(sql, " AND {column} = ${}", values.len());
    }
    if it.state != CredentialState::Unspecified {
        values.push((it.state as i32).into());
        let _ = write!(sql, " AND state = ${}", values.len());
    }
    sql.push_str(" ORDER BY credential_id LIMIT $2");
    store.query(&sql, &values).await
}

/// What was withheld of an issuer's credentials.
pub async fn withheld(store: &Store, institution_id: &str) -> Result<Vec<CredentialRow>, StoreError> {
    let columns = CredentialRow::COLUMN_LIST;
    let sql =
        format!("SELECT {columns} FROM credential_1 WHERE institution_id = $1 AND state = $2 ORDER BY credential_id");
    store.query(&sql, &[institution_id.into(), (CredentialState::Withheld as i32).into()]).await
}

/// How many credentials an issuer has, by achievement and state.
pub async fn counts(store: &Store, institution_id: &str) -> Result<Vec<credentials::CredentialCount>, StoreError> {
    let sql = "SELECT achievement_id, state, COUNT(*) FROM credential_1 WHERE institution_id = $1 \
               GROUP BY achievement_id, state ORDER BY achievement_id, state";
    let rows: Vec<(String, i32, i64)> = store.query(sql, &[institution_id.into()]).await?;
    let count = |(achievement_id, state, credentials): (String, i32, i64)| credentials::CredentialCount {
        achievement_id,
        state,
        credentials: credentials.unsigned_abs(),
    };
    Ok(rows.into_iter().map(count).collect())
}

/// What was withheld from a learner.
pub async fn withheld_from(store: &Store, learner_id: &str) -> Result<Vec<CredentialRow>, StoreError> {
    let columns = CredentialRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM credential_1 WHERE learner_id = $1 AND state = $2 ORDER BY credential_id");
    store.query(&sql, &[learner_id.into(), (CredentialState::Withheld as i32).into()]).await
}
