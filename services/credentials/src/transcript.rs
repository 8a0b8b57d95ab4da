//! All that a learner was awarded: line by line, with sums by scheme, and as a record that an issuer signs.

use crate::{
    achievements::{self, AchievementRow},
    credentials::{self, CredentialRow, Wanted},
    document, issuers,
    public::{self, No, facts},
    signing,
};
use std::collections::BTreeMap;
use studium_kit::{App, Page, StoreError};
use studium_proto::credentials::v1::{AchievementDefined, AwardedCredit, CredentialState, TranscriptEntry};
use studium_vc::clr::{self, Record};

/// Credentials of a learner that are looked at; nobody has as many.
const ALL: i64 = 10_000;

/// A transcript.
#[derive(Debug, Default)]
pub struct Transcript {
    /// Oldest award first.
    pub entries: Vec<TranscriptEntry>,
    /// The same credentials, in the same order.
    pub rows: Vec<CredentialRow>,
    /// Sums by scheme of what is valid.
    pub credits: Vec<AwardedCredit>,
    /// Minutes of what is valid.
    pub study_minutes: u32,
}

/// Whose, and which part of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Of<'a> {
    /// The id of the learner.
    pub learner: &'a str,
    /// Only of the institution with this id; empty = of all.
    pub institution: &'a str,
    /// Only the credential with this id; empty = all.
    pub credential: &'a str,
}

/// The transcript as it is now.
pub async fn transcript(app: &App, of: Of<'_>, now_ms: i64) -> Result<Transcript, StoreError> {
    let wanted = Wanted {
        learner_id: of.learner,
        institution_id: of.institution,
        achievement_id: "",
        state: CredentialState::Unspecified,
    };
    let page = Page { after: String::new(), size: ALL };
    let rows = credentials::credentials(app.store(), &wanted, &page).await?;
    let achievements = achievements::of_learner(app.store(), of.learner).await?;
    let is_asked = |it: &CredentialRow| of.credential.is_empty() || of.credential == it.credential_id;
    let rows = rows.into_iter().filter(|it| it.is_signed() && is_asked(it));
    let mut lines: Vec<_> = rows
        .map(|row| {
            let of = achievements.get(&row.achievement_id).map(AchievementRow::definition).unwrap_or_default();
            (entry(&row, of, now_ms), row)
        })
        .collect();
    lines.sort_by(|a, b| (a.0.awarded_ms, &a.0.credential_id).cmp(&(b.0.awarded_ms, &b.0.credential_id)));
    let (entries, rows): (Vec<_>, Vec<_>) = lines.into_iter().unzip();
    let (credits, study_minutes) = sums(&entries);
    Ok(Transcript { entries, rows, credits, study_minutes })
}

fn entry(row: &CredentialRow, it: AchievementDefined, now_ms: i64) -> TranscriptEntry {
    let issued = row.issued();
    let is_over = row.valid_until_ms != 0 && now_ms > row.valid_until_ms;
    TranscriptEntry {
        credential_id: row.credential_id.clone(),
        url: document::credential_url(&issued),
        institution_id: row.institution_id.clone(),
        state: row.state,
        counts: row.state() == CredentialState::Active && !is_over,
        awarded_ms: issued.awarded_ms,
        valid_until_ms: row.valid_until_ms,
        eqf_level: it.eqf_level,
        study_minutes: facts::minutes(&it),
        grade: issued.grade,
        grade_millipoints: issued.grade_millipoints,
        credits: issued.credits,
        issuer_name: issued.issuer_name,
        name: it.name,
        national_level: it.national_level,
    }
}

/// Whether it is past its end.
pub fn is_over(it: &TranscriptEntry) -> bool {
    it.state() == CredentialState::Active && !it.counts
}

fn sums(entries: &[TranscriptEntry]) -> (Vec<AwardedCredit>, u32) {
    let mut sums: BTreeMap<i32, u32> = BTreeMap::new();
    let mut minutes = 0_u32;
    for entry in entries.iter().filter(|it| it.counts) {
        minutes = minutes.saturating_add(entry.study_minutes);
        for credit in &entry.credits {
            let sum = sums.entry(credit.scheme).or_default();
            *sum = sum.saturating_add(credit.credits_milli);
        }
    }
    (sums.into_iter().map(|(scheme, credits_milli)| AwardedCredit { scheme, credits_milli }).collect(), minutes)
}

/// What an issuer issued to a learner and holds, as a Comprehensive Learner Record 2.0: a token, signed by the issuer.
///
/// It is a token only, since a proof would need the text of a context that may not be built in. None if nothing holds.
pub async fn record(app: &App, of: Of<'_>, now_ms: i64) -> Result<Option<String>, StoreError> {
    let Some(issuer) = issuers::issuer(app.store(), of.institution).await? else { return Ok(None) };
    let Transcript { entries, rows, .. } = transcript(app, of, now_ms).await?;
    let mut signed = Vec::new();
    for (_, row) in entries.iter().zip(&rows).filter(|(it, _)| it.state() == CredentialState::Active) {
        match public::signed(app, row).await {
            Ok(it) => signed.push((row.issued(), it.json)),
            Err(No::Later(e)) => return Err(e),
            Err(No::NotFound | No::Malformed(_)) => {}
        }
    }
    let Some((last, _)) = signed.last() else { return Ok(None) };
    let unfit = |why: String| StoreError::Unfit(format!("a learner's record cannot be signed: {why}"));
    let mut held = Vec::new();
    for (_, json) in &signed {
        held.push(serde_json::from_str(json).map_err(|e| unfit(e.to_string()))?);
    }
    // Named after what it holds, so that the same credentials make the same record.
    let names: Vec<_> = signed.iter().map(|(it, _)| it.public_id.as_str()).collect();
    let name = uuid::Uuid::new_v5(&document::RECORDS, names.join("\n").as_bytes());
    let record = Record {
        id: format!("urn:uuid:{name}"),
        name: "Transcript of records".to_owned(),
        description: Some(format!("What {} issued to one learner and holds.", last.issuer_name)),
        issuer: studium_vc::open_badge::Issuer { id: issuer.did.clone(), ..document::issuer(last) },
        valid_from_ms: signed.iter().map(|(it, _)| it.valid_from_ms).max().unwrap_or_default(),
        valid_until_ms: None,
        subject: document::subject(of.learner),
        identity: None,
        credentials: held,
        status: None,
    };
    let document = clr::credential(&record).map_err(|e| unfit(e.to_string()))?;
    signing::token(app, &issuer, &document).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_never_added_up_and_what_is_withdrawn_counts_nothing() {
        let credit = |scheme, credits_milli| AwardedCredit { scheme, credits_milli };
        let entry =
            |counts, credits| TranscriptEntry { counts, credits, study_minutes: 60, ..TranscriptEntry::default() };
        let entries = [
            entry(true, vec![credit(1, 5_000), credit(2, 3_000)]),
            entry(true, vec![credit(1, 2_500)]),
            entry(false, vec![credit(1, 100_000)]),
        ];
        assert_eq!(sums(&entries), (vec![credit(1, 7_500), credit(2, 3_000)], 120));
    }
}
