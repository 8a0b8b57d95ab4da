//! Months of the calendar, UTC, by which learners are brought together and mentorships are billed: `2026-03`.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::fmt;

/// One month. Earlier ones are less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Reads `2026-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |it: &str, len: usize| it.len() == len && it.bytes().all(|it| it.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return None;
        }
        let it = Self { year: year.parse().ok()?, month: month.parse().ok()? };
        ((1..=12).contains(&it.month) && it.year >= 1970).then_some(it)
    }

    /// The month in which a time lies, Unix milliseconds.
    pub fn of(at_ms: i64) -> Self {
        let date = Timestamp::from_millisecond(at_ms).unwrap_or_default().to_zoned(TimeZone::UTC).date();
        Self { year: date.year(), month: date.month() }
    }

    fn next(self) -> Self {
        if self.month == 12 { Self { year: self.year + 1, month: 1 } } else { Self { month: self.month + 1, ..self } }
    }

    /// Its first instant, Unix milliseconds.
    pub fn starts_at_ms(self) -> i64 {
        let first = Date::new(self.year, self.month, 1).and_then(|it| it.to_zoned(TimeZone::UTC));
        first.map_or(0, |it| it.timestamp().as_millisecond())
    }

    /// The first instant after it, Unix milliseconds.
    pub fn ends_at_ms(self) -> i64 {
        self.next().starts_at_ms()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use studium_kit::DAY_MS;

    #[test]
    fn months_are_read_and_written_and_follow_each_other() {
        for wrong in ["", "2026", "2026-3", "2026-13", "2026-00", "1969-12", "+026-01", "2026-0x", "2026-01-01"] {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Month::parse("2000-03").unwrap().starts_at_ms(), 951_868_800_000);
        let mut month = Month::parse("1999-11").unwrap();
        while month < Month::parse("2001-03").unwrap() {
            assert_eq!(Month::parse(&month.to_string()), Some(month));
            assert_eq!((Month::of(month.starts_at_ms()), Month::of(month.ends_at_ms() - 1)), (month, month));
            assert!((28..=31).contains(&((month.ends_at_ms() - month.starts_at_ms()) / DAY_MS)), "{month}");
            month = month.next();
        }
    }
}
