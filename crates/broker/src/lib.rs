//! nats-server as a child process: found or fetched, configured for a durability profile, watched. For `studium up` and for tests.

pub mod binary;
pub mod disk;
pub mod http;
pub mod process;
pub mod server;

pub use server::NatsServer;
