//! Who may come in now: so many calls at a time, and of each caller so many a second.

use super::{BURST_SECONDS, Cause, Limits, OFFICE_FACTOR, OFFICE_PLACES, household};
use crate::{Caller, Metrics, status};
use axum::response::{IntoResponse as _, Response};
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, MonotonicClock},
};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use quick_cache::sync::Cache;
use std::{convert::Infallible, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::Status;

/// Callers that are remembered; whoever was forgotten has its full share again.
const CALLERS_MAX: usize = 20_000;

/// When to come again if there was no room.
const ROOM_AFTER: Duration = Duration::from_millis(250);

/// The places of a service and its callers' shares.
pub(crate) struct Gate {
    pub limits: Limits,
    /// What goes out: as large, but a stream may go on for ever.
    pub out: Limits,
    pub metrics: Metrics,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    callers: Cache<Who, Arc<Share>>,
    clock: MonotonicClock,
}

/// Whose share it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Caller {
        tenant: String,
        subject: String,
        office: bool,
    },
    /// Nobody whom we know: the address counts, if there is one.
    Stranger(Option<IpAddr>),
}

/// What one caller may do.
struct Share {
    rate: Option<DefaultDirectRateLimiter>,
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

/// A place that is free again when this is dropped.
pub(crate) struct Place(
    #[expect(dead_code, reason = "held, not read")] (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>),
);

/// Not now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turned {
    cause: Cause,
    after: Duration,
}

impl Gate {
    pub(crate) fn new(limits: Limits, metrics: Metrics) -> Self {
        Self {
            calls: Arc::new(Semaphore::new(limits.calls as usize)),
            streams: Arc::new(Semaphore::new(limits.streams as usize)),
            callers: Cache::new(CALLERS_MAX),
            clock: MonotonicClock,
            out: Limits { batch: u64::MAX, ..limits.clone() },
            limits,
            metrics,
        }
    }

    /// A place among the calls that are worked on.
    pub(crate) fn place(&self) -> Result<Place, Turned> {
        let place = Arc::clone(&self.calls).try_acquire_owned().map_err(|_| self.turned(Cause::Calls, ROOM_AFTER))?;
        Ok(Place((place, None)))
    }

    /// A place for a stream of a caller, who pays for the call besides.
    pub(crate) fn stream_place(&self, caller: &Caller, address: Option<IpAddr>) -> Result<Place, Turned> {
        let full = |_| self.turned(Cause::Streams, ROOM_AFTER);
        let own = Arc::clone(&self.share(&who(caller, address)).streams).try_acquire_owned().map_err(full)?;
        let all = Arc::clone(&self.streams).try_acquire_owned().map_err(full)?;
        Ok(Place((own, Some(all))))
    }

    /// Takes one call off what its caller may ask for now, and gives it a place of those that the caller may have.
    pub(crate) fn charge(&self, caller: &Caller, address: Option<IpAddr>) -> Result<Place, Turned> {
        let share = self.share(&who(caller, address));
        if let Some(rate) = &share.rate {
            rate.check().map_err(|e| self.turned(Cause::Rate, e.wait_time_from(self.clock.now())))?;
        }
        let place = Arc::clone(&share.calls).try_acquire_owned();
        place.map(|it| Place((it, None))).map_err(|_| self.turned(Cause::OwnCalls, ROOM_AFTER))
    }

    /// Whether the headers of a request are more than is taken; each counts as in HTTP/2 (RFC 9113, 6.5.2), where h2
    /// itself refuses what is too much.
    pub(crate) fn is_top_heavy(&self, headers: &HeaderMap) -> bool {
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        let too_much = bytes > self.limits.header_bytes as usize;
        if too_much {
            self.metrics.refused(Cause::Headers);
        }
        too_much
    }

    fn turned(&self, cause: Cause, after: Duration) -> Turned {
        self.metrics.refused(cause);
        Turned { cause, after }
    }

    fn share(&self, who: &Who) -> Arc<Share> {
        let limits = &self.limits;
        let made = || {
            // Who acts for the platform asks for many.
            let is_office = matches!(who, Who::Caller { office: true, .. });
            let (many, places) = if is_office { (OFFICE_FACTOR, OFFICE_PLACES) } else { (1, 1) };
            let per_second = match who {
                Who::Caller { .. } => limits.calls_per_second.saturating_mul(many),
                Who::Stranger(_) => limits.anonymous_per_second,
            };
            let streams = limits.streams_per_caller.saturating_mul(many);
            let quota = |it: NonZeroU32| {
                Quota::per_second(it).allow_burst(it.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1)))
            };
            let rate = NonZeroU32::new(per_second).map(|it| RateLimiter::direct(quota(it)));
            let streams = Arc::new(Semaphore::new(streams as usize));
            let calls = Arc::new(Semaphore::new(limits.calls_per_caller.saturating_mul(places) as usize));
            Ok::<_, Infallible>(Arc::new(Share { rate, calls, streams }))
        };
        self.callers.get_or_insert_with(who, made).unwrap_or_else(|never| match never {})
    }
}

fn who(caller: &Caller, address: Option<IpAddr>) -> Who {
    if caller.subject.is_empty() {
        return Who::Stranger(address.map(household));
    }
    let (tenant, subject) = (caller.tenant.clone(), caller.subject.clone());
    Who::Caller { tenant, subject, office: caller.acts_for_all() }
}

impl Turned {
    fn sentence(self) -> &'static str {
        match self.cause {
            Cause::Rate => "you ask faster than you may; wait as long as is said and ask again",
            Cause::OwnCalls => "too many of your calls are under way; wait as long as is said and ask again",
            Cause::Streams => "too many streams are open; close one, or wait as long as is said and ask again",
            _ => "the service has as much to do as it can; wait as long as is said and ask again",
        }
    }

    /// The same to whom asked for a page: 429 for a caller's own haste, 503 for what is not the caller's fault.
    pub(crate) fn into_page(self) -> Response {
        let code = if matches!(self.cause, Cause::Rate | Cause::OwnCalls) {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let seconds = self.after.as_secs() + u64::from(self.after.subsec_nanos() > 0);
        (code, [(RETRY_AFTER, seconds.to_string())], format!("{}\n", self.sentence())).into_response()
    }
}

impl From<Turned> for Status {
    fn from(turned: Turned) -> Self {
        let reason = match turned.cause {
            Cause::Rate => "TOO_FAST",
            Cause::OwnCalls => "TOO_MANY_CALLS",
            Cause::Streams => "TOO_MANY_STREAMS",
            _ => "OVERLOADED",
        };
        status::exhausted(reason, turned.sentence(), Some(turned.after))
    }
}
