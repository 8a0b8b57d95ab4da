//! Campus licensing: agreements, plans and their seats, members, blended classes, what a campus pays for and gets.

mod account;
mod activity;
mod agreement;
mod agreements;
mod api;
mod billing;
mod by;
mod campus;
mod campus_list;
mod charges;
mod class;
mod class_comparison;
mod class_content;
mod class_learners;
mod class_meetings;
mod class_record;
mod class_results;
mod class_work;
mod classes;
mod composition_content;
mod course_content;
mod dashboard;
mod enrolments;
mod institutions;
mod invite_key;
mod invite_keys;
mod licence_plan;
mod lms_connection;
mod lms_connections;
mod member;
mod member_policies;
mod members;
mod module_progress;
mod period;
mod plans;
mod policies;
mod roster;
mod roster_changes;
mod roster_delivery;
mod roster_diff;
mod roster_imports;
mod roster_row;
mod runs;
mod seat_uses;
mod seats;
mod selections;
mod statements;
mod trial_policies;
mod usage;

use studium_kit::Service;
use studium_proto::campus::v1::{
    agreement_service_server::AgreementServiceServer, campus_service_server::CampusServiceServer,
    class_service_server::ClassServiceServer, dashboard_service_server::DashboardServiceServer,
    invite_service_server::InviteServiceServer, lms_service_server::LmsServiceServer,
    member_service_server::MemberServiceServer, plan_service_server::PlanServiceServer,
    provision_service_server::ProvisionServiceServer, report_service_server::ReportServiceServer,
    roster_service_server::RosterServiceServer, statement_service_server::StatementServiceServer,
};

/// The parts of the service; nothing else lists them.
#[expect(clippy::too_many_lines, reason = "one line for each part")]
pub fn service() -> Service {
    Service::new("campus")
        .decider::<campus::Campus>()
        .decider::<licence_plan::LicencePlan>()
        .decider::<member::Member>()
        .decider::<agreement::Agreement>()
        .decider::<billing::Billing>()
        .decider::<lms_connection::LmsConnection>()
        .decider::<class::Class>()
        .decider::<roster::Roster>()
        .decider::<roster_delivery::RosterDelivery>()
        .decider::<invite_key::InviteKey>()
        .view::<institutions::Institutions>()
        .view::<selections::Selections>()
        .view::<runs::Runs>()
        .view::<enrolments::Enrolments>()
        .view::<campus_list::CampusList>()
        .view::<members::Members>()
        .view::<plans::Plans>()
        .view::<seats::Seats>()
        .view::<seat_uses::SeatUses>()
        .view::<agreements::Agreements>()
        .view::<statements::Statements>()
        .view::<activity::ActivityByMonth>()
        .view::<lms_connections::LmsConnections>()
        .view::<course_content::CourseContents>()
        .view::<composition_content::CompositionContents>()
        .view::<module_progress::ModuleProgress>()
        .view::<classes::Classes>()
        .view::<classes::ClassCourses>()
        .view::<class_learners::ClassLearners>()
        .view::<class_learners::ClassGroups>()
        .view::<class_meetings::ClassMeetings>()
        .view::<class_meetings::ClassPresences>()
        .view::<class_work::ClassWorks>()
        .view::<class_work::ClassWorkDones>()
        .view::<class_results::ClassResults>()
        .view::<roster_imports::RosterImports>()
        .view::<roster_changes::RosterChanges>()
        .view::<invite_keys::InviteKeys>()
        .policy(policies::UsesHearEnrolment)
        .policy(policies::OldPlansHandOver)
        .policy(trial_policies::TrialsHaveAgreements)
        .policy(trial_policies::TrialsHavePlans)
        .policy(member_policies::ChunksFollowAcceptance)
        .policy(member_policies::MembersFollowInvites)
        .look_up_policy::<policies::UsesEndWithEnrolments>()
        .look_up_policy::<policies::SeatsEndWithMembership>()
        .look_up_policy::<policies::NewMembersGetSeats>()
        .look_up_policy::<member_policies::MembersFollowRosters>()
        .deadline::<policies::TermsEnd>()
        .deadline::<policies::IdleSeatsAreWarned>()
        .deadline::<policies::IdleSeatsAreReclaimed>()
        .grpc(|app| CampusServiceServer::new(api::Api::new(app)))
        .grpc(|app| MemberServiceServer::new(api::Api::new(app)))
        .grpc(|app| PlanServiceServer::new(api::Api::new(app)))
        .grpc(|app| AgreementServiceServer::new(api::Api::new(app)))
        .grpc(|app| StatementServiceServer::new(api::Api::new(app)))
        .grpc(|app| ProvisionServiceServer::new(api::Api::new(app)))
        .grpc(|app| ReportServiceServer::new(api::Api::new(app)))
        .grpc(|app| LmsServiceServer::new(api::Api::new(app)))
        .grpc(|app| ClassServiceServer::new(api::Api::new(app)))
        .grpc(|app| DashboardServiceServer::new(api::Api::new(app)))
        .grpc(|app| RosterServiceServer::new(api::Api::new(app)))
        .grpc(|app| InviteServiceServer::new(api::Api::new(app)))
}
