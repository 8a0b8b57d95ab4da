//! `Retry-After`: when whoever is sent to wants to be sent to again.

/// The longest time that an address may ask us to wait.
pub const WAIT_MAX_MS: i64 = 86_400_000;

/// Reads seconds or a date (RFC 9110 § 10.2.3), for a day at most; 0 is what says neither.
pub fn until_ms(text: &str, now_ms: i64) -> i64 {
    let seconds = text.trim().parse::<i64>().ok().filter(|it| *it >= 0);
    let until_ms = seconds.map(|it| now_ms.saturating_add(it.saturating_mul(1_000))).or_else(|| date_ms(text));
    until_ms.unwrap_or(0).min(now_ms + WAIT_MAX_MS)
}

/// A date like `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 § 5.6.7), Unix milliseconds.
pub fn date_ms(text: &str) -> Option<i64> {
    let date = Some(text.trim()).filter(|it| it.ends_with("GMT"))?;
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(date).ok().map(jiff::Timestamp::as_millisecond)
}
