//! A platform at rest: every view has seen its streams, and no stream has grown for a while.

use crate::{client::failed, platform::Platform};
use anyhow::{Result, bail};
use std::time::Duration;
use studium_log::Durability;
use studium_proto::admin::v1::ListViewsRequest;
use tokio::time::{Instant, sleep};

/// How long nothing may happen before a platform counts as at rest.
const QUIET: Duration = Duration::from_millis(1500);

/// The same with three nodes: a policy whose append waits for the election of a leader, 4 to 9 seconds, is not at rest.
const QUIET_REPLICATED: Duration = Duration::from_secs(10);

/// How long it may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// Waits until nothing moves any more.
///
/// # Errors
/// When it still moves after five minutes.
pub async fn at_rest(platform: &Platform) -> Result<()> {
    let quiet = if platform.state.durability == Durability::Replicated { QUIET_REPLICATED } else { QUIET };
    let (deadline, mut seen, mut since) = (Instant::now() + PATIENCE, 0, Instant::now());
    loop {
        let (mut heads, mut behind) = (0, vec![]);
        for service in platform.services(None)? {
            let views = platform.admin(&service).await?.list_views(ListViewsRequest {}).await.map_err(failed)?;
            for it in views.into_inner().views.iter().filter(|it| it.state != "retired") {
                heads += it.head;
                if it.position < it.head || it.state != "serving" {
                    behind.push(format!("{} of {service}: {} of {} ({})", it.name, it.position, it.head, it.state));
                }
            }
        }
        if heads != seen || !behind.is_empty() {
            (seen, since) = (heads, Instant::now());
        }
        if since.elapsed() > quiet {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the platform does not come to rest: {}", behind.join("; "));
        }
        sleep(Duration::from_millis(200)).await;
    }
}
