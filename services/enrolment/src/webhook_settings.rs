//! What the operator says of webhooks: where they may send to besides, and when what failed is tried again.

use crate::{webhook_address::Allowed, webhook_sender::Sender};
use std::{env, num::ParseIntError};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// Exceptions from what may be sent to.
const ALLOW: &str = "STUDIUM_ENROLMENT_WEBHOOK_ALLOW";
/// The pauses between attempts.
const RETRY: &str = "STUDIUM_ENROLMENT_WEBHOOK_RETRY";

/// The pauses of the Standard Webhooks specification as its reference server has them: some 27 hours in all.
const USUAL: &str = "5s,5m,30m,2h,5h,10h,10h";

/// Requests that are under way at the same time, of all webhooks together: each holds a socket, of which a process often
/// may have 1,024.
const REQUESTS_MAX: usize = 256;

/// Pauses that may be set.
const PAUSES_MAX: usize = 30;

/// Namespace of what spreads retries; fixed, so that the same attempt is always spread alike.
const SPREAD: Uuid = Uuid::from_u128(0x7374_7564_6975_6d00_8000_7265_7472_6965);

/// When what failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule(Vec<i64>);

impl Schedule {
    /// Reads pauses such as `5s,5m,2h,250ms`.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn read(text: &str) -> Result<Self, String> {
        let pauses: Vec<i64> = text.split(',').map(|it| pause(it.trim())).collect::<Result<_, _>>()?;
        if pauses.len() > PAUSES_MAX {
            return Err(format!("has more than {PAUSES_MAX} pauses"));
        }
        Ok(Self(pauses))
    }

    /// How long to wait after an attempt, counted from 1, up to a fifth more than the schedule says, so that what
    /// failed together does not come back together. None if it was the last one.
    pub fn pause_ms(&self, event: &str, attempt: u32) -> Option<i64> {
        let pause = *self.0.get(attempt.checked_sub(1)? as usize)?;
        let spread = Uuid::new_v5(&SPREAD, format!("{event}\n{attempt}").as_bytes()).as_u128() % 1_000;
        Some(pause + pause * spread as i64 / 5_000)
    }
}

fn pause(text: &str) -> Result<i64, String> {
    let no_time = || format!("has `{text}`, which is no time such as 5s, 5m, 2h or 250ms");
    let digits = text.find(|it: char| !it.is_ascii_digit()).ok_or_else(no_time)?;
    let (number, unit) = text.split_at(digits);
    let length = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(no_time()),
    };
    number.parse::<u32>().map(|it| i64::from(it) * length).map_err(|_: ParseIntError| no_time())
}

/// Settings of webhooks.
pub struct WebhookSettings {
    /// Sends to what may be sent to.
    pub sender: Sender,
    /// When what failed is tried again.
    pub schedule: Schedule,
    /// For requests that are under way; whoever waits longest is the next.
    pub room: Semaphore,
}

impl WebhookSettings {
    /// Settings as the environment has them.
    ///
    /// # Errors
    /// With a sentence that names the variable and says what to do.
    pub fn from_environment() -> Result<Self, String> {
        let read = |name| env::var(name).ok().filter(|it: &String| !it.is_empty());
        Self::read(&read(ALLOW).unwrap_or_default(), &read(RETRY).unwrap_or_default())
    }

    /// Settings from exceptions and pauses; empty = none and the usual ones.
    ///
    /// # Errors
    /// With a sentence that names the variable and says what to do.
    pub fn read(allow: &str, retry: &str) -> Result<Self, String> {
        let allowed = Allowed::read(allow)
            .map_err(|why| format!("{ALLOW}: {why}; write for example 10.1.0.0/16,hooks.example.org:8443"))?;
        let schedule = Schedule::read(if retry.is_empty() { USUAL } else { retry })
            .map_err(|why| format!("{RETRY} {why}; the usual is {USUAL}"))?;
        Ok(Self { sender: Sender::new(allowed)?, schedule, room: Semaphore::new(REQUESTS_MAX) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn the_usual_schedule_is_the_specifications() {
        let schedule = Schedule::read(USUAL).unwrap();
        assert_eq!(schedule.0, [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map(|it| it * 1_000));
        let mut pauses = std::collections::BTreeSet::new();
        for n in 0..100 {
            let pause = schedule.pause_ms(&format!("e{n}"), 1).unwrap();
            assert!((5_000..6_000).contains(&pause), "{pause}");
            pauses.insert(pause);
        }
        assert!(pauses.len() > 30, "retries come together: {pauses:?}");
        assert!(schedule.pause_ms("e", 7).is_some() && schedule.pause_ms("e", 8).is_none());
    }

    #[test]
    fn unfit_settings_are_refused() {
        assert_eq!(Schedule::read("20ms, 1s").unwrap().0, [20, 1_000]);
        for bad in ["5", "s", "5d", "-5s", "5s,,", "99999999999s"] {
            assert!(Schedule::read(bad).is_err(), "{bad}");
        }
        assert!(WebhookSettings::read("nowhere", "").is_err_and(|it| it.starts_with(ALLOW)));
        assert!(WebhookSettings::read("", "soon").is_err_and(|it| it.starts_with(RETRY)));
    }
}
