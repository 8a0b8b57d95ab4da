//! Lengths of time in milliseconds, as all times here are kept.

/// A minute.
pub const MINUTE_MS: i64 = 60_000;

/// A day of 24 hours, as the clock of UTC has them.
pub const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
