//! One person who learns: known by an id of ours and by ids of institutions, merged with a double, erased on request.

use std::collections::BTreeSet;
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::enrolment::v1::{
    EmailChanged, ExternalIdLinked, ExternalIdUnlinked, LearnerErased, LearnerMerged, LearnerRegistered, Reason,
    learner_event::Event,
};

/// What can be asked of a learner. External ids are pairs of institution and its id for the learner.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be known.
    Register { name: String, email: String, external_ids: Vec<(String, String)> },
    /// To be known to an institution by its id.
    LinkExternalId { institution_id: String, external_id: String },
    /// To be known by it no longer.
    UnlinkExternalId { institution_id: String, external_id: String },
    /// To have another e-mail address.
    ChangeEmail { email: String },
    /// To be an alias of another learner, who stands as told.
    Merge { from_learner_id: String, into_learner_id: String, into: Standing, reason: String },
    /// To be forgotten.
    Erase { reason: String },
}

/// Where a learner stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// Nobody registered the learner.
    #[default]
    Unknown,
    /// Registered.
    Registered,
    /// An alias of another.
    Merged,
    /// The personal data are gone.
    Erased,
}

/// One learner, as far as decisions need it.
#[derive(Debug, Clone, Default)]
pub struct Learner {
    standing: Standing,
    name: String,
    email: String,
    external_ids: BTreeSet<(String, String)>,
    merged_into: String,
}

impl Learner {
    /// Where the learner stands.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// Whether an institution knows the learner by this id.
    pub fn is_known_as(&self, institution_id: &str, external_id: &str) -> bool {
        self.external_ids.contains(&(institution_id.to_owned(), external_id.to_owned()))
    }
}

impl Decider for Learner {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Register { name, email, external_ids } => self.register(name, email, external_ids),
            Command::LinkExternalId { institution_id, external_id } => self.link(institution_id, external_id),
            Command::UnlinkExternalId { institution_id, external_id } => self.unlink(institution_id, external_id),
            Command::ChangeEmail { email } => self.change_email(email),
            Command::Merge { from_learner_id, into_learner_id, into, reason } => {
                self.merge(from_learner_id, into_learner_id, *into, reason)
            }
            Command::Erase { reason } => self.erase(reason),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::LearnerRegistered(it) => {
                self.standing = Standing::Registered;
                self.name.clone_from(&it.name);
                self.email.clone_from(&it.email);
            }
            Event::ExternalIdLinked(it) => {
                self.external_ids.insert((it.institution_id.clone(), it.external_id.clone()));
            }
            Event::ExternalIdUnlinked(it) => {
                self.external_ids.remove(&(it.institution_id.clone(), it.external_id.clone()));
            }
            Event::EmailChanged(it) => self.email.clone_from(&it.email),
            Event::LearnerMerged(it) => {
                self.standing = Standing::Merged;
                self.merged_into.clone_from(&it.into_learner_id);
            }
            Event::LearnerErased(_) => {
                *self = Self {
                    standing: Standing::Erased,
                    merged_into: std::mem::take(&mut self.merged_into),
                    ..Self::default()
                };
            }
        }
    }
}

impl Learner {
    /// The learner is registered and neither an alias nor erased.
    fn must_stand(&self) -> Result<(), studium_kit::Rejection<Reason>> {
        match self.standing {
            Standing::Registered => Ok(()),
            Standing::Unknown => Reason::LearnerNotFound.because("nobody is registered under this learner id"),
            Standing::Merged => Reason::LearnerMerged
                .because(format!("the learner was merged into `{}`; use that id", self.merged_into)),
            Standing::Erased => Reason::LearnerErased.because("the learner's personal data were erased"),
        }
    }

    fn register(&self, name: &str, email: &str, external_ids: &[(String, String)]) -> Decision<Self> {
        let mut events = Vec::with_capacity(1 + external_ids.len());
        if self.standing == Standing::Unknown {
            let (name, email) = (name.to_owned(), email.to_owned());
            events.push(Event::LearnerRegistered(LearnerRegistered { name, email }));
        } else {
            self.must_stand()?;
            if self.name != name || self.email != email {
                return Reason::LearnerExists.because("the learner is registered with another name or address");
            }
        }
        let new: BTreeSet<_> = external_ids.iter().filter(|it| !self.external_ids.contains(*it)).collect();
        events.extend(new.into_iter().map(|(institution_id, external_id)| {
            let (institution_id, external_id) = (institution_id.clone(), external_id.clone());
            Event::ExternalIdLinked(ExternalIdLinked { institution_id, external_id })
        }));
        Ok(events)
    }

    fn link(&self, institution_id: &str, external_id: &str) -> Decision<Self> {
        self.must_stand()?;
        if self.is_known_as(institution_id, external_id) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::ExternalIdLinked(ExternalIdLinked {
            institution_id: institution_id.to_owned(),
            external_id: external_id.to_owned(),
        })])
    }

    fn unlink(&self, institution_id: &str, external_id: &str) -> Decision<Self> {
        self.must_stand()?;
        if !self.is_known_as(institution_id, external_id) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::ExternalIdUnlinked(ExternalIdUnlinked {
            institution_id: institution_id.to_owned(),
            external_id: external_id.to_owned(),
        })])
    }

    fn change_email(&self, email: &str) -> Decision<Self> {
        self.must_stand()?;
        if self.email == email {
            return Ok(Vec::new());
        }
        Ok(vec![Event::EmailChanged(EmailChanged { email: email.to_owned() })])
    }

    fn merge(&self, from: &str, to: &str, into: Standing, reason: &str) -> Decision<Self> {
        if from == to {
            return Reason::SameLearner.because("a learner cannot be merged into the same learner");
        }
        if self.standing == Standing::Merged && self.merged_into == to {
            return Ok(Vec::new());
        }
        self.must_stand()?;
        match into {
            Standing::Registered => {}
            Standing::Unknown => return Reason::LearnerNotFound.because(format!("nobody is registered as `{to}`")),
            Standing::Merged => return Reason::LearnerMerged.because(format!("`{to}` is itself an alias")),
            Standing::Erased => return Reason::LearnerErased.because(format!("the data of `{to}` were erased")),
        }
        if reason.is_empty() {
            return Reason::ExplanationRequired.because("say why the two are one person");
        }
        let (into_learner_id, reason) = (to.to_owned(), reason.to_owned());
        Ok(vec![Event::LearnerMerged(LearnerMerged { into_learner_id, reason })])
    }

    fn erase(&self, reason: &str) -> Decision<Self> {
        match self.standing {
            Standing::Erased => return Ok(Vec::new()),
            // Who is unknown here may be known elsewhere: a mentor, or a learner whom nobody registered.
            Standing::Unknown | Standing::Registered | Standing::Merged => {}
        }
        if reason.is_empty() {
            return Reason::ExplanationRequired.because("say on what ground the learner is erased");
        }
        Ok(vec![Event::LearnerErased(LearnerErased { reason: reason.to_owned() })])
    }
}

#[cfg(test)]
mod tests;
