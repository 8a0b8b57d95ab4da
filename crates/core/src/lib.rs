//! What a service may decide: the vocabulary of deciders, events, reasons and policies. Pure, no I/O, no async.

mod decider;
mod event;
mod policy;
mod reason;

pub use decider::{Decider, Decision, replay};
pub use event::{DecodeError, Event};
pub use policy::{Policy, Reaction};
pub use reason::{Kind, Reason, Rejection};
