//! What makes messages of a contract events and reasons: for the platform's own, and for services beside it.

/// What the macros of this crate name.
#[doc(hidden)]
pub mod private {
    pub use prost;
    pub use std::sync::LazyLock;
    pub use studium_core;
}

/// Makes the `oneof` of an event message the event type of an aggregate.
#[doc(hidden)]
#[macro_export]
macro_rules! event {
    ($contract:expr, $message:ty, $event:ty, $aggregate:literal) => {
        impl $crate::private::studium_core::Event for $event {
            const AGGREGATE: &'static str = $aggregate;

            fn to_bytes(&self) -> Vec<u8> {
                let mut bytes = Vec::with_capacity(self.encoded_len());
                self.encode(&mut bytes);
                bytes
            }

            fn from_bytes(bytes: &[u8]) -> Result<Option<Self>, $crate::private::studium_core::DecodeError> {
                <$message as $crate::private::prost::Message>::decode(bytes)
                    .map(|it| it.event)
                    .map_err(|e| $crate::private::studium_core::DecodeError(e.to_string()))
            }

            fn name(&self) -> &'static str {
                $contract.name_of_event($aggregate, &self.to_bytes())
            }
        }
    };
}

/// Makes a proto enum the reasons of deciders; the kinds are options in the contract.
#[doc(hidden)]
#[macro_export]
macro_rules! reason {
    ($contract:expr, $reason:ty, $full_name:expr, $domain:literal) => {
        impl $crate::private::studium_core::Reason for $reason {
            const DOMAIN: &'static str = $domain;

            fn name(self) -> &'static str {
                self.as_str_name()
            }

            fn kind(self) -> $crate::private::studium_core::Kind {
                $contract.reason_kind($full_name, self as i32)
            }
        }
    };
}

/// The contract of a service beside the platform, as `studium_build::extension()` compiled it: its messages as Rust,
/// which of them are the events of its aggregates, and the domain of its `Reason`s.
///
/// ```ignore
/// studium_proto::contract! {
///     package "feedback.v1" as v1, reasons "feedback.studium";
///     FeedbackEvent, feedback_event, "feedback.feedback";
/// }
/// ```
#[macro_export]
macro_rules! contract {
    (
        package $package:literal as $version:ident, reasons $domain:literal;
        $($message:ident, $oneof:ident, $aggregate:literal;)*
    ) => {
        pub mod $version {
            tonic::include_proto!($package);
        }

        /// The contract at run time.
        pub static CONTRACT: $crate::private::LazyLock<$crate::Contract> = $crate::private::LazyLock::new(|| {
            let set = include_bytes!(concat!(env!("OUT_DIR"), "/contract.fds.bin"));
            $crate::Contract::read(set, &[$(($aggregate, concat!($package, ".", stringify!($message)))),*])
        });

        $($crate::event!(CONTRACT, $version::$message, $version::$oneof::Event, $aggregate);)*
        $crate::reason!(CONTRACT, $version::Reason, concat!($package, ".Reason"), $domain);
    };
}
