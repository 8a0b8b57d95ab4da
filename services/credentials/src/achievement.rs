//! An achievement: what one version of a course or programme says that is achieved, fixed once it is approved.

use crate::checks;
use studium_kit::{Asked, By, Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    AchievementApproved, AchievementDefined, AchievementRetired, AchievementSource, AchievementState, Reason,
    achievement_event::Event,
};

/// What can be asked of an achievement.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be this.
    Define(Box<AchievementDefined>),
    /// To be issued from now on.
    Approve { approved_by: String },
    /// To be issued no more.
    Retire { reason: String },
}

/// An achievement as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Achievement {
    definition: Option<Box<AchievementDefined>>,
    state: AchievementState,
}

/// The id of the achievement that a version of something stands for.
pub fn id(source: AchievementSource, source_id: &str, version: u32) -> String {
    let kind = match source {
        AchievementSource::Unspecified | AchievementSource::Course => "course",
        AchievementSource::Programme => "programme",
        AchievementSource::Stack => "stack",
    };
    format!("{kind}~{source_id}~{version}")
}

impl Decider for Achievement {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        if let Command::Define(it) = command {
            return self.define(by, it);
        }
        let Some(definition) = &self.definition else {
            return Reason::AchievementNotFound.because("no such achievement is defined");
        };
        by.may_act_for(&definition.institution_id, Reason::NotYourInstitution)?;
        match command {
            Command::Approve { approved_by } => self.approve(definition, approved_by),
            Command::Retire { .. } if self.state == AchievementState::Retired => Ok(Vec::new()),
            Command::Retire { reason } if reason.trim().is_empty() => {
                Reason::Required.because("say why no more credentials are issued for it")
            }
            Command::Retire { reason } => {
                Ok(vec![Event::AchievementRetired(AchievementRetired { reason: reason.clone() })])
            }
            Command::Define(_) => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::AchievementDefined(it) => {
                self.definition = Some(Box::new(it.clone()));
                self.state = AchievementState::Draft;
            }
            Event::AchievementApproved(_) => self.state = AchievementState::Approved,
            Event::AchievementRetired(_) => self.state = AchievementState::Retired,
        }
    }
}

impl Achievement {
    fn define(&self, by: &By, it: &AchievementDefined) -> Decision<Self> {
        if self.definition.as_deref() == Some(it) {
            return Ok(Vec::new());
        }
        if let Some(before) = &self.definition {
            by.may_act_for(&before.institution_id, Reason::NotYourInstitution)?;
        }
        by.may_act_for(&it.institution_id, Reason::NotYourInstitution)?;
        match self.state {
            AchievementState::Unspecified | AchievementState::Draft => Ok(vec![Event::AchievementDefined(it.clone())]),
            AchievementState::Approved => Reason::AchievementApproved
                .because("it is approved and credentials may rest on it; define the next version instead"),
            AchievementState::Retired => Reason::AchievementRetired.because("it is retired"),
        }
    }

    fn approve(&self, definition: &AchievementDefined, approved_by: &str) -> Decision<Self> {
        match self.state {
            AchievementState::Approved => return Ok(Vec::new()),
            AchievementState::Retired => return Reason::AchievementRetired.because("it is retired"),
            AchievementState::Unspecified | AchievementState::Draft => {}
        }
        let findings = checks::findings(definition, &checks::claimed(definition));
        if !findings.is_empty() {
            let told: Vec<_> = findings.iter().map(|it| format!("{}: {}", it.code, it.detail)).collect();
            return Reason::AchievementNotConforming.because(told.join("; "));
        }
        Ok(vec![Event::AchievementApproved(AchievementApproved { approved_by: approved_by.to_owned() })])
    }
}

#[cfg(test)]
mod tests;
