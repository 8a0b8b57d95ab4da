//! A policy: what follows here from what happened here or elsewhere.

use crate::{Decider, Event};

/// Maps one event to commands of its *own* service. Commands never cross services; events do.
///
/// It keeps no memory and does no I/O. The kernel gives every command a request id derived from
/// (policy, stream, position, index), so a redelivered event decides the same and yields nothing new.
pub trait Policy: Send + Sync + 'static {
    /// Stable name; it is part of every request id, so it never changes.
    const NAME: &'static str;
    /// The stream it listens to: a service's name, for example `catalogue`.
    const STREAM: &'static str;
    /// What it reacts to.
    type Event: Event;
    /// The decider that it commands.
    type Target: Decider;

    /// Says what follows when `event` happened to the aggregate `id` at `at_ms` (Unix milliseconds).
    fn react(&self, id: &str, event: &Self::Event, at_ms: i64) -> Vec<Reaction<Self::Target>>;
}

/// One command that follows from an event: which aggregate, and what is asked of it.
pub struct Reaction<D: Decider> {
    /// Id of the aggregate that is asked.
    pub id: String,
    /// What is asked.
    pub command: D::Command,
}
