//! Both clocks: what fires when, once, and not while the learner rests.

use super::*;
use studium_proto::mentorship::v1::{ClockHeld, ClockResumed, LearnerNudged};

fn remind(question: u32, due_ms: i64) -> Asked<Command> {
    at(due_ms, Command::Remind { question, due_ms })
}

fn escalate(question: u32, due_ms: i64) -> Asked<Command> {
    at(due_ms, Command::Escalate { question, due_ms })
}

fn held(rest: u32, from_ms: i64) -> Event {
    Event::ClockHeld(ClockHeld { rest, from_ms, question: 1 })
}

fn rest(number: u32, from_ms: i64, until_ms: i64) -> Rest {
    Rest { number, from_ms, until_ms }
}

fn follow(rests: &[Rest]) -> Asked<Command> {
    at(T, Command::Follow(Box::new(Facts { rests: rests.to_vec(), ..facts() })))
}

/// A rest of two hours that begins one hour after the question.
fn resumed() -> ClockResumed {
    ClockResumed {
        rest: 1,
        until_ms: T + 3 * HOUR,
        rested_ms: 2 * HOUR,
        remind_at_ms: T + 5 * HOUR,
        answer_by_ms: T + 6 * HOUR,
        nudge_at_ms: 0,
        time_out_at_ms: 0,
        question: 1,
    }
}

#[test]
fn a_reminder_and_an_escalation_each_come_once() {
    talk(&[asked()]).when(remind(1, T + 3 * HOUR)).then(&[reminded()]);
    talk(&[asked(), reminded()]).when(escalate(1, T + 4 * HOUR)).then(&[escalated()]);
    // Both due at once: one of each, in order, and no reminder after it.
    talk(&[asked()]).when(escalate(1, T + 4 * HOUR)).then(&[reminded(), escalated()]);
    talk(&[asked(), reminded(), escalated()]).when(remind(1, T + 3 * HOUR)).nothing();
}

#[test]
fn nothing_fires_at_another_time_for_another_question_or_after_the_answer() {
    talk(&[asked()]).when(remind(1, T + 3 * HOUR - 1)).nothing();
    talk(&[asked()]).when(remind(2, T + 3 * HOUR)).nothing();
    talk(&[asked()]).when(escalate(2, T + 4 * HOUR)).nothing();
    talk(&[asked()]).when(escalate(1, T + 5 * HOUR)).nothing();
    for past in [vec![asked(), answered()], vec![asked(), closed(ConversationEnd::Solved, true)]] {
        talk(&past).when(remind(1, T + 3 * HOUR)).nothing();
        talk(&past).when(escalate(1, T + 4 * HOUR)).nothing();
    }
}

#[test]
fn the_clock_stands_still_while_the_learner_rests() {
    let begins = T + HOUR;
    talk(&[asked()]).when(follow(&[rest(1, begins, 0)])).then(&[held(1, begins)]);
    let past = [asked(), held(1, begins)];
    talk(&past).when(remind(1, T + 3 * HOUR)).nothing();
    talk(&past).when(escalate(1, T + 4 * HOUR)).nothing();
    let over = [rest(1, begins, T + 3 * HOUR)];
    let resumed = Event::ClockResumed(resumed());
    talk(&past).when(follow(&over)).then(std::slice::from_ref(&resumed));
    // The whole rest may be heard of at once, and old news of it changes nothing.
    talk(&[asked()]).when(follow(&over)).then(&[held(1, begins), resumed.clone()]);
    let past = [asked(), held(1, begins), resumed];
    talk(&past).when(follow(&[rest(1, begins, 0)])).nothing();
    // What was left is left still.
    talk(&past).when(remind(1, T + 3 * HOUR)).nothing();
    talk(&past).when(remind(1, T + 5 * HOUR)).then(&[reminded()]);
    talk(&past).when(at(T + 6 * HOUR, answer("a"))).then(&[Event::AnswerGiven(AnswerGiven {
        waited_ms: 4 * HOUR,
        within_promise: true,
        ..answered_after(6 * HOUR)
    })]);
}

#[test]
fn what_was_due_when_a_rest_began_is_due_when_it_is_over() {
    let past = [asked(), held(1, T + 3 * HOUR)];
    let over = ClockResumed {
        until_ms: T + 10 * HOUR,
        rested_ms: 7 * HOUR,
        remind_at_ms: T + 10 * HOUR,
        answer_by_ms: T + 11 * HOUR,
        ..resumed()
    };
    talk(&past).when(follow(&[rest(1, T + 3 * HOUR, T + 10 * HOUR)])).then(&[Event::ClockResumed(over)]);
    // What has fired before stays as it is.
    let past = [asked(), reminded(), escalated(), held(1, T + 5 * HOUR)];
    let over = ClockResumed {
        until_ms: T + 6 * HOUR,
        rested_ms: HOUR,
        remind_at_ms: 0,
        answer_by_ms: T + 4 * HOUR,
        ..resumed()
    };
    talk(&past).when(follow(&[rest(1, T + 5 * HOUR, T + 6 * HOUR)])).then(&[Event::ClockResumed(over)]);
}

#[test]
fn a_rest_before_the_question_does_not_count() {
    let facts = Facts { rests: vec![rest(1, T - 2 * HOUR, T - HOUR)], ..facts() };
    let known = Event::QuestionAsked(QuestionAsked { rests: 1, ..asked_event(1, 1, "q", T) });
    talk(&[]).when(at(T, ask_with("q", facts.clone()))).then(std::slice::from_ref(&known));
    talk(&[known]).when(follow(&facts.rests)).nothing();
    // One that the question did not know of yet counts from the question on only.
    let half = ClockResumed {
        until_ms: T + HOUR,
        rested_ms: HOUR,
        remind_at_ms: T + 4 * HOUR,
        answer_by_ms: T + 5 * HOUR,
        ..resumed()
    };
    let expected = [held(1, T - HOUR), Event::ClockResumed(half)];
    talk(&[asked()]).when(follow(&[rest(1, T - HOUR, T + HOUR)])).then(&expected);
}

#[test]
fn an_answer_while_the_learner_rests_counts_until_the_rest_began() {
    let Command::Answer(mut it) = answer("a") else { unreachable!() };
    it.rests = vec![rest(1, T + HOUR, 0)];
    let given = AnswerGiven { waited_ms: HOUR, within_promise: true, ..answered_after(9 * HOUR) };
    let answered = Event::AnswerGiven(given);
    let state = talk(&[asked()]).when(at(T + 9 * HOUR, Command::Answer(it))).then(&[held(1, T + HOUR), answered]);
    assert_eq!(state.waited_ms(T), 0);
}

#[test]
fn a_silent_learner_is_nudged_three_times_and_then_has_left() {
    let due = |n: i64| T + HOUR + n * 7 * DAY;
    let nudge = |due_ms| at(due_ms, Command::NudgeLearner { due_ms });
    let gone = |due_ms| at(due_ms, Command::TimeOut { due_ms });
    let nudged = |nudge, nudge_at_ms| Event::LearnerNudged(LearnerNudged { question: 1, nudge, nudge_at_ms });
    let timed_out = Event::ConversationTimedOut(ConversationTimedOut { question: 1 });
    let past = [asked(), answered(), nudged(1, due(2)), nudged(2, due(3)), nudged(3, 0)];
    talk(&past[..2]).when(nudge(due(1))).then(&[nudged(1, due(2))]);
    talk(&past[..3]).when(nudge(due(2))).then(&[nudged(2, due(3))]);
    talk(&past[..4]).when(nudge(due(3))).then(&[nudged(3, 0)]);
    talk(&past).when(nudge(due(4))).nothing();
    talk(&past).when(gone(due(4))).then(std::slice::from_ref(&timed_out));
    talk(&past).when(gone(due(4) - 1)).nothing();
    talk(&[asked()]).when(gone(due(4))).nothing();
    talk(&[asked()]).when(nudge(due(1))).nothing();
    // Who rests is neither nudged nor gone, and has as much time left when back.
    let past = [asked(), answered(), held(1, due(1) - DAY)];
    talk(&past).when(nudge(due(1))).nothing();
    talk(&past).when(gone(due(4))).nothing();
    let later = ClockResumed {
        until_ms: due(1) + DAY,
        rested_ms: 0,
        remind_at_ms: 0,
        answer_by_ms: 0,
        nudge_at_ms: due(1) + 2 * DAY,
        time_out_at_ms: due(4) + 2 * DAY,
        ..resumed()
    };
    let over = [rest(1, due(1) - DAY, due(1) + DAY)];
    talk(&past).when(follow(&over)).then(&[Event::ClockResumed(later)]);
}
