//! One learner in one programme: exactly one mentor from the first assignment to the end, whoever comes and goes.

mod handing_over;
mod seeking;

use crate::standing;
use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Asked, Decider, Decision, Reason as _, Rejection};
use studium_proto::mentorship::v1::{
    Candidate, HandOverCause, MentorRated, MentorshipAnnounced, MentorshipEnd, MentorshipEnded, MentorshipPaused,
    MentorshipRequested, MentorshipResumed, MentorshipState, NoMentorFound, PlaceRefusal, ProposalEnd, ProposalOrigin,
    Reason, RequestSource, mentorship_event::Event,
};

/// What can be asked of a mentorship.
#[derive(Debug, Clone)]
pub enum Command {
    /// To begin with the programme that the learner joined, or, while that is not paid, to wait for the payment.
    Join { institution_id: String, programme_version: u32, is_paid: bool },
    /// To note that nothing is due any more.
    Settle,
    /// To seek a mentor though no programme asks for it.
    Request { institution_id: String, source: RequestSource },
    /// To propose a mentor.
    Propose(Proposed),
    /// To wait: nobody can be proposed.
    NoneFound(NoMentorFound),
    /// To let the mentor answer, or begin, now that there is a place.
    Open { proposal: u32 },
    /// To seek on: the mentor has no place.
    Refuse { proposal: u32, refusal: PlaceRefusal },
    /// The mentor takes the learner.
    Accept { mentor_id: String },
    /// The mentor does not.
    Decline { mentor_id: String, reason: String },
    /// The mentor has not answered by then.
    Lapse { answer_by_ms: i64 },
    /// A mentor pauses, or leaves within so many minutes.
    Away { mentor_id: String, leaves_within_minutes: Option<u32> },
    /// The mentor and the learner never meet again; a successor is due within so many minutes.
    Bar { mentor_id: String, within_minutes: u32 },
    /// To seek a successor, due within so many minutes. `mentor_id` is set if it is the mentor who asks.
    HandOver { mentor_id: String, cause: HandOverCause, within_minutes: u32, reason: String },
    /// To seek none any more.
    CancelHandOver { mentor_id: String },
    /// The successor is due then.
    Overdue { due_ms: i64 },
    /// To rest.
    Pause,
    /// To go on.
    Resume,
    /// To end.
    End { end: MentorshipEnd, reason: String },
    /// To note how content the learner is.
    Rate { stars: u32, comment: String },
}

/// A mentor to be proposed.
#[derive(Debug, Clone, Default)]
pub struct Proposed {
    /// The learner.
    pub learner_id: String,
    /// The mentor.
    pub mentor_id: String,
    /// Where the proposal comes from.
    pub origin: ProposalOrigin,
    /// Time that the mentor has to answer, minutes; none if the mentor is not asked.
    pub answer_within_minutes: Option<u32>,
    /// What the mentor was chosen from.
    pub candidates: Vec<Candidate>,
    /// Mentors that were compared.
    pub considered: u32,
}

/// How far a mentorship has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    None,
    Announced,
    Requested,
    Ended,
}

/// A proposal that is not decided.
#[derive(Debug, Clone, Default)]
struct Open {
    proposal: u32,
    mentor_id: String,
    needs_answer: bool,
    answer_within_minutes: u32,
    /// None until the mentor has a place for it.
    answer_by_ms: Option<i64>,
}

/// A successor that is sought.
#[derive(Debug, Clone)]
struct HandOver {
    cause: HandOverCause,
    due_ms: i64,
    overdue: bool,
}

/// One mentorship, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Mentorship {
    phase: Phase,
    paused: bool,
    round: u32,
    institution_id: String,
    programme_version: u32,
    /// The last proposal's number.
    proposals: u32,
    open: Option<Open>,
    /// The mentor, and the proposal by which the mentor came.
    mentor: Option<(String, u32)>,
    /// The mentor that there was last, also after the end.
    last_mentor: String,
    hand_over: Option<HandOver>,
    /// Who was proposed in the present search and came to nothing.
    tried: BTreeMap<String, ProposalEnd>,
    /// Who never meets the learner again, as far as this mentorship was told.
    barred: BTreeSet<String>,
    in_vain: bool,
    /// Who was passed over since the last search ended.
    passed_over: BTreeSet<String>,
    /// The learner's word on each mentor.
    rated: BTreeMap<String, (u32, String)>,
}

impl Mentorship {
    /// The mentor.
    pub fn mentor(&self) -> Option<&str> {
        self.mentor.as_ref().map(|it| it.0.as_str())
    }

    /// Whether somebody is sought at this moment, and nobody is proposed.
    fn is_seeking(&self) -> bool {
        let wanted = self.mentor.is_none() || self.hand_over.is_some();
        self.phase == Phase::Requested && !self.paused && self.open.is_none() && wanted
    }

    fn known(&self) -> Result<(), Rejection<Reason>> {
        if self.phase == Phase::None { standing::runs(MentorshipState::Unspecified) } else { Ok(()) }
    }

    /// Whether mentors can come and go.
    fn runs(&self) -> Result<(), Rejection<Reason>> {
        standing::runs(match self.phase {
            Phase::None => MentorshipState::Unspecified,
            Phase::Announced => MentorshipState::Announced,
            Phase::Ended => MentorshipState::Ended,
            Phase::Requested if self.paused => MentorshipState::Paused,
            Phase::Requested => MentorshipState::Active,
        })
    }
}

impl Decider for Mentorship {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, asked: &Self::Command) -> Decision<Self> {
        let at_ms = asked.by.at_ms;
        match &asked.command {
            Command::Request { institution_id, source } => {
                asked.by.may_act_for(institution_id, Reason::NotYourInstitution)?;
                Ok(self.request(institution_id, *source))
            }
            it @ (Command::Join { .. } | Command::Settle) => Ok(self.follow_programme(it)),
            it => {
                asked.by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?;
                match it {
                    Command::Propose(it) => self.propose(it),
                    Command::NoneFound(it) => Ok(self.none_found(it)),
                    Command::Open { proposal } => Ok(self.open(*proposal, at_ms)),
                    Command::Refuse { proposal, refusal } => Ok(self.refuse(*proposal, *refusal)),
                    Command::Accept { mentor_id } => self.accept(mentor_id, at_ms),
                    Command::Decline { mentor_id, reason } => self.decline(mentor_id, reason),
                    Command::Lapse { answer_by_ms } => Ok(self.lapse(*answer_by_ms)),
                    Command::Away { mentor_id, leaves_within_minutes } => {
                        Ok(self.away(mentor_id, *leaves_within_minutes, at_ms))
                    }
                    Command::Bar { mentor_id, within_minutes } => Ok(self.bar(mentor_id, *within_minutes, at_ms)),
                    Command::HandOver { mentor_id, cause, within_minutes, reason } => {
                        self.hand_over(mentor_id, *cause, (*within_minutes, reason), at_ms)
                    }
                    Command::CancelHandOver { mentor_id } => self.cancel_hand_over(mentor_id),
                    Command::Overdue { due_ms } => Ok(self.overdue(*due_ms)),
                    Command::Pause => Ok(self.pause()),
                    Command::Resume => Ok(self.resume()),
                    Command::End { end, reason } => Ok(self.end(*end, reason)),
                    Command::Rate { stars, comment } => self.rate(*stars, comment),
                    Command::Request { .. } | Command::Join { .. } | Command::Settle => Ok(Vec::new()),
                }
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        let was_seeking = self.is_seeking();
        match event {
            Event::MentorshipAnnounced(it) => {
                self.phase = Phase::Announced;
                self.belongs_to(&it.institution_id, it.programme_version);
            }
            Event::MentorshipRequested(it) => {
                self.phase = Phase::Requested;
                self.round = it.round;
                self.tried.clear();
                self.in_vain = false;
                self.belongs_to(&it.institution_id, it.programme_version);
            }
            Event::MentorProposed(it) => self.proposed(it),
            Event::ProposalOpened(it) => {
                if let Some(open) = &mut self.open {
                    open.answer_by_ms = Some(it.answer_by_ms);
                }
            }
            Event::ProposalEnded(it) => self.proposal_ended(it),
            Event::NoMentorFound(_) => {
                self.in_vain = true;
                // Who declined keeps his word; who had no time or place may be asked again.
                self.tried.retain(|_, end| *end == ProposalEnd::Declined);
            }
            Event::MentorAssigned(it) => self.assigned(it),
            Event::HandOverStarted(it) => self.hand_over_started(it),
            Event::HandOverOverdue(_) => {
                if let Some(it) = &mut self.hand_over {
                    it.overdue = true;
                }
            }
            Event::HandOverCancelled(_) => self.hand_over = None,
            Event::MentorshipPaused(_) => self.paused = true,
            Event::MentorshipResumed(_) => self.paused = false,
            Event::MentorshipEnded(_) => {
                self.phase = Phase::Ended;
                (self.paused, self.open, self.mentor, self.hand_over) = (false, None, None, None);
            }
            Event::MentorRated(it) => {
                self.rated.insert(it.mentor_id.clone(), (it.stars, it.comment.clone()));
            }
            Event::MentorPassedOver(it) => drop(self.passed_over.insert(it.mentor_id.clone())),
        }
        if was_seeking && !self.is_seeking() {
            self.passed_over.clear();
        }
    }
}

impl Mentorship {
    fn belongs_to(&mut self, institution_id: &str, programme_version: u32) {
        institution_id.clone_into(&mut self.institution_id);
        self.programme_version = programme_version;
    }

    fn follow_programme(&self, command: &Command) -> Vec<Event> {
        match (command, self.phase) {
            (Command::Settle, Phase::Announced) => {
                vec![self.requested(&self.institution_id, RequestSource::Programme, self.programme_version)]
            }
            (Command::Join { institution_id, programme_version, is_paid: true }, Phase::None | Phase::Ended) => {
                vec![self.requested(institution_id, RequestSource::Programme, *programme_version)]
            }
            (Command::Join { institution_id, programme_version, .. }, Phase::None | Phase::Ended) => {
                let (institution_id, programme_version) = (institution_id.clone(), *programme_version);
                vec![Event::MentorshipAnnounced(MentorshipAnnounced { institution_id, programme_version })]
            }
            _ => Vec::new(),
        }
    }

    fn request(&self, institution_id: &str, source: RequestSource) -> Vec<Event> {
        match self.phase {
            Phase::Requested => Vec::new(),
            Phase::Announced => vec![self.requested(&self.institution_id, source, self.programme_version)],
            Phase::None | Phase::Ended => vec![self.requested(institution_id, source, 0)],
        }
    }

    fn requested(&self, institution_id: &str, source: RequestSource, programme_version: u32) -> Event {
        let (round, institution_id) = (self.round + 1, institution_id.to_owned());
        Event::MentorshipRequested(MentorshipRequested {
            round,
            source: source as i32,
            institution_id,
            programme_version,
        })
    }

    fn pause(&self) -> Vec<Event> {
        if self.paused || !matches!(self.phase, Phase::Announced | Phase::Requested) {
            return Vec::new();
        }
        let ended = self.end_proposal(ProposalEnd::NotNeeded);
        ended.into_iter().chain([Event::MentorshipPaused(MentorshipPaused {})]).collect()
    }

    fn resume(&self) -> Vec<Event> {
        if self.paused { vec![Event::MentorshipResumed(MentorshipResumed {})] } else { Vec::new() }
    }

    fn end(&self, end: MentorshipEnd, reason: &str) -> Vec<Event> {
        if matches!(self.phase, Phase::None | Phase::Ended) {
            return Vec::new();
        }
        let (mentor_id, proposal) = self.mentor.clone().unwrap_or_default();
        let ended = MentorshipEnded { end: end as i32, mentor_id, proposal, reason: reason.to_owned() };
        let proposal = self.end_proposal(ProposalEnd::NotNeeded);
        proposal.into_iter().chain([Event::MentorshipEnded(ended)]).collect()
    }

    fn rate(&self, stars: u32, comment: &str) -> Decision<Self> {
        self.known()?;
        if self.last_mentor.is_empty() {
            return Reason::NoMentorYet.because("there was no mentor yet");
        }
        let said = self.rated.get(&self.last_mentor);
        if said.is_some_and(|it| *it == (stars, comment.to_owned())) {
            return Ok(Vec::new());
        }
        let previous_stars = said.map_or(0, |it| it.0);
        let (mentor_id, comment) = (self.last_mentor.clone(), comment.to_owned());
        Ok(vec![Event::MentorRated(MentorRated { mentor_id, stars, previous_stars, comment })])
    }
}

#[cfg(test)]
mod tests;
