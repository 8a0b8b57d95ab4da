//! The status lists of an issuer: each credential has one bit, drawn at random and never given twice.

use std::collections::{BTreeMap, BTreeSet};
use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::credentials::v1::{
    Reason, StatusBitSet, StatusIndexAllocated, StatusListOpened, status_list_event::Event,
};

/// Bits of a list: the least that Bitstring Status List 1.0 allows (§ 6.1), 16 KiB.
pub const ENTRIES: u32 = studium_vc::status::ENTRIES_MIN as u32;

/// A list is full when so many bits are given: by then chance still finds a free one quickly.
const FULL: usize = ENTRIES as usize / 2;

/// What can be asked of an issuer's status lists.
#[derive(Debug, Clone)]
pub enum Command {
    /// A bit for a credential; `draw` is random.
    Allocate { credential_id: String, draw: u64 },
    /// To say that a credential is revoked, or that it is not.
    Set { credential_id: String, is_set: bool },
}

/// The status lists of one issuer. Its aggregate id is the institution's.
#[derive(Debug, Clone, Default)]
pub struct StatusList {
    /// Which bits are given, by list.
    given: Vec<BTreeSet<u32>>,
    by_credential: BTreeMap<String, (u32, u32)>,
    set: BTreeSet<(u32, u32)>,
}

impl Decider for StatusList {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Allocate { credential_id, draw } => Ok(self.allocate(credential_id, *draw)),
            Command::Set { credential_id, is_set } => {
                let Some((list, index)) = self.by_credential.get(credential_id).copied() else {
                    return Reason::CredentialNotSigned
                        .because(format!("`{credential_id}` has no bit in a status list"));
                };
                if self.set.contains(&(list, index)) == *is_set {
                    return Ok(Vec::new());
                }
                let (credential_id, is_set) = (credential_id.clone(), *is_set);
                Ok(vec![Event::StatusBitSet(StatusBitSet { credential_id, list, index, is_set })])
            }
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::StatusListOpened(_) => self.given.push(BTreeSet::new()),
            Event::StatusIndexAllocated(it) => {
                if let Some(given) = (it.list as usize).checked_sub(1).and_then(|at| self.given.get_mut(at)) {
                    given.insert(it.index);
                }
                self.by_credential.insert(it.credential_id.clone(), (it.list, it.index));
            }
            Event::StatusBitSet(it) if it.is_set => drop(self.set.insert((it.list, it.index))),
            Event::StatusBitSet(it) => drop(self.set.remove(&(it.list, it.index))),
        }
    }
}

impl StatusList {
    fn allocate(&self, credential_id: &str, draw: u64) -> Vec<Event> {
        if self.by_credential.contains_key(credential_id) {
            return Vec::new();
        }
        let none = BTreeSet::new();
        let (opened, list, given) = match self.given.last() {
            Some(last) if last.len() < FULL => (None, self.given.len(), last),
            _ => {
                let list = self.given.len() as u32 + 1;
                let opened = Event::StatusListOpened(StatusListOpened { list, entries: ENTRIES });
                (Some(opened), self.given.len() + 1, &none)
            }
        };
        // At most half of the bits are given, so that a free one is soon found.
        let index = (0..u64::from(ENTRIES) * 64)
            .map(|step| spread(draw.wrapping_add(step)) % ENTRIES)
            .find(|it| !given.contains(it));
        let index = index.unwrap_or_default();
        let allocated = StatusIndexAllocated { credential_id: credential_id.to_owned(), list: list as u32, index };
        opened.into_iter().chain([Event::StatusIndexAllocated(allocated)]).collect()
    }
}

/// Spreads a number over all others: the finaliser of `SplitMix64`.
fn spread(n: u64) -> u32 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (n ^ (n >> 31)) as u32
}

#[cfg(test)]
mod tests;
