//! How we check: rules as given/when/then sentences, laws on random histories, services in one process, real brokers and databases.

mod broker;
mod elsewhere;
mod encrypted;
mod files;
pub(crate) mod given;
mod house;
pub mod laws;
mod postgres;
mod raw;
mod sentences;

pub use broker::{Broker, free_base, nats};
pub use elsewhere::Elsewhere;
pub use encrypted::{Encrypted, encrypted_postgres};
pub use files::{files_with, holds};
pub use given::{Given, When, given};
pub use house::{Bearer, Caller, House};
pub use postgres::{Postgres, TestDatabase, postgres};
pub use raw::Raw;
