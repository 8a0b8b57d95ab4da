//! Every rpc of the contract, asked by everybody: who gets in is what `docs/access.md` says.
#![allow(clippy::unwrap_used, clippy::expect_used)]
