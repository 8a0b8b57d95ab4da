//! A platform at rest: every view has seen its streams, and no stream has grown for a while.

use crate::{client::failed, platform::Platform};
use anyhow::{Result, bail};
use std::time::Duration;
use studium_proto::admin::v1::ListViewsRequest;
use tokio::time::{Instant, sleep};

/// How long nothing may happen before a platform counts as at rest, and how long that may take.
const QUIET: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_mins(5);

/// Waits until nothing moves any more.
///
/// # Errors
/// When it still moves after five minutes.
pub async fn at_rest(platform: &Platform) -> Result<()> {
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
        if since.elapsed() > QUIET {
            return Ok(());
        }
        if Instant::now() > deadline {
            bail!("the platform does not come to rest: {}", behind.join("; "));
        }
        sleep(Duration::from_millis(200)).await;
    }
}
