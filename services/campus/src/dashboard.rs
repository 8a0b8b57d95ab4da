//! The teacher's dashboard, worked out from what is known of a class: pure functions, no rule and no table.

pub mod comparison;
pub mod knowledge;
pub mod progress;
pub mod risk;
pub mod skills;

/// Mean of values, rounded to the nearest; none of none.
fn mean(values: &[u32]) -> Option<u32> {
    let count = values.len() as u64;
    let sum: u64 = values.iter().map(|it| u64::from(*it)).sum();
    (sum + count / 2).checked_div(count).map(|it| it as u32)
}

/// A part of a whole in thousandths of a percent, rounded to the nearest; none of nothing.
fn rate(part: u32, whole: u32) -> Option<u32> {
    let (part, whole) = (u64::from(part), u64::from(whole));
    (part * 100_000 + whole / 2).checked_div(whole).map(|it| it as u32)
}

#[cfg(test)]
mod tests;
