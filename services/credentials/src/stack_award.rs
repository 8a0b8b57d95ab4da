//! A stack award: one learner in one stack, from the application over the account's answer to the award.

use crate::stacking::{self, Component};
use std::collections::BTreeSet;
use studium_kit::{Asked, By, Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    AwardScheme, Reason, StackAwardKept, StackAwardRefused, StackAwardReleased, StackAwardRequested, StackAwardState,
    StackAwarded, StackComponentLost, StackDefined, StackState, stack_award_event::Event,
};

/// What can be asked of a stack award.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be awarded for these components.
    Request(Box<Application>),
    /// To be awarded, now that the account lets it have the credits.
    Award { round: u32, credits_milli: u32 },
    /// Not to be awarded: the account says why.
    Refuse { round: u32, reasons: Vec<String>, details: Vec<String> },
    /// To know that a component is lost.
    Lose { round: u32, entry_id: String, cause: String },
    /// To stay, although a component is lost.
    Keep { reason: String },
    /// To be withdrawn.
    Release { reason: String, asked_by_learner: bool },
}

/// Who applies for which stack, with what.
#[derive(Debug, Clone, Default)]
pub struct Application {
    /// The learner.
    pub learner_id: String,
    /// The stack, and where it stands.
    pub stack: StackDefined,
    /// Where the stack stands.
    pub state: StackState,
    /// What the learner applies with.
    pub components: Vec<Component>,
}

/// A stack award as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct StackAward {
    state: StackAwardState,
    round: u32,
    learner_id: String,
    institution_id: String,
    scheme: AwardScheme,
    components: Vec<String>,
    lost: BTreeSet<String>,
}

/// The id of a learner's award of a stack.
pub fn id(stack_id: &str, version: u32, learner_id: &str) -> String {
    format!("{stack_id}~{version}~{learner_id}")
}

/// The stack's version, as its achievement is named, and the learner.
pub fn achievement_of(award_id: &str) -> Option<(String, &str)> {
    let (stack, learner_id) = award_id.rsplit_once('~')?;
    Some((format!("stack~{stack}"), learner_id))
}

impl Decider for StackAward {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        if let Command::Request(it) = command {
            return self.request(by, it);
        }
        if self.state == StackAwardState::Unspecified {
            return Reason::StackAwardNotFound.because("no such stack award was asked for");
        }
        by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?;
        match command {
            Command::Award { round, credits_milli } if self.is_asked(*round) => {
                Ok(vec![Event::StackAwarded(StackAwarded {
                    round: *round,
                    learner_id: self.learner_id.clone(),
                    components: self.components.clone(),
                    credits_milli: *credits_milli,
                })])
            }
            Command::Refuse { round, reasons, details } if self.is_asked(*round) => {
                let (reasons, details) = (reasons.clone(), details.clone());
                Ok(vec![Event::StackAwardRefused(StackAwardRefused { round: *round, reasons, details })])
            }
            Command::Lose { round, entry_id, cause } => Ok(self.lose(*round, entry_id, cause)),
            Command::Keep { reason } => self.keep(reason),
            Command::Release { reason, asked_by_learner } => self.release(reason, *asked_by_learner),
            Command::Award { .. } | Command::Refuse { .. } | Command::Request(_) => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::StackAwardRequested(it) => {
                (self.state, self.round) = (StackAwardState::Requested, it.round);
                (self.learner_id, self.institution_id) = (it.learner_id.clone(), it.institution_id.clone());
                (self.scheme, self.components) = (it.scheme(), it.components.clone());
                self.lost.clear();
            }
            Event::StackAwardRefused(_) => self.state = StackAwardState::Refused,
            Event::StackAwarded(_) => self.state = StackAwardState::Awarded,
            Event::StackComponentLost(it) => drop(self.lost.insert(it.entry_id.clone())),
            Event::StackAwardKept(_) => self.lost.clear(),
            Event::StackAwardReleased(_) => {
                self.state = StackAwardState::Released;
                self.lost.clear();
            }
        }
    }
}

impl StackAward {
    fn is_asked(&self, round: u32) -> bool {
        self.state == StackAwardState::Requested && self.round == round
    }

    fn request(&self, by: &By, it: &Application) -> Decision<Self> {
        by.may_act_for(&it.stack.institution_id, Reason::NotYourInstitution)?;
        let components: Vec<_> = it.components.iter().map(|it| it.entry_id.clone()).collect();
        if matches!(self.state, StackAwardState::Requested | StackAwardState::Awarded) {
            let (mut before, mut now) = (self.components.clone(), components);
            before.sort();
            now.sort();
            if before == now {
                return Ok(Vec::new());
            }
            return Reason::StackAwardOpen.because("it is asked for or made with other components; release it first");
        }
        match it.state {
            StackState::Approved => {}
            StackState::Retired => return Reason::StackRetired.because("nobody may apply any more"),
            StackState::Unspecified | StackState::Draft => {
                return Reason::StackNotApproved.because("the stack is not open for learners");
            }
        }
        let problems = stacking::problems(&it.stack, &it.components, by.at_ms);
        if let Some((first, _)) = problems.first() {
            let told: Vec<_> = problems.iter().map(|(reason, why)| format!("{}: {why}", reason.name())).collect();
            return first.because(told.join("; "));
        }
        Ok(vec![Event::StackAwardRequested(StackAwardRequested {
            round: self.round + 1,
            learner_id: it.learner_id.clone(),
            institution_id: it.stack.institution_id.clone(),
            scheme: it.stack.scheme,
            target_milli: it.stack.target_milli,
            components,
        })])
    }

    /// What is lost is told once; the award stays until staff decides.
    fn lose(&self, round: u32, entry_id: &str, cause: &str) -> Vec<Event> {
        let is_its_own = self.components.iter().any(|it| it == entry_id) && self.round == round;
        if self.state != StackAwardState::Awarded || !is_its_own || self.lost.contains(entry_id) {
            return Vec::new();
        }
        let (entry_id, cause) = (entry_id.to_owned(), cause.to_owned());
        vec![Event::StackComponentLost(StackComponentLost { round, entry_id, cause })]
    }

    fn keep(&self, reason: &str) -> Decision<Self> {
        if self.state != StackAwardState::Awarded {
            return Reason::StackAwardNotFlagged.because("it is not awarded, so nothing of it can be lost");
        }
        if self.lost.is_empty() {
            return Ok(Vec::new());
        }
        if reason.trim().is_empty() {
            return Reason::Required.because("say why the award stays");
        }
        Ok(vec![Event::StackAwardKept(StackAwardKept { round: self.round, reason: reason.to_owned() })])
    }

    fn release(&self, reason: &str, asked_by_learner: bool) -> Decision<Self> {
        let was_awarded = match self.state {
            StackAwardState::Awarded => true,
            StackAwardState::Requested => false,
            StackAwardState::Unspecified | StackAwardState::Refused | StackAwardState::Released => {
                return Ok(Vec::new());
            }
        };
        if reason.trim().is_empty() {
            return Reason::Required.because("say why it is withdrawn");
        }
        Ok(vec![Event::StackAwardReleased(StackAwardReleased {
            round: self.round,
            learner_id: self.learner_id.clone(),
            scheme: self.scheme as i32,
            was_awarded,
            reason: reason.to_owned(),
            asked_by_learner,
        })])
    }
}

#[cfg(test)]
mod tests;
