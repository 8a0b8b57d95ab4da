//! Times as credentials write them: XSD `dateTimeStamp`, in and out of Unix milliseconds.

use jiff::Timestamp;

/// Unix milliseconds of `2026-06-30T09:00:00Z` or `2026-06-30T11:00:00.5+02:00`; nothing else is a `dateTimeStamp`.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let date = b"dddd-dd-ddTdd:dd:dd";
    let (head, mut rest) = bytes.split_at_checked(date.len())?;
    let fits = |have: &[u8], want: &[u8]| {
        have.iter().zip(want).all(|(h, w)| if *w == b'd' { h.is_ascii_digit() } else { h == w })
    };
    if !fits(head, date) || &head[17..19] > b"59" {
        return None;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|it| it.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        rest = &fraction[digits..];
    }
    let zone = rest == b"Z" || (rest.len() == 6 && (fits(rest, b"+dd:dd") || fits(rest, b"-dd:dd")));
    // More than nanoseconds say nothing that a millisecond could keep.
    let end = text.len() - rest.len();
    let text = format!("{}{}", &text[..end.min(date.len() + 10)], &text[end..]);
    if zone { text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond) } else { None }
}

/// `2026-06-30T09:00:00Z`, to the second below.
pub fn format(ms: i64) -> String {
    let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(ms.div_euclid(1000)).unwrap_or(end).to_string()
}

/// The same day and time so many months later in UTC, or the month's last day where it is shorter.
pub fn add_months(ms: i64, months: u32) -> Option<i64> {
    let start = Timestamp::from_millisecond(ms).ok()?.to_zoned(jiff::tz::TimeZone::UTC);
    let span = jiff::Span::new().try_months(i64::from(months)).ok()?;
    Some(start.checked_add(span).ok()?.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_the_calendars() {
        let later = |from: &str, months| parse(from).and_then(|it| add_months(it, months)).map(format);
        assert_eq!(later("2026-06-30T09:00:00Z", 60).as_deref(), Some("2031-06-30T09:00:00Z"));
        assert_eq!(later("2024-01-31T00:00:00Z", 1).as_deref(), Some("2024-02-29T00:00:00Z"));
        assert_eq!(later("2024-01-31T00:00:00Z", u32::MAX), None);
    }
}
