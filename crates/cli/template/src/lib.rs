//! The sixth service: learners' notes on runs that they are or were in, known from enrolment's events.

mod api;
mod contract;
mod note;
mod notes;
mod standings;

pub use contract::v1;
use studium_kit::Service;
use v1::sixth_service_server::SixthServiceServer;

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("sixth")
        .contract(&contract::CONTRACT)
        .decider::<note::Note>()
        .view::<standings::Standings>()
        .view::<notes::Notes>()
        .grpc(|app| SixthServiceServer::new(api::Api::new(app)))
}
