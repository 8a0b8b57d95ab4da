//! What a search reads of mentors: all of it, whatever their skills are called.

use crate::desk::Desk;
use studium_proto::mentorship::v1::{
    DescribeMenteeRequest, ExplainMatchRequest, MenteeDescribed, MentorDescribed, RegisterMentorRequest,
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
