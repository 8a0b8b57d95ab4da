//! An achievement: what one version of a course or programme says that is achieved, fixed once it is approved.

use crate::{
    checks::{self, Awarding},
    document,
};
use studium_kit::{Asked, By, Decider, Decision, Reason as _, Rejection};
use studium_proto::credentials::v1::{
    AchievementApproved, AchievementDefined, AchievementRetired, AchievementSource, AchievementState, Reason,
    achievement_event::Event,
};
use studium_vc::limits;

/// What can be asked of an achievement.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be this, of which the catalogue, or its stack, says that.
    Define(Box<AchievementDefined>, Published),
    /// To be issued from now on, by an institution of which the catalogue says this.
    Approve { approved_by: String, awarding: Awarding },
    /// To be issued no more.
    Retire { reason: String },
}

/// What the catalogue says of the version that a definition is about; of a stack's, what the stack says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// Whose course, programme or stack it is; none = nobody knows it.
    pub institution_id: Option<String>,
    /// The version that it offers; 0 = none yet.
    pub latest: u32,
    /// It has published the version in question.
    pub has_version: bool,
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
        if let Command::Define(it, published) = command {
            return self.define(by, it, published);
        }
        let Some(definition) = &self.definition else {
            return Reason::AchievementNotFound.because("no such achievement is defined");
        };
        by.may_act_for(&definition.institution_id, Reason::NotYourInstitution)?;
        match command {
            Command::Approve { approved_by, awarding } => self.approve(definition, approved_by, awarding),
            Command::Retire { .. } if self.state == AchievementState::Retired => Ok(Vec::new()),
            Command::Retire { reason } if reason.trim().is_empty() => {
                Reason::Required.because("say why no more credentials are issued for it")
            }
            Command::Retire { reason } => {
                Ok(vec![Event::AchievementRetired(AchievementRetired { reason: reason.clone() })])
            }
            Command::Define(..) => Ok(Vec::new()),
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
    /// Who issues credentials for it; empty while it is not defined.
    pub fn institution_id(&self) -> &str {
        self.definition.as_ref().map_or("", |it| &it.institution_id)
    }

    fn define(&self, by: &By, it: &AchievementDefined, published: &Published) -> Decision<Self> {
        if self.definition.as_deref() == Some(it) {
            return Ok(Vec::new());
        }
        if let Some(before) = &self.definition {
            by.may_act_for(&before.institution_id, Reason::NotYourInstitution)?;
        }
        by.may_act_for(&it.institution_id, Reason::NotYourInstitution)?;
        match self.state {
            AchievementState::Unspecified | AchievementState::Draft => {
                published.is_of(it)?;
                Ok(vec![Event::AchievementDefined(it.clone())])
            }
            AchievementState::Approved => Reason::AchievementApproved
                .because("it is approved and credentials may rest on it; define the next version instead"),
            AchievementState::Retired => Reason::AchievementRetired.because("it is retired"),
        }
    }

    fn approve(&self, definition: &AchievementDefined, approved_by: &str, awarding: &Awarding) -> Decision<Self> {
        match self.state {
            AchievementState::Approved => return Ok(Vec::new()),
            AchievementState::Retired => return Reason::AchievementRetired.because("it is retired"),
            AchievementState::Unspecified | AchievementState::Draft => {}
        }
        let findings = checks::findings(definition, awarding, &checks::claimed(definition));
        if !findings.is_empty() {
            let told: Vec<_> = findings.iter().map(|it| format!("{}: {}", it.code, it.detail)).collect();
            return Reason::AchievementNotConforming.because(told.join("; "));
        }
        if let Err(why) = limits::whole(&document::largest(definition, awarding)) {
            let what = "shorten its texts, or name fewer outcomes and skills";
            return Reason::AchievementTooLarge
                .because(format!("nobody would check a credential for it: {why}; {what}"));
        }
        Ok(vec![Event::AchievementApproved(AchievementApproved { approved_by: approved_by.to_owned() })])
    }
}

impl Published {
    /// Lets pass a definition of a version that its institution has published.
    fn is_of(&self, it: &AchievementDefined) -> Result<(), Rejection<Reason>> {
        let Some(institution_id) = &self.institution_id else {
            let (id, version) = (&it.source_id, it.source_version);
            return Reason::SourceNotFound.because(match it.source() {
                AchievementSource::Stack => {
                    format!("there is no version {version} of a stack `{id}`; its institution defines it first")
                }
                _ => format!("the catalogue does not know `{id}`; create and publish it there first"),
            });
        };
        if *institution_id != it.institution_id {
            return Reason::SourceOfAnotherInstitution.because(format!(
                "`{}` belongs to institution `{institution_id}`, which alone defines it",
                it.source_id
            ));
        }
        if !self.has_version {
            let offered = match self.latest {
                0 => "no version yet".to_owned(),
                latest => format!("versions up to {latest}"),
            };
            let detail = format!(
                "the catalogue has not published version {} of `{}`; it has published {offered}",
                it.source_version, it.source_id
            );
            return Reason::SourceVersionNotPublished.because(detail);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
