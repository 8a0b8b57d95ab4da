//! How a learner goes from one mentor to another: the old one stays until the new one is there.

use super::{HandOver, Mentorship, Phase};
use studium_kit::{Decision, MINUTE_MS, Reason as _};
use studium_proto::mentorship::v1::{
    HandOverCancelled, HandOverCause, HandOverOverdue, HandOverStarted, ProposalEnd, Reason, mentorship_event::Event,
};

/// Causes that nobody can take back.
fn stands(cause: HandOverCause) -> bool {
    matches!(cause, HandOverCause::MentorLeaves | HandOverCause::Blocked)
}

impl Mentorship {
    fn is_open_with(&self, mentor_id: &str) -> bool {
        self.open.as_ref().is_some_and(|it| it.mentor_id == mentor_id)
    }

    pub(super) fn away(&self, mentor_id: &str, leaves_within_minutes: Option<u32>, at_ms: i64) -> Vec<Event> {
        let mut events = Vec::new();
        if self.is_open_with(mentor_id) {
            events = self.end_proposal(ProposalEnd::MentorAway);
        }
        if let Some(minutes) = leaves_within_minutes {
            events.extend(self.start(mentor_id, HandOverCause::MentorLeaves, (minutes, ""), at_ms));
        }
        events
    }

    pub(super) fn bar(&self, mentor_id: &str, within_minutes: u32, at_ms: i64) -> Vec<Event> {
        let mut events = Vec::new();
        if self.is_open_with(mentor_id) {
            events = self.end_proposal(ProposalEnd::Blocked);
        }
        events.extend(self.start(mentor_id, HandOverCause::Blocked, (within_minutes, ""), at_ms));
        events
    }

    /// Starts a hand-over from this mentor, or gives one that is under way a cause that stands.
    fn start(&self, mentor: &str, cause: HandOverCause, (minutes, reason): (u32, &str), at_ms: i64) -> Option<Event> {
        if self.mentor() != Some(mentor) || self.phase != Phase::Requested {
            return None;
        }
        let present = self.hand_over.as_ref();
        let barred = self.barred.contains(mentor);
        let says_more = match cause {
            HandOverCause::Blocked => !barred,
            HandOverCause::MentorLeaves => present.is_none_or(|it| !stands(it.cause)),
            _ => present.is_none(),
        };
        says_more.then(|| {
            Event::HandOverStarted(HandOverStarted {
                mentor_id: mentor.to_owned(),
                cause: cause as i32,
                due_ms: present.map_or(at_ms + i64::from(minutes) * MINUTE_MS, |it| it.due_ms),
                reason: reason.to_owned(),
                contact_barred: barred || cause == HandOverCause::Blocked,
            })
        })
    }

    pub(super) fn hand_over(
        &self,
        asking_mentor: &str,
        cause: HandOverCause,
        within: (u32, &str),
        at_ms: i64,
    ) -> Decision<Self> {
        self.runs()?;
        let Some(mentor) = self.mentor() else { return Reason::NoMentorYet.because("there is no mentor yet") };
        if !asking_mentor.is_empty() && asking_mentor != mentor {
            return Reason::NotTheMentor.because("somebody else is the learner's mentor");
        }
        Ok(self.start(mentor, cause, within, at_ms).into_iter().collect())
    }

    pub(super) fn cancel_hand_over(&self, asking_mentor: &str) -> Decision<Self> {
        self.runs()?;
        let Some(mentor) = self.mentor() else { return Reason::NoMentorYet.because("there is no mentor yet") };
        if !asking_mentor.is_empty() && asking_mentor != mentor {
            return Reason::NotTheMentor.because("somebody else is the learner's mentor");
        }
        match &self.hand_over {
            None => Ok(Vec::new()),
            Some(it) if stands(it.cause) => {
                Reason::HandOverStands.because("the mentor leaves, or the two never meet again")
            }
            Some(_) => {
                let cancelled = HandOverCancelled { mentor_id: mentor.to_owned() };
                let proposal = self.end_proposal(ProposalEnd::Replaced);
                Ok(proposal.into_iter().chain([Event::HandOverCancelled(cancelled)]).collect())
            }
        }
    }

    pub(super) fn overdue(&self, due_ms: i64) -> Vec<Event> {
        match (&self.hand_over, self.mentor()) {
            (Some(it), Some(mentor)) if !it.overdue && it.due_ms == due_ms => {
                vec![Event::HandOverOverdue(HandOverOverdue { mentor_id: mentor.to_owned() })]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn hand_over_started(&mut self, it: &HandOverStarted) {
        let overdue = self.hand_over.as_ref().is_some_and(|it| it.overdue);
        if self.hand_over.is_none() {
            self.tried.clear();
            self.in_vain = false;
        }
        self.hand_over = Some(HandOver { cause: it.cause(), due_ms: it.due_ms, overdue });
        if it.contact_barred {
            self.barred.insert(it.mentor_id.clone());
        }
    }
}
