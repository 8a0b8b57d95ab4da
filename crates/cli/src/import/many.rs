//! The same for many: so many calls on their way at a time, and each answer as it comes.

use crate::progress::Progress;
use anyhow::Result;
use futures::{StreamExt as _, stream};
use std::pin::pin;

/// Calls `act` for each item with a number of its own, `in_flight` at a time, and hands each answer to `take`.
///
/// # Errors
/// The first that `take` gives; what is on its way then is given up.
pub async fn many<T, R, F: Future<Output = R>>(
    items: impl IntoIterator<Item = T>,
    in_flight: usize,
    bar: &Progress,
    act: impl Fn(usize, T) -> F,
    mut take: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let calls = stream::iter(items).enumerate().map(|(number, it)| act(number, it));
    let mut answers = pin!(calls.buffer_unordered(in_flight.max(1)));
    while let Some(answer) = answers.next().await {
        bar.inc(1);
        take(answer)?;
    }
    bar.finish();
    Ok(())
}
