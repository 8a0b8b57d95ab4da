//! What a service counts and times, in Prometheus form.

use crate::limits::Cause;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry, TextEncoder,
    core::Collector, exponential_buckets,
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use studium_log::Deciding;

/// What a command can come to.
const OUTCOMES: [&str; 5] = ["accepted", "already", "refused", "busy", "fault"];

/// Counters of one service. Cheap to clone; a command costs a few additions and no allocation.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Registry,
    commands: IntCounterVec,
    command_seconds: HistogramVec,
    append_seconds: HistogramVec,
    conflicts: IntCounterVec,
    view_lag: IntGaugeVec,
    policy_lag: IntGaugeVec,
    parked: IntGaugeVec,
    deadlines_due: IntGaugeVec,
    work: IntCounterVec,
    refused: [IntCounter; Cause::ALL.len()],
    aggregates: RwLock<HashMap<&'static str, Arc<Aggregate>>>,
}

/// The counters of one kind of aggregate, resolved once.
struct Aggregate {
    outcomes: [IntCounter; OUTCOMES.len()],
    seconds: Histogram,
    append: Histogram,
    conflicts: IntCounter,
}

impl Metrics {
    /// Counters of a service; what they are of is shown from the first one on.
    ///
    /// # Errors
    /// When a name is no Prometheus name.
    pub fn new(service: &str) -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let opts = |name: &str, help: &str| Opts::new(format!("studium_{name}"), help).const_label("service", service);
        // 50 µs to 6.5 s, doubling: the budgets lie at 1, 3 and 50 ms.
        let buckets = exponential_buckets(0.000_05, 2.0, 18)?;
        let timed = |name: &str, help: &str| HistogramOpts::from(opts(name, help)).buckets(buckets.clone());
        let refused =
            IntCounterVec::new(opts("refused_total", "What ran into a limit of the service, by limit."), &["cause"])?;
        let inner = Inner {
            refused: Cause::ALL.map(|it| refused.with_label_values(&[it.name()])),
            commands: IntCounterVec::new(
                opts("commands_total", "Commands by what they came to."),
                &["aggregate", "outcome"],
            )?,
            command_seconds: HistogramVec::new(timed("command_seconds", "Time to decide a command."), &["aggregate"])?,
            append_seconds: HistogramVec::new(
                timed("append_seconds", "Time that a command's appends took."),
                &["aggregate"],
            )?,
            conflicts: IntCounterVec::new(opts("conflicts_total", "Times another writer was faster."), &["aggregate"])?,
            view_lag: IntGaugeVec::new(
                opts("view_lag", "Positions that a view is behind a stream."),
                &["view", "stream"],
            )?,
            policy_lag: IntGaugeVec::new(
                opts("policy_lag", "Positions of a stream that a policy has not reacted to."),
                &["policy", "stream"],
            )?,
            parked: IntGaugeVec::new(opts("parked", "Reactions that are parked or wait behind one."), &["policy"])?,
            deadlines_due: IntGaugeVec::new(
                opts("deadlines_due", "Deadlines whose time has come and that have not fired, 1,000 at most."),
                &["deadline"],
            )?,
            work: IntCounterVec::new(
                opts("work_total", "What a service did by itself, by what it came to."),
                &["work", "outcome"],
            )?,
            aggregates: RwLock::default(),
            registry,
        };
        let all: [Box<dyn Collector>; 10] = [
            Box::new(refused),
            Box::new(inner.commands.clone()),
            Box::new(inner.command_seconds.clone()),
            Box::new(inner.append_seconds.clone()),
            Box::new(inner.conflicts.clone()),
            Box::new(inner.view_lag.clone()),
            Box::new(inner.policy_lag.clone()),
            Box::new(inner.parked.clone()),
            Box::new(inner.deadlines_due.clone()),
            Box::new(inner.work.clone()),
        ];
        for collector in all {
            inner.registry.register(collector)?;
        }
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Shows zero for these kinds of aggregates and all that these works can come to: whoever reckons rates from what is
    /// shown misses what a counter begins with.
    pub(crate) fn at_zero(self, aggregates: &[&'static str], works: &[(&str, &[&str])]) -> Self {
        for it in aggregates {
            self.aggregate(it);
        }
        for (work, outcomes) in works {
            for it in *outcomes {
                self.inner.work.with_label_values(&[*work, *it]);
            }
        }
        self
    }

    /// Counts a command: `accepted`, `already`, `refused`, `busy` or `fault`.
    pub fn decided(&self, aggregate: &'static str, outcome: &str, took: Duration, cost: &Deciding) {
        let counters = self.aggregate(aggregate);
        // What is none of the five is a fault of ours, and counted as one.
        let n = OUTCOMES.iter().position(|it| *it == outcome).unwrap_or(OUTCOMES.len() - 1);
        counters.outcomes[n].inc();
        counters.seconds.observe(took.as_secs_f64());
        if !cost.append.is_zero() {
            counters.append.observe(cost.append.as_secs_f64());
        }
        if cost.conflicts > 0 {
            counters.conflicts.inc_by(u64::from(cost.conflicts));
        }
    }

    /// How many positions a view is behind a stream that it folds.
    pub fn view_lag(&self, view: &str, stream: &str, positions: u64) {
        self.inner.view_lag.with_label_values(&[view, stream]).set(positions as i64);
    }

    /// How many positions of a stream a policy has not reacted to.
    pub fn policy_lag(&self, policy: &str, stream: &str, positions: u64) {
        self.inner.policy_lag.with_label_values(&[policy, stream]).set(positions as i64);
    }

    /// How many reactions of a policy or deadline are parked or wait behind one.
    pub fn parked(&self, policy: &str, reactions: usize) {
        self.inner.parked.with_label_values(&[policy]).set(reactions as i64);
    }

    /// How many deadlines of a kind are due.
    pub fn deadlines_due(&self, deadline: &str, many: usize) {
        self.inner.deadlines_due.with_label_values(&[deadline]).set(many as i64);
    }

    /// Counts what a piece of work came to: one of its [`OUTCOMES`](crate::Work::OUTCOMES).
    pub fn worked(&self, work: &str, outcome: &str) {
        self.inner.work.with_label_values(&[work, outcome]).inc();
    }

    /// Counts what ran into a limit.
    pub(crate) fn refused(&self, cause: Cause) {
        if let Some(n) = Cause::ALL.iter().position(|it| *it == cause) {
            self.inner.refused[n].inc();
        }
    }

    /// Where further counters may be registered; they appear with the rest.
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// All of it as `/metrics` shows it.
    ///
    /// # Errors
    /// When a collector registered from outside gives what cannot be shown.
    pub fn render(&self) -> Result<String, prometheus::Error> {
        TextEncoder::new().encode_to_string(&self.inner.registry.gather())
    }

    fn aggregate(&self, name: &'static str) -> Arc<Aggregate> {
        let known = self.inner.aggregates.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        known.unwrap_or_else(|| {
            let made = Arc::new(Aggregate {
                outcomes: OUTCOMES.map(|it| self.inner.commands.with_label_values(&[name, it])),
                seconds: self.inner.command_seconds.with_label_values(&[name]),
                append: self.inner.append_seconds.with_label_values(&[name]),
                conflicts: self.inner.conflicts.with_label_values(&[name]),
            });
            self.inner.aggregates.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&made));
            made
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::new("enrolment").unwrap();
        let cost = Deciding { conflicts: 2, append: Duration::from_millis(1) };
        metrics.decided("enrolment.enrolment", "accepted", Duration::from_millis(2), &cost);
        metrics.decided("enrolment.enrolment", "refused", Duration::from_millis(2), &Deciding::default());
        metrics.view_lag("run_roster_1", "enrolment", 7);
        metrics.policy_lag("promote", "enrolment", 4);
        metrics.parked("promote", 3);
        metrics.deadlines_due("offer", 2);
        metrics.worked("webhooks", "delivered");
        let shown = metrics.render().unwrap();
        for line in [
            r#"studium_commands_total{aggregate="enrolment.enrolment",outcome="accepted",service="enrolment"} 1"#,
            r#"studium_conflicts_total{aggregate="enrolment.enrolment",service="enrolment"} 2"#,
            r#"studium_command_seconds_count{aggregate="enrolment.enrolment",service="enrolment"} 2"#,
            r#"studium_append_seconds_count{aggregate="enrolment.enrolment",service="enrolment"} 1"#,
            r#"studium_view_lag{service="enrolment",stream="enrolment",view="run_roster_1"} 7"#,
            r#"studium_policy_lag{policy="promote",service="enrolment",stream="enrolment"} 4"#,
            r#"studium_work_total{outcome="delivered",service="enrolment",work="webhooks"} 1"#,
            r#"studium_deadlines_due{deadline="offer",service="enrolment"} 2"#,
            r#"studium_parked{policy="promote",service="enrolment"} 3"#,
        ] {
            assert!(shown.contains(line), "{line}\n{shown}");
        }
    }

    #[test]
    fn what_may_be_counted_is_shown_from_zero_on() {
        let works: [(&str, &[&str]); 1] = [("webhooks", &["delivered", "disabled"])];
        let metrics = Metrics::new("enrolment").unwrap().at_zero(&["enrolment.enrolment"], &works);
        let shown = metrics.render().unwrap();
        for line in [
            r#"studium_commands_total{aggregate="enrolment.enrolment",outcome="fault",service="enrolment"} 0"#,
            r#"studium_command_seconds_count{aggregate="enrolment.enrolment",service="enrolment"} 0"#,
            r#"studium_work_total{outcome="disabled",service="enrolment",work="webhooks"} 0"#,
        ] {
            assert!(shown.contains(line), "{line} is not in:\n{shown}");
        }
    }
}
