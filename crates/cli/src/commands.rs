//! What `studium` can be asked, each in a file of its own.

pub mod broker;
pub mod campus;
mod campus_desk;
pub mod credentials;
mod credentials_issue;
pub mod health;
pub mod log;
pub mod new;
pub mod parked;
pub mod partners;
mod partners_feed;
mod partners_keys;
mod partners_nats;
mod partners_webhooks;
pub mod policies;
pub mod privacy;
pub mod restore;
mod scrape;
pub mod serve;
pub mod status;
pub mod trace;
pub mod up;
pub mod views;
pub mod watch;
