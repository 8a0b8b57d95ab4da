//! Who may answer, and what an answer does: the first stops the clock, every further one is kept.

use super::{Answer, Author, Conversation, LEARNER_NUDGE_EVERY_MS, Silence, TIME_OUT_MS, print};
use studium_kit::{By, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    AnswerGiven, ConversationState, MentorState, Reason, SpeakerRole, conversation_event::Event,
};

impl Conversation {
    /// As what somebody may answer, and so see, what is asked here.
    pub fn may_answer(&self, by: &By, author: &Author) -> Result<SpeakerRole, Rejection<Reason>> {
        self.known()?;
        if author.id == self.about.learner {
            return Reason::NobodyMentorsHimself.because("somebody else has to answer");
        }
        if author.is_staff {
            by.may_act_for(&self.about.institution, Reason::NotYourInstitution)?;
            return Ok(SpeakerRole::Staff);
        }
        if author.is_blocked {
            return Reason::PairIsBlocked.because("the two never meet again");
        }
        // The mentor, who may have come or gone a moment ago, is always heard.
        if author.is_mentor || author.id == self.mentor_id {
            return Ok(SpeakerRole::Mentor);
        }
        if author.id == self.addressee_id || self.speakers.contains(&author.id) {
            return Ok(SpeakerRole::StandIn);
        }
        if !self.clock.escalated {
            return Reason::NotTheAddressee
                .because("it waits for somebody else; who stands in may answer when it is late");
        }
        if !author.institution_id.is_empty() && author.institution_id != self.about.institution {
            return Reason::NotYourInstitution.because("the programme is another institution's");
        }
        match author.state {
            MentorState::Active => Ok(SpeakerRole::StandIn),
            _ => Reason::StandInIsAway.because("who pauses or leaves does not stand in"),
        }
    }

    pub(super) fn answer(&self, it: &Answer, by: &By) -> Decision<Self> {
        self.known()?;
        if self.has(&it.author.id, &it.said)? {
            return Ok(Vec::new());
        }
        let role = self.may_answer(by, &it.author)?;
        let mut events = self.take_rests(&it.rests);
        let now = self.after(&events);
        let first = !now.clock.answered;
        let at_ms = by.at_ms;
        let waited_ms = if first { now.waited_ms(at_ms) } else { 0 };
        // Who closed it is not nudged.
        let begins = first && now.waits();
        events.push(Event::AnswerGiven(AnswerGiven {
            question: self.question,
            message_id: it.said.message_id.clone(),
            message: self.next_message(),
            text: it.said.text.clone(),
            author_id: it.author.id.clone(),
            role: role as i32,
            first,
            waited_ms,
            within_promise: first && waited_ms <= now.clock.promised_ms,
            nudge_at_ms: if begins { at_ms + LEARNER_NUDGE_EVERY_MS } else { 0 },
            time_out_at_ms: if begins { at_ms + TIME_OUT_MS } else { 0 },
            answered_at_ms: at_ms,
        }));
        Ok(events)
    }

    pub(super) fn answered(&mut self, it: &AnswerGiven) {
        self.said.insert(it.message_id.clone(), print(&it.author_id, &it.text));
        if it.role() != SpeakerRole::Staff {
            self.speakers.insert(it.author_id.clone());
        }
        if !it.first {
            return;
        }
        self.clock.answered = true;
        if self.state == ConversationState::AwaitingMentor {
            self.state = ConversationState::AwaitingLearner;
            let (nudge_at_ms, time_out_at_ms) = (it.nudge_at_ms, it.time_out_at_ms);
            self.silence = Silence { since_ms: it.answered_at_ms, nudges: 0, nudge_at_ms, time_out_at_ms };
        }
    }
}
