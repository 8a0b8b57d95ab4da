//! The feedback service: what learners who finished a run say of it, known from enrolment's events.

mod api;
mod contract;
mod feedback;
mod feedbacks;
mod finished;

pub use contract::v1;
use studium_kit::Service;
use v1::feedback_service_server::FeedbackServiceServer;

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("feedback")
        .contract(&contract::CONTRACT)
        .decider::<feedback::Feedback>()
        .view::<finished::Finished>()
        .view::<feedbacks::Feedbacks>()
        .grpc(|app| FeedbackServiceServer::new(api::Api::new(app)))
}
