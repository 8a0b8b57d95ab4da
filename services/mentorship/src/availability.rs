//! When somebody is available: windows of the clock on the wall in a time zone, and the instants at which they are open.
//!
//! An instant lies in a window if the clock on the wall shows a time in it then, and nothing else counts.
//! So a window in an hour that is skipped when the clocks go forward is never open on that day, and of one that reaches
//! into it only what the clock does show. A window in an hour that comes twice is open both times.
//! A whole day has 23, 24 or 25 hours, as it comes. Windows that touch are one, also over midnight.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;
use studium_kit::{DAY_MS, MINUTE_MS};
use studium_proto::mentorship::v1::{AvailabilityExceptionSet, WeeklyWindow};

const DAY_MINUTES: u32 = 24 * 60;

/// No clock is so far from UTC.
const OFFSET_MAX_MS: i64 = 26 * 60 * MINUTE_MS;

/// Some time: from the first instant until before the second, Unix milliseconds.
pub type Span = (i64, i64);

/// Whether two times have an instant in common.
pub fn overlap(one: Span, other: Span) -> bool {
    one.0 < other.1 && other.0 < one.1
}

/// When somebody is available.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Availability {
    /// Empty if nothing was said.
    pub time_zone: String,
    /// Windows of every week.
    pub weekly: Vec<WeeklyWindow>,
    /// Days that differ, by their number since 1970.
    pub exceptions: BTreeMap<i64, AvailabilityExceptionSet>,
}

impl Availability {
    /// Whether all of a time is open.
    pub fn covers(&self, (start_ms, end_ms): Span) -> bool {
        start_ms < end_ms && self.open((start_ms, end_ms)) == [(start_ms, end_ms)]
    }

    /// The open times within a time, in order; no two of them touch.
    pub fn open(&self, within: Span) -> Vec<Span> {
        let mut open = self.pieces(within).unwrap_or_default();
        open.sort_unstable();
        let mut merged: Vec<Span> = Vec::new();
        for piece in open {
            match merged.last_mut() {
                Some(last) if piece.0 <= last.1 => last.1 = last.1.max(piece.1),
                _ => merged.push(piece),
            }
        }
        merged
    }

    /// What is open, window by window and offset by offset; none if the zone or the time is not known.
    fn pieces(&self, within: Span) -> Option<Vec<Span>> {
        let zone = TimeZone::get(&self.time_zone).ok()?;
        let first_day = within.0.checked_sub(OFFSET_MAX_MS)?.div_euclid(DAY_MS);
        let last_day = within.1.checked_add(OFFSET_MAX_MS)?.div_euclid(DAY_MS);
        let windows: Vec<_> = (first_day..=last_day).flat_map(|day| self.windows(day)).collect();
        let mut pieces = Vec::new();
        for (segment, offset_ms) in segments(&zone, within)? {
            for (from, until) in &windows {
                let piece = ((from - offset_ms).max(segment.0), (until - offset_ms).min(segment.1));
                if piece.0 < piece.1 {
                    pieces.push(piece);
                }
            }
        }
        Some(pieces)
    }

    /// The windows of a day, in milliseconds of the clock on the wall since 1970.
    fn windows(&self, day: i64) -> Vec<Span> {
        let exception = self.exceptions.get(&day);
        // 1 January 1970 was a Thursday.
        let weekday = (day + 3).rem_euclid(7) + 1;
        let is_usual = exception.is_none_or(|it| !it.away);
        let weekly = self.weekly.iter().filter(|it| is_usual && i64::from(it.weekday) == weekday);
        let weekly = weekly.map(|it| (it.from_minute, it.until_minute));
        let more = exception.into_iter().flat_map(|it| &it.windows).map(|it| (it.from_minute, it.until_minute));
        let on_the_wall = |minute: u32| day * DAY_MS + i64::from(minute) * MINUTE_MS;
        weekly.chain(more).map(|(from, until)| (on_the_wall(from), on_the_wall(until))).collect()
    }
}

/// The parts of a time in which the clock on the wall goes evenly, each with what it is ahead of UTC, milliseconds.
fn segments(zone: &TimeZone, (from_ms, until_ms): Span) -> Option<Vec<(Span, i64)>> {
    let from = Timestamp::from_millisecond(from_ms).ok()?;
    let until = Timestamp::from_millisecond(until_ms).ok()?;
    let mut offset_ms = i64::from(zone.to_offset(from).seconds()) * 1_000;
    let (mut start_ms, mut segments) = (from_ms, Vec::new());
    for it in zone.following(from).take_while(|it| it.timestamp() < until) {
        let at_ms = it.timestamp().as_millisecond();
        segments.push(((start_ms, at_ms), offset_ms));
        (start_ms, offset_ms) = (at_ms, i64::from(it.offset().seconds()) * 1_000);
    }
    segments.push(((start_ms, until_ms), offset_ms));
    Some(segments)
}

/// The number of a day since 1970; none unless it is written `2026-03-29`.
pub fn day_number(date: &str) -> Option<i64> {
    let day: Date = date.parse().ok().filter(|it: &Date| it.to_string() == date)?;
    let midnight = day.to_zoned(TimeZone::UTC).ok()?;
    Some(midnight.timestamp().as_millisecond().div_euclid(DAY_MS))
}

/// Whether a window lies within one day. One that would go over midnight is said as two.
pub fn is_window(from_minute: u32, until_minute: u32) -> bool {
    from_minute < until_minute && until_minute <= DAY_MINUTES
}

/// Whether the database of time zones knows a zone.
pub fn is_zone(time_zone: &str) -> bool {
    TimeZone::get(time_zone).is_ok()
}

/// An instant as the clock on the wall shows it in a zone, with the zone; empty if either is not known.
pub fn on_the_wall(at_ms: i64, time_zone: &str) -> String {
    let (Ok(at), Ok(zone)) = (Timestamp::from_millisecond(at_ms), TimeZone::get(time_zone)) else {
        return String::new();
    };
    at.to_zoned(zone).to_string()
}

#[cfg(test)]
mod tests;
