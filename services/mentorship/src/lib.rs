//! Mentorship: an exclusive mentor for every learner who has one coming, from the request to the measured outcome.

mod action_items;
mod answer_times;
mod api;
mod assignment;
mod availability;
mod billing_lines;
mod blocked_pairs;
mod calendar;
mod cohort;
mod conversation;
mod conversation_messages;
mod conversation_policies;
mod conversations;
mod desk_rows;
mod graduation;
mod ical;
mod joinings;
mod mark;
mod matching;
mod mentee;
mod mentee_programmes;
mod mentee_progress;
mod mentees;
mod mentor;
mod mentor_ratings;
mod mentor_terms;
mod mentoring_programmes;
mod mentoring_runs;
mod mentors;
mod mentorship;
mod mentorship_prices;
mod mentorship_times;
mod mentorships;
mod mentorships_of;
mod months;
mod policies;
mod question_times;
mod rates;
mod record_counts;
mod rests;
mod review;
mod review_desk;
mod review_feedback;
mod review_locks;
mod review_policies;
mod review_queue;
mod review_rights;
mod review_rounds;
mod reviews;
mod risk;
mod risk_due;
mod risk_policies;
mod risk_signals;
mod routes;
mod seeking_policies;
mod session;
mod session_policies;
mod sessions;
mod standing;
mod survival;
mod terms;
mod terms_held;
mod waiting;
mod wanted;
mod wishes;

use studium_kit::Service;
use studium_proto::mentorship::v1::{
    calendar_service_server::CalendarServiceServer, cohort_service_server::CohortServiceServer,
    conversation_service_server::ConversationServiceServer, desk_service_server::DeskServiceServer,
    mentor_service_server::MentorServiceServer, mentorship_service_server::MentorshipServiceServer,
    outcome_service_server::OutcomeServiceServer, review_service_server::ReviewServiceServer,
    session_service_server::SessionServiceServer,
};

/// The parts of the service; nothing else lists them.
#[expect(clippy::too_many_lines, reason = "one line for each part")]
pub fn service() -> Service {
    Service::new("mentorship")
        .decider::<mentor::Mentor>()
        .decider::<mentorship::Mentorship>()
        .decider::<mentee::Mentee>()
        .decider::<terms::Terms>()
        .decider::<review::Review>()
        .decider::<review_desk::ReviewDesk>()
        .decider::<conversation::Conversation>()
        .decider::<risk::Risk>()
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
        .view::<joinings::Joinings>()
        .view::<mentorship_times::MentorshipTimes>()
        .view::<mentorship_prices::MentorshipPrices>()
        .view::<mentor_ratings::MentorRatings>()
        .view::<reviews::Reviews>()
        .view::<review_rounds::ReviewRounds>()
        .view::<review_feedback::ReviewFeedbacks>()
        .view::<review_locks::ReviewLocks>()
        .view::<conversations::Conversations>()
        .view::<conversation_messages::ConversationMessages>()
        .view::<question_times::QuestionTimes>()
        .view::<rests::Rests>()
        .view::<mentoring_runs::MentoringRuns>()
        .view::<mentee_progress::MenteeProgress>()
        .view::<mentee_programmes::MenteeProgrammes>()
        .view::<risk_signals::RiskSignals>()
        .view::<sessions::Sessions>()
        .view::<action_items::ActionItems>()
        .policy(policies::MentorshipsFollowProgrammes)
        .policy(policies::PlacesFollowMentorships)
        .policy(policies::MentorshipsHearOfPlaces)
        .policy(review_policies::LocksFollowSlots)
        .policy(review_policies::SlotsFollowLocks)
        .look_up_policy::<policies::MentorshipsFollowMentors>()
        .look_up_policy::<seeking_policies::MentorsAreSought>()
        .look_up_policy::<seeking_policies::FreePlacesAreOffered>()
        .look_up_policy::<seeking_policies::PlacesGoToTheNext>()
        .deadline::<policies::MentorsComeBack>()
        .look_up_policy::<review_policies::ReviewsEndWithMentorships>()
        .look_up_policy::<review_policies::LocksEndWithBlockedPairs>()
        .look_up_policy::<review_policies::ReviewsHearWhatTheyMissed>()
        .look_up_policy::<conversation_policies::ConversationsFollowMentors>()
        .look_up_policy::<conversation_policies::ConversationsFollowMentorships>()
        .look_up_policy::<conversation_policies::ConversationsAreLookedAtAgain>()
        .deadline::<conversation_policies::QuestionsAreReminded>()
        .deadline::<conversation_policies::QuestionsAreEscalated>()
        .deadline::<conversation_policies::LearnersAreNudged>()
        .deadline::<conversation_policies::ConversationsTimeOut>()
        .policy(session_policies::CalendarsFollowSessions)
        .policy(session_policies::SessionsHearOfCalendars)
        .policy(session_policies::CalendarsFollowBlocks)
        .look_up_policy::<session_policies::SessionsFollowMentorships>()
        .look_up_policy::<session_policies::SessionsFollowMentors>()
        .look_up_policy::<session_policies::AgreedSessionsAreLookedAt>()
        .deadline::<policies::ProposalsLapse>()
        .deadline::<policies::HandOversBecomeOverdue>()
        .deadline::<review_policies::ReviewLocksExpire>()
        .look_up_policy::<risk_policies::RisksFollowMentorships>()
        .look_up_policy::<risk_policies::RisksFollowEnrolments>()
        .look_up_policy::<risk_policies::RisksFollowRuns>()
        .look_up_policy::<risk_policies::RisksFollowWatches>()
        .look_up_policy::<risk_policies::RisksFollowProgrammes>()
        .deadline::<risk_policies::RisksAreTold>()
        .grpc(|app| MentorServiceServer::new(api::Api::new(app)))
        .grpc(|app| CohortServiceServer::new(api::Api::new(app)))
        .grpc(|app| MentorshipServiceServer::new(api::Api::new(app)))
        .grpc(|app| OutcomeServiceServer::new(api::Api::new(app)))
        .grpc(|app| ReviewServiceServer::new(api::Api::new(app)))
        .grpc(|app| ConversationServiceServer::new(api::Api::new(app)))
        .grpc(|app| DeskServiceServer::new(api::Api::new(app)))
        .grpc(|app| SessionServiceServer::new(api::Api::new(app)))
        .grpc(|app| CalendarServiceServer::new(api::Api::new(app)))
}
