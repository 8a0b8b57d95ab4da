//! Campus licensing: agreements, plans and their seats, members, blended classes, what a campus pays for and gets.

mod api;
mod by;
mod campus;
mod campus_list;
mod enrolments;
mod institutions;
mod licence_plan;
mod member;
mod members;
mod page;
mod plans;
mod policies;
mod runs;
mod seat_uses;
mod seats;
mod selections;

use studium_kit::Service;
use studium_proto::campus::v1::{
    campus_service_server::CampusServiceServer, member_service_server::MemberServiceServer,
    plan_service_server::PlanServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("campus")
        .decider::<campus::Campus>()
        .decider::<licence_plan::LicencePlan>()
        .decider::<member::Member>()
        .view::<institutions::Institutions>()
        .view::<selections::Selections>()
        .view::<runs::Runs>()
        .view::<enrolments::Enrolments>()
        .view::<campus_list::CampusList>()
        .view::<members::Members>()
        .view::<plans::Plans>()
        .view::<seats::Seats>()
        .view::<seat_uses::SeatUses>()
        .policy(policies::UsesHearEnrolment)
        .policy(policies::OldPlansHandOver)
        .look_up_policy::<policies::UsesEndWithEnrolments>()
        .look_up_policy::<policies::SeatsEndWithMembership>()
        .deadline::<policies::TermsEnd>()
        .deadline::<policies::IdleSeatsAreWarned>()
        .deadline::<policies::IdleSeatsAreReclaimed>()
        .grpc(|app| CampusServiceServer::new(api::Api::new(app)))
        .grpc(|app| MemberServiceServer::new(api::Api::new(app)))
        .grpc(|app| PlanServiceServer::new(api::Api::new(app)))
}
