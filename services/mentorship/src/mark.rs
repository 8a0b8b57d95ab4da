//! What tells something long apart from everything else, so that a state need not keep it; never stored.

use std::fmt;
use uuid::Uuid;

/// Two things have the same mark if they are the same.
pub type Mark = Uuid;

/// The mark of something.
pub fn mark(it: &impl fmt::Debug) -> Mark {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{it:?}").as_bytes())
}
