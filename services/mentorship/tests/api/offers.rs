//! What a search reads of mentors: all of it, whatever their skills are called.

use crate::desk::Desk;
use futures::StreamExt as _;
use studium_proto::mentorship::v1::{
    DescribeMenteeRequest, ExplainMatchRequest, LeaveMentorRequest, MenteeDescribed, MentorDescribed,
    RegisterMentorRequest, RequestMentorshipRequest, RequestSource, SetCapacityRequest,
};

/// Skills with all that can go wrong between a database, JSON and SQL.
const SKILLS: [&str; 3] = ["C \"Sharp\", 'plain'", "back\\slash || ]]", "Ünïcode ✓"];

pub async fn skills_are_compared_whatever_they_are_called(desk: Desk) {
    desk.with_programme("p").await;
    let skills: Vec<_> = SKILLS.iter().map(|it| (*it).to_owned()).collect();
    for (mentor_id, skills) in [("noa", skills.clone()), ("mia", vec![])] {
        let profile = MentorDescribed { name: "O'Hara \"M\"".into(), skills, ..MentorDescribed::default() };
        let (mentor_id, profile) = (mentor_id.to_owned(), Some(profile));
        let request = RegisterMentorRequest { mentor_id, profile, capacity: 7, ..RegisterMentorRequest::default() };
        desk.mentors().await.register_mentor(request).await.unwrap();
    }
    let profile = Some(MenteeDescribed { skills, ..MenteeDescribed::default() });
    let describe = DescribeMenteeRequest { learner_id: "ada".into(), profile, at_ms: 0 };
    desk.mentorships().await.describe_mentee(describe).await.unwrap();
    desk.caught_up().await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "open to noa", |it| it.proposed_mentor_id == "noa" && it.answer_by_ms > 0).await;
    let request = ExplainMatchRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        min_position: desk.head().await,
        ..ExplainMatchRequest::default()
    };
    desk.caught_up().await;
    let lines = desk.mentorships().await.explain_match(request).await.unwrap().into_inner().lines;
    let parts: Vec<_> = lines.iter().filter_map(|it| it.candidate.as_ref()).collect();
    // Three of the four skills that are wanted, one is the programme's; six of seven places are free.
    let seen: Vec<_> = parts.iter().map(|it| (it.mentor_id.as_str(), it.skills, it.capacity)).collect();
    assert_eq!(seen, [("noa", 750, 857), ("mia", 0, 1000)]);
}

pub async fn without_mentors_nobody_is_compared(desk: Desk) {
    desk.with_programme("p").await;
    desk.joins("ada", 0).await;
    desk.has_happened("ada", "NoMentorFound", 1).await;
}

fn request(learner: &str, institution: &str, source: RequestSource) -> RequestMentorshipRequest {
    RequestMentorshipRequest {
        programme_id: "p".into(),
        learner_id: learner.into(),
        institution_id: institution.into(),
        source: source.into(),
        ..RequestMentorshipRequest::default()
    }
}

/// Has so many learners ask for a mentor whom a new one is not for: one half says itself who the mentor was, the other
/// speaks another language.
async fn others_wait(desk: &Desk, count: usize) {
    let one = async |n: usize| {
        let (learner, mut client) = (format!("other{n}"), desk.mentorships().await);
        let source = if n.is_multiple_of(2) { RequestSource::Import } else { RequestSource::Staff };
        let profile = Some(MenteeDescribed { languages: vec!["ko".into()], ..MenteeDescribed::default() });
        client.describe_mentee(DescribeMenteeRequest { learner_id: learner.clone(), profile, at_ms: 0 }).await.unwrap();
        client.request_mentorship(request(&learner, "ou", source)).await.unwrap();
    };
    futures::stream::iter(0..count).map(one).buffer_unordered(16).collect::<Vec<_>>().await;
    desk.caught_up().await;
}

pub async fn who_waits_behind_many_for_whom_a_mentor_is_not_gets_the_place(desk: Desk) {
    desk.with_programme("p").await;
    others_wait(&desk, 450).await;
    desk.joins("ada", 0).await;
    desk.has_happened("ada", "NoMentorFound", 1).await;
    desk.with_mentor("mia", 1).await;
    desk.becomes("ada", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
}

pub async fn who_comes_back_is_proposed_to_who_waits(desk: Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    let leave = LeaveMentorRequest { mentor_id: "mia".into(), ..LeaveMentorRequest::default() };
    desk.mentors().await.leave_mentor(leave).await.unwrap();
    desk.joins("ada", 0).await;
    desk.has_happened("ada", "NoMentorFound", 1).await;
    desk.with_mentor("mia", 1).await;
    desk.becomes("ada", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
}

pub async fn a_free_place_is_offered_to_one_whatever_institutions_wait(desk: Desk) {
    desk.with_programme("p").await;
    let learners = ["ada", "bob", "cyd", "dan"];
    for (learner, institution) in learners.into_iter().zip(["ou", "mit", "ou", "mit"]) {
        desk.mentorships().await.request_mentorship(request(learner, institution, RequestSource::Staff)).await.unwrap();
        desk.has_happened(learner, "NoMentorFound", 1).await;
    }
    desk.with_mentor("mia", 1).await;
    desk.becomes("ada", "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
    let capacity = SetCapacityRequest { mentor_id: "mia".into(), capacity: 4, ..SetCapacityRequest::default() };
    desk.mentors().await.set_capacity(capacity).await.unwrap();
    for learner in learners {
        desk.becomes(learner, "open to mia", |it| it.proposed_mentor_id == "mia" && it.answer_by_ms > 0).await;
        assert_eq!(desk.times(learner, "MentorProposed").await, 1, "{learner} was proposed a place that was taken");
    }
}

pub async fn places_that_come_free_together_are_offered_to_as_many_as_wait(desk: Desk) {
    desk.with_programme("p").await;
    for learner in ["ada", "bob"] {
        desk.joins(learner, 0).await;
        desk.has_happened(learner, "NoMentorFound", 1).await;
    }
    desk.caught_up().await;
    // What both mentors say is read at once: whoever offers one place does not see yet who was offered the other.
    let faults = desk.house.log().faults();
    faults.hold_reading("mentorship");
    // What was asked for before still comes; this is what comes.
    desk.with_mentor("zoe", 0).await;
    desk.with_mentor("mia", 1).await;
    desk.with_mentor("noa", 1).await;
    faults.let_read("mentorship");
    for learner in ["ada", "bob"] {
        desk.becomes(learner, "open to somebody", |it| it.answer_by_ms > 0).await;
    }
    desk.loads(&[("mia", 1), ("noa", 1)]).await;
}
