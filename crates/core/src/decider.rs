//! A decider: one entity whose past is a list of events and whose rules live in `decide`.

use crate::{Event, Reason, Rejection};
use std::fmt;

/// One entity whose past is a list of events and whose rules live in [`Decider::decide`].
///
/// `Default` is the entity to which nothing has happened yet.
/// Time and ids come in with the command, so a decision can be repeated and always comes out the same.
pub trait Decider: Default + Clone + Send + Sync + 'static {
    /// What can be asked of it.
    type Command: Clone + fmt::Debug + Send + Sync + 'static;
    /// What can have happened to it; the proto message of the log is this type.
    type Event: Event;
    /// Why it may say no: the service's `Reason` enum in proto.
    type Reason: Reason;

    /// Says what happens if `command` meets this state.
    /// No events means "it was already so": nothing is written and the caller gets a plain success.
    fn decide(&self, command: &Self::Command) -> Decision<Self>;

    /// Takes in one past event. Never fails and never judges: the event already happened.
    fn evolve(&mut self, event: &Self::Event);
}

/// The events that follow from a command, or why it is refused.
pub type Decision<D> = Result<Vec<<D as Decider>::Event>, Rejection<<D as Decider>::Reason>>;

/// Rebuilds a state from its past.
pub fn replay<'a, D: Decider>(past: impl IntoIterator<Item = &'a D::Event>) -> D {
    let mut state = D::default();
    for event in past {
        state.evolve(event);
    }
    state
}
