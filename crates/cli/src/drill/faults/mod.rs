//! The faults, each with what an operator does about it.

pub mod broker;
pub mod node;
pub mod store;
