//! The port of a service as its clients meet it: who may call, what they are told, and how it stops.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod edge {
    pub mod access;
    pub mod contract;
    pub mod http;
    pub mod issuers;
    pub mod limits;
    pub mod oidc;
    pub mod server;
    pub mod slow;
    pub mod stopping;
    pub mod tls;
    pub mod tokens;
    pub mod traces;
}
