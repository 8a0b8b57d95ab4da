//! The service as its callers meet it: real gRPC, on SQLite always and on PostgreSQL where there is one.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

#[path = "api/desk.rs"]
mod desk;

use desk::Desk;
use studium_feedback::v1::{LeaveRequest, ModerateRequest, SummariseRequest};
use studium_proto::enrolment::v1::{EnrolmentCompleted, EnrolmentRequested, enrolment_event::Event as Enrolled};
use tonic::Code;

mod feedback {
    use super::*;

    fn leave(learner: &str, rating: u32, comment: &str) -> LeaveRequest {
        let (run_id, learner_id, comment) = ("rust-2026".into(), learner.into(), comment.into());
        LeaveRequest { run_id, learner_id, rating, comment }
    }

    fn hide(institution: &str) -> ModerateRequest {
        ModerateRequest {
            run_id: "rust-2026".into(),
            learner_id: "bob".into(),
            institution_id: institution.into(),
            hidden: true,
            reason: "names a person".into(),
        }
    }

    async fn finish(desk: &Desk, learner: &str) {
        let (course_id, institution_id, course_version) = ("rust".into(), "ku".into(), 3);
        let requested = EnrolmentRequested { course_id, institution_id, course_version, ..Default::default() };
        let id = format!("rust-2026~{learner}");
        desk.elsewhere.say(&id, vec![Enrolled::EnrolmentRequested(requested)]).await;
        let done = vec![Enrolled::EnrolmentCompleted(EnrolmentCompleted::default())];
        let position = desk.elsewhere.say(&id, done).await;
        desk.has_seen("finished_1", "enrolment", position).await;
    }

    pub async fn who_finished_is_heard_once_and_may_change_it(desk: Desk) {
        finish(&desk, "ada").await;
        finish(&desk, "bob").await;
        let mut ada = desk.learner("ada").await;
        ada.leave(leave("ada", 2, "too fast")).await.unwrap();
        ada.leave(leave("ada", 4, "better at second sight")).await.unwrap();
        let mut bob = desk.learner("bob").await;
        let position = bob.leave(leave("bob", 5, "like my aunt Carla")).await.unwrap().into_inner().position;

        let course = SummariseRequest { course_id: "rust".into(), min_position: position, ..Default::default() };
        let all = ada.summarise(course.clone()).await.unwrap().into_inner();
        assert_eq!((all.counts, all.mean.to_bits()), (vec![0, 0, 0, 1, 1], 4.5_f64.to_bits()));
        assert_eq!(all.comments.len(), 2);
        let other = SummariseRequest { course_version: 2, ..course.clone() };
        assert_eq!(ada.summarise(other).await.unwrap().into_inner().counts, [0; 5], "the run taught version 3");

        let mut stranger = desk.staff("ou").await;
        assert_eq!(stranger.moderate(hide("ku")).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(stranger.moderate(hide("ou")).await.unwrap_err().code(), Code::PermissionDenied);
        let mut staff = desk.staff("ku").await;
        let min_position = staff.moderate(hide("ku")).await.unwrap().into_inner().position;
        let all = ada.summarise(SummariseRequest { min_position, ..course }).await.unwrap().into_inner();
        assert_eq!((all.counts, all.comments), (vec![0, 0, 0, 1, 1], vec!["better at second sight".to_owned()]));
    }

    pub async fn who_did_not_finish_is_not_heard(desk: Desk) {
        finish(&desk, "ada").await;
        let mut bob = desk.learner("bob").await;
        assert_eq!(bob.leave(leave("bob", 5, "")).await.unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(bob.leave(leave("ada", 1, "")).await.unwrap_err().code(), Code::PermissionDenied);
        let mut ada = desk.learner("ada").await;
        assert_eq!(ada.leave(leave("ada", 6, "")).await.unwrap_err().code(), Code::InvalidArgument);
    }

    pub async fn the_log_keeps_no_comment_that_others_can_read(desk: Desk) {
        finish(&desk, "ada").await;
        desk.learner("ada").await.leave(leave("ada", 2, "too fast")).await.unwrap();
        let stored = desk.stored("feedback.feedback.rust-2026~ada").await;
        assert!(!stored.windows(8).any(|it| it == b"too fast"), "it is sealed");
    }
}

studium_testkit::happens! {
    feedback::who_finished_is_heard_once_and_may_change_it,
    feedback::who_did_not_finish_is_not_heard,
    feedback::the_log_keeps_no_comment_that_others_can_read,
}
