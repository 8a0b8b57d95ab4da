//! Credentials: what learners achieved, signed so that any stranger can check it, with the credits that it earns.

mod achievement;
mod achievements;
mod api;
mod award;
mod checks;
mod completions;
mod credential;
mod credentials;
mod document;
mod issue_policies;
mod issuer;
mod issuers;
mod issuing;
mod issuing_institutions;
mod key_store;
mod public;
mod registered_learners;
mod settings;
mod share_link;
mod share_links;
mod signing;
mod status_list;
mod status_lists;
mod transcript;

pub use key_store::KeyStore;
pub use settings::Settings;

use studium_kit::Service;
use studium_proto::credentials::v1::{
    achievement_service_server::AchievementServiceServer, credential_service_server::CredentialServiceServer,
    issuer_service_server::IssuerServiceServer, share_service_server::ShareServiceServer,
};

/// The parts of the service with the settings of the environment.
pub fn service() -> Service {
    match Settings::from_environment() {
        Ok(it) => service_with(it),
        Err(why) => service_with(Settings::default()).cannot_start(why),
    }
}

/// The parts of the service; nothing else lists them.
pub fn service_with(settings: Settings) -> Service {
    Service::new("credentials")
        .with(settings)
        .decider::<issuer::Issuer>()
        .decider::<achievement::Achievement>()
        .decider::<credential::Credential>()
        .decider::<status_list::StatusList>()
        .decider::<share_link::ShareLink>()
        .view::<issuing_institutions::IssuingInstitutions>()
        .view::<issuers::Issuers>()
        .view::<achievements::Achievements>()
        .view::<completions::Completions>()
        .view::<registered_learners::RegisteredLearners>()
        .view::<credentials::Credentials>()
        .view::<status_lists::StatusLists>()
        .view::<share_links::ShareLinks>()
        .look_up_policy::<issue_policies::CredentialsFollowCourses>()
        .look_up_policy::<issue_policies::CredentialsFollowProgrammes>()
        .look_up_policy::<issue_policies::CredentialsFollowApprovals>()
        .look_up_policy::<issue_policies::WithheldAreLookedAtAgain>()
        .policy(issue_policies::StatusFollowsCredentials)
        .look_up_policy::<issue_policies::CredentialsAreSigned>()
        .look_up_policy::<issue_policies::OldCredentialsGiveWay>()
        .look_up_policy::<issue_policies::BitsFollowRevocations>()
        .grpc(|app| IssuerServiceServer::new(api::Api::new(app)))
        .grpc(|app| AchievementServiceServer::new(api::Api::new(app)))
        .grpc(|app| CredentialServiceServer::new(api::Api::new(app)))
        .grpc(|app| ShareServiceServer::new(api::Api::new(app)))
        .http(public::routes)
}
