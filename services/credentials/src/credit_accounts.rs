//! Credit accounts: what learners hold in each scheme.

use crate::credit_account;
use studium_kit::{Changes, Recorded, Store, StoreError, View, row};
use studium_proto::credentials::v1::{
    self as credentials, AwardScheme, CreditLine, DegreeType, credit_account_event::Event,
};

row! {
    /// One learner in one scheme.
    pub struct CreditAccountRow {
        key { learner_id: String, scheme: i32 }
        balance_milli: u64,
        applied_milli: u64,
        degree: i32,
    }
}

/// Accounts by learner and scheme.
pub struct CreditAccounts;

impl View for CreditAccounts {
    type Row = CreditAccountRow;
    const NAME: &'static str = "credit_account_1";
    const STREAMS: &'static [&'static str] = &["credentials"];

    fn fold(event: &Recorded<'_>, rows: &mut Changes<CreditAccountRow>) {
        let Some(it) = event.read::<Event>() else { return };
        let Some((learner_id, scheme)) = credit_account::parts(event.id()) else { return };
        let new = CreditAccountRow {
            learner_id: learner_id.to_owned(),
            scheme: scheme as i32,
            ..CreditAccountRow::default()
        };
        rows.row((learner_id, scheme as i32), move |row| row.get_or_insert(new).take_in(&it));
    }
}

fn sum(lines: &[CreditLine]) -> u64 {
    lines.iter().map(|it| u64::from(it.credits_milli)).sum()
}

impl CreditAccountRow {
    fn take_in(&mut self, event: &Event) {
        match event {
            Event::CreditsEarned(it) => self.balance_milli += u64::from(it.credits_milli),
            Event::CreditsRecognised(it) => self.balance_milli += u64::from(it.credits_milli),
            Event::CreditsApplied(it) => {
                self.balance_milli = self.balance_milli.saturating_sub(sum(&it.lines));
                self.applied_milli += sum(&it.lines);
            }
            Event::CreditsReleased(it) => {
                self.balance_milli += sum(&it.lines);
                self.applied_milli = self.applied_milli.saturating_sub(sum(&it.lines));
            }
            Event::CreditsReversed(it) => {
                self.balance_milli = self.balance_milli.saturating_sub(it.credits_milli.into());
            }
            Event::DegreeAimSet(it) => self.degree = it.degree,
            Event::CreditsRefused(_) | Event::CreditsNotApplied(_) | Event::CreditsClassified(_) => {}
        }
    }

    /// The degree at which the learner aims.
    pub fn degree(&self) -> DegreeType {
        DegreeType::try_from(self.degree).unwrap_or_default()
    }

    /// As it is shown.
    pub fn shown(self) -> credentials::CreditAccount {
        let scheme = AwardScheme::try_from(self.scheme).unwrap_or_default();
        credentials::CreditAccount {
            account_id: credit_account::id(&self.learner_id, scheme),
            learner_id: self.learner_id,
            scheme: self.scheme,
            balance_milli: self.balance_milli,
            applied_milli: self.applied_milli,
            degree: self.degree,
        }
    }
}

/// A learner's account in one scheme, if there is one.
pub async fn account(
    store: &Store,
    learner_id: &str,
    scheme: AwardScheme,
) -> Result<Option<CreditAccountRow>, StoreError> {
    let columns = CreditAccountRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM credit_account_1 WHERE learner_id = $1 AND scheme = $2");
    Ok(store.query(&sql, &[learner_id.into(), (scheme as i32).into()]).await?.pop())
}

/// All accounts of a learner.
pub async fn accounts(store: &Store, learner_id: &str) -> Result<Vec<CreditAccountRow>, StoreError> {
    let columns = CreditAccountRow::COLUMN_LIST;
    let sql = format!("SELECT {columns} FROM credit_account_1 WHERE learner_id = $1 ORDER BY scheme");
    store.query(&sql, &[learner_id.into()]).await
}
