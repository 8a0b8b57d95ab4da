//! What the learner does: asks, adds, nudges, closes.

use super::{Conversation, MINUTE_MS, NUDGE_EVERY_MS, Question, REMIND_PERCENT};
use crate::standing;
use studium_kit::{Decision, Reason as _};
use studium_proto::mentorship::v1::{
    ConversationClosed, ConversationEnd, ConversationRerouted, ConversationState, MentorNudged, QuestionAsked,
    QuestionExtended, Reason, RerouteCause, conversation_event::Event,
};

impl Conversation {
    pub(super) fn ask(&self, it: &Question, at_ms: i64) -> Decision<Self> {
        let (programme_id, learner_id) = (&it.programme_id, &it.learner_id);
        let is_new = self.state == ConversationState::Unspecified;
        if !is_new && (&self.about.programme, &self.about.learner) != (programme_id, learner_id) {
            return Reason::ConversationExists.because("another conversation has this id; choose another");
        }
        if self.has(learner_id, &it.said)? {
            return Ok(Vec::new());
        }
        // Who waits for a mentor asks staff.
        standing::runs(it.facts.standing)?;
        let (message_id, message, text) = (it.said.message_id.clone(), self.next_message(), it.said.text.clone());
        if self.waits() {
            let question = self.question;
            return Ok(vec![Event::QuestionExtended(QuestionExtended { question, message_id, message, text })]);
        }
        let facts = &it.facts;
        let question = self.question + 1;
        let promised_ms = i64::from(it.answer_within_minutes) * MINUTE_MS;
        let is_rerouted = facts.instead != RerouteCause::Unspecified && facts.to_id != facts.mentor_id;
        let addressee_id = if is_rerouted { &facts.mentor_id } else { &facts.to_id };
        let asked = QuestionAsked {
            question,
            message_id,
            message,
            text,
            programme_id: programme_id.clone(),
            learner_id: learner_id.clone(),
            institution_id: facts.institution_id.clone(),
            mentor_id: facts.mentor_id.clone(),
            proposal: facts.proposal,
            addressee_id: addressee_id.clone(),
            answer_within_minutes: it.answer_within_minutes,
            remind_at_ms: at_ms + promised_ms * REMIND_PERCENT / 100,
            answer_by_ms: at_ms + promised_ms,
            rests: facts.rests.last().map_or(0, |it| it.number),
        };
        let rerouted = is_rerouted.then(|| {
            Event::ConversationRerouted(ConversationRerouted {
                question,
                from_id: facts.mentor_id.clone(),
                to_id: facts.to_id.clone(),
                cause: facts.instead as i32,
                mentor_id: facts.mentor_id.clone(),
                proposal: facts.proposal,
            })
        });
        Ok([Event::QuestionAsked(asked)].into_iter().chain(rerouted).collect())
    }

    pub(super) fn nudge(&self, learner_id: &str, at_ms: i64) -> Decision<Self> {
        self.is_of(learner_id)?;
        self.known()?;
        if !self.waits() {
            return Reason::NoQuestionWaits.because("no question waits for an answer; ask again");
        }
        let (nudges, last_ms) = self.nudges;
        if nudges > 0 && at_ms < last_ms + NUDGE_EVERY_MS {
            return Reason::NudgedLately.because("once a day is often enough");
        }
        let (question, addressee_id) = (self.question, self.addressee_id.clone());
        let (nudge, nudged_at_ms) = (nudges + 1, at_ms);
        Ok(vec![Event::MentorNudged(MentorNudged { question, nudge, addressee_id, nudged_at_ms })])
    }

    pub(super) fn close(&self, end: ConversationEnd) -> Vec<Event> {
        if self.state == ConversationState::Closed {
            return Vec::new();
        }
        let (end, question, unanswered) = (end as i32, self.question, !self.clock.answered);
        vec![Event::ConversationClosed(ConversationClosed { end, question, unanswered })]
    }
}
