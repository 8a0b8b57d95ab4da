//! How long a call may take: what its client says, and never longer than the service allows.

use super::{Cause, Limits};
use crate::{Metrics, status};
use http::HeaderMap;
use std::time::Duration;
use tonic::Status;

/// The longest `grpc-timeout`: eight digits and a unit.
const DIGITS_MAX: usize = 8;

/// A client gives up at its deadline, so it is told a little earlier: a tenth of its time, and this at most.
const EARLIER: Duration = Duration::from_millis(20);

/// The time that a call has. What is answered with a stream has only the end that its client asks for: subscriptions and
/// changes that are followed have none by nature, and bulk calls, rebuilds and checks of a log last as long as they must.
pub(crate) fn deadline(headers: &HeaderMap, limits: &Limits, streams: bool) -> Option<Duration> {
    let asked = headers.get("grpc-timeout").and_then(|it| timeout(it.to_str().ok()?));
    let asked = asked.map(|it| it.saturating_sub((it / 10).min(EARLIER)));
    let most = (!streams).then(|| limits.call_time());
    asked.into_iter().chain(most).min()
}

/// What is said when the time is over.
pub(crate) fn over(metrics: &Metrics) -> Status {
    metrics.refused(Cause::Deadline);
    status::overdue()
}

/// `TimeoutValue TimeoutUnit` of the gRPC protocol over HTTP/2: at most eight digits, and H, M, S, m, u or n.
fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let value: u32 = digits.parse().ok()?;
    let unit = match unit {
        "H" => Duration::from_hours(1),
        "M" => Duration::from_mins(1),
        "S" => Duration::from_secs(1),
        "m" => Duration::from_millis(1),
        "u" => Duration::from_micros(1),
        "n" => Duration::from_nanos(1),
        _ => return None,
    };
    Some(unit * value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        assert_eq!(timeout("100m"), Some(Duration::from_millis(100)));
        assert_eq!(timeout("99999999H"), Some(Duration::from_hours(99_999_999)));
        for bad in ["", "m", "1", "+1m", "-1m", "1x", "100000000m", "1é", "é"] {
            assert_eq!(timeout(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_shorter_time_counts_and_streams_have_their_clients_only() {
        let limits = Limits { call_seconds: 2, ..Limits::default() };
        let asked = |text: &str| HeaderMap::from_iter([("grpc-timeout".parse().unwrap(), text.parse().unwrap())]);
        let ms = |headers: &HeaderMap, streams| deadline(headers, &limits, streams).map(|it| it.as_millis());
        assert_eq!(ms(&asked("100m"), false), Some(90));
        assert_eq!(ms(&asked("1H"), false), Some(2000));
        assert_eq!(ms(&asked("3S"), true), Some(2980));
        assert_eq!((ms(&HeaderMap::new(), false), ms(&HeaderMap::new(), true)), (Some(2000), None));
    }
}
