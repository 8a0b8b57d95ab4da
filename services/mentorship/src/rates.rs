//! Shares of few among many with what chance allows for: Wilson's interval for one, Newcombe's for the difference of two.

/// The normal distribution's 97.5 % point: intervals hold 95 %.
pub const Z: f64 = 1.959_963_984_540_054;

/// 100 %, in thousandths of a percent.
const WHOLE_MILLIPOINTS: u32 = 100_000;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Of these …
    pub all: u64,
    /// … so many.
    pub some: u64,
}

impl Share {
    /// The share, 0 to 1; 0 of nobody.
    #[expect(clippy::cast_precision_loss, reason = "learners are fewer than 2^53")]
    pub fn rate(self) -> f64 {
        if self.all == 0 { 0.0 } else { self.some as f64 / self.all as f64 }
    }

    /// The share in thousandths of a percent, counted in whole numbers, halves up.
    pub fn millipoints(self) -> u32 {
        let whole = u64::from(WHOLE_MILLIPOINTS);
        let doubled = u128::from(self.some) * u128::from(whole) * 2 + u128::from(self.all);
        doubled.checked_div(u128::from(self.all) * 2).unwrap_or_default() as u32
    }

    /// Wilson's interval without correction for continuity (Wilson 1927); everything of nobody.
    #[expect(clippy::cast_precision_loss, reason = "learners are fewer than 2^53")]
    pub fn wilson(self) -> (f64, f64) {
        if self.all == 0 {
            return (0.0, 1.0);
        }
        let (n, p) = (self.all as f64, self.rate());
        let middle = 2.0 * n * p + Z * Z;
        let reach = Z * (Z * Z + 4.0 * n * p * (1.0 - p)).sqrt();
        let whole = 2.0 * (n + Z * Z);
        // At the ends the formula is exact, and its rounding errors are not.
        let low = if self.some == 0 { 0.0 } else { (middle - reach) / whole };
        let high = if self.some == self.all { 1.0 } else { (middle + reach) / whole };
        (low, high)
    }
}

/// The first share less the second with its interval: Newcombe 1998, method 10, without correction for continuity.
pub fn difference(first: Share, second: Share) -> (f64, f64, f64) {
    let (p1, p2) = (first.rate(), second.rate());
    let ((low1, high1), (low2, high2)) = (first.wilson(), second.wilson());
    // Not `hypot`, which is not the same on every machine.
    let length = |a: f64, b: f64| (a * a + b * b).sqrt();
    let (below, above) = (length(p1 - low1, high2 - p2), length(high1 - p1, p2 - low2));
    (p1 - p2, p1 - p2 - below, p1 - p2 + above)
}

/// A share as thousandths of a percent, rounded to the nearest.
pub fn millipoints(share: f64) -> u32 {
    signed_millipoints(share.clamp(0.0, 1.0)).unsigned_abs()
}

/// A difference of shares as thousandths of a percentage point, rounded to the nearest.
pub fn signed_millipoints(share: f64) -> i32 {
    (share * f64::from(WHOLE_MILLIPOINTS)).round() as i32
}

#[cfg(test)]
mod tests;
