//! What happens to credentials later: a new key, a revocation, an award anew; what was signed before stays as it is.

use super::{
    achievement::Issued,
    bureau::{Bureau, issuer},
    stranger,
};
use crate::demo::desk::{answer, asked, settled};
use anyhow::{Context as _, Result, ensure};
use std::time::Instant;
use studium_proto::credentials::v1::{
    CredentialState, ReawardCredentialRequest, RevokeCredentialRequest, StatusReason,
};
use studium_vc::verify::Outcome;

/// What came of it.
pub struct Changed {
    /// A credential of the first key holds after the second was made.
    pub holds_after_rotation: bool,
    /// Whose credential was revoked.
    pub revoked: String,
    /// From the call until a stranger saw it, milliseconds.
    pub seen_after_ms: u128,
    /// Whose credential was awarded anew.
    pub reawarded: String,
    /// The mark before and after, thousandths of 100 points.
    pub marks: (u32, u32),
    /// The credential that was awarded in its place.
    pub anew: String,
}

/// Rotates the key, revokes one credential and awards another one anew.
pub async fn change(bureau: &Bureau<'_>, issued: &Issued) -> Result<Changed> {
    bureau.create_key("issuer-key-2").await?;
    let held = stranger::check(bureau, &issued.first).await?;
    ensure!(held.outcome == Outcome::Ok, "a key that was replaced stays good: {:?}", held.sentences);
    let mut active = bureau.in_state(CredentialState::Active).await?.into_iter().rev();
    let (wrong, corrected) = active.next().zip(active.next()).context("at least two passed")?;
    let started = Instant::now();
    let revoke = RevokeCredentialRequest {
        institution_id: issuer().to_owned(),
        credential_id: wrong.credential_id.clone(),
        reason: StatusReason::AcademicMisconduct.into(),
        note: "the project was somebody else's".to_owned(),
        at_ms: 0,
    };
    answer(bureau.credentials().revoke_credential(asked("revoke-credential", revoke)).await)?;
    settled(
        "a stranger sees the revocation",
        async || stranger::check(bureau, &wrong).await.map(|it| it.is_revoked),
        |it| *it,
    )
    .await?;
    let seen_after_ms = started.elapsed().as_millis();
    let mark = corrected.grade_millipoints.unwrap_or_default();
    let marks = (mark, (mark + 3_000).min(100_000));
    let reaward = ReawardCredentialRequest {
        institution_id: issuer().to_owned(),
        credential_id: corrected.credential_id.clone(),
        grade_millipoints: Some(marks.1),
        reason: "a mark was added up wrongly".to_owned(),
        ..ReawardCredentialRequest::default()
    };
    let anew = answer(bureau.credentials().reaward_credential(asked("reaward-credential", reaward)).await)?.id;
    bureau.becomes(&anew, CredentialState::Active).await?;
    bureau.becomes(&corrected.credential_id, CredentialState::Superseded).await?;
    Ok(Changed {
        holds_after_rotation: held.outcome == Outcome::Ok,
        revoked: wrong.learner_id,
        seen_after_ms,
        reawarded: corrected.learner_id,
        marks,
        anew,
    })
}
