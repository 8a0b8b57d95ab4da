//! How long something lasts when some of it is not over yet: the curve of Kaplan and Meier with Greenwood's interval.
//!
//! The curve is a product of fractions, kept as a floating-point number: it takes multiplication, division and square
//! root only, which are the same on every machine, and is off by less than 10^-12. Shown is the nearest thousandth of a
//! percent.

use crate::rates::Z;

/// How much a product of fractions may be off.
const EXACT: f64 = 1e-9;

/// One observation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed {
    /// It lasted so long, or at least so long, milliseconds.
    pub lasted_ms: i64,
    /// It ended with the event that is asked about; otherwise nobody looked any longer.
    pub ended: bool,
}

/// The curve after one time at which something ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// That time.
    pub at_ms: i64,
    /// Observed until then.
    pub at_risk: u64,
    /// Ended then.
    pub ended: u64,
    /// Share that lasts longer.
    pub lasting: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

/// A curve.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Curve {
    /// In order of time.
    observed: Vec<Observed>,
    /// In order of time.
    pub steps: Vec<Step>,
}

/// A stretch of time on a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Observed as it begins.
    pub at_risk: u64,
    /// Ended within it.
    pub ended: u64,
    /// Not observed any longer after it.
    pub censored: u64,
    /// Share that lasts longer.
    pub lasting: f64,
    /// Its interval.
    pub interval: (f64, f64),
}

impl Curve {
    /// The curve of these observations. What is not observed any longer at the time of an event was still at risk then.
    #[expect(clippy::cast_precision_loss, reason = "observations are fewer than 2^53")]
    pub fn of(mut observed: Vec<Observed>) -> Self {
        observed.sort_unstable();
        let (mut steps, mut lasting, mut spread, mut interval) = (Vec::new(), 1.0_f64, 0.0_f64, (1.0, 1.0));
        let mut next = 0;
        while let Some(first) = observed.get(next) {
            let same = observed[next..].iter().take_while(|it| it.lasted_ms == first.lasted_ms);
            let (all, ended) = same.fold((0, 0), |(all, ended), it| (all + 1, ended + u64::from(it.ended)));
            let at_risk = (observed.len() - next) as u64;
            if ended > 0 {
                lasting *= (at_risk - ended) as f64 / at_risk as f64;
                if at_risk > ended {
                    spread += ended as f64 / (at_risk as f64 * (at_risk - ended) as f64);
                    let reach = Z * lasting * spread.sqrt();
                    interval = ((lasting - reach).max(0.0), (lasting + reach).min(1.0));
                } else {
                    // Greenwood says nothing where nobody is left: up there it stays as it was.
                    interval.0 = 0.0;
                }
                steps.push(Step { at_ms: first.lasted_ms, at_risk, ended, lasting, interval });
            }
            next += all;
        }
        Self { observed, steps }
    }

    /// How many are observed at the least so long.
    fn at_risk(&self, at_ms: i64) -> u64 {
        (self.observed.len() - self.observed.partition_point(|it| it.lasted_ms < at_ms)) as u64
    }

    /// The longest that was observed.
    pub fn longest_ms(&self) -> Option<i64> {
        self.observed.last().map(|it| it.lasted_ms)
    }

    /// What happened from one time until before another.
    pub fn stretch(&self, from_ms: i64, before_ms: i64) -> Stretch {
        let before = self.steps.partition_point(|it| it.at_ms < before_ms);
        let first = self.steps.partition_point(|it| it.at_ms < from_ms);
        let ended = self.steps[first..before].iter().map(|it| it.ended).sum();
        let (lasting, interval) =
            before.checked_sub(1).map_or((1.0, (1.0, 1.0)), |it| (self.steps[it].lasting, self.steps[it].interval));
        let at_risk = self.at_risk(from_ms);
        let censored = at_risk - self.at_risk(before_ms) - ended;
        Stretch { at_risk, ended, censored, lasting, interval }
    }

    /// The first time by which such a share has ended; none if so many have not.
    pub fn ended_by(&self, share: f64) -> Option<i64> {
        self.steps.iter().find(|it| it.lasting <= 1.0 - share + EXACT).map(|it| it.at_ms)
    }
}

#[cfg(test)]
mod tests;
