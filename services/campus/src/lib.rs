//! Campus licensing: agreements, plans and their seats, members, blended classes, what a campus pays for and gets.

mod api;
mod campus;
mod campus_list;
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
mod member;
mod members;
mod module_progress;
mod page;
mod runs;
mod seats;
mod selections;

use studium_kit::Service;
use studium_proto::campus::v1::{
    campus_service_server::CampusServiceServer, class_service_server::ClassServiceServer,
    dashboard_service_server::DashboardServiceServer, member_service_server::MemberServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("campus")
        .decider::<campus::Campus>()
        .decider::<member::Member>()
        .decider::<class::Class>()
        .view::<institutions::Institutions>()
        .view::<selections::Selections>()
        .view::<runs::Runs>()
        .view::<enrolments::Enrolments>()
        .view::<campus_list::CampusList>()
        .view::<members::Members>()
        .view::<seats::Seats>()
        .view::<seats::PlanCampuses>()
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
        .grpc(|app| CampusServiceServer::new(api::Api::new(app)))
        .grpc(|app| MemberServiceServer::new(api::Api::new(app)))
        .grpc(|app| ClassServiceServer::new(api::Api::new(app)))
        .grpc(|app| DashboardServiceServer::new(api::Api::new(app)))
}
