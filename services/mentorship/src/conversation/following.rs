//! How a conversation goes along with its mentorship: clocks rest, questions go to who can take them, the end closes it.

use super::{Conversation, Facts};
use studium_proto::mentorship::v1::{
    ConversationEnd, ConversationRerouted, MentorshipState, RerouteCause, conversation_event::Event,
};

impl Conversation {
    pub(super) fn follow(&self, facts: &Facts) -> Vec<Event> {
        if !self.is_open() {
            return Vec::new();
        }
        let mut events = self.take_rests(&facts.rests);
        if facts.standing == MentorshipState::Ended {
            events.extend(self.close(ConversationEnd::MentorshipEnded));
        } else {
            events.extend(self.reroute(facts));
        }
        events
    }

    fn reroute(&self, facts: &Facts) -> Option<Event> {
        let (cause, mentor_id, proposal) = if facts.proposal > self.proposal && !facts.mentor_id.is_empty() {
            let cause = match facts.instead {
                RerouteCause::Unspecified => RerouteCause::HandedOver,
                instead => instead,
            };
            (cause, &facts.mentor_id, facts.proposal)
        } else {
            // Somebody else may have been asked since this was looked up.
            let is_unfit = facts.unfit != RerouteCause::Unspecified && facts.addressee_id == self.addressee_id;
            if !is_unfit || !self.waits() || facts.to_id == self.addressee_id {
                return None;
            }
            (facts.unfit, &self.mentor_id, self.proposal)
        };
        Some(Event::ConversationRerouted(ConversationRerouted {
            question: self.question,
            from_id: self.addressee_id.clone(),
            to_id: facts.to_id.clone(),
            cause: cause as i32,
            mentor_id: mentor_id.clone(),
            proposal,
        }))
    }
}
