//! Verifiable credentials: how one is signed, and how anyone checks it.
//!
//! Pure: no clock, no network, no randomness. Times and ids come in; the same input gives the same bytes.
//! The standards are W3C's Verifiable Credentials Data Model 2.0, Data Integrity with `eddsa-rdfc-2022`,
//! Bitstring Status List 1.0, and the JWT form of Open Badges 3.0. Names are theirs.

pub mod canon;
pub mod clr;
pub mod contexts;
pub mod data_model;
pub mod did;
mod form;
pub mod identity;
pub mod json;
pub mod jwt;
pub mod keys;
pub mod limits;
mod loss;
pub mod open_badge;
pub mod proof;
mod prune;
pub mod reach;
mod report;
pub mod resolver;
pub mod status;
pub mod times;
pub mod verify;
