//! Enrolment: who learns what, since when, with what result; seats of runs, programmes, consent, learners.

mod aliases;
mod api;
mod campus_seats;
mod consent;
mod consents;
mod course_offers;
mod enrolment;
mod enrolments;
mod external_id;
mod external_ids;
mod learner;
mod learners;
mod offers;
mod partner_rosters;
mod policies;
mod programme_enrolment;
mod programme_enrolments;
mod programme_offers;
mod results;
mod run_capacity;
mod run_offers;
mod signals;
mod statistics;

use studium_kit::Service;
use studium_proto::enrolment::v1::{
    enrolment_query_service_server::EnrolmentQueryServiceServer, enrolment_service_server::EnrolmentServiceServer,
    learner_service_server::LearnerServiceServer, programme_enrolment_service_server::ProgrammeEnrolmentServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    // All apis know of a merge once one of them does.
    let aliases = aliases::Aliases::default();
    let api = move |app| api::Api::new(app, aliases.clone());
    let (enrolments, queries, learners, programmes) = (api.clone(), api.clone(), api.clone(), api);
    Service::new("enrolment")
        .decider::<enrolment::Enrolment>()
        .decider::<run_capacity::RunCapacity>()
        .decider::<programme_enrolment::ProgrammeEnrolment>()
        .decider::<consent::Consent>()
        .decider::<learner::Learner>()
        .decider::<external_id::ExternalId>()
        .view::<run_offers::RunOffers>()
        .view::<course_offers::CourseOffers>()
        .view::<programme_offers::ProgrammeOffers>()
        .view::<enrolments::Enrolments>()
        .view::<results::Results>()
        .view::<campus_seats::CampusSeats>()
        .view::<learners::Learners>()
        .view::<external_ids::ExternalIds>()
        .view::<consents::Consents>()
        .view::<programme_enrolments::ProgrammeEnrolments>()
        .policy(policies::SeatsFollowEnrolments)
        .policy(policies::EnrolmentsFollowSeats)
        .policy(policies::SeatsFollowCatalogue)
        .policy(policies::DeferralsArrive)
        .look_up_policy::<policies::EnrolmentsFollowCampusSeats>()
        .look_up_policy::<policies::EnrolmentsEndWithRun>()
        .look_up_policy::<policies::CoursesCount>()
        .look_up_policy::<policies::EarlierCoursesCount>()
        .look_up_policy::<policies::MergedCoursesCount>()
        .deadline::<policies::Lapses>()
        .grpc(move |app| EnrolmentServiceServer::new(enrolments(app)))
        .grpc(move |app| EnrolmentQueryServiceServer::new(queries(app)))
        .grpc(move |app| LearnerServiceServer::new(learners(app)))
        .grpc(move |app| ProgrammeEnrolmentServiceServer::new(programmes(app)))
}
