//! Campus licensing: agreements, plans and their seats, members, blended classes, what a campus pays for and gets.

mod api;
mod campus;
mod campus_list;
mod enrolments;
mod institutions;
mod invite_key;
mod invite_keys;
mod member;
mod member_policies;
mod members;
mod page;
mod roster;
mod roster_changes;
mod roster_delivery;
mod roster_diff;
mod roster_imports;
mod roster_row;
mod runs;
mod selections;

use studium_kit::Service;
use studium_proto::campus::v1::{
    campus_service_server::CampusServiceServer, invite_service_server::InviteServiceServer,
    member_service_server::MemberServiceServer, roster_service_server::RosterServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("campus")
        .decider::<campus::Campus>()
        .decider::<member::Member>()
        .decider::<roster::Roster>()
        .decider::<roster_delivery::RosterDelivery>()
        .decider::<invite_key::InviteKey>()
        .view::<institutions::Institutions>()
        .view::<selections::Selections>()
        .view::<runs::Runs>()
        .view::<enrolments::Enrolments>()
        .view::<campus_list::CampusList>()
        .view::<members::Members>()
        .view::<roster_imports::RosterImports>()
        .view::<roster_changes::RosterChanges>()
        .view::<invite_keys::InviteKeys>()
        .policy(member_policies::ChunksFollowAcceptance)
        .policy(member_policies::MembersFollowInvites)
        .look_up_policy::<member_policies::MembersFollowRosters>()
        .grpc(|app| CampusServiceServer::new(api::Api::new(app)))
        .grpc(|app| MemberServiceServer::new(api::Api::new(app)))
        .grpc(|app| RosterServiceServer::new(api::Api::new(app)))
        .grpc(|app| InviteServiceServer::new(api::Api::new(app)))
}
