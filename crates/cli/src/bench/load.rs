//! A closed loop: so many calls in flight for so long, and what they took.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// What a loop measured.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Figures {
    /// Calls a second that came back well.
    pub per_second: f64,
    /// Half of the calls took at most this long, milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 calls took at most this long, milliseconds.
    pub p99_ms: f64,
    /// Calls that came back well.
    pub calls: u64,
    /// Calls that did not.
    pub failed: u64,
    /// All calls, those before it was measured too.
    #[serde(skip)]
    pub made: u64,
}

/// Keeps `in_flight` calls going for `warm_up` and then `time`; only the latter is measured.
/// `call` gets a number that no other call of this loop gets.
pub async fn closed_loop<C, F>(in_flight: usize, warm_up: Duration, time: Duration, call: C) -> anyhow::Result<Figures>
where
    C: Fn(u64) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = anyhow::Result<()>> + Send,
{
    let from = Instant::now() + warm_up;
    let until = from + time;
    let numbers = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..in_flight {
        let (call, numbers) = (call.clone(), Arc::clone(&numbers));
        workers.spawn(async move {
            let mut took = histogram()?;
            let mut failed = 0;
            let mut cause = None;
            loop {
                let started = Instant::now();
                if started >= until {
                    return anyhow::Ok((took, failed, cause));
                }
                let outcome = call(numbers.fetch_add(1, Ordering::Relaxed)).await;
                if started < from {
                    continue;
                }
                match outcome {
                    Ok(()) => took.saturating_record(started.elapsed().as_micros() as u64),
                    Err(e) => {
                        failed += 1;
                        cause = Some(e);
                    }
                }
            }
        });
    }
    let (mut all, mut failures) = (histogram()?, 0);
    while let Some(worker) = workers.join_next().await {
        let (took, failed, cause) = worker??;
        all.add(&took)?;
        failures += failed;
        if let Some(e) = cause {
            tracing::warn!(error = %e, "calls of the bench failed");
        }
    }
    Ok(Figures { made: numbers.load(Ordering::Relaxed), ..figures(&all, time, failures) })
}

/// An empty histogram of microseconds, 1 µs to 60 s with three digits.
pub fn histogram() -> anyhow::Result<Histogram<u64>> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

/// Sums a histogram of microseconds up.
pub fn figures(took: &Histogram<u64>, time: Duration, failed: u64) -> Figures {
    Figures {
        per_second: took.len() as f64 / time.as_secs_f64(),
        p50_ms: took.value_at_quantile(0.5) as f64 / 1000.0,
        p99_ms: took.value_at_quantile(0.99) as f64 / 1000.0,
        calls: took.len(),
        failed,
        made: took.len() + failed,
    }
}
