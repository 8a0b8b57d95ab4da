//! Random histories of one conversation, in the order of time: clocks fire once and never in a rest, whose turn it is
//! follows from what was said, and no message is lost.

use super::*;
use proptest::{
    collection::vec,
    prelude::{Strategy, any},
    test_runner::{TestCaseError, TestRunner},
};
use std::{cell::Cell, collections::BTreeMap};

const AWAITING_LEARNER: ConversationState = ConversationState::AwaitingLearner;

/// A command of any sort at any of a few hours, for laws that hold in whatever order.
pub(super) fn any_command() -> impl Strategy<Value = Asked<Command>> {
    (0..12_u8, 0..40_i64, 0..4_usize, any::<bool>()).prop_map(|(sort, hour, n, yes)| {
        let at_ms = T + hour * HOUR;
        let standing = if sort == 0 { MentorshipState::Ended } else { MentorshipState::Active };
        let command = match sort {
            1..=3 => ask_with(["q", "r", "s", "t"][n], known(n, yes, standing)),
            4 => answer(["a", "b", "c", "q"][n]),
            5 => answer_by(["a", "b", "c", "d"][n], mentor(["sam", "eve", "ada", "ben"][n])),
            6 => Command::Nudge { learner_id: "ada".into() },
            7 => Command::Close { learner_id: "ada".into(), solved: yes },
            8 => Command::Remind { question: n as u32, due_ms: at_ms },
            9 => Command::Escalate { question: n as u32, due_ms: at_ms },
            10 if yes => Command::NudgeLearner { due_ms: at_ms + 7 * DAY },
            10 => Command::TimeOut { due_ms: at_ms + 28 * DAY },
            _ => Command::Follow(Box::new(known(n, yes, standing))),
        };
        at(at_ms, command)
    })
}

/// What may be known: more or fewer rests, this or that mentor, fit or not.
fn known(n: usize, yes: bool, standing: MentorshipState) -> Facts {
    let mut rests: Vec<_> = (1..=n as u32)
        .map(|number| {
            let from_ms = T + i64::from(number) * 5 * HOUR;
            Rest { number, from_ms, until_ms: from_ms + 2 * HOUR }
        })
        .collect();
    if let Some(last) = rests.last_mut().filter(|_| yes) {
        last.until_ms = 0;
    }
    let cause = if yes { RerouteCause::Paused } else { RerouteCause::Unspecified };
    let mentor_id = if n < 2 { "mia" } else { "ben" };
    Facts {
        standing,
        mentor_id: mentor_id.into(),
        proposal: 1 + u32::from(n >= 2),
        to_id: if yes { "sam".into() } else { mentor_id.into() },
        instead: cause,
        addressee_id: mentor_id.into(),
        unfit: cause,
        rests,
        ..facts()
    }
}

/// What every state keeps.
pub(super) fn keeps(it: &Conversation) -> Result<(), String> {
    let said = |what: &str| Err(what.to_owned());
    match () {
        () if it.clock.escalated && !it.clock.reminded => said("escalated, and not reminded before"),
        () if it.waits() && it.clock.answered => said("waits though it is answered"),
        () if it.state == ConversationState::AwaitingLearner && !it.clock.answered => said("nothing is answered"),
        () if it.held_from_ms.is_some() && it.rests == 0 => said("held without a rest"),
        () if it.question as usize > it.said.len() => said("a question without a message"),
        () => Ok(()),
    }
}

/// The world around one conversation as its time goes on.
#[derive(Default)]
struct World {
    now_ms: i64,
    rests: Vec<Rest>,
    state: Conversation,
    past: Vec<Event>,
    sent: u32,
    /// Messages that were accepted: id, and what the event has to say.
    accepted: BTreeMap<String, String>,
}

impl World {
    fn facts(&self, late: bool) -> Facts {
        let told = self.rests.len() - usize::from(late && !self.rests.is_empty());
        Facts { rests: self.rests[..told].to_vec(), ..facts() }
    }

    fn rests_now(&self) -> bool {
        self.rests.last().is_some_and(|it| it.until_ms == 0)
    }

    /// The next thing that happens; `late` means that it is heard of only later.
    fn step(&mut self, (sort, minutes, late): (u8, i64, bool)) {
        // Some say nothing for weeks.
        let weeks = if matches!(sort, 9 | 10) { minutes / 50 * 7 * DAY } else { 0 };
        self.now_ms += minutes * MINUTE_MS + weeks;
        let now_ms = self.now_ms;
        self.sent += 1;
        let id = format!("m{}", self.sent);
        let question = self.state.question;
        let command = match sort {
            0 | 1 => {
                let standing = if self.rests_now() { MentorshipState::Paused } else { MentorshipState::Active };
                ask_with(&id, Facts { standing, ..self.facts(false) })
            }
            2 | 3 => {
                let rests = self.rests.clone();
                Command::Answer(Answer { said: said(&id), author: mentor("mia"), rests })
            }
            4 => Command::Close { learner_id: "ada".into(), solved: late },
            5 | 6 => {
                match self.rests.last_mut().filter(|it| it.until_ms == 0) {
                    Some(last) => last.until_ms = now_ms,
                    None => {
                        self.rests.push(Rest { number: self.rests.len() as u32 + 1, from_ms: now_ms, until_ms: 0 });
                    }
                }
                Command::Follow(Box::new(self.facts(late)))
            }
            7 if self.state.clock.remind_at_ms <= now_ms => {
                Command::Remind { question, due_ms: self.state.clock.remind_at_ms }
            }
            8 if self.state.clock.answer_by_ms <= now_ms => {
                Command::Escalate { question, due_ms: self.state.clock.answer_by_ms }
            }
            9 if self.state.silence.time_out_at_ms <= now_ms => {
                Command::TimeOut { due_ms: self.state.silence.time_out_at_ms }
            }
            10 if self.state.silence.nudge_at_ms <= now_ms => {
                Command::NudgeLearner { due_ms: self.state.silence.nudge_at_ms }
            }
            _ => Command::Follow(Box::new(self.facts(false))),
        };
        let Ok(events) = self.state.decide(&at(now_ms, command)) else { return };
        if sort <= 3 {
            self.accepted.insert(id.clone(), format!("text of {id}"));
        }
        for event in events {
            self.state.evolve(&event);
            self.past.push(event);
        }
    }
}

/// Judges a past by itself, without the decider's state.
#[derive(Default)]
struct Judge {
    turn: ConversationState,
    asked_ms: i64,
    fired: (u32, u32),
    answered: bool,
    rests: bool,
    messages: BTreeMap<String, String>,
}

impl Judge {
    fn hear(&mut self, event: &Event, rests: &[Rest]) -> Result<(), String> {
        let mut message = |number: u32, id: &str, text: &str| {
            self.messages.insert(id.to_owned(), text.to_owned());
            if number as usize == self.messages.len() { Ok(()) } else { Err(format!("{id} has number {number}")) }
        };
        match event {
            Event::QuestionAsked(it) => {
                message(it.message, &it.message_id, &it.text)?;
                (self.turn, self.asked_ms) = (ConversationState::AwaitingMentor, it.answer_by_ms - 4 * HOUR);
                (self.fired, self.answered, self.rests) = ((0, 0), false, false);
            }
            Event::QuestionExtended(it) => message(it.message, &it.message_id, &it.text)?,
            Event::AnswerGiven(it) => {
                message(it.message, &it.message_id, &it.text)?;
                if it.first == self.answered {
                    return Err("the first answer is not the first, or another is".into());
                }
                let resting: i64 = rests.iter().map(|rest| overlap(rest, self.asked_ms, it.answered_at_ms)).sum();
                let is_open = self.turn == ConversationState::AwaitingMentor;
                if is_open && it.waited_ms != it.answered_at_ms - self.asked_ms - resting {
                    return Err(format!("waited {} with {resting} of rests", it.waited_ms));
                }
                if is_open {
                    self.turn = ConversationState::AwaitingLearner;
                }
                self.answered = true;
            }
            Event::QuestionReminded(_) => self.fired.0 += 1,
            Event::QuestionEscalated(_) => self.fired.1 += 1,
            Event::ClockHeld(_) => self.rests = true,
            Event::ClockResumed(_) => self.rests = false,
            Event::ConversationClosed(_) => self.turn = ConversationState::Closed,
            Event::ConversationTimedOut(_) | Event::LearnerNudged(_) if self.rests => {
                return Err("a learner who rests is not silent".into());
            }
            Event::ConversationTimedOut(_) | Event::LearnerNudged(_) if self.turn != AWAITING_LEARNER => {
                return Err("a learner was waited for whose turn it is not".into());
            }
            Event::ConversationTimedOut(_) => self.turn = ConversationState::TimedOut,
            _ => {}
        }
        let fires = matches!(event, Event::QuestionReminded(_) | Event::QuestionEscalated(_));
        match self.fired {
            (0 | 1, 0 | 1) if !fires => Ok(()),
            (0 | 1, 0 | 1) if self.answered => Err("fired after the answer".into()),
            (0 | 1, 0 | 1) if self.rests => Err("fired in a rest".into()),
            (0 | 1, 0 | 1) => Ok(()),
            more => Err(format!("fired {more:?} times")),
        }
    }
}

/// The part of a rest between two times.
fn overlap(rest: &Rest, from_ms: i64, until_ms: i64) -> i64 {
    let end = if rest.until_ms == 0 { until_ms } else { rest.until_ms.min(until_ms) };
    (end - rest.from_ms.max(from_ms)).max(0)
}

#[test]
fn whatever_happens_nothing_fires_twice_or_in_a_rest_and_nothing_said_is_lost() {
    let steps = vec((0..11_u8, 0..200_i64, any::<bool>()), 1..60);
    let (nudged, timed_out) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(laws::config_with(2_000)).run(&steps, |steps| {
        let mut world = World { now_ms: T, ..World::default() };
        for step in steps {
            world.step(step);
        }
        let mut judge = Judge::default();
        for event in &world.past {
            nudged.set(nudged.get() + u32::from(matches!(event, Event::LearnerNudged(_))));
            timed_out.set(timed_out.get() + u32::from(matches!(event, Event::ConversationTimedOut(_))));
            judge.hear(event, &world.rests).map_err(|it| TestCaseError::fail(format!("{it}: {event:?}")))?;
        }
        if judge.messages != world.accepted {
            return Err(TestCaseError::fail(format!("lost: {:?} of {:?}", judge.messages, world.accepted)));
        }
        if judge.turn != world.state.state {
            return Err(TestCaseError::fail(format!("whose turn? {:?}, {:?}", judge.turn, world.state.state)));
        }
        Ok(())
    });
    outcome.unwrap();
    assert!(
        nudged.get() > 0 && timed_out.get() > 0,
        "{nudged:?} nudges and {timed_out:?} time-outs: too little happens"
    );
}
