//! What strangers send, put to every parser that meets it: each target takes any bytes and must neither panic nor break its rule.
// A panic is how a target says that something broke.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc, missing_docs)]

mod addresses;
mod credentials;
mod events;
mod import;
#[path = "../../crates/cli/src/progress.rs"]
#[allow(dead_code, clippy::unused_self, reason = "the tables of the import use a part of it")]
mod progress;
mod tables;
mod tokens;

pub use addresses::{broker_address, retry_after, webhook_address};
pub use credentials::{credential, status_list};
pub use events::{event, stored};
pub use tables::{csv, oneroster};
pub use tokens::token;

/// A target: it takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also its folder in `fuzz/corpus`.
pub const TARGETS: [(&str, Target); 10] = [
    ("broker_address", broker_address),
    ("credential", credential),
    ("csv", csv),
    ("event", event),
    ("oneroster", oneroster),
    ("retry_after", retry_after),
    ("status_list", status_list),
    ("stored", stored),
    ("token", token),
    ("webhook_address", webhook_address),
];

/// The text of an input, if it is one.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
