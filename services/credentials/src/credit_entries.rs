//! What credentials and recognitions brought to accounts, and what they did not bring and why.

use crate::{acbs::Counted, credit_account};
use std::fmt::Write as _;
use studium_kit::{Changes, Json, Page, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{
    AwardScheme, CreditEntry, CreditEntryState, CreditKind, CreditLine, credit_account_event::Event,
};

row! {
    /// One credential or recognition in one account.
    pub struct CreditEntryRow {
        key { learner_id: String, scheme: i32, entry_id: String }
        entry_state: i32,
        credits_milli: u32,
        institution_id: String,
        achievement_id: String,
        equivalence_group: String,
        eqf_level: u32,
        kind: i32,
        academic_year: i32,
        semester: u32,
        is_accredited: bool,
        award_id: String,
        entered_ms: i64,
        /// Names of reasons and sentences.
        refused: Json<Vec<(String, String)>>,
    }
}

/// Entries by account.
pub struct CreditEntries;

impl View for CreditEntries {
    type Row = CreditEntryRow;
    const NAME: &'static str = "credit_entry_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CreditEntryRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((learner_id, scheme)) = credit_account::parts(event.id()) else { return };
        let at = event.at_ms();
        let mut change = |entry_id: &str, change: Box<dyn FnOnce(&mut CreditEntryRow) + Send>| {
            let new = CreditEntryRow {
                learner_id: learner_id.to_owned(),
                scheme: scheme as i32,
                entry_id: entry_id.to_owned(),
                entered_ms: at,
                ..CreditEntryRow::default()
            };
            rows.row((learner_id, scheme as i32, entry_id), move |row| change(row.get_or_insert(new)));
        };
        let mut stand = |lines: &[CreditLine], state: CreditEntryState, award_id: &str| {
            for line in lines {
                let award_id = award_id.to_owned();
                change(&line.entry_id, Box::new(move |row| (row.entry_state, row.award_id) = (state as i32, award_id)));
            }
        };
        match it {
            Event::CreditsApplied(it) => stand(&it.lines, CreditEntryState::Applied, &it.award_id),
            Event::CreditsReleased(it) => stand(&it.lines, CreditEntryState::Free, ""),
            Event::CreditsReversed(it) => {
                let line = CreditLine { entry_id: it.entry_id, credits_milli: it.credits_milli };
                stand(&[line], CreditEntryState::Reversed, &it.award_id);
            }
            Event::CreditsEarned(it) => change(
                &it.credential_id.clone(),
                Box::new(move |row| {
                    (row.entry_state, row.entered_ms) = (CreditEntryState::Free as i32, at);
                    (row.credits_milli, row.institution_id) = (it.credits_milli, it.institution_id);
                    (row.achievement_id, row.equivalence_group) = (it.achievement_id, it.equivalence_group);
                    (row.eqf_level, row.is_accredited) = (it.eqf_level, it.is_accredited);
                    (row.academic_year, row.semester) = (it.academic_year, it.semester);
                    row.refused = Json(Vec::new());
                }),
            ),
            Event::CreditsRefused(it) => change(
                &it.credential_id.clone(),
                Box::new(move |row| {
                    (row.entry_state, row.entered_ms) = (CreditEntryState::Refused as i32, at);
                    (row.credits_milli, row.institution_id) = (it.credits_milli, it.institution_id);
                    row.refused = Json(it.reasons.into_iter().zip(it.details).collect());
                }),
            ),
            Event::CreditsRecognised(it) => change(
                &it.recognition_id.clone(),
                Box::new(move |row| {
                    (row.entry_state, row.entered_ms) = (CreditEntryState::Free as i32, at);
                    (row.credits_milli, row.institution_id) = (it.credits_milli, it.institution_id);
                    (row.academic_year, row.semester) = (it.academic_year, it.semester);
                    (row.kind, row.award_id) = (it.kind, String::new());
                }),
            ),
            Event::CreditsClassified(it) => change(&it.entry_id, Box::new(move |row| row.kind = it.kind)),
            Event::CreditsNotApplied(_) | Event::DegreeAimSet(_) => {}
        }
    }
}

impl CreditEntryRow {
    /// Where it stands.
    pub fn state(&self) -> CreditEntryState {
        CreditEntryState::try_from(self.entry_state).unwrap_or_default()
    }

    /// As an audit counts it; what was refused or taken back does not count.
    pub fn counted(self) -> Option<Counted> {
        matches!(self.state(), CreditEntryState::Free | CreditEntryState::Applied).then(|| Counted {
            credits_milli: self.credits_milli,
            kind: CreditKind::try_from(self.kind).unwrap_or_default(),
            is_accredited: self.is_accredited,
            institution_id: self.institution_id,
        })
    }

    /// As it is shown.
    pub fn shown(self) -> CreditEntry {
        let (refused_reasons, refused_details) = self.refused.0.into_iter().unzip();
        CreditEntry {
            entry_id: self.entry_id,
            state: self.entry_state,
            credits_milli: self.credits_milli,
            institution_id: self.institution_id,
            achievement_id: self.achievement_id,
            equivalence_group: self.equivalence_group,
            eqf_level: self.eqf_level,
            kind: self.kind,
            academic_year: self.academic_year,
            semester: self.semester,
            is_accredited: self.is_accredited,
            award_id: self.award_id,
            entered_ms: self.entered_ms,
            refused_reasons,
            refused_details,
        }
    }
}

/// All entries of an account.
pub async fn all(store: &Store, learner_id: &str, scheme: AwardScheme) -> Result<Vec<CreditEntryRow>, StoreError> {
    let columns = CreditEntryRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM credit_entry_1 WHERE learner_id = $1 AND scheme = $2 ORDER BY entry_id");
    store.query(&sql, &[learner_id.into(), (scheme as i32).into()]).await
}

/// A page of an account's entries, of one institution if it is given.
pub async fn entries(
    store: &Store,
    learner_id: &str,
    scheme: AwardScheme,
    institution_id: &str,
    page: &Page,
) -> Result<Vec<CreditEntryRow>, StoreError> {
    let columns = CreditEntryRow::COLUMN_LIST;
    let mut sql =
        format!("SELECT {columns} FROM credit_entry_1 WHERE learner_id = $1 AND scheme = $2 AND entry_id > $3");
    let mut values = vec![learner_id.into(), (scheme as i32).into(), page.after.as_str().into(), page.size.into()];
    if !institution_id.is_empty() {
        values.push(institution_id.into());
        let _ = write!(sql, " AND institution_id = ${}", values.len());
    }
    sql.push_str(" ORDER BY entry_id LIMIT $4");
    store.query(&sql, &values).await
}

/// Entries, learners and thousandths that an institution brought to all accounts in a scheme and that count.
pub async fn sum(store: &Store, institution_id: &str, scheme: AwardScheme) -> Result<[u64; 3], StoreError> {
    let sql = "SELECT COUNT(*), COUNT(DISTINCT learner_id), CAST(COALESCE(SUM(credits_milli), 0) AS BIGINT) \
               FROM credit_entry_1 WHERE institution_id = $1 AND scheme = $2 AND entry_state IN ($3, $4)";
    let counting = [CreditEntryState::Free, CreditEntryState::Applied].map(|it| (it as i32).into());
    let [free, applied] = counting;
    let values = [institution_id.into(), (scheme as i32).into(), free, applied];
    let rows: Vec<(i64, i64, i64)> = store.query(sql, &values).await?;
    Ok(rows.first().map_or([0; 3], |it| [it.0, it.1, it.2].map(i64::unsigned_abs)))
}
