//! Enrolment: who learns what, since when, with what result; seats of runs, programmes, consent, learners.

mod aliases;
mod api;
mod api_key;
mod api_key_secret;
mod api_keys;
mod campus_seats;
mod concerns;
mod consent;
mod consents;
mod course_offers;
mod endpoint;
mod endpoints;
mod enrolment;
mod enrolments;
mod event_types;
mod external_id;
mod external_ids;
mod learner;
mod learners;
mod offers;
mod partner;
mod partner_digest;
mod partner_feed;
mod partner_key;
mod partner_policies;
mod partner_record;
mod partner_rosters;
mod partners;
mod policies;
mod programme_enrolment;
mod programme_enrolments;
mod programme_offers;
mod results;
mod retry_after;
mod run_capacity;
mod run_offers;
mod signals;
mod statistics;
mod webhook_address;
mod webhook_keeper;
mod webhook_lane;
mod webhook_progress;
mod webhook_queue;
mod webhook_readers;
mod webhook_sender;
mod webhook_settings;
mod webhook_signing;
mod webhooks;

use studium_kit::Service;
use studium_proto::enrolment::v1::{
    enrolment_query_service_server::EnrolmentQueryServiceServer, enrolment_service_server::EnrolmentServiceServer,
    learner_event, learner_service_server::LearnerServiceServer,
    programme_enrolment_service_server::ProgrammeEnrolmentServiceServer,
};
use studium_proto::partner::v1::{
    api_key_service_server::ApiKeyServiceServer, partner_feed_service_server::PartnerFeedServiceServer,
    webhook_service_server::WebhookServiceServer,
};

pub use partner_digest::Tree;
pub use partner_feed::MEANINGS as PARTNER_EVENTS;
pub use partner_key::PartnerKey;
pub use partner_record::RECORDS_MAX;
pub use webhook_settings::WebhookSettings;

/// The service as the environment has it.
pub fn service() -> Service {
    let read = || Ok((PartnerKey::from_environment()?, WebhookSettings::from_environment()?));
    match read() {
        Ok((key, webhooks)) => service_with(key).with(webhooks),
        Err(why) => service_with(None).cannot_start(why),
    }
}

/// The parts of the service; nothing else lists them.
pub fn service_with(key: Option<PartnerKey>) -> Service {
    let jwks = key.as_ref().map(PartnerKey::jwks);
    // All apis know of a merge once one of them does.
    let aliases = aliases::Aliases::default();
    let api = move |app| api::Api::new(app, aliases.clone());
    let (enrolments, queries, learners, programmes) = (api.clone(), api.clone(), api.clone(), api.clone());
    let (webhooks, keys) = (api.clone(), api.clone());
    let service = Service::new("enrolment")
        .erased_by::<learner_event::Event>(|it| matches!(it, learner_event::Event::LearnerErased(_)))
        .decider::<enrolment::Enrolment>()
        .decider::<run_capacity::RunCapacity>()
        .decider::<programme_enrolment::ProgrammeEnrolment>()
        .decider::<consent::Consent>()
        .decider::<learner::Learner>()
        .decider::<external_id::ExternalId>()
        .decider::<partner::Partner>()
        .decider::<endpoint::Endpoint>()
        .decider::<api_key::ApiKey>()
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
        .view::<concerns::Concerns>()
        .view::<partners::Partners>()
        .view::<endpoints::Endpoints>()
        .view::<api_keys::ApiKeyRows>()
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
        .deadline::<partner_policies::DaysEnd>()
        .feed::<partner_feed::PartnerFeed>()
        .work::<webhooks::Webhooks>()
        .grpc(move |app| EnrolmentServiceServer::new(enrolments(app)))
        .grpc(move |app| EnrolmentQueryServiceServer::new(queries(app)))
        .grpc(move |app| LearnerServiceServer::new(learners(app)))
        .grpc(move |app| ProgrammeEnrolmentServiceServer::new(programmes(app)))
        .grpc(move |app| PartnerFeedServiceServer::new(api(app)))
        .grpc(move |app| WebhookServiceServer::new(webhooks(app)))
        .grpc(move |app| ApiKeyServiceServer::new(keys(app)))
        .api_keys::<api_keys::InstitutionsKeys>()
        .http(move |_| partner_key::routes(jwks));
    let service = match WebhookSettings::read("", "") {
        Ok(usual) => service.with(usual),
        Err(why) => service.cannot_start(why),
    };
    match key {
        Some(key) => service.with(key),
        None => service,
    }
}
