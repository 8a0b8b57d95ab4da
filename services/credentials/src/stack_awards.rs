//! Stack awards: who applied for which stack, what came of it, and what was lost since.

use crate::{credential, stack_award};
use std::fmt::Write as _;
use studium_kit::{Changes, Dialect, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{self as credentials, StackAwardState, stack_award_event::Event};

row! {
    /// One learner in one stack.
    pub struct StackAwardRow {
        key { award_id: String }
        learner_id: String,
        institution_id: String,
        award_state: i32,
        round: u32,
        components: Json<Vec<String>>,
        credits_milli: u32,
        /// Names of reasons and sentences.
        refused: Json<Vec<(String, String)>>,
        lost: Json<Vec<String>>,
        is_flagged: bool,
    }
}

/// Stack awards by id.
pub struct StackAwards;

impl View for StackAwards {
    type Row = StackAwardRow;
    const NAME: &'static str = "stack_award_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn ddl(_: Dialect) -> Vec<String> {
        vec![
            "CREATE INDEX {table}_learner ON {table} (learner_id)".to_owned(),
            "CREATE INDEX {table}_institution ON {table} (institution_id)".to_owned(),
        ]
    }

    fn fold(event: &Recorded<'_>, rows: &mut Changes<StackAwardRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let award_id = event.id().to_owned();
        rows.row(event.id(), move |row| {
            row.get_or_insert_with(|| StackAwardRow { award_id, ..StackAwardRow::default() }).take_in(it);
        });
    }
}

impl StackAwardRow {
    fn take_in(&mut self, event: Event) {
        match event {
            Event::StackAwardRequested(it) => {
                (self.award_state, self.round) = (StackAwardState::Requested as i32, it.round);
                (self.learner_id, self.institution_id) = (it.learner_id, it.institution_id);
                (self.components, self.credits_milli) = (Json(it.components), 0);
                self.refused = Json(Vec::new());
                self.flag(Vec::new());
            }
            Event::StackAwardRefused(it) => {
                self.award_state = StackAwardState::Refused as i32;
                self.refused = Json(it.reasons.into_iter().zip(it.details).collect());
            }
            Event::StackAwarded(it) => {
                (self.award_state, self.credits_milli) = (StackAwardState::Awarded as i32, it.credits_milli);
            }
            Event::StackComponentLost(it) => {
                let mut lost = std::mem::take(&mut self.lost.0);
                lost.push(it.entry_id);
                self.flag(lost);
            }
            Event::StackAwardKept(_) => self.flag(Vec::new()),
            Event::StackAwardReleased(_) => {
                self.award_state = StackAwardState::Released as i32;
                self.flag(Vec::new());
            }
        }
    }

    fn flag(&mut self, lost: Vec<String>) {
        self.is_flagged = !lost.is_empty();
        self.lost = Json(lost);
    }

    /// Where it stands.
    pub fn state(&self) -> StackAwardState {
        StackAwardState::try_from(self.award_state).unwrap_or_default()
    }

    /// Its credential, by the request that it answers.
    pub fn credential_id(&self) -> String {
        credential_id(&self.award_id, self.round).unwrap_or_default()
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::StackAward {
        let is_awarded = self.state() == StackAwardState::Awarded;
        let (refused_reasons, refused_details) = self.refused.0.iter().cloned().unzip();
        credentials::StackAward {
            credential_id: if is_awarded { self.credential_id() } else { String::new() },
            award_id: self.award_id,
            learner_id: self.learner_id,
            institution_id: self.institution_id,
            state: self.award_state,
            round: self.round,
            components: self.components.0,
            credits_milli: self.credits_milli.into(),
            refused_reasons,
            refused_details,
            lost_components: self.lost.0,
        }
    }
}

/// The credential of a stack award: each request that is granted has one of its own.
pub fn credential_id(award_id: &str, round: u32) -> Option<String> {
    let (achievement_id, learner_id) = stack_award::achievement_of(award_id)?;
    Some(credential::id(&achievement_id, learner_id, round))
}

/// One stack award, if it was asked for.
pub async fn award(store: &Store, award_id: &str) -> Result<Option<StackAwardRow>, StoreError> {
    let sql = format!("SELECT {} FROM stack_award_1 WHERE award_id = $1", StackAwardRow::COLUMN_LIST);
    Ok(store.query(&sql, &[award_id.into()]).await?.pop())
}

/// Which stack awards are asked for; what is empty does not matter.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Only this learner's.
    pub learner_id: &'a str,
    /// Only this institution's.
    pub institution_id: &'a str,
    /// Only those that lost a component.
    pub is_flagged: bool,
}

/// A page of stack awards.
pub async fn awards(store: &Store, it: &Wanted<'_>, page: &Page) -> Result<Vec<StackAwardRow>, StoreError> {
    let mut sql = format!("SELECT {} FROM stack_award_1 WHERE award_id > $1", StackAwardRow::COLUMN_LIST);
    let mut values = vec![page.after.as_str().into(), page.size.into()];
    let texts = [("learner_id", it.learner_id), ("institution_id", it.institution_id)];
    for (column, value) in texts.into_iter().filter(|(_, value)| !value.is_empty()) {
        values.push(value.into());
        let _ = write!(sql, " AND {column} = ${}", values.len());
    }
    if it.is_flagged {
        sql.push_str(" AND is_flagged");
    }
    sql.push_str(" ORDER BY award_id LIMIT $2");
    store.query(&sql, &values).await
}
