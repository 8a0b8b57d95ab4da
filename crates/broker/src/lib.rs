//! nats-server as a child process: found or fetched, configured for a durability profile, watched. For `studium up` and for tests. Also the accounts of all who connect to it.

pub mod accounts;
pub mod binary;
pub mod certificates;
pub mod disk;
pub mod http;
mod mirror;
pub mod partners;
pub mod process;
mod reload;
mod secret;
pub mod server;
pub mod services;

pub use server::{NatsServer, Place};
