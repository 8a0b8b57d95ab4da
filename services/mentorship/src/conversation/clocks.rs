//! The clocks: the addressee's until the first answer, the learner's after it. Both stand still while the learner rests.

use super::{Conversation, LEARNER_NUDGE_EVERY_MS, LEARNER_NUDGES, Rest};
use studium_proto::mentorship::v1::{
    ClockHeld, ClockResumed, ConversationState, ConversationTimedOut, LearnerNudged, QuestionEscalated,
    QuestionReminded, conversation_event::Event,
};

impl Conversation {
    /// A clock runs: it is somebody's turn, and the learner does not rest.
    fn runs(&self) -> bool {
        self.is_open() && self.held_from_ms.is_none()
    }

    fn runs_for(&self, question: u32) -> bool {
        self.waits() && self.runs() && self.question == question
    }

    pub(super) fn remind(&self, question: u32, due_ms: i64) -> Vec<Event> {
        let is_due = self.runs_for(question) && !self.clock.reminded && self.clock.remind_at_ms == due_ms;
        if is_due { vec![self.reminded()] } else { Vec::new() }
    }

    fn reminded(&self) -> Event {
        let (question, addressee_id) = (self.question, self.addressee_id.clone());
        Event::QuestionReminded(QuestionReminded { question, addressee_id })
    }

    pub(super) fn escalate(&self, question: u32, due_ms: i64) -> Vec<Event> {
        if !self.runs_for(question) || self.clock.escalated || self.clock.answer_by_ms != due_ms {
            return Vec::new();
        }
        // After a standstill both may be due at once, in whatever order they are looked up.
        let reminded = (!self.clock.reminded).then(|| self.reminded());
        let addressee_id = self.addressee_id.clone();
        let escalated = Event::QuestionEscalated(QuestionEscalated { question, addressee_id });
        reminded.into_iter().chain([escalated]).collect()
    }

    pub(super) fn nudge_learner(&self, due_ms: i64) -> Vec<Event> {
        let is_awaited = self.state == ConversationState::AwaitingLearner && self.runs();
        if !is_awaited || self.silence.nudge_at_ms != due_ms {
            return Vec::new();
        }
        let nudge = self.silence.nudges + 1;
        let nudge_at_ms = if nudge < LEARNER_NUDGES { due_ms + LEARNER_NUDGE_EVERY_MS } else { 0 };
        vec![Event::LearnerNudged(LearnerNudged { question: self.question, nudge, nudge_at_ms })]
    }

    pub(super) fn time_out(&self, due_ms: i64) -> Vec<Event> {
        let is_awaited = self.state == ConversationState::AwaitingLearner && self.runs();
        if !is_awaited || self.silence.time_out_at_ms != due_ms {
            return Vec::new();
        }
        vec![Event::ConversationTimedOut(ConversationTimedOut { question: self.question })]
    }

    /// Takes in the rests that are not known yet, each once, however often and late they are told.
    pub(super) fn take_rests(&self, rests: &[Rest]) -> Vec<Event> {
        if !self.is_open() {
            return Vec::new();
        }
        let (mut now, mut events) = (self.clone(), Vec::new());
        for rest in rests {
            if rest.number > now.rests {
                let held =
                    [Event::ClockHeld(ClockHeld { rest: rest.number, from_ms: rest.from_ms, question: self.question })];
                now = now.after(&held);
                events.extend(held);
            }
            if let Some(from_ms) = now.held_from_ms
                && rest.until_ms > 0
                && rest.number == now.rests
            {
                let resumed = [now.resume(*rest, from_ms)];
                now = now.after(&resumed);
                events.extend(resumed);
            }
        }
        events
    }

    /// What is left of each clock at the end of a rest.
    fn resume(&self, rest: Rest, from_ms: i64) -> Event {
        let waits = self.waits();
        let since_ms = if waits { self.clock.asked_at_ms } else { self.silence.since_ms };
        let from_ms = from_ms.max(since_ms);
        let rested_ms = (rest.until_ms - from_ms).max(0);
        // What was due when the rest began is due when it is over.
        let later = |due_ms: i64, counts: bool| if counts { due_ms.max(from_ms) + rested_ms } else { 0 };
        let nudges = self.silence.nudge_at_ms > 0;
        Event::ClockResumed(ClockResumed {
            rest: rest.number,
            until_ms: rest.until_ms,
            rested_ms: self.clock.rested_ms + if waits { rested_ms } else { 0 },
            remind_at_ms: later(self.clock.remind_at_ms, waits && !self.clock.reminded),
            // A promise that is broken was to be kept by then, and stays so.
            answer_by_ms: if waits && self.clock.escalated {
                self.clock.answer_by_ms
            } else {
                later(self.clock.answer_by_ms, waits)
            },
            nudge_at_ms: later(self.silence.nudge_at_ms, !waits && nudges),
            time_out_at_ms: later(self.silence.time_out_at_ms, !waits),
            question: self.question,
        })
    }

    pub(super) fn resumed(&mut self, it: &ClockResumed) {
        self.held_from_ms = None;
        self.clock.rested_ms = it.rested_ms;
        match self.state {
            ConversationState::AwaitingMentor => {
                (self.clock.remind_at_ms, self.clock.answer_by_ms) = (it.remind_at_ms, it.answer_by_ms);
            }
            ConversationState::AwaitingLearner => {
                (self.silence.nudge_at_ms, self.silence.time_out_at_ms) = (it.nudge_at_ms, it.time_out_at_ms);
            }
            _ => {}
        }
    }

    /// How long the last question has waited at a time, rests left out.
    pub(super) fn waited_ms(&self, at_ms: i64) -> i64 {
        let now_resting = self.held_from_ms.map_or(0, |from| (at_ms - from.max(self.clock.asked_at_ms)).max(0));
        (at_ms - self.clock.asked_at_ms - self.clock.rested_ms - now_resting).max(0)
    }
}
