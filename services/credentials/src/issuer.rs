//! An issuer: an institution whose identifier and keys anyone finds, and whose old keys stay.

use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    IssuerKeyCompromised, IssuerKeyCreated, IssuerKeyResealed, IssuerPublished, Reason, issuer_event::Event,
};
use studium_vc::reach::Reach;

/// What can be asked of an issuer.
#[derive(Debug, Clone)]
pub enum Command {
    /// To be found; `authorised` is what the catalogue says.
    Publish { did: String, base_url: String, authorised: bool },
    /// To sign with this key from now on.
    CreateKey { key_id: String, sealed: Sealed, authorised: bool },
    /// To trust a key no more.
    Compromise { key_id: String, since_ms: i64, reason: String },
    /// To keep keys sealed in another way.
    Reseal(Vec<(String, Sealed)>),
}

/// A private key as it may be stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// Nonce, sealed seed, and tag.
    pub seed: Vec<u8>,
    /// Which of the operator's keys opens it.
    pub by: String,
}

/// One key.
#[derive(Debug, Clone)]
pub struct Key {
    /// The public key.
    pub id: String,
    /// The private one.
    pub sealed: Sealed,
    is_compromised: bool,
}

/// An issuer as far as its rules need it. Its aggregate id is the institution's.
#[derive(Debug, Clone, Default)]
pub struct Issuer {
    did: String,
    base_url: String,
    keys: Vec<Key>,
}

/// Strangers reach the service over https; a developer's machine speaks http on loopback.
pub const REACH: Reach = Reach::HttpsOrLoopback;

/// The identifier of an institution below an address: `did:web`, https only, and http on loopback.
pub fn did(base_url: &str, institution_id: &str) -> Option<String> {
    studium_vc::did::web(&format!("{base_url}/issuers/{institution_id}"), REACH).ok()
}

impl Decider for Issuer {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Publish { did, base_url, authorised } => self.publish(did, base_url, *authorised),
            _ if self.did.is_empty() => Reason::IssuerNotFound.because("the institution is not published as an issuer"),
            Command::CreateKey { key_id, .. } if self.key(key_id).is_some() => Ok(Vec::new()),
            Command::CreateKey { authorised: false, .. } => not_authorised(),
            Command::CreateKey { key_id, sealed, .. } => Ok(vec![Event::IssuerKeyCreated(IssuerKeyCreated {
                key_id: key_id.clone(),
                sealed_seed: sealed.seed.clone(),
                sealed_by: sealed.by.clone(),
            })]),
            Command::Compromise { key_id, since_ms, reason } => self.compromise(key_id, *since_ms, reason),
            Command::Reseal(all) => Ok(all.iter().filter_map(|(id, sealed)| self.reseal(id, sealed)).collect()),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::IssuerPublished(it) => (self.did, self.base_url) = (it.did.clone(), it.base_url.clone()),
            Event::IssuerKeyCreated(it) => {
                let sealed = Sealed { seed: it.sealed_seed.clone(), by: it.sealed_by.clone() };
                self.keys.push(Key { id: it.key_id.clone(), sealed, is_compromised: false });
            }
            Event::IssuerKeyCompromised(it) => {
                for key in self.keys.iter_mut().filter(|key| key.id == it.key_id) {
                    key.is_compromised = true;
                }
            }
            Event::IssuerKeyResealed(it) => {
                for key in self.keys.iter_mut().filter(|key| key.id == it.key_id) {
                    key.sealed = Sealed { seed: it.sealed_seed.clone(), by: it.sealed_by.clone() };
                }
            }
        }
    }
}

fn not_authorised<T>() -> Result<T, studium_kit::Rejection<Reason>> {
    Reason::IssuerNotAuthorised
        .because("the catalogue does not authorise the institution to issue; a registrar does that there")
}

impl Issuer {
    /// All keys, oldest first.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    fn key(&self, id: &str) -> Option<&Key> {
        self.keys.iter().find(|it| it.id == id)
    }

    fn publish(&self, did: &str, base_url: &str, authorised: bool) -> Decision<Self> {
        if self.did == did && self.base_url == base_url {
            return Ok(Vec::new());
        }
        if !self.did.is_empty() {
            return Reason::IssuerPublished
                .because(format!("it is published as `{}`, which its credentials name for ever", self.did));
        }
        if !authorised {
            return not_authorised();
        }
        Ok(vec![Event::IssuerPublished(IssuerPublished { did: did.to_owned(), base_url: base_url.to_owned() })])
    }

    fn compromise(&self, key_id: &str, since_ms: i64, reason: &str) -> Decision<Self> {
        match self.key(key_id) {
            None => Reason::IssuerKeyNotFound.because(format!("the issuer has no key `{key_id}`")),
            Some(it) if it.is_compromised => Ok(Vec::new()),
            Some(_) if reason.trim().is_empty() => Reason::Required.because("say what happened to the key"),
            Some(_) => {
                let (key_id, reason) = (key_id.to_owned(), reason.to_owned());
                Ok(vec![Event::IssuerKeyCompromised(IssuerKeyCompromised { key_id, since_ms, reason })])
            }
        }
    }

    fn reseal(&self, id: &str, sealed: &Sealed) -> Option<Event> {
        let key = self.key(id).filter(|it| it.sealed.by != sealed.by)?;
        Some(Event::IssuerKeyResealed(IssuerKeyResealed {
            key_id: key.id.clone(),
            sealed_seed: sealed.seed.clone(),
            sealed_by: sealed.by.clone(),
        }))
    }
}

#[cfg(test)]
mod tests;
