//! What one process knows of one aggregate: its state, and where it stands.

use crate::{LogError, Stored, commit::Tip, sealing::owner_after};
use std::collections::BTreeSet;
use studium_core::{Decider, Event as _};

/// Requests that a cached state remembers of its own past; older ones are looked up in the journal.
const REQUESTS_MAX: usize = 65_536;

/// A state and where it stands.
#[derive(Default)]
pub(crate) struct Known<D> {
    pub(crate) state: D,
    pub(crate) tip: Tip,
    /// Whom the aggregate is about, if an event has said so.
    pub(crate) owner: String,
    pub(crate) requests: BTreeSet<u128>,
    /// How many keys had been forgotten when it was loaded.
    pub(crate) generation: u64,
    /// Some requests are no longer remembered here.
    pub(crate) has_forgotten: bool,
    /// It holds an event that this build does not know.
    pub(crate) is_outdated: bool,
}

impl<D: Decider> Known<D> {
    /// Takes in a commit of the past.
    pub(crate) fn take_in(&mut self, stored: &Stored) -> Result<(), LogError> {
        if stored.commit.version != self.tip.version + 1 {
            return Err(LogError::Damaged(format!(
                "`{}` goes from version {} to {} at position {}; run `studium log verify`",
                stored.commit.subject, self.tip.version, stored.commit.version, stored.position
            )));
        }
        if self.tip.hash.is_some_and(|it| it[..] != stored.commit.previous_hash[..]) {
            return Err(LogError::Damaged(format!(
                "the hash chain of `{}` is broken at position {}; run `studium log verify`",
                stored.commit.subject, stored.position
            )));
        }
        let mut events = Vec::with_capacity(stored.commit.events.len());
        for bytes in &stored.commit.events {
            match D::Event::from_bytes(bytes)? {
                Some(it) => events.push(it),
                None => self.is_outdated = true,
            }
        }
        let request = uuid::Uuid::parse_str(&stored.commit.id).map_or(0, |it| it.as_u128());
        self.advance(stored.position, request, stored, &events);
        Ok(())
    }

    /// The same, to be gone on from with commits that are not in the log yet.
    pub(crate) fn ahead(&self) -> Self {
        Self { state: self.state.clone(), tip: self.tip.clone(), owner: self.owner.clone(), ..Self::default() }
    }

    /// Goes on by a commit, as it was stored, with its events.
    pub(crate) fn advance(&mut self, position: u64, request: u128, stored: &Stored, events: &[D::Event]) {
        for event in events {
            self.state.evolve(event);
        }
        owner_after::<D::Event>(&mut self.owner, &stored.commit.events);
        self.tip = Tip { version: self.tip.version + 1, position, hash: Some(stored.hash()), is_in_flight: false };
        self.remember(request);
    }

    /// Takes over what went ahead of it, now that it is stored and its last commit stands at a position.
    pub(crate) fn catch_up_with(&mut self, ahead: Self, position: u64) {
        self.state = ahead.state;
        self.owner = ahead.owner;
        self.tip = Tip { position, is_in_flight: false, ..ahead.tip };
        ahead.requests.into_iter().for_each(|it| self.remember(it));
    }

    fn remember(&mut self, request: u128) {
        if self.requests.len() < REQUESTS_MAX {
            self.requests.insert(request);
        } else {
            self.has_forgotten = true;
        }
    }
}
