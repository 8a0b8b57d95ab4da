//! The clock of a question: fires once whoever runs it, rests with the learner, and what it says of a programme.

use crate::{
    desk::{DAY, Desk, reason},
    talk::{Client, HOUR, MINUTE},
};
use studium_kit::Running;
use studium_proto::enrolment::v1::{
    ProgrammeReinstated, ProgrammeSuspended, programme_enrolment_event::Event as ProgrammeEvent,
};
use studium_proto::mentorship::v1::{
    AnswerTimes, ConversationMessage, ConversationState, GetAnswerTimesRequest, GetAnswerTimesResponse,
    ListMentorQueueRequest, MentorshipPaused, QuestionAsked, SpeakerRole, conversation_event, mentorship_event,
};
use tonic::Code;

async fn ada_and_mia(desk: &Desk) {
    desk.with_programme("p").await;
    desk.with_mentor("mia", 2).await;
    desk.mentored("ada", "mia").await;
}

/// Runs the service anew on a store that it never had, and therefore from the beginning.
async fn started_anew(desk: Desk) -> Desk {
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let running = house.start(studium_mentorship::service()).await.unwrap();
    Desk { house, running, elsewhere }
}

pub async fn a_reminder_and_an_escalation_fire_once_whoever_runs(desk: Desk) {
    ada_and_mia(&desk).await;
    // Another process on a store of its own, and, where it can be, two that share one.
    let other: Running = desk.house.start(studium_mentorship::service()).await.unwrap();
    let shared = desk.house.store_url("shared").await.unwrap();
    let mut running = vec![other, desk.house.start_on(studium_mentorship::service(), &shared).await.unwrap()];
    // A SQLite file is one process's.
    if !shared.starts_with("sqlite:") {
        running.push(desk.house.start_on(studium_mentorship::service(), &shared).await.unwrap());
    }
    desk.asks("ada", "c", "q", 200 * MINUTE).await.unwrap();
    let it = desk.talk_becomes("c", "reminded", |it| it.remind_at_ms == 0).await;
    assert!(!it.escalated);
    desk.asks("ada", "d", "q", 5 * HOUR).await.unwrap();
    desk.talk_becomes("d", "escalated", |it| it.escalated).await;
    for running in running {
        running.stop().await.unwrap();
    }
    let desk = started_anew(desk).await;
    desk.becomes("ada", "known again", |it| it.mentor_id == "mia").await;
    // When a later one has fired, the earlier ones were looked up again, too.
    desk.asks("ada", "e", "q", 5 * HOUR).await.unwrap();
    desk.talk_becomes("e", "escalated", |it| it.escalated).await;
    assert_eq!(desk.fired("c").await, (1, 0));
    assert_eq!(desk.fired("d").await, (1, 1));
    // Nothing comes after the answer.
    desk.answers("mia", "c", "a", 0).await.unwrap();
    assert_eq!(desk.talk("c").await.0.state(), ConversationState::AwaitingLearner);
}

pub async fn an_escalated_question_is_open_to_stand_ins(desk: Desk) {
    ada_and_mia(&desk).await;
    desk.with_mentor("eve", 1).await;
    desk.shown_mentor("eve").await;
    desk.asks("ada", "c", "q", HOUR).await.unwrap();
    assert_eq!(reason(&desk.answers("eve", "c", "a", 0).await.unwrap_err()), "NOT_THE_ADDRESSEE");
    desk.asks("ada", "d", "q", 5 * HOUR).await.unwrap();
    desk.talk_becomes("d", "escalated", |it| it.escalated).await;
    let mut eve = Client::new(desk.mentor("eve").await);
    let queue =
        |with_open| ListMentorQueueRequest { mentor_id: "eve".into(), with_open, ..ListMentorQueueRequest::default() };
    assert!(eve.list_mentor_queue(queue(false)).await.unwrap().into_inner().conversations.is_empty());
    let open = eve.list_mentor_queue(queue(true)).await.unwrap().into_inner().conversations;
    assert_eq!(open.iter().map(|it| it.conversation_id.as_str()).collect::<Vec<_>>(), ["d"]);
    desk.answers("eve", "d", "a", 0).await.unwrap();
    // The mentor's answer a moment later is kept, too.
    desk.answers("mia", "d", "b", 0).await.unwrap();
    let roles: Vec<_> = desk.talk("d").await.1.iter().map(ConversationMessage::role).collect();
    assert_eq!(roles, [SpeakerRole::Learner, SpeakerRole::StandIn, SpeakerRole::Mentor]);
}

pub async fn the_clock_stands_still_while_the_learner_rests(desk: Desk) {
    ada_and_mia(&desk).await;
    desk.asks("ada", "c", "q", 2 * HOUR).await.unwrap();
    let before = desk.talk("c").await.0;
    let says = async |ago_ms: i64, event: ProgrammeEvent| {
        desk.elsewhere.say_at("p~ada", desk.ago(ago_ms), vec![event]).await;
    };
    says(HOUR, ProgrammeEvent::ProgrammeSuspended(ProgrammeSuspended::default())).await;
    desk.talk_becomes("c", "held", |it| it.held).await;
    assert_eq!(reason(&desk.asks("ada", "d", "q", 0).await.unwrap_err()), "MENTORSHIP_PAUSED");
    says(HOUR / 2, ProgrammeEvent::ProgrammeReinstated(ProgrammeReinstated::default())).await;
    let it = desk.talk_becomes("c", "resumed", |it| !it.held).await;
    let later = it.answer_by_ms - before.answer_by_ms;
    assert_eq!(later, it.remind_at_ms - before.remind_at_ms);
    assert!((HOUR / 2 - MINUTE..HOUR / 2 + MINUTE).contains(&later), "{later}");
    desk.answers("mia", "c", "a", 0).await.unwrap();
    let events = desk.happened("c").await;
    let Some(conversation_event::Event::AnswerGiven(it)) = events.last() else { panic!("{events:?}") };
    assert!((it.waited_ms - 90 * MINUTE).abs() < MINUTE, "{}", it.waited_ms);
}

pub async fn nothing_fires_while_the_learner_rests_even_after_a_standstill(desk: Desk) {
    ada_and_mia(&desk).await;
    let asked = |learner: &str, at_ms: i64| QuestionAsked {
        question: 1,
        message_id: "q".into(),
        message: 1,
        programme_id: "p".into(),
        learner_id: learner.into(),
        institution_id: "ou".into(),
        mentor_id: "mia".into(),
        proposal: 1,
        addressee_id: "mia".into(),
        answer_within_minutes: 240,
        remind_at_ms: at_ms + 3 * HOUR,
        answer_by_ms: at_ms + 4 * HOUR,
        ..QuestionAsked::default()
    };
    // What another process wrote while this one stood still: a question, a rest an hour later, and one without rest.
    let Desk { house, running, elsewhere } = desk;
    running.stop().await.unwrap();
    let now = house.now_ms();
    let question = |learner: &str| conversation_event::Event::QuestionAsked(asked(learner, now - 5 * HOUR));
    elsewhere.say_at("c", now - 5 * HOUR, vec![question("ada")]).await;
    let paused = mentorship_event::Event::MentorshipPaused(MentorshipPaused {});
    elsewhere.say_at("p~ada", now - 4 * HOUR, vec![paused]).await;
    elsewhere.say_at("d", now - 5 * HOUR, vec![question("bob")]).await;
    let running = house.start(studium_mentorship::service()).await.unwrap();
    let desk = Desk { house, running, elsewhere };
    desk.talk_becomes("d", "escalated", |it| it.escalated).await;
    desk.talk_becomes("c", "held", |it| it.held).await;
    assert_eq!(desk.fired("c").await, (0, 0));
}

pub async fn a_silent_learner_times_out_and_may_ask_again(desk: Desk) {
    ada_and_mia(&desk).await;
    desk.asks("ada", "c", "q", 40 * DAY).await.unwrap();
    desk.answers("mia", "c", "a", 39 * DAY).await.unwrap();
    desk.talk_becomes("c", "timed out", |it| it.state() == ConversationState::TimedOut).await;
    desk.asks("ada", "c", "q2", 0).await.unwrap();
    assert_eq!(desk.talk("c").await.0.state(), ConversationState::AwaitingMentor);
    desk.asks("ada", "d", "q", 20 * DAY).await.unwrap();
    desk.answers("mia", "d", "a", 15 * DAY).await.unwrap();
    desk.talk_becomes("d", "nudged twice", |it| it.nudge_at_ms > desk.house.now_ms()).await;
    let events = desk.happened("d").await;
    let nudges = events.iter().filter(|it| matches!(it, conversation_event::Event::LearnerNudged(_)));
    assert_eq!(nudges.count(), 2);
}

async fn times(desk: &Desk, request: GetAnswerTimesRequest) -> GetAnswerTimesResponse {
    let request = GetAnswerTimesRequest { min_position: desk.head().await, ..request };
    desk.talks().await.get_answer_times(request).await.unwrap().into_inner()
}

pub async fn answer_times_count_who_waits_and_can_be_had_as_of_a_time(desk: Desk) {
    ada_and_mia(&desk).await;
    desk.asks("ada", "c1", "q", 10 * HOUR).await.unwrap();
    desk.answers("mia", "c1", "a", 9 * HOUR).await.unwrap();
    desk.asks("ada", "c2", "q", 10 * HOUR).await.unwrap();
    desk.answers("mia", "c2", "a", 3 * HOUR).await.unwrap();
    desk.asks("ada", "c3", "q", 6 * HOUR).await.unwrap();
    desk.asks("ada", "c4", "q", 0).await.unwrap();
    let all = times(&desk, GetAnswerTimesRequest::default()).await;
    let counts = |it: &AnswerTimes| (it.questions, it.answered, it.within_promise, it.late, it.waiting, it.overdue);
    assert_eq!(counts(all.times.as_ref().unwrap()), (4, 2, 1, 2, 2, 1));
    assert!((all.times.as_ref().unwrap().share.unwrap() - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!((all.by_programme[0].programme_id.as_str(), all.by_programme[0].questions), ("p", 4));
    assert_eq!((all.by_mentor[0].mentor_id.as_str(), all.by_mentor[0].questions), ("mia", 4));
    // Eight hours ago the second one waited, and there were no others.
    let then = GetAnswerTimesRequest { as_of_ms: desk.ago(8 * HOUR), ..GetAnswerTimesRequest::default() };
    let past = times(&desk, then.clone()).await.times.unwrap();
    assert_eq!(counts(&past), (2, 1, 1, 0, 1, 0));
    assert_eq!(times(&desk, then).await.times.unwrap(), past);
    let window = GetAnswerTimesRequest { from_ms: desk.ago(8 * HOUR), ..GetAnswerTimesRequest::default() };
    assert_eq!(counts(&times(&desk, window.clone()).await.times.unwrap()), (2, 0, 0, 1, 2, 1));
    let window = GetAnswerTimesRequest { until_ms: window.from_ms, from_ms: 0, ..window };
    assert_eq!(counts(&times(&desk, window).await.times.unwrap()), (2, 2, 1, 1, 0, 0));
    // A mentor sees the own ones only.
    let mut mia = Client::new(desk.mentor("mia").await);
    let own = |mentor: &str| GetAnswerTimesRequest { mentor_id: mentor.into(), ..GetAnswerTimesRequest::default() };
    assert_eq!(mia.get_answer_times(own("mia")).await.unwrap().into_inner().times.unwrap().questions, 4);
    assert_eq!(mia.get_answer_times(own("sam")).await.unwrap_err().code(), Code::PermissionDenied);
    let future = GetAnswerTimesRequest { as_of_ms: desk.house.now_ms() + HOUR, ..GetAnswerTimesRequest::default() };
    assert_eq!(desk.talks().await.get_answer_times(future).await.unwrap_err().code(), Code::InvalidArgument);
}
