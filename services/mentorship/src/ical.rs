//! Sessions as iCalendar (RFC 5545): the few lines that calendars of phones and offices want.

use jiff::{Timestamp, tz::TimeZone};
use std::fmt::Write as _;

/// Octets in a line of content, the line break not counted (RFC 5545 § 3.1).
const LINE_MAX: usize = 75;

/// One event of a calendar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The same for ever, and nowhere else.
    pub uid: String,
    /// It was last changed then, Unix milliseconds.
    pub changed_at_ms: i64,
    /// Begins then, Unix milliseconds.
    pub start_ms: i64,
    /// Ends then, Unix milliseconds.
    pub end_ms: i64,
    /// In one line.
    pub summary: String,
    /// In more lines; may be empty.
    pub description: String,
    /// How certain it is.
    pub status: Status,
    /// Counts up with each change of time.
    pub sequence: u32,
}

/// How certain an event is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// Not all have answered.
    #[default]
    Tentative,
    /// It takes place.
    Confirmed,
    /// It does not.
    Cancelled,
}

/// The text of a file with these events.
pub fn calendar(entries: &[Entry]) -> String {
    let mut text = String::new();
    for it in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Studium//Mentorship//EN", "CALSCALE:GREGORIAN"] {
        line(&mut text, it);
    }
    for it in entries {
        event(&mut text, it);
    }
    line(&mut text, "END:VCALENDAR");
    text
}

fn event(text: &mut String, it: &Entry) {
    let status = match it.status {
        Status::Tentative => "TENTATIVE",
        Status::Confirmed => "CONFIRMED",
        Status::Cancelled => "CANCELLED",
    };
    let mut property = |name: &str, value: &str| line(text, &format!("{name}:{value}"));
    property("BEGIN", "VEVENT");
    property("UID", &escaped(&it.uid));
    property("DTSTAMP", &utc(it.changed_at_ms));
    property("DTSTART", &utc(it.start_ms));
    property("DTEND", &utc(it.end_ms));
    property("SUMMARY", &escaped(&it.summary));
    if !it.description.is_empty() {
        property("DESCRIPTION", &escaped(&it.description));
    }
    property("STATUS", status);
    property("SEQUENCE", &it.sequence.to_string());
    // Who is cancelled is free again in whatever calendar it is.
    property("TRANSP", if it.status == Status::Cancelled { "TRANSPARENT" } else { "OPAQUE" });
    property("END", "VEVENT");
}

/// `20260329T180000Z`.
fn utc(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(TimeZone::UTC);
    let (year, month, day) = (at.year(), at.month(), at.day());
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
}

/// Text as § 3.3.11 wants it; other control characters than line breaks and tabs are not allowed and are left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    for c in text.chars() {
        match c {
            '\\' | ';' | ',' => safe.extend(['\\', c]),
            '\n' => safe.push_str("\\n"),
            c if c.is_control() && c != '\t' => {}
            c => safe.push(c),
        }
    }
    safe
}

/// Adds a line, folded after 75 octets at most and never within a character.
fn line(text: &mut String, content: &str) {
    let mut octets = 0;
    for c in content.chars() {
        if octets + c.len_utf8() > LINE_MAX {
            text.push_str("\r\n ");
            octets = 1;
        }
        octets += c.len_utf8();
        text.push(c);
    }
    let _ = write!(text, "\r\n");
}

#[cfg(test)]
mod tests;
