//! Waiting until all views and policies of the platform have seen everything that was written.

use super::line::{Label, Line};
use crate::{platform::Platform, progress::count};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};
use studium_proto::admin::v1::{ListPoliciesRequest, ListViewsRequest, admin_service_client::AdminServiceClient};
use tokio::time::sleep;

/// The services whose views every import changes, each behind those that it listens to.
pub const SERVICES: [&str; 2] = ["catalogue", "enrolment"];

/// How often they are asked.
const EVERY: Duration = Duration::from_millis(100);

/// How long those that do not move at all are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// The state of a table that serves nobody any more.
const RETIRED: &str = "retired";

/// Waits until every view and policy of these services has seen its streams up to their heads.
///
/// # Errors
/// When they stand still for long.
pub async fn settle(platform: &Platform, services: &[&'static str]) -> Result<()> {
    let mut lines = vec![];
    for service in services {
        lines.push((*service, Line::open(platform, service, &["operator"], "studium-import", 1).await?));
    }
    let spinner = platform.output.spinner("waiting until views and policies have seen everything");
    let (mut least, mut since) = (u64::MAX, Instant::now());
    loop {
        let mut behind = vec![];
        for (service, line) in &lines {
            behind.extend(behind_of(service, line).await?);
        }
        let total = behind.iter().map(|(_, it)| it).sum();
        if total == 0 {
            spinner.finish();
            return Ok(());
        }
        if total < least {
            (least, since) = (total, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            let names: Vec<_> =
                behind.iter().filter(|(_, it)| *it > 0).map(|(name, it)| format!("{name} ({it})")).collect();
            bail!(
                "these stand still behind their streams: {}; see `studium views list`, `studium policies list` and the logs",
                names.join(", ")
            );
        }
        spinner.message(format!("{} to go", count(total)));
        sleep(EVERY).await;
    }
}

/// The views and policies of a service and how many commits each has still to see.
async fn behind_of(service: &str, line: &Line) -> Result<Vec<(String, u64)>> {
    let label = || Label { request_id: None, correlation_id: "studium-import", connection: 0 };
    // Policies first: where none has anything left to do, the views are held to all that they wrote.
    let send = |channel, request| async move { AdminServiceClient::new(channel).list_policies(request).await };
    let reply = line.call(label(), &ListPoliciesRequest {}, send).await;
    let reply = reply.map_err(|e| e.into_error(format!("the list of policies of {service}")))?;
    let policies = reply.policies.into_iter().map(|it| (it.name, it.position, it.head));
    let send = |channel, request| async move { AdminServiceClient::new(channel).list_views(request).await };
    let reply = line.call(label(), &ListViewsRequest {}, send).await;
    let reply = reply.map_err(|e| e.into_error(format!("the list of views of {service}")))?;
    let views = reply.views.into_iter().filter(|it| it.state != RETIRED).map(|it| (it.name, it.position, it.head));
    Ok(policies.chain(views).map(|(name, at, head)| (format!("{service} {name}"), head.saturating_sub(at))).collect())
}
