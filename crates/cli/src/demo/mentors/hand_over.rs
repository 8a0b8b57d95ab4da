//! A learner asks for another mentor: the present one stays until the successor has accepted.

use super::{
    office::Office,
    people::LEARNERS,
    programme::PROGRAMME,
    proposals::{accept_open, open_to},
};
use crate::demo::desk::{answer, asked};
use anyhow::{Result, bail, ensure};
use studium_proto::mentorship::v1::RequestHandOverRequest;

/// Who asks.
pub const ASKING: usize = 1;

/// What came of it.
pub struct HandedOver {
    /// The mentor until then.
    pub from: String,
    /// The mentor from then on.
    pub to: String,
    /// When it changed hands, Unix milliseconds.
    pub at_ms: i64,
    /// How long the learner was without a mentor, milliseconds.
    pub gap_ms: i64,
}

/// The second learner asks for somebody in another time zone.
pub async fn hand_over(office: &Office<'_>) -> Result<HandedOver> {
    let before = office.mentorship(ASKING).await?;
    if before.terms.len() < 2 {
        let learner_id = LEARNERS[ASKING].id;
        let ask = RequestHandOverRequest {
            programme_id: PROGRAMME.to_owned(),
            learner_id: learner_id.to_owned(),
            reason: "works at night now".to_owned(),
            ..RequestHandOverRequest::default()
        };
        answer(office.as_learner(learner_id).await?.request_hand_over(asked("hand-over", ask)).await)?;
        let meanwhile = office.once("a successor is proposed", ASKING, |it| open_to(it).is_some()).await?;
        let old = &before.terms[0].mentor_id;
        let responsible = meanwhile.mentorship.as_ref().map(|it| it.mentor_id.as_str()).unwrap_or_default();
        ensure!(responsible == old, "while a successor is sought, `{responsible}` is the mentor and not {old}");
        accept_open(office, ASKING, &meanwhile).await?;
    }
    let after = office.once("the successor is there", ASKING, |it| it.terms.len() == 2).await?;
    let [old, new] = &after.terms[..] else { bail!("{} mentors instead of two", after.terms.len()) };
    let gap_ms = new.from_ms - old.until_ms;
    ensure!(old.mentor_id != new.mentor_id, "{} handed over to himself", old.mentor_id);
    ensure!(gap_ms == 0, "the learner was without a mentor for {gap_ms} ms");
    Ok(HandedOver { from: old.mentor_id.clone(), to: new.mentor_id.clone(), at_ms: new.from_ms, gap_ms })
}
