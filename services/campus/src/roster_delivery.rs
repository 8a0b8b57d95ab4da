//! The changes that one delivery of a roster asks for, in chunks: kept first, released once the delivery is accepted.

use studium_kit::{Decider, Decision, Reason as _};
use studium_proto::campus::v1::{
    Reason, RosterChange, RosterChangesKept, RosterChangesReleased, roster_delivery_event::Event,
};

/// What can be asked of a delivery.
#[derive(Debug, Clone)]
pub enum Command {
    /// To keep a chunk; they come in order.
    Keep { chunk: u32, changes: Vec<RosterChange> },
    /// To have a chunk applied.
    Release { chunk: u32 },
}

/// How far a delivery is. Its id is a digest of the changes, so a chunk that is kept is always the same one.
#[derive(Debug, Clone, Default)]
pub struct RosterDelivery {
    kept: u32,
    released: u32,
}

impl Decider for RosterDelivery {
    type Command = Command;
    type Event = Event;
    type Reason = Reason;

    fn decide(&self, command: &Command) -> Decision<Self> {
        match command {
            Command::Keep { chunk, .. } if *chunk <= self.kept => Ok(Vec::new()),
            Command::Keep { chunk, changes } if *chunk == self.kept + 1 => {
                let one = |(before, it): (u32, &RosterChange)| {
                    let changes = vec![it.clone()];
                    Event::RosterChangesKept(RosterChangesKept { chunk: *chunk, changes, before })
                };
                Ok((0..).zip(changes).map(one).collect())
            }
            Command::Release { chunk } if *chunk <= self.released => Ok(Vec::new()),
            Command::Release { chunk } if *chunk == self.released + 1 && *chunk <= self.kept => {
                Ok(vec![Event::RosterChangesReleased(RosterChangesReleased { chunk: *chunk })])
            }
            Command::Keep { chunk, .. } | Command::Release { chunk } => Reason::RosterChunkMissing
                .because(format!("chunk {chunk} comes after {} kept and {} released ones", self.kept, self.released)),
        }
    }

    fn evolve(&mut self, event: &Event) {
        match event {
            Event::RosterChangesKept(it) => self.kept = it.chunk,
            Event::RosterChangesReleased(it) => self.released = it.chunk,
        }
    }
}

#[cfg(test)]
mod tests;
