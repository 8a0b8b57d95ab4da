//! Credentials: what learners achieved, signed so that any stranger can check it, with the credits that it earns.

mod acbs;
mod achievement;
mod achievements;
mod api;
mod attendances;
mod award;
mod checks;
mod completions;
mod course_versions;
mod credential;
mod credentials;
mod credit_account;
mod credit_accounts;
mod credit_entries;
mod credit_ids;
mod credit_policies;
mod document;
mod drafting;
mod foreign;
mod issue_policies;
mod issuer;
mod issuers;
mod issuing;
mod issuing_institutions;
mod key_store;
mod ledger_lines;
mod programme_versions;
mod public;
mod recognition;
mod recognition_policies;
mod recognitions;
mod registered_learners;
mod run_marks;
mod settings;
mod share_link;
mod share_links;
mod signing;
mod stack;
mod stack_award;
mod stack_awards;
mod stack_components;
mod stack_policies;
mod stacking;
mod stacks;
mod status_list;
mod status_lists;
mod transcript;

pub use key_store::KeyStore;
pub use settings::Settings;

use studium_kit::Service;
use studium_proto::credentials::v1::{
    achievement_service_server::AchievementServiceServer, award_service_server::AwardServiceServer,
    credential_service_server::CredentialServiceServer, credit_account_service_server::CreditAccountServiceServer,
    issuer_service_server::IssuerServiceServer, recognition_service_server::RecognitionServiceServer,
    share_service_server::ShareServiceServer, stack_service_server::StackServiceServer,
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
        .with(public::SignedLists::default())
        .decider::<issuer::Issuer>()
        .decider::<achievement::Achievement>()
        .decider::<credential::Credential>()
        .decider::<status_list::StatusList>()
        .decider::<credit_account::CreditAccount>()
        .decider::<stack::Stack>()
        .decider::<stack_award::StackAward>()
        .decider::<recognition::Recognition>()
        .decider::<share_link::ShareLink>()
        .view::<issuing_institutions::IssuingInstitutions>()
        .view::<course_versions::CourseVersions>()
        .view::<programme_versions::ProgrammeVersions>()
        .view::<run_marks::RunMarks>()
        .view::<issuers::Issuers>()
        .view::<achievements::Achievements>()
        .view::<completions::Completions>()
        .view::<registered_learners::RegisteredLearners>()
        .view::<credentials::Credentials>()
        .view::<status_lists::StatusLists>()
        .view::<attendances::Attendances>()
        .view::<credit_accounts::CreditAccounts>()
        .view::<credit_entries::CreditEntries>()
        .view::<ledger_lines::LedgerLines>()
        .view::<stacks::Stacks>()
        .view::<stack_awards::StackAwards>()
        .view::<recognitions::Recognitions>()
        .view::<share_links::ShareLinks>()
        .look_up_policy::<issue_policies::CredentialsFollowCourses>()
        .look_up_policy::<issue_policies::CredentialsFollowProgrammes>()
        .look_up_policy::<issue_policies::CredentialsFollowApprovals>()
        .look_up_policy::<issue_policies::WithheldAreLookedAtAgain>()
        .look_up_policy::<issue_policies::WithheldFollowAuthorisations>()
        .look_up_policy::<issue_policies::WithheldFollowRegistrations>()
        .look_up_policy::<issue_policies::WithheldAreLookedAtTwice>()
        .policy(issue_policies::StatusFollowsCredentials)
        .look_up_policy::<issue_policies::CredentialsAreSigned>()
        .look_up_policy::<issue_policies::OldCredentialsGiveWay>()
        .look_up_policy::<issue_policies::BitsFollowRevocations>()
        .look_up_policy::<credit_policies::CreditsFollowCredentials>()
        .look_up_policy::<stack_policies::StacksAreAchievements>()
        .policy(stack_policies::AccountsFollowStackAwards)
        .policy(stack_policies::StackAwardsFollowAccounts)
        .look_up_policy::<stack_policies::StackCredentialsFollowAwards>()
        .look_up_policy::<stack_policies::LateStackCredentialsAreRevoked>()
        .look_up_policy::<stack_policies::WithheldStacksAreLookedAtAgain>()
        .policy(recognition_policies::AccountsFollowRecognitions)
        .deadline::<recognition_policies::RecognitionsAreEscalated>()
        .grpc(|app| IssuerServiceServer::new(api::Api::new(app)))
        .grpc(|app| AchievementServiceServer::new(api::Api::new(app)))
        .grpc(|app| AwardServiceServer::new(api::Api::new(app)))
        .grpc(|app| CredentialServiceServer::new(api::Api::new(app)))
        .grpc(|app| CreditAccountServiceServer::new(api::Api::new(app)))
        .grpc(|app| StackServiceServer::new(api::Api::new(app)))
        .grpc(|app| RecognitionServiceServer::new(api::Api::new(app)))
        .grpc(|app| ShareServiceServer::new(api::Api::new(app)))
        .http(public::routes)
}
