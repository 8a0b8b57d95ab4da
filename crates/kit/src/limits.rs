//! What a service takes upon itself at most: sizes, times, and how much at once, in all and of one caller.

mod frames;
mod gate;
mod lines;
mod within;

pub(crate) use frames::{Frames, HEADER_BYTES, Measured, too_much};
pub(crate) use gate::{Gate, Place};
pub(crate) use lines::{Line, guarded};
pub(crate) use within::{deadline, over};

use clap::{Args, builder::RangedU64ValueParser};
use std::{net::IpAddr, time::Duration};

/// The largest message that any setting allows, bytes: what the gRPC libraries of most languages take unless told
/// otherwise, tonic's among them.
pub(crate) const MESSAGE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Who acts for the platform asks for many: an import, a whole university's office.
const OFFICE_FACTOR: u32 = 100;

/// They have so many times as many calls worked on: half of all places, where each of the others has a quarter.
const OFFICE_PLACES: u32 = 2;

/// So many seconds' worth of calls may come at once.
const BURST_SECONDS: u32 = 10;

/// How far a service lets itself be used. The defaults are [`Limits::default`].
#[derive(Args, Debug, Clone, PartialEq, Eq)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// The largest message of a call, in or out, bytes; 4 MiB at most
    #[arg(long = "max-message-bytes", env = "STUDIUM_MAX_MESSAGE_BYTES", default_value_t = DEFAULT.message_bytes,
          value_parser = RangedU64ValueParser::<u64>::new().range(1024..=MESSAGE_BYTES_MAX))]
    pub message_bytes: u64,
    /// Messages that one call may send; the rpcs that take many rows have limits of their own below it
    #[arg(long = "max-batch", env = "STUDIUM_MAX_BATCH", default_value_t = DEFAULT.batch)]
    pub batch: u64,
    /// All headers of a request together, bytes
    #[arg(long = "max-header-bytes", env = "STUDIUM_MAX_HEADER_BYTES", default_value_t = DEFAULT.header_bytes)]
    pub header_bytes: u32,
    /// Seconds that a new connection may take to send the headers of its first request
    #[arg(long = "max-header-seconds", env = "STUDIUM_MAX_HEADER_SECONDS", default_value_t = DEFAULT.header_seconds)]
    pub header_seconds: u64,
    /// Seconds that a call may take, unless it is answered with a stream; a client may ask for fewer
    #[arg(long = "max-call-seconds", env = "STUDIUM_MAX_CALL_SECONDS", default_value_t = DEFAULT.call_seconds)]
    pub call_seconds: u64,
    /// Calls that are worked on at a time; more are turned away at once
    #[arg(long = "max-calls", env = "STUDIUM_MAX_CALLS", default_value_t = DEFAULT.calls)]
    pub calls: u32,
    /// Calls of one caller that are worked on at a time; twice as many for registrars, operators and services
    #[arg(long = "max-calls-per-caller", env = "STUDIUM_MAX_CALLS_PER_CALLER", default_value_t = DEFAULT.calls_per_caller)]
    pub calls_per_caller: u32,
    /// Streams that are open at a time, in all
    #[arg(long = "max-streams", env = "STUDIUM_MAX_STREAMS", default_value_t = DEFAULT.streams)]
    pub streams: u32,
    /// Streams that one caller has open at a time; a hundred times as many for registrars, operators and services
    #[arg(long = "max-streams-per-caller", env = "STUDIUM_MAX_STREAMS_PER_CALLER",
          default_value_t = DEFAULT.streams_per_caller)]
    pub streams_per_caller: u32,
    /// Calls a second of one caller, ten seconds' worth at once; a hundred times as many for registrars, operators and
    /// services; 0 is no limit
    #[arg(long = "max-calls-per-second", env = "STUDIUM_MAX_CALLS_PER_SECOND",
          default_value_t = DEFAULT.calls_per_second)]
    pub calls_per_second: u32,
    /// Calls and pages a second of one address without a token that is good, ten seconds' worth at once; 0 is no limit
    #[arg(long = "max-anonymous-per-second", env = "STUDIUM_MAX_ANONYMOUS_PER_SECOND",
          default_value_t = DEFAULT.anonymous_per_second)]
    pub anonymous_per_second: u32,
    /// Connections that are open at a time, in all
    #[arg(long = "max-connections", env = "STUDIUM_MAX_CONNECTIONS", default_value_t = DEFAULT.connections)]
    pub connections: u32,
    /// Connections of one address; behind a proxy all come from its own
    #[arg(long = "max-connections-per-address", env = "STUDIUM_MAX_CONNECTIONS_PER_ADDRESS",
          default_value_t = DEFAULT.connections_per_address)]
    pub connections_per_address: u32,
}

const DEFAULT: Limits = Limits {
    message_bytes: MESSAGE_BYTES_MAX,
    batch: 200_000,
    header_bytes: 16 * 1024,
    header_seconds: 10,
    call_seconds: 60,
    calls: 2048,
    calls_per_caller: 512,
    streams: 4096,
    streams_per_caller: 64,
    calls_per_second: 100,
    anonymous_per_second: 200,
    connections: 4096,
    connections_per_address: 1024,
};

impl Default for Limits {
    fn default() -> Self {
        DEFAULT
    }
}

impl Limits {
    /// Every limit as it is in force.
    pub(crate) fn shown(&self) -> [(&'static str, u64); 13] {
        [
            ("max_message_bytes", self.message_bytes),
            ("max_batch", self.batch),
            ("max_header_bytes", self.header_bytes.into()),
            ("max_header_seconds", self.header_seconds),
            ("max_call_seconds", self.call_seconds),
            ("max_calls", self.calls.into()),
            ("max_calls_per_caller", self.calls_per_caller.into()),
            ("max_streams", self.streams.into()),
            ("max_streams_per_caller", self.streams_per_caller.into()),
            ("max_calls_per_second", self.calls_per_second.into()),
            ("max_anonymous_per_second", self.anonymous_per_second.into()),
            ("max_connections", self.connections.into()),
            ("max_connections_per_address", self.connections_per_address.into()),
        ]
    }

    pub(crate) fn call_time(&self) -> Duration {
        Duration::from_secs(self.call_seconds)
    }

    pub(crate) fn header_time(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }
}

/// Which limit something ran into, as `/metrics` counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    Message,
    Batch,
    Headers,
    SlowHeaders,
    SlowReader,
    Deadline,
    Calls,
    OwnCalls,
    Streams,
    Rate,
    Connections,
}

impl Cause {
    pub(crate) const ALL: [Self; 11] = [
        Self::Message,
        Self::Batch,
        Self::Headers,
        Self::SlowHeaders,
        Self::SlowReader,
        Self::Deadline,
        Self::Calls,
        Self::OwnCalls,
        Self::Streams,
        Self::Rate,
        Self::Connections,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Batch => "batch",
            Self::Headers => "headers",
            Self::SlowHeaders => "slow_headers",
            Self::SlowReader => "slow_reader",
            Self::Deadline => "deadline",
            Self::Calls => "calls",
            Self::OwnCalls => "own_calls",
            Self::Streams => "streams",
            Self::Rate => "rate",
            Self::Connections => "connections",
        }
    }
}

/// Addresses that are one stranger's: of IPv6 whoever has one address has the 64 bits behind it as well (RFC 4291, 2.5.4).
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => it.into(),
        IpAddr::V6(it) => std::net::Ipv6Addr::from(u128::from(it) >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_stranger_of_ipv6_has_one_household() {
        let of = |it: &str| household(it.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(of("192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn every_cause_is_counted_under_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = Cause::ALL.iter().map(|it| it.name()).collect();
        assert_eq!(names.len(), Cause::ALL.len());
    }
}
