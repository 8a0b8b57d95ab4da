//! Mentorship: an exclusive mentor for every learner who has one coming, from the request to the measured outcome.

mod action_items;
mod api;
mod availability;
mod blocked_pairs;
mod by;
mod calendar;
mod ical;
mod matching;
mod mentee;
mod mentees;
mod mentor;
mod mentor_terms;
mod mentoring_programmes;
mod mentors;
mod mentorship;
mod mentorships;
mod page;
mod policies;
mod session;
mod session_policies;
mod sessions;
mod terms;
mod terms_held;
mod wishes;

use studium_kit::Service;
use studium_proto::mentorship::v1::{
    calendar_service_server::CalendarServiceServer, mentor_service_server::MentorServiceServer,
    mentorship_service_server::MentorshipServiceServer, session_service_server::SessionServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("mentorship")
        .decider::<mentor::Mentor>()
        .decider::<mentorship::Mentorship>()
        .decider::<mentee::Mentee>()
        .decider::<terms::Terms>()
        .decider::<calendar::Calendar>()
        .decider::<session::Session>()
        .view::<mentors::Mentors>()
        .view::<blocked_pairs::BlockedPairs>()
        .view::<mentees::Mentees>()
        .view::<mentorships::Mentorships>()
        .view::<mentor_terms::MentorTerms>()
        .view::<mentoring_programmes::MentoringProgrammes>()
        .view::<mentoring_programmes::CourseSkills>()
        .view::<terms_held::TermsHeld>()
        .view::<sessions::Sessions>()
        .view::<action_items::ActionItems>()
        .policy(policies::MentorshipsFollowProgrammes)
        .policy(policies::PlacesFollowMentorships)
        .policy(policies::MentorshipsHearOfPlaces)
        .look_up_policy::<policies::MentorshipsFollowMentors>()
        .look_up_policy::<policies::MentorsAreSought>()
        .look_up_policy::<policies::FreePlacesAreOffered>()
        .policy(session_policies::CalendarsFollowSessions)
        .policy(session_policies::SessionsHearOfCalendars)
        .policy(session_policies::CalendarsFollowBlocks)
        .look_up_policy::<session_policies::SessionsFollowMentorships>()
        .look_up_policy::<session_policies::SessionsFollowMentors>()
        .look_up_policy::<session_policies::AgreedSessionsAreLookedAt>()
        .deadline::<policies::ProposalsLapse>()
        .deadline::<policies::HandOversBecomeOverdue>()
        .grpc(|app| MentorServiceServer::new(api::Api::new(app)))
        .grpc(|app| MentorshipServiceServer::new(api::Api::new(app)))
        .grpc(|app| SessionServiceServer::new(api::Api::new(app)))
        .grpc(|app| CalendarServiceServer::new(api::Api::new(app)))
}
