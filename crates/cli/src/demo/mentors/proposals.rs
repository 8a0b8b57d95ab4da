//! Mentors answer: one declines and the next is asked, all others accept.

use super::{office::Office, people::LEARNERS, programme::PROGRAMME};
use crate::demo::desk::{all, answer, asked, settled};
use anyhow::{Context as _, Result, ensure};
use studium_proto::{
    admin::v1::TracedCommit,
    mentorship::v1::{AcceptProposalRequest, DeclineProposalRequest, GetMentorshipResponse, Mentor},
};
use tonic::metadata::MetadataValue;

/// The correlation id under which the story of the mentor who declines can be read.
pub const DECLINE: &str = "demo-decline";

/// What came of it.
pub struct Declined {
    /// Who declined.
    pub mentor: String,
    /// What followed, commit by commit.
    pub story: Vec<TracedCommit>,
}

/// Who is mentored by whom now.
pub struct Mentored {
    /// Mentor of each learner.
    pub mentors: Vec<String>,
    /// The mentors with their places.
    pub places: Vec<Mentor>,
}

/// Who is proposed and may answer.
pub fn open_to(it: &GetMentorshipResponse) -> Option<&str> {
    let open = it.mentorship.as_ref().filter(|it| it.answer_by_ms > 0)?;
    Some(&open.proposed_mentor_id)
}

/// Somebody is, or was, asked.
pub fn is_proposed(it: &GetMentorshipResponse) -> bool {
    !it.terms.is_empty() || open_to(it).is_some()
}

/// Whoever is proposed to the first learner has no time.
pub async fn decline(office: &Office<'_>) -> Result<Declined> {
    // The place that is given back is offered to whoever still seeks; then this would be the story of two.
    let is_settled = |it: &Vec<GetMentorshipResponse>| it.iter().all(is_proposed);
    settled("everybody is proposed a mentor", async || office.all().await, is_settled).await?;
    let now = office.mentorship(0).await?;
    let story = office.story(DECLINE).await?;
    if let Some(mentor) = open_to(&now).filter(|_| story.is_empty()) {
        let decline = DeclineProposalRequest {
            programme_id: PROGRAMME.to_owned(),
            learner_id: LEARNERS[0].id.to_owned(),
            mentor_id: mentor.to_owned(),
            reason: "on leave from next week".to_owned(),
            at_ms: 0,
        };
        let mut request = asked("mentor-declines", decline);
        request.metadata_mut().insert("x-correlation-id", MetadataValue::from_static(DECLINE));
        answer(office.as_mentor(mentor)?.decline_proposal(request).await)?;
    }
    // The place of who declined is given back beside it, sooner or later; the story is whole with both.
    let has = |it: &[TracedCommit], name: &str| it.iter().any(|it| it.events.iter().any(|it| it == name));
    let is_opened = |it: &Vec<TracedCommit>| has(it, "ProposalOpened") && has(it, "PlaceFreed");
    let story = settled("the next mentor is asked", async || office.story(DECLINE).await, is_opened).await?;
    let mentor = story.first().map(|it| it.actor.clone()).context("the story of who declines has no beginning")?;
    Ok(Declined { mentor, story })
}

/// Everybody else who is proposed accepts.
pub async fn accept(office: &Office<'_>) -> Result<Mentored> {
    let bar = office.desk.output().bar("mentors", 0);
    let mentors = all((0..LEARNERS.len()).collect(), &bar, |it| accept_one(office, it)).await?;
    let (places, _) = settled(
        "every mentee, and who is proposed, has one place",
        async || anyhow::Ok((office.places().await?, office.all().await?)),
        |(places, all)| places.iter().map(|it| it.load as usize).sum::<usize>() == all.iter().map(held).sum::<usize>(),
    )
    .await?;
    for it in &places {
        ensure!(it.load <= it.capacity, "{} has {} mentees and {} places", it.mentor_id, it.load, it.capacity);
    }
    Ok(Mentored { mentors, places })
}

/// Places that a mentorship holds: the mentor's, and that of who is proposed.
fn held(it: &GetMentorshipResponse) -> usize {
    let mentored = it.mentorship.as_ref().is_some_and(|it| !it.mentor_id.is_empty());
    usize::from(mentored) + usize::from(open_to(it).is_some())
}

async fn accept_one(office: &Office<'_>, learner: usize) -> Result<String> {
    let seen = office.once("a mentor is proposed", learner, is_proposed).await?;
    if seen.terms.is_empty() {
        accept_open(office, learner, &seen).await?;
    }
    let seen = office.once("the learner has a mentor", learner, |it| !it.terms.is_empty()).await?;
    Ok(seen.terms[0].mentor_id.clone())
}

/// The mentor who is proposed accepts.
pub async fn accept_open(office: &Office<'_>, learner: usize, seen: &GetMentorshipResponse) -> Result<()> {
    let learner_id = LEARNERS[learner].id;
    let mentor = open_to(seen).context("nobody is proposed")?;
    let accept = AcceptProposalRequest {
        programme_id: PROGRAMME.to_owned(),
        learner_id: learner_id.to_owned(),
        mentor_id: mentor.to_owned(),
        at_ms: 0,
    };
    let mut client = office.as_mentor(mentor)?;
    answer(client.accept_proposal(asked(&format!("accept:{learner_id}:{mentor}"), accept)).await).map(drop)
}
