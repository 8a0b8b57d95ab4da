//! How a mentor is found: proposed, given a place, asked, and assigned; or the next one.

use super::{Mentorship, Open, Phase, Proposed};
use studium_kit::{Decision, MINUTE_MS, Reason as _};
use studium_proto::mentorship::v1::{
    MentorAssigned, MentorPassedOver, MentorProposed, NoMentorFound, PlaceRefusal, ProposalEnd, ProposalEnded,
    ProposalOpened, ProposalOrigin, Reason, mentorship_event::Event,
};

impl Mentorship {
    pub(super) fn propose(&self, it: &Proposed) -> Decision<Self> {
        if it.mentor_id == it.learner_id {
            return Reason::NobodyMentorsHimself.because("choose somebody else");
        }
        let by_itself = matches!(it.origin, ProposalOrigin::Matching | ProposalOrigin::Overdue);
        if by_itself && (!self.is_seeking() || self.barred.contains(&it.mentor_id)) {
            return Ok(self.pass_over(&it.mentor_id));
        }
        self.runs()?;
        let is_proposed = self.open.as_ref().is_some_and(|open| open.mentor_id == it.mentor_id && !open.needs_answer);
        if is_proposed || self.mentor() == Some(&it.mentor_id) {
            return Ok(Vec::new());
        }
        if self.barred.contains(&it.mentor_id) {
            return Reason::PairIsBlocked.because("the two never meet again");
        }
        let proposed = MentorProposed {
            proposal: self.proposals + 1,
            mentor_id: it.mentor_id.clone(),
            origin: it.origin as i32,
            needs_answer: it.answer_within_minutes.is_some(),
            answer_within_minutes: it.answer_within_minutes.unwrap_or_default(),
            candidates: it.candidates.clone(),
            considered: it.considered,
        };
        let replaced = self.end_proposal(ProposalEnd::Replaced);
        Ok(replaced.into_iter().chain([Event::MentorProposed(proposed)]).collect())
    }

    /// Says that a mentor was found too late, unless he is the learner's all the same: what he has to give is the next
    /// one's.
    fn pass_over(&self, mentor_id: &str) -> Vec<Event> {
        let is_known = self.phase != Phase::None && !self.passed_over.contains(mentor_id);
        let is_theirs =
            self.mentor() == Some(mentor_id) || self.open.as_ref().is_some_and(|it| it.mentor_id == mentor_id);
        let passed = || Event::MentorPassedOver(MentorPassedOver { mentor_id: mentor_id.to_owned() });
        if is_known && !is_theirs { vec![passed()] } else { Vec::new() }
    }

    pub(super) fn none_found(&self, it: &NoMentorFound) -> Vec<Event> {
        if self.is_seeking() && !self.in_vain { vec![Event::NoMentorFound(*it)] } else { Vec::new() }
    }

    /// The open proposal of this number.
    fn open_with(&self, proposal: u32) -> Option<&Open> {
        self.open.as_ref().filter(|it| it.proposal == proposal)
    }

    pub(super) fn open(&self, proposal: u32, at_ms: i64) -> Vec<Event> {
        let Some(open) = self.open_with(proposal).filter(|it| it.answer_by_ms.is_none()) else { return Vec::new() };
        if !open.needs_answer {
            return vec![self.assignment(open)];
        }
        let answer_by_ms = at_ms + i64::from(open.answer_within_minutes) * MINUTE_MS;
        let mentor_id = open.mentor_id.clone();
        vec![Event::ProposalOpened(ProposalOpened { proposal, mentor_id, answer_by_ms })]
    }

    fn assignment(&self, open: &Open) -> Event {
        let (previous_mentor_id, previous_proposal) = self.mentor.clone().unwrap_or_default();
        let (proposal, mentor_id) = (open.proposal, open.mentor_id.clone());
        Event::MentorAssigned(MentorAssigned { proposal, mentor_id, previous_mentor_id, previous_proposal })
    }

    pub(super) fn refuse(&self, proposal: u32, refusal: PlaceRefusal) -> Vec<Event> {
        let ended = self.open_with(proposal).map(|it| {
            let (mentor_id, end) = (it.mentor_id.clone(), ProposalEnd::NoPlace as i32);
            let refusal = refusal as i32;
            Event::ProposalEnded(ProposalEnded { proposal, mentor_id, end, refusal, ..ProposalEnded::default() })
        });
        ended.into_iter().collect()
    }

    pub(super) fn accept(&self, mentor_id: &str, at_ms: i64) -> Decision<Self> {
        self.known()?;
        let open = self.open.as_ref().filter(|it| it.mentor_id == mentor_id);
        if open.is_none() && self.mentor() == Some(mentor_id) {
            return Ok(Vec::new());
        }
        self.runs()?;
        let Some((open, answer_by_ms)) = open.and_then(|it| Some((it, it.answer_by_ms?))) else {
            if self.tried.get(mentor_id) == Some(&ProposalEnd::Lapsed) {
                return Reason::ProposalLapsed.because("it was not answered in time; the next one is asked");
            }
            return Reason::ProposalNotOpen.because("this mentor is not proposed to the learner");
        };
        if at_ms >= answer_by_ms {
            return Reason::ProposalLapsed.because("it was not answered in time; the next one is asked");
        }
        Ok(vec![self.assignment(open)])
    }

    pub(super) fn decline(&self, mentor_id: &str, reason: &str) -> Decision<Self> {
        self.known()?;
        match &self.open {
            Some(it) if it.mentor_id == mentor_id => {
                let (proposal, mentor_id, reason) = (it.proposal, mentor_id.to_owned(), reason.to_owned());
                let end = ProposalEnd::Declined as i32;
                Ok(vec![Event::ProposalEnded(ProposalEnded { proposal, mentor_id, end, refusal: 0, reason })])
            }
            _ if self.tried.contains_key(mentor_id) => Ok(Vec::new()),
            _ => Reason::ProposalNotOpen.because("this mentor is not proposed to the learner"),
        }
    }

    pub(super) fn lapse(&self, answer_by_ms: i64) -> Vec<Event> {
        match &self.open {
            Some(it) if it.answer_by_ms == Some(answer_by_ms) => self.end_proposal(ProposalEnd::Lapsed),
            _ => Vec::new(),
        }
    }

    /// Ends what is proposed, if anything is.
    pub(super) fn end_proposal(&self, end: ProposalEnd) -> Vec<Event> {
        let ended = self.open.as_ref().map(|it| {
            let (proposal, mentor_id) = (it.proposal, it.mentor_id.clone());
            Event::ProposalEnded(ProposalEnded { proposal, mentor_id, end: end as i32, ..ProposalEnded::default() })
        });
        ended.into_iter().collect()
    }

    pub(super) fn proposed(&mut self, it: &MentorProposed) {
        self.proposals = it.proposal;
        self.in_vain = false;
        self.open = Some(Open {
            proposal: it.proposal,
            mentor_id: it.mentor_id.clone(),
            needs_answer: it.needs_answer,
            answer_within_minutes: it.answer_within_minutes,
            answer_by_ms: None,
        });
    }

    pub(super) fn proposal_ended(&mut self, it: &ProposalEnded) {
        self.open = None;
        match it.end() {
            ProposalEnd::Blocked => drop(self.barred.insert(it.mentor_id.clone())),
            ProposalEnd::Replaced | ProposalEnd::NotNeeded | ProposalEnd::Unspecified => {}
            end => drop(self.tried.insert(it.mentor_id.clone(), end)),
        }
    }

    pub(super) fn assigned(&mut self, it: &MentorAssigned) {
        // A past in the wrong order must not bring a mentor back.
        if self.phase == Phase::Requested {
            self.mentor = Some((it.mentor_id.clone(), it.proposal));
        }
        self.last_mentor.clone_from(&it.mentor_id);
        (self.open, self.hand_over) = (None, None);
        self.tried.clear();
        self.in_vain = false;
    }
}
