//! A domain of the internet: it belongs to one institution at a time, however many claim it at once.

use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::catalogue::v1::{DomainClaimed, DomainReleased, Reason, domain_event::Event};

/// What can be asked of a domain.
#[derive(Debug, Clone)]
pub enum Command {
    /// To belong to an institution that is `institution_known`.
    Claim { domain: String, institution_id: String, institution_known: bool },
    /// To belong to it no longer.
    Release { domain: String, institution_id: String },
}

/// Whose domain it is.
#[derive(Debug, Clone, Default)]
pub struct Domain {
    owner: Option<String>,
    last_owner: Option<String>,
}

/// The aggregate's id of a domain: a subject's token has no dots.
pub fn id(domain: &str) -> String {
    domain.replace('.', "~")
}

/// A domain as it is kept, if it is one: labels of letters, digits and hyphens, at least two, in lower case.
pub fn parse(text: &str) -> Option<String> {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    let is_label = |it: &str| {
        (1..=63).contains(&it.len())
            && it.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-')
            && !it.starts_with('-')
            && !it.ends_with('-')
    };
    (text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)).then_some(text)
}

impl Decider for Domain {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Claim { domain, institution_id, institution_known } => {
                self.claim(domain, institution_id, *institution_known)
            }
            Command::Release { domain, institution_id } => self.release(domain, institution_id),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::DomainClaimed(it) => self.owner = Some(it.institution_id.clone()),
            Event::DomainReleased(it) => {
                self.owner = None;
                self.last_owner = Some(it.institution_id.clone());
            }
        }
    }
}

impl Domain {
    fn claim(&self, domain: &str, institution: &str, institution_known: bool) -> Decision<Self> {
        match &self.owner {
            Some(owner) if owner == institution => Ok(Vec::new()),
            Some(_) => Reason::DomainTaken.because(format!("{domain} belongs to another institution")),
            None if !institution_known => {
                Reason::InstitutionNotFound.because(format!("no institution `{institution}` is registered"))
            }
            None => Ok(vec![Event::DomainClaimed(DomainClaimed {
                institution_id: institution.to_owned(),
                domain: domain.to_owned(),
            })]),
        }
    }

    fn release(&self, domain: &str, institution: &str) -> Decision<Self> {
        let institution_id = institution.to_owned();
        match (&self.owner, &self.last_owner) {
            (Some(owner), _) if owner == institution => {
                Ok(vec![Event::DomainReleased(DomainReleased { institution_id, domain: domain.to_owned() })])
            }
            (None, Some(last)) if last == institution => Ok(Vec::new()),
            _ => Reason::DomainNotClaimed.because(format!("{domain} does not belong to `{institution}`")),
        }
    }
}

#[cfg(test)]
mod tests;
