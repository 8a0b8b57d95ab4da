//! What stands in a log that another build wrote, or a stranger: commits, documents of feeds, events of the past and of the future.

use bytes::Bytes;
use studium_core::Event;
use studium_log::Stored;
use studium_proto::{campus, catalogue, credentials, enrolment, mentorship};

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

/// What is read is written as something that is read as the same; what is not known is said to be unknown.
fn read_as<E: Event>(bytes: &[u8]) {
    let Ok(Some(event)) = E::from_bytes(bytes) else { return };
    assert!(!event.name().is_empty());
    let written = event.to_bytes();
    let again = E::from_bytes(&written).unwrap().unwrap();
    // Not a comparison of the events: a number that is none is not equal to itself.
    assert_eq!(again.to_bytes(), written);
}

fn every_kind(bytes: &[u8]) {
    read_as::<catalogue::v1::course_event::Event>(bytes);
    read_as::<catalogue::v1::course_run_event::Event>(bytes);
    read_as::<catalogue::v1::composition_event::Event>(bytes);
    read_as::<enrolment::v1::enrolment_event::Event>(bytes);
    read_as::<enrolment::v1::run_capacity_event::Event>(bytes);
    read_as::<enrolment::v1::learner_event::Event>(bytes);
    read_as::<enrolment::v1::webhook_event::Event>(bytes);
    read_as::<campus::v1::licence_plan_event::Event>(bytes);
    read_as::<campus::v1::roster_event::Event>(bytes);
    read_as::<campus::v1::class_event::Event>(bytes);
    read_as::<credentials::v1::credential_event::Event>(bytes);
    read_as::<credentials::v1::status_list_event::Event>(bytes);
    read_as::<credentials::v1::achievement_event::Event>(bytes);
    read_as::<mentorship::v1::mentorship_event::Event>(bytes);
    read_as::<mentorship::v1::review_event::Event>(bytes);
}
