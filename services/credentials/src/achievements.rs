//! Achievements, and how many credentials each has.

use std::{collections::BTreeMap, fmt::Write as _};
use studium_kit::{Changes, Dialect, Page, Recorded, Store, StoreError, View, row};
use studium_proto::{
    Encoded as _,
    credentials::v1::{
        self as credentials, AchievementDefined, AchievementState, achievement_event::Event,
        credential_event::Event as CredentialEvent,
    },
};

row! {
    /// One achievement.
    pub struct AchievementRow {
        key { achievement_id: String }
        institution_id: String,
        state: i32,
        /// The definition as the event that holds it.
        definition: Vec<u8>,
        approved_ms: i64,
        credentials: u32,
    }
}

/// Achievements by id.
pub struct Achievements;

impl View for Achievements {
    type Row = AchievementRow;
    const NAME: &'static str = "achievement_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec!["CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned()]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<AchievementRow>) {
        if let Some(it) = event.read::<CredentialEvent>() {
            let Some(achievement_id) = of_credential(event.id()) else { return };
            let more = match it {
                CredentialEvent::CredentialIssued(_) => true,
                CredentialEvent::CredentialRevoked(_) | CredentialEvent::CredentialSuperseded(_) => false,
                _ => return,
            };
            rows.row(achievement_id, move |row| {
                if let Some(row) = row {
                    row.credentials = if more { row.credentials + 1 } else { row.credentials.saturating_sub(1) };
                }
            });
        }
        let Some(it) = event.read::<Event>() else { return };
        let (achievement_id, at) = (event.id().to_owned(), event.at_ms());
        rows.row(event.id(), move |row| {
            let row = row.get_or_insert_with(|| AchievementRow { achievement_id, ..AchievementRow::default() });
            match it {
                Event::AchievementDefined(it) => {
                    row.state = AchievementState::Draft as i32;
                    row.definition = it.encode_to_vec();
                    row.institution_id = it.institution_id;
                }
                Event::AchievementApproved(_) => {
                    (row.state, row.approved_ms) = (AchievementState::Approved as i32, at);
                }
                Event::AchievementRetired(_) => row.state = AchievementState::Retired as i32,
            }
        });
    }
}

/// The achievement of a credential: its id without learner and attempt.
fn of_credential(id: &str) -> Option<&str> {
    let (rest, _) = id.rsplit_once('~')?;
    Some(rest.rsplit_once('~')?.0)
}

impl AchievementRow {
    /// What it is.
    pub fn definition(&self) -> AchievementDefined {
        AchievementDefined::decode(self.definition.as_slice()).unwrap_or_default()
    }

    /// Where it stands.
    pub fn state(&self) -> AchievementState {
        AchievementState::try_from(self.state).unwrap_or_default()
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::Achievement {
        credentials::Achievement {
            state: self.state,
            definition: Some(self.definition()),
            achievement_id: self.achievement_id,
            approved_ms: self.approved_ms,
            credentials: self.credentials,
        }
    }
}

/// One achievement, if it is defined.
pub async fn achievement(store: &Store, achievement_id: &str) -> Result<Option<AchievementRow>, StoreError> {
    let sql = format!("SELECT {} FROM achievement_1 WHERE achievement_id = $1", AchievementRow::COLUMN_LIST);
    Ok(store.query(&sql, &[achievement_id.into()]).await?.pop())
}

/// All achievements for which a learner has credentials, or was refused some, by id.
pub async fn of_learner(store: &Store, learner_id: &str) -> Result<BTreeMap<String, AchievementRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM achievement_1 \
         WHERE achievement_id IN (SELECT achievement_id FROM credential_1 WHERE learner_id = $1)",
        AchievementRow::COLUMN_LIST
    );
    let rows: Vec<AchievementRow> = store.query(&sql, &[learner_id.into()]).await?;
    Ok(rows.into_iter().map(|it| (it.achievement_id.clone(), it)).collect())
}

/// A page of achievements, of one institution and in one state if these are given.
pub async fn achievements(
    store: &Store,
    institution_id: &str,
    state: AchievementState,
    page: &Page,
) -> Result<Vec<AchievementRow>, StoreError> {
    let mut sql = format!("SELECT {} FROM achievement_1 WHERE achievement_id > $1", AchievementRow::COLUMN_LIST);
    let mut values = vec![page.after.as_str().into(), page.size.into()];
    if !institution_id.is_empty() {
        values.push(institution_id.into());
        let _ = write!(sql, " AND institution_id = ${}", values.len());
    }
    if state != AchievementState::Unspecified {
        values.push((state as i32).into());
        let _ = write!(sql, " AND state = ${}", values.len());
    }
    sql.push_str(" ORDER BY achievement_id LIMIT $2");
    store.query(&sql, &values).await
}
