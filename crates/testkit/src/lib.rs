//! How we check: rules as given/when/then sentences, laws on random histories, services in one process, real brokers and databases.

mod broker;
mod elsewhere;
pub(crate) mod given;
mod house;
pub mod laws;
mod postgres;
mod raw;

pub use broker::{Broker, nats};
pub use elsewhere::Elsewhere;
pub use given::{Given, When, given};
pub use house::{Bearer, Caller, House};
pub use postgres::{Postgres, TestDatabase, postgres};
pub use raw::Raw;
