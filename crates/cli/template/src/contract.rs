//! The service's own contract as Rust.
#![allow(missing_docs, clippy::pedantic, reason = "generated from commented protos")]

studium_proto::contract! {
    package "sixth.v1" as v1, reasons "sixth.studium";
    NoteEvent, note_event, "sixth.note";
}
