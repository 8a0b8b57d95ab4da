//! A learner asks for another mentor: the present one stays until the successor has accepted.

use super::{
    office::Office,
    people::LEARNERS,
    programme::PROGRAMME,
    proposals::{accept_open, open_to},
};
use crate::demo::desk::{answer, asked};
use anyhow::{Result, bail, ensure};
use std::time::{Duration, Instant};
use studium_proto::mentorship::v1::RequestHandOverRequest;

/// Who asks.
pub const ASKING: usize = 1;

/// How often the mentorship is looked at while it changes hands, and for how long at most.
const LOOK_EVERY: Duration = Duration::from_millis(20);
const WATCHED_MAX: Duration = Duration::from_mins(1);

/// What came of it.
pub struct HandedOver {
    /// The mentor until then.
    pub from: String,
    /// The mentor from then on.
    pub to: String,
    /// When it changed hands, Unix milliseconds.
    pub at_ms: i64,
    /// How long the learner was seen without a mentor while it was going on, milliseconds.
    pub gap_ms: i64,
}

/// The second learner asks for somebody in another time zone.
pub async fn hand_over(office: &Office<'_>) -> Result<HandedOver> {
    let before = office.mentorship(ASKING).await?;
    let mut seen_gap_ms = 0;
    if before.terms.len() < 2 {
        let learner_id = LEARNERS[ASKING].id;
        let ask = RequestHandOverRequest {
            programme_id: PROGRAMME.to_owned(),
            learner_id: learner_id.to_owned(),
            reason: "works at night now".to_owned(),
            ..RequestHandOverRequest::default()
        };
        answer(office.as_learner(learner_id).await?.request_hand_over(asked("hand-over", ask)).await)?;
        let (gap_ms, ()) = futures::try_join!(without_mentor(office), succeed(office, &before.terms[0].mentor_id))?;
        ensure!(gap_ms == 0, "the learner was without a mentor for {gap_ms} ms");
        seen_gap_ms = gap_ms;
    }
    let after = office.once("the successor is there", ASKING, |it| it.terms.len() == 2).await?;
    let [old, new] = &after.terms[..] else { bail!("{} mentors instead of two", after.terms.len()) };
    ensure!(old.mentor_id != new.mentor_id, "{} handed over to himself", old.mentor_id);
    let (from, to) = (old.mentor_id.clone(), new.mentor_id.clone());
    Ok(HandedOver { from, to, at_ms: new.from_ms, gap_ms: seen_gap_ms })
}

/// A successor is proposed and accepts; until then the old mentor is responsible.
async fn succeed(office: &Office<'_>, old: &str) -> Result<()> {
    let meanwhile = office.once("a successor is proposed", ASKING, |it| open_to(it).is_some()).await?;
    let responsible = meanwhile.mentorship.as_ref().map(|it| it.mentor_id.as_str()).unwrap_or_default();
    ensure!(responsible == old, "while a successor is sought, `{responsible}` is the mentor and not {old}");
    accept_open(office, ASKING, &meanwhile).await?;
    Ok(())
}

/// Looks at the mentorship until the successor is there, and says how long it was seen without a mentor, milliseconds.
async fn without_mentor(office: &Office<'_>) -> Result<i64> {
    let (started, mut gap, mut last) = (Instant::now(), Duration::ZERO, Instant::now());
    while started.elapsed() < WATCHED_MAX {
        let seen = office.mentorship(ASKING).await?;
        let now = Instant::now();
        if seen.mentorship.is_none_or(|it| it.mentor_id.is_empty()) {
            gap += now - last;
        }
        if seen.terms.len() == 2 {
            return Ok(i64::try_from(gap.as_millis())?);
        }
        last = now;
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bail!("the successor never came")
}
