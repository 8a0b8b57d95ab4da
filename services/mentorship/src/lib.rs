//! Mentorship: an exclusive mentor for every learner who has one coming, from the request to the measured outcome.

mod answer_times;
mod api;
mod blocked_pairs;
mod by;
mod conversation;
mod conversation_messages;
mod conversation_policies;
mod conversations;
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
mod question_times;
mod rests;
mod routes;
mod terms;
mod terms_held;
mod wishes;

use studium_kit::Service;
use studium_proto::mentorship::v1::{
    conversation_service_server::ConversationServiceServer, mentor_service_server::MentorServiceServer,
    mentorship_service_server::MentorshipServiceServer,
};

/// The parts of the service; nothing else lists them.
pub fn service() -> Service {
    Service::new("mentorship")
        .decider::<mentor::Mentor>()
        .decider::<mentorship::Mentorship>()
        .decider::<mentee::Mentee>()
        .decider::<terms::Terms>()
        .decider::<conversation::Conversation>()
        .view::<mentors::Mentors>()
        .view::<blocked_pairs::BlockedPairs>()
        .view::<mentees::Mentees>()
        .view::<mentorships::Mentorships>()
        .view::<mentor_terms::MentorTerms>()
        .view::<mentoring_programmes::MentoringProgrammes>()
        .view::<mentoring_programmes::CourseSkills>()
        .view::<terms_held::TermsHeld>()
        .view::<conversations::Conversations>()
        .view::<conversation_messages::ConversationMessages>()
        .view::<question_times::QuestionTimes>()
        .view::<rests::Rests>()
        .policy(policies::MentorshipsFollowProgrammes)
        .policy(policies::PlacesFollowMentorships)
        .policy(policies::MentorshipsHearOfPlaces)
        .look_up_policy::<policies::MentorshipsFollowMentors>()
        .look_up_policy::<policies::MentorsAreSought>()
        .look_up_policy::<policies::FreePlacesAreOffered>()
        .look_up_policy::<conversation_policies::ConversationsFollowMentors>()
        .look_up_policy::<conversation_policies::ConversationsFollowMentorships>()
        .look_up_policy::<conversation_policies::ConversationsAreLookedAtAgain>()
        .deadline::<conversation_policies::QuestionsAreReminded>()
        .deadline::<conversation_policies::QuestionsAreEscalated>()
        .deadline::<conversation_policies::LearnersAreNudged>()
        .deadline::<conversation_policies::ConversationsTimeOut>()
        .deadline::<policies::ProposalsLapse>()
        .deadline::<policies::HandOversBecomeOverdue>()
        .grpc(|app| MentorServiceServer::new(api::Api::new(app)))
        .grpc(|app| MentorshipServiceServer::new(api::Api::new(app)))
        .grpc(|app| ConversationServiceServer::new(api::Api::new(app)))
}
