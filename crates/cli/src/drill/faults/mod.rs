//! The faults, each with what an operator does about it.

pub mod broker;
pub mod clock;
pub mod disk;
pub mod node;
pub mod partition;
pub mod roll;
pub mod store;
