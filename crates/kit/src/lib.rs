//! How a service runs: one port, access control, policies, deadlines, telemetry, configuration.

/// One allocator for every program that runs services: a command makes many short-lived values, and with the
/// system's own a third of the service's time went there. Many are freed by another thread than made them.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub mod access;
mod admin;
mod api_keys;
mod app;
pub mod auth;
mod by;
mod call;
mod config;
mod deadlines;
mod ending;
mod environment;
mod erasure;
mod feeds;
mod fields;
mod lengths;
mod limits;
mod metrics;
mod pace;
mod page;
mod parked;
mod policies;
mod policy;
mod program;
mod progress;
mod ready;
mod roles;
pub mod server;
mod service;
pub mod status;
pub mod telemetry;
mod tls;
mod work;

pub use api_keys::ApiKeys;
pub use app::{App, Outcome};
pub use auth::{DevelopmentIssuer, Expected, Verifier, write_secret};
pub use by::{Asked, By, by_itself};
pub use call::{Call, Caller};
pub use config::{Config, wrong_use};
pub use deadlines::Deadline;
pub use environment::check_environment;
pub use erasure::erased_by;
pub use feeds::{Feed, Notice};
pub use fields::Fields;
pub use lengths::{DAY_MS, MINUTE_MS};
pub use limits::Limits;
pub use metrics::Metrics;
pub use pace::Pace;
pub use page::Page;
pub use policy::LookUpPolicy;
pub use program::{Started, failed, main, serve, to_its_end};
pub use service::{Running, Service, Surroundings};
pub use status::fault;
pub use tls::{Security, Tls};
pub use work::{Work, broke_off, held_back, pause};

pub use studium_core::{Decider, Decision, Event, Kind, Policy, Reaction, Reason, Rejection, replay};
pub use studium_log::{DecideError, Decided, Follow, Log, LogError, Meta, Reading, Stored, hex, now_ms};
pub use studium_store::{
    Changes, Column, ColumnKind, Dialect, FromRow, IntoKey, Journal, Json, Late, Projection, Recorded, Row, Store,
    StoreError, Value, View, fold_in_memory, places, row,
};
