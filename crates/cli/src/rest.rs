//! A platform at rest: views and policies have seen everything, and no stream has grown for a while.

use crate::{client::failed, platform::Platform};
use anyhow::{Result, bail};
use std::time::Duration;
use studium_log::Durability;
use studium_proto::admin::v1::{ListPoliciesRequest, ListViewsRequest};
use tokio::time::{Instant, sleep};
use tonic::Code;

/// How long nothing may happen before a platform counts as at rest: services are asked one after the other, and one
/// that was asked before may have been given something to do since.
const QUIET: Duration = Duration::from_millis(1500);

/// The same with three nodes: an election takes 4 to 9 seconds, and until it is over a node that leads no more may say
/// where a stream ends.
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
            let (streams, late) = look(platform, &service).await?;
            heads += streams;
            behind.extend(late);
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

/// The sum of the heads that a service sees, and which of its views and policies are behind them.
async fn look(platform: &Platform, service: &str) -> Result<(u64, Vec<String>)> {
    let (mut heads, mut behind) = (0, vec![]);
    let mut admin = platform.admin(service).await?;
    let views = admin.list_views(ListViewsRequest {}).await.map_err(failed)?.into_inner().views;
    for it in views.iter().filter(|it| it.state != "retired") {
        heads += it.head;
        if it.position < it.head || it.state != "serving" {
            behind.push(format!("{} of {service}: {} of {} ({})", it.name, it.position, it.head, it.state));
        }
    }
    let policies = match admin.list_policies(ListPoliciesRequest {}).await {
        Ok(reply) => reply.into_inner().policies,
        // A service of an earlier version does not say.
        Err(status) if status.code() == Code::Unimplemented => vec![],
        Err(status) => return Err(failed(status)),
    };
    for it in policies.iter().filter(|it| it.position < it.head) {
        behind.push(format!("policy {} of {service}: {} of {}", it.name, it.position, it.head));
    }
    Ok((heads, behind))
}
