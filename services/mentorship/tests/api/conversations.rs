//! Questions and answers: who asks whom, who may answer, where a question goes when its mentor goes, and its end.

use crate::{
    desk::{Desk, reason},
    talk::{Client, HOUR},
};
use studium_proto::enrolment::v1::{ProgrammeWithdrawn, programme_enrolment_event::Event as ProgrammeEvent};
use studium_proto::mentorship::v1::{
    AnswerQuestionRequest, AssignMentorRequest, BlockPairRequest, CloseConversationRequest, ConversationEnd,
    ConversationState, GetConversationRequest, ListConversationsRequest, ListEscalationsRequest,
    ListMentorQueueRequest, NudgeMentorRequest, PauseMentorRequest, QuestionAsked, RerouteCause, SpeakerRole,
    conversation_event::Event, mentor_service_client::MentorServiceClient,
};
use tonic::Code;

/// Ada's mentor in programme `p` is mia; sam mentors, too, with so many places.
async fn ada_and_mia(desk: &Desk, places: u32) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 1).await;
    desk.mentored("ada", "mia").await;
    desk.with_mentor("sam", places).await;
    desk.shown_mentor("sam").await;
}

async fn pauses(desk: &Desk, mentor: &str) {
    let request = PauseMentorRequest { mentor_id: mentor.into(), ..PauseMentorRequest::default() };
    MentorServiceClient::new(desk.mentor(mentor).await).pause_mentor(request).await.unwrap();
    desk.shown_mentor(mentor).await;
}

async fn escalations(desk: &Desk, institution: &str) -> Vec<String> {
    let min_position = desk.head().await;
    let institution_id = institution.to_owned();
    let request = ListEscalationsRequest { institution_id, min_position, ..ListEscalationsRequest::default() };
    let listed = desk.talks().await.list_escalations(request).await.unwrap().into_inner();
    listed.conversations.into_iter().map(|it| it.conversation_id).collect()
}

async fn queue(desk: &Desk, mentor: &str, with_open: bool) -> Vec<String> {
    let (mentor_id, min_position) = (mentor.to_owned(), desk.head().await);
    let request = ListMentorQueueRequest { mentor_id, with_open, min_position, ..ListMentorQueueRequest::default() };
    let mut client = Client::new(desk.mentor(mentor).await);
    let listed = client.list_mentor_queue(request).await.unwrap().into_inner();
    listed.conversations.into_iter().map(|it| it.conversation_id).collect()
}

pub async fn a_learner_asks_and_the_mentor_answers(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    desk.asks("ada", "c", "q", 0).await.unwrap();
    desk.asks("ada", "d", "q", HOUR).await.unwrap();
    let (it, messages) = desk.talk("c").await;
    assert_eq!((it.state(), it.addressee_id.as_str()), (ConversationState::AwaitingMentor, "mia"));
    assert_eq!((it.answer_by_ms - it.asked_at_ms, it.remind_at_ms - it.asked_at_ms), (4 * HOUR, 3 * HOUR));
    assert_eq!((messages[0].author_id.as_str(), messages[0].text.as_str()), ("ada", "text of q"));
    // What is due first, first.
    assert_eq!(queue(&desk, "mia", false).await, ["d", "c"]);
    assert_eq!(queue(&desk, "sam", true).await, [""; 0]);
    assert_eq!(reason(&desk.answers("sam", "c", "x", 0).await.unwrap_err()), "NOT_THE_ADDRESSEE");
    let nudge = NudgeMentorRequest { conversation_id: "c".into(), learner_id: "ada".into(), at_ms: 0 };
    let mut ada = Client::new(desk.learner("ada").await);
    ada.nudge_mentor(nudge.clone()).await.unwrap();
    assert_eq!(reason(&ada.nudge_mentor(nudge).await.unwrap_err()), "NUDGED_LATELY");
    desk.answers("mia", "c", "a", 0).await.unwrap();
    desk.asks("ada", "c", "q2", 0).await.unwrap();
    desk.asks("ada", "c", "q3", 0).await.unwrap();
    let (it, messages) = desk.talk("c").await;
    assert_eq!((it.state(), it.question, it.nudges), (ConversationState::AwaitingMentor, 2, 0));
    let said: Vec<_> = messages.iter().map(|it| (it.message_id.as_str(), it.question, it.first)).collect();
    assert_eq!(said, [("q", 1, false), ("a", 1, true), ("q2", 2, false), ("q3", 2, false)]);
    let close = CloseConversationRequest {
        conversation_id: "c".into(),
        learner_id: "ada".into(),
        solved: true,
        ..CloseConversationRequest::default()
    };
    ada.close_conversation(close.clone()).await.unwrap();
    assert!(ada.close_conversation(close).await.unwrap().into_inner().already);
    let (it, _) = desk.talk("c").await;
    assert_eq!((it.state(), it.end(), it.unanswered), (ConversationState::Closed, ConversationEnd::Solved, true));
    // It may be opened again.
    desk.asks("ada", "c", "q4", 0).await.unwrap();
    let (it, _) = desk.talk("c").await;
    assert_eq!(
        (it.state(), it.question, it.end()),
        (ConversationState::AwaitingMentor, 3, ConversationEnd::Unspecified)
    );
}

pub async fn a_conversation_is_seen_by_those_whom_it_concerns(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    desk.asks("ada", "c", "q", 0).await.unwrap();
    let min_position = desk.head().await;
    let sees = async |subject: &str, role: &str, institutions: &[&str]| {
        let mut client = Client::new(desk.caller(subject, &[role], institutions).await);
        let as_a = |wanted: &str| if role == wanted { subject.to_owned() } else { String::new() };
        let request = GetConversationRequest {
            conversation_id: "c".into(),
            learner_id: as_a("learner"),
            mentor_id: as_a("mentor"),
            institution_id: institutions.first().copied().unwrap_or_default().to_owned(),
            min_position,
        };
        client.get_conversation(request).await.map(|it| it.into_inner().messages.len())
    };
    assert_eq!(sees("ada", "learner", &[]).await.unwrap(), 1);
    assert_eq!(sees("mia", "mentor", &[]).await.unwrap(), 1);
    assert_eq!(sees("zoe", "staff", &["ou"]).await.unwrap(), 1);
    assert_eq!(reason(&sees("bob", "learner", &[]).await.unwrap_err()), "CONVERSATION_NOT_FOUND");
    assert_eq!(reason(&sees("sam", "mentor", &[]).await.unwrap_err()), "NOT_THE_ADDRESSEE");
    assert_eq!(reason(&sees("zoe", "staff", &["mit"]).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    assert_eq!(reason(&desk.asks("bob", "c", "x", 0).await.unwrap_err()), "CONVERSATION_EXISTS");
    assert_eq!(reason(&desk.asks("bob", "e", "x", 0).await.unwrap_err()), "MENTORSHIP_NOT_FOUND");
    let mut bob = Client::new(desk.learner("bob").await);
    let list = |learner: &str| ListConversationsRequest {
        learner_id: learner.into(),
        min_position,
        ..ListConversationsRequest::default()
    };
    assert!(bob.list_conversations(list("bob")).await.unwrap().into_inner().conversations.is_empty());
    assert_eq!(bob.list_conversations(list("ada")).await.unwrap_err().code(), Code::PermissionDenied);
}

pub async fn two_answers_at_once_are_both_kept(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    desk.asks("ada", "c", "q", 0).await.unwrap();
    let (one, other) = tokio::join!(desk.answers("mia", "c", "a", 0), desk.answers("mia", "c", "b", 0));
    one.unwrap();
    other.unwrap();
    let (_, messages) = desk.talk("c").await;
    assert_eq!(messages.len(), 3);
    assert_eq!(messages.iter().filter(|it| it.first).count(), 1);
    // The same message again is the same message.
    let before = desk.head().await;
    desk.answers("mia", "c", "b", 0).await.unwrap();
    assert_eq!(desk.head().await, before);
}

pub async fn a_question_leaves_a_mentor_who_pauses(desk: Desk) {
    ada_and_mia(&desk, 0).await;
    desk.asks("ada", "c", "q", HOUR).await.unwrap();
    let before = desk.talk("c").await.0;
    pauses(&desk, "mia").await;
    let it = desk.talk_becomes("c", "sam's", |it| it.addressee_id == "sam").await;
    assert_eq!((it.answer_by_ms, it.remind_at_ms), (before.answer_by_ms, before.remind_at_ms));
    // A new one goes to the stand-in at once, who need not have a place.
    desk.asks("ada", "d", "q", 0).await.unwrap();
    let Some(Event::ConversationRerouted(it)) = desk.happened("d").await.pop() else { panic!("not rerouted") };
    assert_eq!((it.from_id.as_str(), it.to_id.as_str(), it.cause()), ("mia", "sam", RerouteCause::Paused));
    desk.answers("sam", "c", "a", 0).await.unwrap();
    assert_eq!(desk.talk("c").await.1[1].role(), SpeakerRole::StandIn);
    // A blocked pair does not meet in a conversation; nobody else is there, so it is staff's.
    let block = BlockPairRequest { mentor_id: "sam".into(), learner_id: "ada".into(), ..BlockPairRequest::default() };
    desk.mentors().await.block_pair(block).await.unwrap();
    desk.talk_becomes("d", "staff's", |it| it.addressee_id.is_empty()).await;
    assert_eq!(escalations(&desk, "ou").await, ["d"]);
    assert_eq!(escalations(&desk, "mit").await, [""; 0]);
    assert_eq!(reason(&desk.answers("sam", "d", "a", 0).await.unwrap_err()), "PAIR_IS_BLOCKED");
    // The mentor who is away and answers nevertheless is heard.
    desk.answers("mia", "d", "a", 0).await.unwrap();
}

pub async fn a_question_that_crosses_the_pause_goes_to_a_stand_in_too(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    pauses(&desk, "mia").await;
    // Another process that did not know of the pause stores it a moment later.
    let now = desk.house.now_ms();
    let asked = QuestionAsked {
        question: 1,
        message_id: "q".into(),
        message: 1,
        programme_id: "p".into(),
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        mentor_id: "mia".into(),
        proposal: 1,
        addressee_id: "mia".into(),
        answer_within_minutes: 240,
        remind_at_ms: now + 3 * HOUR,
        answer_by_ms: now + 4 * HOUR,
        ..QuestionAsked::default()
    };
    desk.elsewhere.say("c", vec![Event::QuestionAsked(asked)]).await;
    desk.talk_becomes("c", "sam's", |it| it.addressee_id == "sam").await;
}

pub async fn the_next_mentor_takes_over_what_is_open(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    desk.asks("ada", "c", "q", HOUR).await.unwrap();
    let before = desk.talk("c").await.0;
    let assign = AssignMentorRequest {
        programme_id: "p".into(),
        learner_id: "ada".into(),
        mentor_id: "sam".into(),
        ..AssignMentorRequest::default()
    };
    desk.mentorships().await.assign_mentor(assign).await.unwrap();
    let it = desk.talk_becomes("c", "handed over", |it| it.addressee_id == "sam" && it.mentor_id == "sam").await;
    assert_eq!((it.answer_by_ms, it.asked_at_ms), (before.answer_by_ms, before.asked_at_ms));
    assert_eq!(reason(&desk.answers("mia", "c", "a", 0).await.unwrap_err()), "NOT_THE_ADDRESSEE");
    desk.answers("sam", "c", "a", 0).await.unwrap();
    assert_eq!(desk.talk("c").await.1[1].role(), SpeakerRole::Mentor);
}

pub async fn who_waits_for_a_mentor_asks_staff(desk: Desk) {
    desk.with_programme("p").await;
    desk.joins("ada", 0).await;
    desk.becomes("ada", "known", |it| it.requested_at_ms > 0).await;
    desk.asks("ada", "c", "q", 0).await.unwrap();
    desk.asks("ada", "d", "q", 0).await.unwrap();
    assert_eq!(escalations(&desk, "ou").await.len(), 2);
    let answer = AnswerQuestionRequest {
        conversation_id: "c".into(),
        message_id: "a".into(),
        institution_id: "ou".into(),
        text: "Soon.".into(),
        ..AnswerQuestionRequest::default()
    };
    let mut staff = Client::new(desk.caller("zoe", &["staff"], &["ou"]).await);
    staff.answer_question(answer.clone()).await.unwrap();
    let (_, messages) = desk.talk("c").await;
    assert_eq!((messages[1].author_id.as_str(), messages[1].role()), ("zoe", SpeakerRole::Staff));
    let mut other = Client::new(desk.caller("zoe", &["staff"], &["mit"]).await);
    let answer = AnswerQuestionRequest { institution_id: "mit".into(), message_id: "b".into(), ..answer };
    assert_eq!(reason(&other.answer_question(answer).await.unwrap_err()), "NOT_YOUR_INSTITUTION");
    // The mentor who comes takes what still waits.
    desk.with_mentor("mia", 1).await;
    desk.becomes("ada", "proposed", |it| it.answer_by_ms > 0).await;
    desk.accepts("mia", "ada").await.unwrap();
    desk.talk_becomes("d", "mia's", |it| it.addressee_id == "mia").await;
    assert_eq!(queue(&desk, "mia", false).await, ["d"]);
}

pub async fn the_end_closes_and_the_answer_still_counts(desk: Desk) {
    ada_and_mia(&desk, 1).await;
    desk.asks("ada", "c", "q", HOUR).await.unwrap();
    desk.programme_says("ada", ProgrammeEvent::ProgrammeWithdrawn(ProgrammeWithdrawn::default())).await;
    let it = desk.talk_becomes("c", "closed", |it| it.state() == ConversationState::Closed).await;
    assert_eq!((it.end(), it.unanswered), (ConversationEnd::MentorshipEnded, true));
    assert_eq!(reason(&desk.asks("ada", "c", "q2", 0).await.unwrap_err()), "MENTORSHIP_ENDED");
    desk.answers("mia", "c", "a", 0).await.unwrap();
    let (it, messages) = desk.talk("c").await;
    assert_eq!((it.state(), it.unanswered), (ConversationState::Closed, false));
    assert!(messages[1].first);
}
