//! The campus's small world: who belongs to it, and when it all happens.

use crate::demo::sample::chance;
use anyhow::{Context, Result};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

/// The campus, which is one of the demo's institutions.
pub const CAMPUS: &str = "lakeside";

/// Its name.
pub const NAME: &str = "Lakeside College of Design";

/// The domain with which its people sign in.
pub const DOMAIN: &str = "lakeside.example";

/// Who acts for it.
pub const ADMINISTRATOR: &str = "lakeside-administrator";

/// Who teaches there.
pub const TEACHER: &str = "lakeside-teacher";

/// Students, as many as seats are bought.
pub const STUDENTS: usize = 120;

/// Staff.
pub const STAFF: usize = 29;

/// All people in the roster: students, staff and one fellow.
pub const PEOPLE: usize = STUDENTS + STAFF + 1;

/// So many students are in the class.
pub const CLASS: usize = 24;

/// So many students use their seats, those of the class first.
pub const ACTIVE: usize = 60;

/// So many of the staff use the plan that ends soon.
pub const LISTENERS: usize = 4;

const DEPARTMENTS: [&str; 4] = ["Graphic Design", "Interaction Design", "Product Design", "Textile Design"];

/// What somebody is to the campus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Studies there.
    Student,
    /// Works there.
    Staff,
    /// Is there for a time.
    Fellow,
}

/// What number somebody is: students first, then staff, the fellow last.
pub fn kind(number: usize) -> Kind {
    match number {
        0..STUDENTS => Kind::Student,
        it if it < STUDENTS + STAFF => Kind::Staff,
        _ => Kind::Fellow,
    }
}

/// Somebody's key.
pub fn member(number: usize) -> String {
    format!("{CAMPUS}-{:03}", number + 1)
}

/// The campus's own key for somebody.
pub fn external(number: usize) -> String {
    format!("L{:04}", 2_000 + number)
}

/// Somebody's department.
pub fn department(number: usize) -> &'static str {
    DEPARTMENTS[number % DEPARTMENTS.len()]
}

/// A score by the demo's fixed rule, thousandths of a percent; classes do a little better than a year at home.
pub fn score(number: usize, assessment: usize) -> u32 {
    (41 + chance(number, 40, assessment) % 60) * 1000
}

/// One in so many, by the demo's fixed rule.
pub fn one_in(many: u32, number: usize, salt: usize) -> bool {
    chance(number, 41, salt).is_multiple_of(many)
}

/// When it happens. The platform's deadlines go by real time, so the campus's year is now.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Now, Unix milliseconds.
    pub now_ms: i64,
    /// The plan's term: from the first of last month …
    pub from_ms: i64,
    /// … for a year.
    pub until_ms: i64,
    /// Last month, as `2026-03`.
    pub last_month: String,
    /// This month.
    pub this_month: String,
}

impl Calendar {
    /// The calendar of the month in which the demo is played.
    pub fn of(now: Timestamp) -> Result<Self> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let from = today.first_of_month().checked_sub(1.month())?;
        let until = from.checked_add(1.year())?;
        let ms = |it: jiff::civil::Date| {
            it.to_zoned(TimeZone::UTC).map(|it| it.timestamp().as_millisecond()).context("no such day")
        };
        Ok(Self {
            now_ms: now.as_millisecond(),
            from_ms: ms(from)?,
            until_ms: ms(until)?,
            last_month: from.strftime("%Y-%m").to_string(),
            this_month: today.strftime("%Y-%m").to_string(),
        })
    }

    /// So many days ago.
    pub fn days_ago(&self, days: i64) -> i64 {
        self.now_ms - days * 24 * 3_600_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_term_began_with_last_month_and_has_most_of_a_year_left() -> Result<()> {
        let it = Calendar::of("2026-01-31T23:59:59Z".parse()?)?;
        assert_eq!((it.last_month.as_str(), it.this_month.as_str()), ("2025-12", "2026-01"));
        assert_eq!(it.from_ms, "2025-12-01T00:00:00Z".parse::<Timestamp>()?.as_millisecond());
        assert_eq!(it.until_ms, "2026-12-01T00:00:00Z".parse::<Timestamp>()?.as_millisecond());
        Ok(())
    }

    #[test]
    fn everybody_in_the_roster_is_somebody() {
        let of = |kind_wanted| (0..PEOPLE).filter(|it| kind(*it) == kind_wanted).count();
        assert_eq!((of(Kind::Student), of(Kind::Staff), of(Kind::Fellow)), (STUDENTS, STAFF, 1));
        const { assert!(CLASS < ACTIVE && ACTIVE < STUDENTS && LISTENERS < STAFF) };
    }
}
