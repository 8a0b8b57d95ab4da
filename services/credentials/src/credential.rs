//! A credential: issued once, signed once, and from then on only its status changes.

use crate::award::{self, Facts, Problem};
use studium_kit::{Asked, Decider, Decision, Reason as _, Rejection};
use studium_proto::credentials::v1::{
    CredentialIssued, CredentialReinstated, CredentialRevoked, CredentialSigned, CredentialState, CredentialSuperseded,
    CredentialSuspended, CredentialWithheld, Reason, StatusReason, credential_event::Event,
};

/// What can be asked of a credential.
#[derive(Debug, Clone)]
pub enum Command {
    /// To exist, or to be refused with all reasons.
    Issue(Box<CredentialIssued>, Facts),
    /// To exist, or to keep all reasons why not: what follows from a completion.
    IssueOrWithhold(Box<CredentialIssued>, Facts),
    /// To be these bytes for ever.
    Sign(CredentialSigned),
    /// Not to be relied on for the time being.
    Suspend { reason: StatusReason, note: String },
    /// To be relied on again.
    Reinstate { reason: StatusReason, note: String },
    /// To be withdrawn for good.
    Revoke { reason: StatusReason, note: String },
    /// To give way to another one.
    Supersede { superseded_by: String },
}

/// A credential as far as its rules need it.
#[derive(Debug, Clone, Default)]
pub struct Credential {
    state: CredentialState,
    institution_id: String,
    /// The credential whose place it took; empty if none.
    supersedes: String,
    mark: Option<u32>,
    withheld: Vec<String>,
}

/// The id of a learner's credential for an achievement at an attempt.
pub fn id(achievement_id: &str, learner_id: &str, attempt: u32) -> String {
    format!("{achievement_id}~{learner_id}~{attempt}")
}

impl Decider for Credential {
    type Command = Asked<Command>;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, Asked { by, command }: &Self::Command) -> Decision<Self> {
        match command {
            Command::Issue(issued, facts) => {
                by.may_act_for(&issued.institution_id, Reason::NotYourInstitution)?;
                return self.issue(issued, facts);
            }
            Command::IssueOrWithhold(issued, facts) => return Ok(self.issue_or_withhold(issued, facts)),
            _ if matches!(self.state, CredentialState::Unspecified | CredentialState::Withheld) => {
                return Reason::CredentialNotFound.because("no such credential was issued");
            }
            _ => by.may_act_for(&self.institution_id, Reason::NotYourInstitution)?,
        }
        match command {
            Command::Sign(_) if self.state != CredentialState::Issued => Ok(Vec::new()),
            Command::Sign(it) => Ok(vec![Event::CredentialSigned(it.clone())]),
            _ if self.state == CredentialState::Issued => {
                Reason::CredentialNotSigned.because("the credential is about to be signed; try again in a moment")
            }
            Command::Suspend { reason, note } => self.suspend(*reason, note),
            Command::Reinstate { reason, note } => self.reinstate(*reason, note),
            Command::Revoke { reason, note } => self.revoke(*reason, note),
            Command::Supersede { superseded_by } => Ok(self.supersede(superseded_by)),
            Command::Issue(..) | Command::IssueOrWithhold(..) => Ok(Vec::new()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::CredentialIssued(it) => {
                self.institution_id.clone_from(&it.institution_id);
                (self.supersedes, self.mark) = (it.supersedes.clone(), it.grade_millipoints);
                self.state = CredentialState::Issued;
            }
            Event::CredentialWithheld(it) => {
                self.withheld.clone_from(&it.reasons);
                self.state = CredentialState::Withheld;
            }
            Event::CredentialSigned(_) | Event::CredentialReinstated(_) => self.state = CredentialState::Active,
            Event::CredentialSuspended(_) => self.state = CredentialState::Suspended,
            Event::CredentialRevoked(_) => self.state = CredentialState::Revoked,
            Event::CredentialSuperseded(_) => self.state = CredentialState::Superseded,
        }
    }
}

impl Credential {
    /// Where it stands, and whose it is.
    pub fn standing(&self) -> (CredentialState, &str) {
        (self.state, &self.institution_id)
    }

    fn issue(&self, issued: &CredentialIssued, facts: &Facts) -> Decision<Self> {
        match self.state {
            CredentialState::Unspecified | CredentialState::Withheld => {}
            CredentialState::Revoked => {
                return Reason::CredentialRevoked
                    .because("this attempt's credential is revoked; award it anew instead");
            }
            CredentialState::Superseded => {
                return Reason::CredentialSuperseded.because("another credential took the place of this attempt's");
            }
            CredentialState::Issued | CredentialState::Active | CredentialState::Suspended => {
                let is_it = self.supersedes == issued.supersedes && self.mark == issued.grade_millipoints;
                if issued.supersedes.is_empty() || is_it {
                    return Ok(Vec::new());
                }
                return Reason::DuplicateAward
                    .because("there is an award at the attempt that follows; award that one anew instead");
            }
        }
        let problems = award::problems(facts);
        let Some((first, _)) = problems.first() else {
            return Ok(vec![Event::CredentialIssued(issued.clone())]);
        };
        first.because(told(&problems).join("; "))
    }

    fn issue_or_withhold(&self, issued: &CredentialIssued, facts: &Facts) -> Vec<Event> {
        if !matches!(self.state, CredentialState::Unspecified | CredentialState::Withheld) {
            return Vec::new();
        }
        let problems = award::problems(facts);
        if problems.is_empty() {
            return vec![Event::CredentialIssued(issued.clone())];
        }
        let reasons: Vec<_> = problems.iter().map(|(reason, _)| reason.name().to_owned()).collect();
        if reasons == self.withheld {
            return Vec::new();
        }
        vec![Event::CredentialWithheld(CredentialWithheld {
            learner_id: issued.learner_id.clone(),
            achievement_id: issued.achievement_id.clone(),
            institution_id: issued.institution_id.clone(),
            attempt: issued.attempt,
            reasons,
            details: problems.into_iter().map(|(_, detail)| detail).collect(),
        })]
    }

    /// Lets pass while the status may still change.
    fn is_open(&self) -> Result<(), Rejection<Reason>> {
        match self.state {
            CredentialState::Revoked => Reason::CredentialRevoked.because("a revoked credential stays revoked"),
            CredentialState::Superseded => {
                Reason::CredentialSuperseded.because("another credential took its place; see `superseded_by`")
            }
            _ => Ok(()),
        }
    }

    fn suspend(&self, reason: StatusReason, note: &str) -> Decision<Self> {
        self.is_open()?;
        given(reason)?;
        if self.state == CredentialState::Suspended {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CredentialSuspended(CredentialSuspended { reason: reason as i32, note: note.to_owned() })])
    }

    fn reinstate(&self, reason: StatusReason, note: &str) -> Decision<Self> {
        self.is_open()?;
        given(reason)?;
        if self.state == CredentialState::Active {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CredentialReinstated(CredentialReinstated { reason: reason as i32, note: note.to_owned() })])
    }

    fn revoke(&self, reason: StatusReason, note: &str) -> Decision<Self> {
        if self.state == CredentialState::Revoked {
            return Ok(Vec::new());
        }
        self.is_open()?;
        given(reason)?;
        Ok(vec![Event::CredentialRevoked(CredentialRevoked { reason: reason as i32, note: note.to_owned() })])
    }

    /// What is revoked stays so: the other one takes its place all the same.
    fn supersede(&self, superseded_by: &str) -> Vec<Event> {
        if self.is_open().is_err() {
            return Vec::new();
        }
        vec![Event::CredentialSuperseded(CredentialSuperseded { superseded_by: superseded_by.to_owned() })]
    }
}

/// Lets pass a change of status that says why.
fn given(reason: StatusReason) -> Result<(), Rejection<Reason>> {
    match reason {
        StatusReason::Unspecified => Reason::Required.because("say why; `reason` is not set"),
        _ => Ok(()),
    }
}

/// Each problem as one text.
fn told(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(|(reason, detail)| format!("{}: {detail}", reason.name())).collect()
}

#[cfg(test)]
mod tests;
