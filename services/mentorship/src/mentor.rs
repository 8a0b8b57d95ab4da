//! One mentor: what the mentor offers, whom never to meet again, and the places that are taken. Load ≤ capacity, always.

use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Asked, Decider, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    BlockedBy, CapacitySet, MentorDescribed, MentorLeaving, MentorLeft, MentorPaused, MentorRegistered, MentorResumed,
    MentorState, PairBlocked, PlaceFreed, PlaceRefusal, PlaceRefused, PlaceTaken, Reason, mentor_event::Event,
};

/// What can be asked of a mentor.
#[derive(Debug, Clone)]
pub enum Command {
    /// To mentor here, for one institution or (empty) for all.
    Register { mentor_id: String, institution_id: String, profile: MentorDescribed, capacity: u32 },
    /// To be described anew.
    Describe(MentorDescribed),
    /// To take so many mentees at most.
    SetCapacity(u32),
    /// To be away for a time.
    Pause { until_ms: i64, reason: String },
    /// To be back.
    Resume,
    /// To be back if it was said to be then.
    ComeBack { until_ms: i64 },
    /// To hand all mentees over and go.
    Leave { reason: String },
    /// Never to meet a learner again.
    Block { learner_id: String, by: BlockedBy, reason: String },
    /// To set a place aside for a proposal.
    Take { mentor_id: String, mentorship_id: String, learner_id: String, proposal: u32 },
    /// To give back the place that was taken for a proposal.
    Free { mentorship_id: String, proposal: u32 },
}

/// One mentor, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Mentor {
    state: MentorState,
    institution_id: String,
    profile: MentorDescribed,
    capacity: u32,
    /// Back then as far as is known; 0 = not known.
    paused_until_ms: i64,
    /// Mentorships that hold a place: the learner, and the proposal that it was taken for.
    places: BTreeMap<String, (String, u32)>,
    blocked: BTreeSet<String>,
}

impl Mentor {
    /// Places taken.
    pub fn load(&self) -> u32 {
        self.places.len() as u32
    }

    #[cfg(test)]
    pub(crate) fn holds(&self, mentorship_id: &str) -> bool {
        self.places.contains_key(mentorship_id)
    }

    #[cfg(test)]
    pub(crate) fn is_overfull(&self) -> bool {
        self.load() > self.capacity
    }

    fn known(&self) -> Result<(), Rejection<Reason>> {
        match self.state {
            MentorState::Unspecified => Reason::MentorNotFound.because("no such mentor is registered"),
            _ => Ok(()),
        }
    }

    /// Whether the mentor is here to stay.
    fn stays(&self) -> Result<(), Rejection<Reason>> {
        match self.state {
            MentorState::Leaving => Reason::MentorLeaves.because("the mentor hands all mentees over"),
            MentorState::Left => Reason::MentorLeaves.because("the mentor has left; register again"),
            _ => Ok(()),
        }
    }

    /// Mentorships that hold a place.
    pub fn held(&self) -> Vec<String> {
        self.places.keys().cloned().collect()
    }
}

impl Decider for Mentor {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        match &asked.command {
            Command::Take { mentor_id, mentorship_id, learner_id, proposal } => {
                return Ok(self.take((mentor_id, learner_id), mentorship_id, *proposal));
            }
            Command::Free { mentorship_id, proposal } => return Ok(self.free(mentorship_id, *proposal)),
            Command::Register { mentor_id, institution_id, profile, capacity } => {
                asked.by.may_act_for(institution_id, Reason::NotYourInstitution)?;
                return self.register(mentor_id, institution_id, profile, *capacity);
            }
            _ => {}
        }
        self.known()?;
        // A learner or a mentor keeps away from whom he wants; staff only where it has a say.
        if !matches!(asked.command, Command::Block { by: BlockedBy::Learner | BlockedBy::Mentor, .. }) {
            asked.by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?;
        }
        match &asked.command {
            Command::Register { .. } | Command::Take { .. } | Command::Free { .. } => Ok(Vec::new()),
            Command::Describe(profile) => {
                self.stays()?;
                Ok(self.described(profile))
            }
            Command::SetCapacity(capacity) => self.set_capacity(*capacity),
            Command::Pause { until_ms, reason } => self.pause(*until_ms, reason, asked.by.at_ms),
            Command::ComeBack { until_ms } if self.paused_until_ms != *until_ms => Ok(Vec::new()),
            Command::Resume | Command::ComeBack { .. } => match self.state {
                MentorState::Paused => Ok(vec![Event::MentorResumed(MentorResumed {})]),
                _ => self.stays().map(|()| Vec::new()),
            },
            Command::Leave { reason } => Ok(self.leave(reason)),
            Command::Block { learner_id, by, reason } => Ok(self.block(learner_id, *by, reason)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::MentorRegistered(it) => {
                self.state = MentorState::Active;
                self.institution_id.clone_from(&it.institution_id);
            }
            Event::MentorDescribed(it) => self.profile = it.clone(),
            Event::CapacitySet(it) => self.capacity = it.capacity,
            Event::MentorPaused(it) => {
                self.state = MentorState::Paused;
                self.paused_until_ms = it.until_ms;
            }
            Event::MentorResumed(_) => (self.state, self.paused_until_ms) = (MentorState::Active, 0),
            Event::MentorLeaving(_) => self.state = MentorState::Leaving,
            Event::MentorLeft(_) => self.state = MentorState::Left,
            Event::PairBlocked(it) => {
                self.blocked.insert(it.learner_id.clone());
            }
            Event::PlaceTaken(it) => {
                let learner = it.mentorship_id.rsplit_once('~').map_or("", |it| it.1).to_owned();
                self.places.insert(it.mentorship_id.clone(), (learner, it.proposal));
            }
            Event::PlaceRefused(_) => {}
            Event::PlaceFreed(it) => {
                self.places.remove(&it.mentorship_id);
            }
        }
    }
}

impl Mentor {
    fn register(&self, mentor: &str, institution_id: &str, profile: &MentorDescribed, capacity: u32) -> Decision<Self> {
        match self.state {
            MentorState::Unspecified | MentorState::Left => {}
            MentorState::Leaving => self.stays()?,
            _ if self.institution_id != institution_id => {
                return Reason::MentorExists.because(format!("`{mentor}` mentors for another institution"));
            }
            _ => return Ok([self.described(profile), self.set_capacity(capacity)?].concat()),
        }
        let registered = MentorRegistered { institution_id: institution_id.to_owned() };
        let mut events = vec![Event::MentorRegistered(registered)];
        events.extend(self.described(profile));
        events.extend(self.set_capacity(capacity)?);
        Ok(events)
    }

    fn described(&self, profile: &MentorDescribed) -> Vec<Event> {
        if *profile == self.profile { Vec::new() } else { vec![Event::MentorDescribed(profile.clone())] }
    }

    fn set_capacity(&self, capacity: u32) -> Decision<Self> {
        if capacity == self.capacity {
            return Ok(Vec::new());
        }
        if capacity < self.load() {
            return Reason::CapacityBelowLoad
                .because(format!("{} places are taken; hand mentees over first", self.load()));
        }
        Ok(vec![Event::CapacitySet(CapacitySet { capacity })])
    }

    fn pause(&self, until_ms: i64, reason: &str, at_ms: i64) -> Decision<Self> {
        self.stays()?;
        if self.state == MentorState::Paused && self.paused_until_ms == until_ms {
            return Ok(Vec::new());
        }
        if until_ms != 0 && until_ms <= at_ms {
            return Reason::PauseInThePast.because("say a time to come, or 0 if it is not known");
        }
        let (reason, mentorship_ids) = (reason.to_owned(), self.held());
        Ok(vec![Event::MentorPaused(MentorPaused { until_ms, reason, mentorship_ids })])
    }

    fn leave(&self, reason: &str) -> Vec<Event> {
        if matches!(self.state, MentorState::Leaving | MentorState::Left) {
            return Vec::new();
        }
        let (reason, mentorship_ids) = (reason.to_owned(), self.held());
        let mut events = vec![Event::MentorLeaving(MentorLeaving { reason, mentorship_ids })];
        if self.places.is_empty() {
            events.push(Event::MentorLeft(MentorLeft {}));
        }
        events
    }

    fn block(&self, learner_id: &str, by: BlockedBy, reason: &str) -> Vec<Event> {
        if self.blocked.contains(learner_id) {
            return Vec::new();
        }
        let held = self.places.iter().filter(|(_, (learner, _))| learner == learner_id);
        vec![Event::PairBlocked(PairBlocked {
            learner_id: learner_id.to_owned(),
            by: by as i32,
            reason: reason.to_owned(),
            mentorship_ids: held.map(|(id, _)| id.clone()).collect(),
        })]
    }

    /// Why there is no place for a learner.
    fn refusal(&self, (mentor, learner): (&str, &str), mentorship_id: &str) -> Option<PlaceRefusal> {
        match self.state {
            _ if mentor == learner => Some(PlaceRefusal::Himself),
            MentorState::Unspecified => Some(PlaceRefusal::NotAMentor),
            MentorState::Paused => Some(PlaceRefusal::Paused),
            MentorState::Leaving | MentorState::Left => Some(PlaceRefusal::Leaving),
            MentorState::Active if self.blocked.contains(learner) => Some(PlaceRefusal::Blocked),
            MentorState::Active => {
                let full = !self.places.contains_key(mentorship_id) && self.load() >= self.capacity;
                full.then_some(PlaceRefusal::Full)
            }
        }
    }

    fn take(&self, pair: (&str, &str), mentorship_id: &str, proposal: u32) -> Vec<Event> {
        let held = self.places.get(mentorship_id);
        if held.is_some_and(|(_, it)| *it == proposal) {
            return Vec::new();
        }
        let mentorship_id = mentorship_id.to_owned();
        if let Some(refusal) = self.refusal(pair, &mentorship_id) {
            return vec![Event::PlaceRefused(PlaceRefused { mentorship_id, proposal, refusal: refusal as i32 })];
        }
        let load = self.load() + u32::from(held.is_none());
        vec![Event::PlaceTaken(PlaceTaken { mentorship_id, proposal, load })]
    }

    fn free(&self, mentorship_id: &str, proposal: u32) -> Vec<Event> {
        // A place that was taken again since belongs to the later proposal.
        if self.places.get(mentorship_id).is_none_or(|(_, it)| *it != proposal) {
            return Vec::new();
        }
        let (mentorship_id, load) = (mentorship_id.to_owned(), self.load() - 1);
        let mut events = vec![Event::PlaceFreed(PlaceFreed { mentorship_id, proposal, load })];
        if load == 0 && self.state == MentorState::Leaving {
            events.push(Event::MentorLeft(MentorLeft {}));
        }
        events
    }
}

#[cfg(test)]
mod tests;
