//! The contract as Rust: generated messages, the descriptors, and what makes a proto enum an event or a reason.
#![allow(missing_docs, deprecated, clippy::pedantic, reason = "generated from commented protos")]

#[macro_use]
mod extension;
mod contract;
mod personal;

/// What every message of the contract is: bytes that can be written and read.
pub use prost::Message as Encoded;

/// A time in the public contract.
pub use prost_types::Timestamp;

pub use contract::{
    Contract, DESCRIPTORS, PLATFORM, event_json, file_descriptor_set, is_known, join, json_of, message_of,
    name_of_event, personal, service,
};
pub use extension::private;
pub use personal::{Cut, Personal};

pub mod options {
    pub mod v1 {
        tonic::include_proto!("studium.options.v1");
    }
}

pub mod log {
    pub mod v1 {
        tonic::include_proto!("studium.log.v1");
    }
}

pub mod admin {
    pub mod v1 {
        tonic::include_proto!("studium.admin.v1");
    }
}

pub mod bench {
    pub mod v1 {
        tonic::include_proto!("studium.bench.v1");
    }
}

pub mod catalogue {
    pub mod v1 {
        tonic::include_proto!("studium.catalogue.v1");
    }
}

pub mod enrolment {
    pub mod v1 {
        tonic::include_proto!("studium.enrolment.v1");
    }
}

pub mod campus {
    pub mod v1 {
        tonic::include_proto!("studium.campus.v1");
    }
}

pub mod mentorship {
    pub mod v1 {
        tonic::include_proto!("studium.mentorship.v1");
    }
}

pub mod credentials {
    pub mod v1 {
        tonic::include_proto!("studium.credentials.v1");
    }
}

pub mod partner {
    pub mod v1 {
        tonic::include_proto!("studium.partner.v1");
    }
}

/// What is to be done with each kind of event there is.
pub trait EachKind {
    /// Does it with one.
    fn kind<E: studium_core::Event>(&mut self);
}

/// The platform's events: the `oneof` of a message is the event type of an aggregate.
macro_rules! events {
    ($($package:ident :: $version:ident :: $message:ident, $oneof:ident, $aggregate:literal;)*) => {
        $(event!(contract::PLATFORM, $package::$version::$message, $package::$version::$oneof::Event, $aggregate);)*

        /// Does it with every kind of event of the contract.
        pub fn each_kind(each: &mut impl EachKind) {
            $(each.kind::<$package::$version::$oneof::Event>();)*
        }

        /// Which message the events of each aggregate are.
        pub(crate) const EVENTS: &[(&str, &str)] = &[$((
            $aggregate,
            concat!("studium.", stringify!($package), ".", stringify!($version), ".", stringify!($message)),
        )),*];
    };
}

/// The platform's reasons: each service's `Reason` enum.
macro_rules! reasons {
    ($($package:ident :: $version:ident, $domain:literal;)*) => {$(
        reason!(
            contract::PLATFORM,
            $package::$version::Reason,
            concat!("studium.", stringify!($package), ".", stringify!($version), ".Reason"),
            $domain
        );
    )*};
}

events! {
    catalogue::v1::InstitutionEvent, institution_event, "catalogue.institution";
    catalogue::v1::DomainEvent, domain_event, "catalogue.domain";
    catalogue::v1::CourseEvent, course_event, "catalogue.course";
    catalogue::v1::CourseRunEvent, course_run_event, "catalogue.course_run";
    catalogue::v1::ProgrammeEvent, programme_event, "catalogue.programme";
    catalogue::v1::SelectionEvent, selection_event, "catalogue.selection";
    catalogue::v1::CompositionEvent, composition_event, "catalogue.composition";
    enrolment::v1::EnrolmentEvent, enrolment_event, "enrolment.enrolment";
    enrolment::v1::RunCapacityEvent, run_capacity_event, "enrolment.run_capacity";
    enrolment::v1::ProgrammeEnrolmentEvent, programme_enrolment_event, "enrolment.programme_enrolment";
    enrolment::v1::ConsentEvent, consent_event, "enrolment.consent";
    enrolment::v1::LearnerEvent, learner_event, "enrolment.learner";
    enrolment::v1::ExternalIdEvent, external_id_event, "enrolment.external_id";
    enrolment::v1::WebhookEvent, webhook_event, "enrolment.webhook";
    enrolment::v1::ApiKeyEvent, api_key_event, "enrolment.api_key";
    enrolment::v1::PartnerFeedEvent, partner_feed_event, "enrolment.partner_feed";
    campus::v1::CampusEvent, campus_event, "campus.campus";
    campus::v1::AgreementEvent, agreement_event, "campus.agreement";
    campus::v1::MemberEvent, member_event, "campus.member";
    campus::v1::LicencePlanEvent, licence_plan_event, "campus.licence_plan";
    campus::v1::BillingEvent, billing_event, "campus.billing";
    campus::v1::LmsConnectionEvent, lms_connection_event, "campus.lms_connection";
    campus::v1::ClassEvent, class_event, "campus.class";
    campus::v1::RosterEvent, roster_event, "campus.roster";
    campus::v1::RosterDeliveryEvent, roster_delivery_event, "campus.roster_delivery";
    campus::v1::InviteKeyEvent, invite_key_event, "campus.invite_key";
    mentorship::v1::MentorEvent, mentor_event, "mentorship.mentor";
    mentorship::v1::MenteeEvent, mentee_event, "mentorship.mentee";
    mentorship::v1::MentorshipEvent, mentorship_event, "mentorship.mentorship";
    mentorship::v1::TermsEvent, terms_event, "mentorship.terms";
    mentorship::v1::ReviewEvent, review_event, "mentorship.review";
    mentorship::v1::ReviewDeskEvent, review_desk_event, "mentorship.review_desk";
    mentorship::v1::ConversationEvent, conversation_event, "mentorship.conversation";
    mentorship::v1::RiskEvent, risk_event, "mentorship.risk";
    mentorship::v1::SessionEvent, session_event, "mentorship.session";
    mentorship::v1::CalendarEvent, calendar_event, "mentorship.calendar";
    credentials::v1::IssuerEvent, issuer_event, "credentials.issuer";
    credentials::v1::AchievementEvent, achievement_event, "credentials.achievement";
    credentials::v1::CredentialEvent, credential_event, "credentials.credential";
    credentials::v1::StatusListEvent, status_list_event, "credentials.status_list";
    credentials::v1::CreditAccountEvent, credit_account_event, "credentials.credit_account";
    credentials::v1::StackEvent, stack_event, "credentials.stack";
    credentials::v1::StackAwardEvent, stack_award_event, "credentials.stack_award";
    credentials::v1::RecognitionEvent, recognition_event, "credentials.recognition";
    credentials::v1::ShareLinkEvent, share_link_event, "credentials.share_link";
}

reasons! {
    catalogue::v1, "catalogue.studium";
    enrolment::v1, "enrolment.studium";
    campus::v1, "campus.studium";
    mentorship::v1, "mentorship.studium";
    credentials::v1, "credentials.studium";
}
