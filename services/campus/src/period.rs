//! Months, by which the platform bills and reports: UTC, written `2026-03`.

use std::fmt;
use studium_kit::DAY_MS;

/// Days from 1 March of year 0 to 1 January 1970 in the Gregorian calendar.
const EPOCH_DAYS: i64 = 719_468;

/// Days of 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;

/// One month of the calendar, UTC. Earlier ones are less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(i32);

impl Month {
    /// Reads `2026-03`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        if year.len() != 4 || month.len() != 2 || !digits(year) || !digits(month) {
            return None;
        }
        let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
        ((1..=12).contains(&month) && year >= 1970).then_some(Self(year * 12 + month - 1))
    }

    /// The month in which a time lies, Unix milliseconds.
    pub fn of(at_ms: i64) -> Self {
        // Years are counted from March, so that the leap day is the last of its year.
        let days = at_ms.div_euclid(DAY_MS) + EPOCH_DAYS;
        let era = days.div_euclid(ERA_DAYS);
        let day = days.rem_euclid(ERA_DAYS);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        Self((12 * (era * 400 + year) + from_march + 2) as i32)
    }

    /// Its number: one more for each month.
    pub fn number(self) -> i32 {
        self.0
    }

    /// The month with a number.
    pub fn numbered(number: i32) -> Self {
        Self(number)
    }

    /// The month that follows.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Its first instant, Unix milliseconds.
    pub fn starts_at_ms(self) -> i64 {
        let from_march = i64::from(self.0) - 2;
        let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let day = year * 365 + year / 4 - year / 100 + (153 * month + 2) / 5;
        (era * ERA_DAYS + day - EPOCH_DAYS) * DAY_MS
    }

    /// The first instant after it, Unix milliseconds.
    pub fn ends_at_ms(self) -> i64 {
        self.next().starts_at_ms()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn months_are_read_and_written() {
        assert_eq!(Month::parse("2026-03").unwrap().to_string(), "2026-03");
        for wrong in
            ["", "2026", "2026-3", "2026-13", "2026-00", "1969-12", "26-01", "2026-0x", "+026-01", "2026-01-01"]
        {
            assert_eq!(Month::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn months_follow_each_other_without_a_gap() {
        assert_eq!(Month::parse("1970-01").unwrap().starts_at_ms(), 0);
        assert_eq!(Month::parse("2000-03").unwrap().starts_at_ms(), 951_868_800_000);
        assert_eq!(Month::parse("2026-11").unwrap().starts_at_ms(), 1_793_491_200_000);
        let mut month = Month::parse("1970-01").unwrap();
        while month < Month::parse("2405-01").unwrap() {
            assert_eq!(Month::of(month.starts_at_ms()), month);
            assert_eq!(Month::of(month.ends_at_ms() - 1), month);
            let days = (month.ends_at_ms() - month.starts_at_ms()) / DAY_MS;
            assert!((28..=31).contains(&days), "{month} has {days} days");
            month = month.next();
        }
    }
}
