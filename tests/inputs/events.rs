//! What stands in a log that another build wrote, or a stranger: commits, documents of feeds, events of the past and of the future.

use bytes::Bytes;
use studium_core::Event;
use studium_log::Stored;
use studium_proto::{EachKind, each_kind};

/// A message of a stream: a commit or a document of a feed.
pub fn stored(data: &[u8]) {
    let Ok(stored) = Stored::decode(7, Bytes::copy_from_slice(data)) else { return };
    assert_eq!((stored.position, &stored.bytes[..]), (7, data));
    let _ = (stored.aggregate(), stored.id(), stored.stream(), stored.hash());
    for event in &stored.commit.events {
        every_kind(event);
    }
}

/// One event, read as each kind there is.
pub fn event(data: &[u8]) {
    every_kind(data);
}

struct ReadAs<'a>(&'a [u8]);

impl EachKind for ReadAs<'_> {
    /// What is read is written as something that is read as the same; what is not known is said to be unknown.
    fn kind<E: Event>(&mut self) {
        let Ok(Some(event)) = E::from_bytes(self.0) else { return };
        assert!(!event.name().is_empty());
        let written = event.to_bytes();
        let again = E::from_bytes(&written).unwrap().unwrap();
        // Not a comparison of the events: a number that is none is not equal to itself.
        assert_eq!(again.to_bytes(), written);
    }
}

fn every_kind(bytes: &[u8]) {
    each_kind(&mut ReadAs(bytes));
}
