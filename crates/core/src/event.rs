//! An event: a fact that can be written to the log and read back for ever.

use std::fmt;

/// A fact that can be written to the log and read back for ever.
/// Implemented for the generated proto enums by `studium_proto::events!`; nobody writes it by hand.
pub trait Event: Clone + PartialEq + fmt::Debug + Send + Sync + 'static {
    /// First two tokens of every subject of this kind: `enrolment.enrolment` in `enrolment.enrolment.<id>`.
    const AGGREGATE: &'static str;

    /// The bytes that are stored.
    fn to_bytes(&self) -> Vec<u8>;

    /// Reads stored bytes. `Ok(None)` is a kind of event that this build does not know yet.
    fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, DecodeError>;

    /// The kind of event as the contract names it, for example `EnrolmentRequested`.
    fn name(&self) -> &'static str;
}

/// Stored bytes that are no event at all: the log is damaged or foreign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError(pub String);

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stored event cannot be read: {}", self.0)
    }
}

impl std::error::Error for DecodeError {}
