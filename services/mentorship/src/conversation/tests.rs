//! What a conversation says yes and no to, and what never changes about it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod clock;
mod history;
mod routes;

use super::*;
use studium_kit::By;
use studium_proto::mentorship::v1::{
    AnswerGiven, ConversationClosed, ConversationRerouted, ConversationTimedOut, MentorNudged, QuestionEscalated,
    QuestionExtended, QuestionReminded, SpeakerRole,
};
use studium_testkit::{given, laws};

/// When the first question is asked, and an hour.
const T: i64 = 1_000_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

fn at(at_ms: i64, command: Command) -> Asked<Command> {
    By::platform(at_ms).asks(command)
}

fn said(message_id: &str) -> Said {
    Said { message_id: message_id.into(), text: format!("text of {message_id}") }
}

/// Ada's mentorship in `p` of `ou`, whose mentor mia is there.
fn facts() -> Facts {
    Facts {
        standing: MentorshipState::Active,
        institution_id: "ou".into(),
        mentor_id: "mia".into(),
        proposal: 1,
        to_id: "mia".into(),
        ..Facts::default()
    }
}

fn ask_with(message: &str, facts: Facts) -> Command {
    let (programme_id, learner_id) = ("p".into(), "ada".into());
    let said = said(message);
    Command::Ask(Box::new(Question { said, programme_id, learner_id, answer_within_minutes: 240, facts }))
}

fn ask(message: &str) -> Command {
    ask_with(message, facts())
}

fn asked_event(question: u32, number: u32, message: &str, at_ms: i64) -> QuestionAsked {
    QuestionAsked {
        question,
        message_id: message.into(),
        message: number,
        text: format!("text of {message}"),
        programme_id: "p".into(),
        learner_id: "ada".into(),
        institution_id: "ou".into(),
        mentor_id: "mia".into(),
        proposal: 1,
        addressee_id: "mia".into(),
        answer_within_minutes: 240,
        remind_at_ms: at_ms + 3 * HOUR,
        answer_by_ms: at_ms + 4 * HOUR,
        rests: 0,
    }
}

fn asked() -> Event {
    Event::QuestionAsked(asked_event(1, 1, "q", T))
}

fn mentor(id: &str) -> Author {
    Author { id: id.into(), state: MentorState::Active, ..Author::default() }
}

fn answer_by(message: &str, author: Author) -> Command {
    Command::Answer(Answer { said: said(message), author, rests: Vec::new() })
}

fn answer(message: &str) -> Command {
    answer_by(message, mentor("mia"))
}

/// Mia's first answer, so long after the question.
fn answered_after(wait: i64) -> AnswerGiven {
    AnswerGiven {
        question: 1,
        message_id: "a".into(),
        message: 2,
        text: "text of a".into(),
        author_id: "mia".into(),
        role: SpeakerRole::Mentor as i32,
        first: true,
        waited_ms: wait,
        within_promise: wait <= 4 * HOUR,
        nudge_at_ms: T + wait + 7 * DAY,
        time_out_at_ms: T + wait + 28 * DAY,
        answered_at_ms: T + wait,
    }
}

fn answered() -> Event {
    Event::AnswerGiven(answered_after(HOUR))
}

fn reminded() -> Event {
    Event::QuestionReminded(QuestionReminded { question: 1, addressee_id: "mia".into() })
}

fn escalated() -> Event {
    Event::QuestionEscalated(QuestionEscalated { question: 1, addressee_id: "mia".into() })
}

fn closed(end: ConversationEnd, unanswered: bool) -> Event {
    Event::ConversationClosed(ConversationClosed { end: end as i32, question: 1, unanswered })
}

fn close(learner: &str, solved: bool) -> Asked<Command> {
    at(T + 2 * HOUR, Command::Close { learner_id: learner.into(), solved })
}

fn talk(past: &[Event]) -> studium_testkit::Given<Conversation> {
    given::<Conversation>(past)
}

#[test]
fn a_question_goes_to_the_mentor_with_what_was_promised() {
    talk(&[]).when(at(T, ask("q"))).then(&[asked()]);
    // Said twice is asked once, also much later.
    talk(&[asked()]).when(at(T + DAY, ask("q"))).nothing();
}

#[test]
fn what_is_added_while_it_waits_does_not_move_the_clock() {
    let extended = QuestionExtended { question: 1, message_id: "r".into(), message: 2, text: "text of r".into() };
    let state = talk(&[asked()]).when(at(T + HOUR, ask("r"))).then(&[Event::QuestionExtended(extended)]);
    assert_eq!((state.clock.answer_by_ms, state.waits()), (T + 4 * HOUR, true));
}

#[test]
fn asking_again_opens_a_conversation_that_was_answered_closed_or_timed_out() {
    let timed_out = Event::ConversationTimedOut(ConversationTimedOut { question: 1 });
    for past in [
        vec![asked(), answered()],
        vec![asked(), answered(), closed(ConversationEnd::Solved, false)],
        vec![asked(), answered(), timed_out],
    ] {
        let again = Event::QuestionAsked(asked_event(2, 3, "r", T + DAY));
        let state = talk(&past).when(at(T + DAY, ask("r"))).then(&[again]);
        assert!(state.waits() && !state.clock.escalated && !state.clock.answered);
    }
}

#[test]
fn who_may_not_ask_hears_why() {
    for (standing, reason) in [
        (MentorshipState::Unspecified, Reason::MentorshipNotFound),
        (MentorshipState::Announced, Reason::MentorshipNotPaid),
        (MentorshipState::Paused, Reason::MentorshipPaused),
        (MentorshipState::Ended, Reason::MentorshipEnded),
    ] {
        talk(&[]).when(at(T, ask_with("q", Facts { standing, ..facts() }))).refused(reason);
        talk(&[asked()]).when(at(T, ask_with("r", Facts { standing, ..facts() }))).refused(reason);
    }
}

#[test]
fn ids_are_of_one_thing_only() {
    let Command::Ask(mut other) = ask("q") else { unreachable!() };
    other.learner_id = "bob".into();
    talk(&[asked()]).when(at(T, Command::Ask(other.clone()))).refused(Reason::ConversationExists);
    other.learner_id = "ada".into();
    other.programme_id = "x".into();
    talk(&[asked()]).when(at(T, Command::Ask(other.clone()))).refused(Reason::ConversationExists);
    other.programme_id = "p".into();
    other.said.text = "something else".into();
    talk(&[asked()]).when(at(T, Command::Ask(other))).refused(Reason::MessageExists);
    talk(&[asked()]).when(at(T, answer("q"))).refused(Reason::MessageExists);
}

#[test]
fn a_conversation_has_an_end() {
    let more = (2..=MESSAGES_MAX as u32).map(|n| {
        let (message_id, text) = (format!("m{n}"), String::new());
        Event::QuestionExtended(QuestionExtended { question: 1, message_id, message: n, text })
    });
    let past: Vec<_> = [asked()].into_iter().chain(more).collect();
    talk(&past[..MESSAGES_MAX - 1])
        .when(at(T, answer("a")))
        .then_once(&[Event::AnswerGiven(AnswerGiven { message: MESSAGES_MAX as u32, ..answered_after(0) })]);
    talk(&past).when(at(T, ask("r"))).refused(Reason::ConversationIsFull);
    talk(&past).when(at(T, answer("a"))).refused(Reason::ConversationIsFull);
}

#[test]
fn a_learner_nudges_once_a_day_while_a_question_waits() {
    let nudge = |learner: &str, at_ms| at(at_ms, Command::Nudge { learner_id: learner.into() });
    let nudged = |nudge, nudged_at_ms| {
        Event::MentorNudged(MentorNudged { question: 1, nudge, addressee_id: "mia".into(), nudged_at_ms })
    };
    talk(&[asked()]).when(nudge("ada", T + HOUR)).then_once(&[nudged(1, T + HOUR)]);
    let past = [asked(), nudged(1, T + HOUR)];
    talk(&past).when(nudge("ada", T + HOUR + DAY - 1)).refused(Reason::NudgedLately);
    talk(&past).when(nudge("ada", T + HOUR + DAY)).then_once(&[nudged(2, T + HOUR + DAY)]);
    talk(&[asked(), answered()]).when(nudge("ada", T + DAY)).refused(Reason::NoQuestionWaits);
    talk(&[asked()]).when(nudge("bob", T)).refused(Reason::ConversationNotFound);
    talk(&[]).when(nudge("ada", T)).refused(Reason::ConversationNotFound);
}

#[test]
fn a_learner_closes_what_is_the_learners() {
    talk(&[asked(), answered()]).when(close("ada", true)).then(&[closed(ConversationEnd::Solved, false)]);
    talk(&[asked()]).when(close("ada", false)).then(&[closed(ConversationEnd::NotNeeded, true)]);
    talk(&[asked()]).when(close("bob", true)).refused(Reason::ConversationNotFound);
    talk(&[]).when(close("ada", true)).refused(Reason::ConversationNotFound);
    talk(&[]).when(close("", true)).refused(Reason::ConversationNotFound);
}

#[test]
fn laws_hold() {
    laws::hold::<Conversation>(history::any_command(), history::keeps);
}
