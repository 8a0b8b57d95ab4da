//! The service's own contract as Rust.
#![allow(missing_docs, clippy::pedantic, reason = "generated from commented protos")]

studium_proto::contract! {
    package "feedback.v1" as v1, reasons "feedback.studium";
    FeedbackEvent, feedback_event, "feedback.feedback";
}
