//! gRPC in, decisions out; holds no rule.

pub mod bulk;
pub mod desk;
pub mod enrolment;
