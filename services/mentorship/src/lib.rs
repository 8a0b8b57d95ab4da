//! Mentorship: an exclusive mentor for every learner who has one coming, from the request to the measured outcome.

mod api;
mod blocked_pairs;
mod by;
mod desk_rows;
mod matching;
mod mentee;
mod mentee_programmes;
mod mentee_progress;
mod mentees;
mod mentor;
mod mentor_terms;
mod mentoring_programmes;
mod mentoring_runs;
mod mentors;
mod mentorship;
mod mentorships;
mod mentorships_of;
mod page;
mod policies;
mod risk;
mod risk_due;
mod risk_policies;
mod risk_signals;
mod terms;
mod terms_held;
mod wishes;

use studium_kit::Service;
use studium_proto::mentorship::v1::{
    desk_service_server::DeskServiceServer, mentor_service_server::MentorServiceServer,
    mentorship_service_server::MentorshipServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("mentorship")
        .decider::<mentor::Mentor>()
        .decider::<mentorship::Mentorship>()
        .decider::<mentee::Mentee>()
        .decider::<terms::Terms>()
        .decider::<risk::Risk>()
        .view::<mentors::Mentors>()
        .view::<blocked_pairs::BlockedPairs>()
        .view::<mentees::Mentees>()
        .view::<mentorships::Mentorships>()
        .view::<mentor_terms::MentorTerms>()
        .view::<mentoring_programmes::MentoringProgrammes>()
        .view::<mentoring_programmes::CourseSkills>()
        .view::<terms_held::TermsHeld>()
        .view::<mentoring_runs::MentoringRuns>()
        .view::<mentee_progress::MenteeProgress>()
        .view::<mentee_programmes::MenteeProgrammes>()
        .view::<risk_signals::RiskSignals>()
        .policy(policies::MentorshipsFollowProgrammes)
        .policy(policies::PlacesFollowMentorships)
        .policy(policies::MentorshipsHearOfPlaces)
        .look_up_policy::<policies::MentorshipsFollowMentors>()
        .look_up_policy::<policies::MentorsAreSought>()
        .look_up_policy::<policies::FreePlacesAreOffered>()
        .look_up_policy::<risk_policies::RisksFollowMentorships>()
        .look_up_policy::<risk_policies::RisksFollowEnrolments>()
        .look_up_policy::<risk_policies::RisksFollowRuns>()
        .look_up_policy::<risk_policies::RisksFollowWatches>()
        .look_up_policy::<risk_policies::RisksFollowProgrammes>()
        .deadline::<policies::ProposalsLapse>()
        .deadline::<policies::HandOversBecomeOverdue>()
        .deadline::<risk_policies::RisksAreTold>()
        .grpc(|app| MentorServiceServer::new(api::Api::new(app)))
        .grpc(|app| MentorshipServiceServer::new(api::Api::new(app)))
        .grpc(|app| DeskServiceServer::new(api::Api::new(app)))
}
