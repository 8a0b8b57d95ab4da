//! The service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "api/desk.rs"]
mod desk;

use desk::Desk;
use studium_proto::enrolment::v1::{EnrolmentRequested, enrolment_event::Event as Enrolled};
use studium_sixth::v1::{GetNoteRequest, WriteNoteRequest};
use tonic::Code;

mod notes {
    use super::*;

    pub async fn who_is_in_a_run_notes_what_nobody_else_reads(desk: Desk) {
        let requested = Enrolled::EnrolmentRequested(EnrolmentRequested::default());
        let position = desk.elsewhere.say("rust-2026~ada", vec![requested]).await;
        desk.has_seen("standing_1", "enrolment", position).await;
        let write = |learner: &str| WriteNoteRequest {
            run_id: "rust-2026".into(),
            learner_id: learner.into(),
            text: "read chapter 3".into(),
        };
        let read = |min_position| GetNoteRequest { run_id: "rust-2026".into(), learner_id: "ada".into(), min_position };

        let mut ada = desk.learner("ada").await;
        let position = ada.write_note(write("ada")).await.unwrap().into_inner().position;
        let note = ada.get_note(read(position)).await.unwrap().into_inner();
        assert_eq!(note.text, "read chapter 3");

        let mut bob = desk.learner("bob").await;
        assert_eq!(bob.get_note(read(0)).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(bob.write_note(write("ada")).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(bob.write_note(write("bob")).await.unwrap_err().code(), Code::FailedPrecondition, "not enrolled");
    }
}

studium_testkit::happens! {
    notes::who_is_in_a_run_notes_what_nobody_else_reads,
}
